"""Staff and their one-time login links in ledger.db. Tokens are told once and stored as digests."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Final

from appliance.store.reading import StaffRecord

LINK_MILLIS: Final = 24 * 3_600_000


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def add(connection: sqlite3.Connection, name: str, role: str, at: str) -> str:
    """The id of the member with this name, made if need be; an existing one gets the role."""
    row = connection.execute("SELECT id FROM staff WHERE name = ?", (name,)).fetchone()
    if row is not None:
        connection.execute("UPDATE staff SET role = ? WHERE id = ?", (role, row[0]))
        return str(row[0])
    highest = connection.execute("SELECT coalesce(max(CAST(substr(id, 2) AS INTEGER)), 0) FROM staff").fetchone()[0]
    staff = f"s{highest + 1}"
    connection.execute("INSERT INTO staff (id, name, role, added) VALUES (?,?,?,?)", (staff, name, role, at))
    return staff


def add_link(connection: sqlite3.Connection, staff: str, token: str, now: int) -> None:
    """A link that works once, until a day from `now` (ms)."""
    connection.execute("DELETE FROM login_links WHERE expires < ?", (now,))
    connection.execute("INSERT INTO login_links VALUES (?,?,?)", (_digest(token), staff, now + LINK_MILLIS))


def redeem_link(connection: sqlite3.Connection, token: str, now: int) -> StaffRecord | None:
    """Use a link up; None for one that is unknown, used or too old."""
    row = connection.execute(
        "DELETE FROM login_links WHERE digest = ? AND expires >= ? RETURNING staff", (_digest(token), now)
    ).fetchone()
    if row is None:
        return None
    found = connection.execute("SELECT id, name, role, password FROM staff WHERE id = ?", row).fetchone()
    return StaffRecord(*found) if found else None


def set_password(connection: sqlite3.Connection, staff: str, password: str) -> bool:
    """Store an argon2 hash; False for nobody."""
    return connection.execute("UPDATE staff SET password = ? WHERE id = ?", (password, staff)).rowcount == 1
