"""Reporting sessions and terms: they live with the ledger, so that central knows an old word from a new one."""

from __future__ import annotations

import sqlite3


def begin_session(connection: sqlite3.Connection, above: int, term: int) -> int:
    """Begin a session above the last one and `above`, in a term of at least `term`; its number."""
    known = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('session', 'term')"))
    session = max(int(known.get("session", "0")), above) + 1
    reign = max(int(known.get("term", "1")), term)
    values = [("session", str(session)), ("term", str(reign))]
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?,?)", values)
    return session
