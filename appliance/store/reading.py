"""What other processes read of ledger.db. Each function is one short read; none holds the checkpointer up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from appliance.domain.attendance import Tally, fold
from appliance.domain.row import LogId, NodeId, Placed
from appliance.domain.ticket import TicketId
from appliance.store.opening import open_reader
from appliance.store.roster import tickets_by_id
from appliance.store.rows import placed

__all__ = [
    "Snapshot",
    "StaffRecord",
    "bodies_after",
    "holes",
    "last_rows",
    "newest_log",
    "open_reader",
    "recount",
    "rows_after",
    "snapshot",
    "staff_by_name",
    "ticket_names",
]


class Snapshot(NamedTuple):
    """The tallies as of one offset in each log; `seq` is the highest arrival number."""

    tally: Tally
    through: dict[LogId, int]
    seq: int
    session: int
    term: int


def snapshot(connection: sqlite3.Connection) -> Snapshot:
    """Tallies and offsets that belong together (one read transaction)."""
    connection.execute("BEGIN")
    try:
        tally = snapshot_tally(connection)
        through = _through(connection)
        seq = connection.execute("SELECT coalesce(max(seq), 0) FROM ledger").fetchone()[0]
        meta = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('session', 'term')"))
    finally:
        connection.execute("COMMIT")
    return Snapshot(tally, through, seq, int(meta.get("session", "0")), int(meta.get("term", "1")))


def _through(connection: sqlite3.Connection) -> dict[LogId, int]:
    rows = connection.execute("SELECT log, (SELECT max(offset) FROM ledger WHERE ledger.log = logs.id) FROM logs")
    return {LogId(log): offset for log, offset in rows if offset is not None}


def newest_log(connection: sqlite3.Connection, node: NodeId) -> LogId:
    """The log that a node began last; empty if it never wrote."""
    row = connection.execute("SELECT log FROM logs WHERE node = ? ORDER BY id DESC LIMIT 1", (node,)).fetchone()
    return LogId(row[0] if row else "")


def recount(connection: sqlite3.Connection) -> tuple[Tally, Tally]:
    """(stored tallies, the fold of all rows from nothing), as of one moment: in the caller's transaction or its own."""
    own = not connection.in_transaction
    if own:
        connection.execute("BEGIN")
    try:
        stored = snapshot_tally(connection)
        query = "SELECT logs.log, ledger.offset, ledger.body FROM ledger JOIN logs ON logs.id = ledger.log"
        counted = fold(placed(connection.execute(query)))
    finally:
        if own:
            connection.execute("COMMIT")
    return stored, counted


def holes(connection: sqlite3.Connection) -> list[tuple[LogId, int, int]]:
    """(log, first, last) of the offsets that are missing before a log's last row."""
    query = (
        "SELECT logs.log, before + 1, offset - 1 FROM "
        "(SELECT log, offset, lag(offset, 1, 0) OVER (PARTITION BY log ORDER BY offset) AS before FROM ledger) "
        "AS places JOIN logs ON logs.id = places.log WHERE offset > before + 1 ORDER BY 1, 2"
    )
    return [(LogId(log), first, last) for log, first, last in connection.execute(query)]


def snapshot_tally(connection: sqlite3.Connection) -> Tally:
    """The stored tallies, within the caller's transaction."""
    return Tally(
        {(of, gate, figure): n for of, gate, figure, n in connection.execute("SELECT * FROM tallies WHERE n <> 0")}
    )


def rows_after(connection: sqlite3.Connection, seq: int, limit: int) -> list[tuple[int, Placed]]:
    """Up to `limit` rows that arrived after `seq`, oldest first, each with its arrival number."""
    return _numbered(connection, "WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))


def last_rows(connection: sqlite3.Connection, n: int) -> list[tuple[int, Placed]]:
    """The `n` newest rows, newest first, each with its arrival number."""
    return _numbered(connection, "ORDER BY seq DESC LIMIT ?", (n,))


def _numbered(connection: sqlite3.Connection, where: str, values: tuple[int, ...]) -> list[tuple[int, Placed]]:
    query = f"SELECT seq, logs.log, offset, body FROM ledger JOIN logs ON logs.id = ledger.log {where}"  # noqa: S608 (ours)
    found = connection.execute(query, values).fetchall()
    return list(zip((row[0] for row in found), placed(row[1:] for row in found), strict=True))


def bodies_after(
    connection: sqlite3.Connection, log: LogId, offset: int, until: int, limit: int
) -> list[tuple[int, bytes]]:
    """Up to `limit` rows of a log with offset < theirs <= until, as they stand: (offset, JSON)."""
    return connection.execute(
        "SELECT offset, body FROM ledger WHERE log = (SELECT id FROM logs WHERE log = ?) "
        "AND offset > ? AND offset <= ? ORDER BY offset LIMIT ?",
        (log, offset, until, limit),
    ).fetchall()


def ticket_names(connection: sqlite3.Connection, ids: Iterable[TicketId]) -> dict[TicketId, tuple[str, str]]:
    """(name, product) of each ticket of the living roster among `ids`."""
    found = tickets_by_id(connection, set(ids))
    return {number: (ticket.name, ticket.product) for number, ticket in found.items()}


class StaffRecord(NamedTuple):
    """A member of staff; `password` is an argon2 hash, or None until one is set."""

    id: str
    name: str
    role: str
    password: str | None


def staff_by_name(connection: sqlite3.Connection, name: str) -> StaffRecord | None:
    """The member of staff with this name."""
    row = connection.execute("SELECT id, name, role, password FROM staff WHERE name = ?", (name,)).fetchone()
    return StaffRecord(*row) if row else None


def iter_bodies(connection: sqlite3.Connection) -> Iterator[tuple[int, str, int, bytes]]:
    """Every row: (seq, log, offset, JSON)."""
    yield from connection.execute(
        "SELECT seq, logs.log, offset, body FROM ledger JOIN logs ON logs.id = ledger.log ORDER BY seq"
    )
