"""Decides and records: the ledger's one writer. Other rooms know its client and its protocol alone."""
