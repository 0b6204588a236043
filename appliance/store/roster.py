"""The roster in ledger.db: looking a code up, writing one beside the living, switching."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from appliance.domain.ticket import Ticket

STAGED_AT_ONCE: Final = 4
"""Rosters that may be written at the same time; beyond that the oldest was given up by whoever wrote it."""

_FIELDS: Final = "id, code, name, product, status, hub, valid_from, valid_until"
_LIVING: Final = f"SELECT {_FIELDS} FROM tickets WHERE roster = (SELECT id FROM rosters WHERE state = 'living')"  # noqa: S608 (ours)
BY_CODE: Final = f"{_LIVING} AND code = ?"
# By itself SQLite takes the primary key's first column for good enough, and reads the whole roster.
BY_ID: Final = (
    f"SELECT {_FIELDS} FROM tickets INDEXED BY tickets_id "  # noqa: S608 (ours)
    "WHERE roster = (SELECT id FROM rosters WHERE state = 'living') AND id = ?"
)
_ALL: Final = f"{_LIVING} ORDER BY code"
_ADD: Final = f"INSERT INTO tickets (roster, {_FIELDS}) VALUES (?,?,?,?,?,?,?,?,?)"  # noqa: S608 (ours)


class Roster(NamedTuple):
    """A roster's line in `rosters`."""

    id: int
    source: str
    digest: str
    rows: int
    at: str


def ticket_by_code(connection: sqlite3.Connection, code: str) -> Ticket | None:
    """The living roster's ticket with this code."""
    row = connection.execute(BY_CODE, (code,)).fetchone()
    return Ticket(*row) if row else None


def ticket_by_id(connection: sqlite3.Connection, ticket: str) -> Ticket | None:
    """The living roster's ticket with this id."""
    row = connection.execute(BY_ID, (ticket,)).fetchone()
    return Ticket(*row) if row else None


def read_tickets(connection: sqlite3.Connection) -> Iterator[Ticket]:
    """All tickets of the living roster, by code."""
    for row in connection.execute(_ALL):
        yield Ticket(*row)


def living(connection: sqlite3.Connection) -> Roster | None:
    """The roster that the door goes by."""
    row = connection.execute("SELECT id, source, digest, rows, at FROM rosters WHERE state = 'living'").fetchone()
    return Roster(*row) if row else None


def begin(connection: sqlite3.Connection, source: str, digest: str, at: str) -> int:
    """A new staged roster's id. One that was begun long before and never finished is given up for it."""
    connection.execute(
        "UPDATE rosters SET state = 'old' WHERE state = 'staged' AND id NOT IN "
        "(SELECT id FROM rosters WHERE state = 'staged' ORDER BY id DESC LIMIT ?)",
        (STAGED_AT_ONCE - 1,),
    )
    cursor = connection.execute(
        "INSERT INTO rosters (state, source, digest, at) VALUES ('staged', ?, ?, ?)", (source, digest, at)
    )
    return int(cursor.lastrowid or 0)


def is_staged(connection: sqlite3.Connection, roster: int) -> bool:
    """Whether tickets may still be written to it."""
    return (
        connection.execute("SELECT 1 FROM rosters WHERE id = ? AND state = 'staged'", (roster,)).fetchone() is not None
    )


def add(connection: sqlite3.Connection, roster: int, tickets: Sequence[Ticket]) -> None:
    """Write tickets to a staged roster; sqlite3.IntegrityError where a code is in it already."""
    connection.executemany(
        _ADD, [(roster, t.id, t.code, t.name, t.product, t.status, t.hub, t.valid_from, t.valid_until) for t in tickets]
    )
    connection.execute("UPDATE rosters SET rows = rows + ? WHERE id = ?", (len(tickets), roster))


def switch(connection: sqlite3.Connection, roster: int, rows: int) -> bool:
    """Make a staged roster of exactly `rows` tickets the living one; False if it isn't that."""
    whole = connection.execute(
        "SELECT 1 FROM rosters WHERE id = ? AND state = 'staged' AND rows = ?", (roster, rows)
    ).fetchone()
    if whole is None:
        return False
    connection.execute("UPDATE rosters SET state = 'old' WHERE state = 'living'")
    connection.execute("UPDATE rosters SET state = 'living' WHERE id = ?", (roster,))
    return True


def discard(connection: sqlite3.Connection, roster: int) -> None:
    """A staged roster that nobody will finish: swept like an old one."""
    connection.execute("UPDATE rosters SET state = 'old' WHERE id = ? AND state = 'staged'", (roster,))


def discard_staged(connection: sqlite3.Connection) -> None:
    """All staged rosters: after a start, nobody is writing them any more."""
    connection.execute("UPDATE rosters SET state = 'old' WHERE state = 'staged'")


def sweep(connection: sqlite3.Connection, limit: int) -> bool:
    """Delete up to `limit` tickets of old rosters; False when nothing is left to do."""
    row = connection.execute("SELECT id FROM rosters WHERE state = 'old' ORDER BY id LIMIT 1").fetchone()
    if row is None:
        return False
    gone = connection.execute(
        "DELETE FROM tickets WHERE roster = ?1 AND code IN (SELECT code FROM tickets WHERE roster = ?1 LIMIT ?2)",
        (row[0], limit),
    ).rowcount
    if gone < limit:
        connection.execute("DELETE FROM rosters WHERE id = ?", row)
    return True
