"""live.db: cursors and live figures. Losing them costs a second delivery, never a row."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from appliance.domain.row import LogId
from appliance.store.opening import open_live

__all__ = [
    "Parked",
    "Reporting",
    "cursors",
    "keep_reporting",
    "move_cursors",
    "open_live",
    "replace_parked",
    "reporting",
]


class Parked(NamedTuple):
    """Rows that a destination refused, and why."""

    log: LogId
    first: int
    last: int
    reason: str


class Reporting(NamedTuple):
    """How the reporting to central goes; counts are rows."""

    connected: bool
    since: str
    sent: int
    acked: int
    waiting: int
    acked_at: str
    parked: list[Parked]
    fault: str = ""
    """Why there is no connection, in words for a person."""


def cursors(connection: sqlite3.Connection, destination: str) -> dict[LogId, int]:
    """The acknowledged offset of each log."""
    return dict(connection.execute("SELECT log, acked FROM cursors WHERE destination = ?", (destination,)))


def move_cursors(connection: sqlite3.Connection, destination: str, acked: Mapping[LogId, int]) -> None:
    """Set cursors, up or down."""
    connection.executemany(
        "INSERT OR REPLACE INTO cursors VALUES (?,?,?)", [(destination, log, n) for log, n in acked.items()]
    )


def replace_parked(connection: sqlite3.Connection, destination: str, parked: Sequence[Parked]) -> None:
    """Exactly these are refused now."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM parked WHERE destination = ?", (destination,))
    connection.executemany("INSERT OR IGNORE INTO parked VALUES (?,?,?,?,?)", [(destination, *some) for some in parked])
    connection.execute("COMMIT")


def keep_reporting(connection: sqlite3.Connection, state: Reporting) -> None:
    """Store the line (its `parked` is stored by `replace_parked`)."""
    connection.execute("INSERT OR REPLACE INTO reporting VALUES (1,?,?,?,?,?,?,?)", (*tuple(state)[:6], state.fault))


def reporting(connection: sqlite3.Connection, destination: str = "central") -> Reporting | None:
    """The line, if `report` ever ran here."""
    row = connection.execute("SELECT connected, since, sent, acked, waiting, acked_at, fault FROM reporting").fetchone()
    if row is None:
        return None
    connected, since, sent, acked, waiting, acked_at, fault = row
    found = connection.execute("SELECT log, first, last, reason FROM parked WHERE destination = ?", (destination,))
    return Reporting(
        bool(connected), since, sent, acked, waiting, acked_at, [Parked(*some) for some in found], fault=fault
    )
