"""Faults of central. What a hub sends is never one: bad messages are counted, kept and shown."""

from __future__ import annotations


class CentralError(Exception):
    """What went wrong and what to do, in one sentence for a person."""


class DatabaseUnusableError(CentralError):
    """A database that can't be used; says which one. Holds no password."""
