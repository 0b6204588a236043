"""SQLite: ledger.db (durable, written by the doorkeeper alone) and live.db (may be lost with the power)."""
