"""Ledger rows in ledger.db: finding what touches a row, appending, moving the tallies. Callers hold the transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from appliance.domain.attendance import Group, Tally, group_of
from appliance.domain.row import LogId, Placed, Row
from appliance.domain.ticket import TicketId
from appliance.store.opening import StoreDamaged

DECODE_ROW: Final = msgspec.json.Decoder(Row)
ENCODE: Final = msgspec.json.Encoder()

_SLICE: Final = 400
"""SQLite takes at least 999 parameters; two lists of this many stay below."""
_PLACED: Final = "SELECT logs.log, ledger.offset, ledger.body FROM ledger JOIN logs ON logs.id = ledger.log"
_OF_TICKET: Final = f"{_PLACED} WHERE kind IN ('entry', 'exit', 'settlement') AND ticket = ? AND list = ?"
_OF_SCAN: Final = f"{_PLACED} WHERE nonce = ? AND kind IN ('entry', 'exit', 'refusal') ORDER BY seq LIMIT 1"
_OF_ANNULMENT: Final = f"{_PLACED} WHERE nonce = ? AND kind = 'annulment' ORDER BY seq LIMIT 1"
_BY_NONCE: Final = f"{_PLACED} WHERE nonce IN (%s)"
_BY_ANNULS: Final = f"{_PLACED} WHERE annuls IN (%s)"
_APPEND: Final = "INSERT INTO ledger (log, offset, kind, nonce, list, ticket, annuls, body) VALUES (?,?,?,?,?,?,?,?)"
_MOVE: Final = """
  INSERT INTO tallies (list, gate, figure, n) VALUES (?,?,?,?)
  ON CONFLICT (list, gate, figure) DO UPDATE SET n = n + excluded.n
"""


def placed(found: Iterable[tuple[str, int, bytes]]) -> list[Placed]:
    """Rows as `_PLACED` selects them; StoreDamaged where one can't be read."""
    try:
        return [Placed(LogId(log), offset, DECODE_ROW.decode(body)) for log, offset, body in found]
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise StoreDamaged(f"a ledger row can't be read: {fault}") from fault


def rows_of_ticket(connection: sqlite3.Connection, ticket: TicketId, checkin_list: str) -> list[Placed]:
    """All entries, exits and settlements of a ticket on a list, with all that shares their nonces or annuls them."""
    own = _rows_of_groups(connection, [(checkin_list, ticket)])
    return own if not own else _together(own, _rows_of_nonces(connection, {row.row.nonce for row in own}))


def row_of_nonce(connection: sqlite3.Connection, nonce: str) -> Placed | None:
    """The first row written for a scan's nonce."""
    found = placed(connection.execute(_OF_SCAN, (nonce,)))
    return found[0] if found else None


def annulment_of_nonce(connection: sqlite3.Connection, nonce: str) -> Placed | None:
    """The annulment that has this nonce of its own."""
    found = placed(connection.execute(_OF_ANNULMENT, (nonce,)))
    return found[0] if found else None


def touching(connection: sqlite3.Connection, arrived: Sequence[Placed]) -> list[Placed]:
    """All rows in the file that `attendance.moved` must see beside `arrived` (which aren't in it yet)."""
    nonces = {row.row.nonce for row in arrived} | {row.row.annuls for row in arrived if row.row.annuls}
    shared = _rows_of_nonces(connection, nonces)
    groups = {group for row in (*arrived, *shared) if (group := group_of(row)) is not None}
    grouped = _rows_of_groups(connection, groups)
    siblings = _rows_of_nonces(connection, {row.row.nonce for row in grouped} - nonces)
    return _together(shared, grouped, siblings)


def _rows_of_nonces(connection: sqlite3.Connection, nonces: Iterable[str]) -> list[Placed]:
    found: list[Placed] = []
    wanted = list(nonces)
    for start in range(0, len(wanted), _SLICE):
        some = wanted[start : start + _SLICE]
        marks = ",".join("?" * len(some))
        found += placed(connection.execute(_BY_NONCE % marks, some))
        found += placed(connection.execute(_BY_ANNULS % marks, some))
    return found


def _rows_of_groups(connection: sqlite3.Connection, groups: Iterable[Group]) -> list[Placed]:
    found: list[Placed] = []
    for checkin_list, ticket in groups:
        found += placed(connection.execute(_OF_TICKET, (ticket, checkin_list)))
    return found


def _together(*parts: Iterable[Placed]) -> list[Placed]:
    return list({(row.log, row.offset): row for part in parts for row in part}.values())


def append(connection: sqlite3.Connection, log: int, offset: int, row: Row) -> None:
    """Write `row` at its place; `log` is the key of `logs`."""
    values = (log, offset, row.kind, row.nonce, row.list, row.ticket, row.annuls, ENCODE.encode(row))
    connection.execute(_APPEND, values)


def move_tallies(connection: sqlite3.Connection, change: Tally) -> None:
    """Add `change` to the stored tallies."""
    connection.executemany(_MOVE, [(*figure, n) for figure, n in change.items()])


def tally_of_list(connection: sqlite3.Connection, checkin_list: str, figure: str) -> int:
    """The stored figure of a whole list."""
    row = connection.execute(_TALLY_OF_LIST, (checkin_list, figure)).fetchone()
    return int(row[0]) if row else 0


_TALLY_OF_LIST: Final = "SELECT n FROM tallies WHERE list = ? AND gate = '' AND figure = ?"
