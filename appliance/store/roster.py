"""The roster in ledger.db: looking a code up, writing one beside the living, switching."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from appliance.domain.ticket import Ticket, TicketId

STAGED_AT_ONCE: Final = 4
"""Rosters that may be written at the same time; beyond that the oldest was given up by whoever wrote it."""

_FIELDS: Final = "id, code, name, product, status, hub, valid_from, valid_until"
_OF_LIVING: Final = "WHERE tickets.roster = (SELECT id FROM rosters WHERE state = 'living')"
BY_CODE: Final = f"SELECT {_FIELDS} FROM tickets {_OF_LIVING} AND code = ?"  # noqa: S608 (ours)
BY_ID: Final = (
    f"SELECT {', '.join(f'tickets.{field}' for field in _FIELDS.split(', '))} FROM ticket_ids CROSS JOIN tickets "  # noqa: S608
    "ON tickets.roster = ticket_ids.roster AND tickets.code = ticket_ids.code "
    "WHERE ticket_ids.roster = (SELECT id FROM rosters WHERE state = 'living') AND ticket_ids.id = ?"
)
_BY_READING_ALL: Final = f"SELECT {_FIELDS} FROM tickets {_OF_LIVING} AND id IN (SELECT value FROM json_each(?))"  # noqa: S608
_ALL: Final = f"SELECT {_FIELDS} FROM tickets {_OF_LIVING} ORDER BY code"  # noqa: S608 (ours)
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


def tickets_by_id(connection: sqlite3.Connection, ids: Collection[str]) -> dict[TicketId, Ticket]:
    """The living roster's tickets with these ids. Until it is indexed, the whole roster is read for them."""
    if not ids:
        return {}
    indexed = connection.execute("SELECT indexed FROM rosters WHERE state = 'living'").fetchone()
    if indexed == (0,):
        found = connection.execute(_BY_READING_ALL, (json.dumps(list(ids)),)).fetchall()
    else:
        found = [row for number in ids for row in connection.execute(BY_ID, (number,))]
    return {ticket.id: ticket for ticket in (Ticket(*row) for row in found)}


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
    for table, key in (("ticket_ids", "id, code"), ("tickets", "code")):
        some = f"SELECT {key} FROM {table} WHERE roster = ?1 LIMIT ?2"  # noqa: S608 (names above)
        gone = connection.execute(
            f"DELETE FROM {table} WHERE roster = ?1 AND ({key}) IN ({some})",  # noqa: S608 (names above)
            (row[0], limit),
        ).rowcount
        if gone:
            return True
    connection.execute("DELETE FROM rosters WHERE id = ?", row)
    return True


# -- the index of ids --------------------------------------------------------------------------------------------------


def unindexed(connection: sqlite3.Connection) -> int | None:
    """The living roster, while its ids aren't all indexed."""
    row = connection.execute("SELECT id FROM rosters WHERE state = 'living' AND indexed = 0").fetchone()
    return int(row[0]) if row else None


def next_ids(connection: sqlite3.Connection, roster: int, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
    """Up to `limit` (id, code) of a roster, in this order, behind `after`. Reads all of the roster."""
    query = "SELECT id, code FROM tickets WHERE roster = ? AND (id, code) > (?, ?) ORDER BY id, code LIMIT ?"
    return connection.execute(query, (roster, *after, limit)).fetchall()


def add_ids(connection: sqlite3.Connection, roster: int, some: Iterable[tuple[str, str]]) -> None:
    """Index some tickets of a roster."""
    connection.executemany("INSERT OR IGNORE INTO ticket_ids VALUES (?,?,?)", [(roster, *pair) for pair in some])


def set_indexed(connection: sqlite3.Connection, roster: int) -> None:
    """All of its ids are indexed."""
    connection.execute("UPDATE rosters SET indexed = 1 WHERE id = ?", (roster,))
