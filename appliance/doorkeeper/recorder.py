"""The pen: appends rows to this node's log and moves the tallies, inside the writer's transactions."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from appliance.domain.attendance import moved
from appliance.domain.clock import Moment, next_tick
from appliance.domain.row import LogId, NodeId, Placed, Row
from appliance.store import rows
from appliance.store.carving import LOG_KEY


class _Place(NamedTuple):
    """Where the pen stands: the log, its key in `logs`, the last offset in it, the highest tick of all."""

    log: LogId
    key: int
    offset: int
    highest: int


class Recorder:
    """Owns the writer's connection to ledger.db. One thread uses it."""

    def __init__(self, connection: sqlite3.Connection, *, node: NodeId, boot: str) -> None:
        self.connection = connection
        self.node = node
        self.boot = boot
        self.version = 0
        """Changes whenever what can be read from the file may have changed."""
        self._place = self._continue_log()
        self._synchronous = "FULL"

    @property
    def log(self) -> LogId:
        """The log being written; empty before this boot's first row."""
        return self._place.log

    @property
    def highest_tick(self) -> int:
        """The highest tick in the file: the last time that it knows."""
        return self._place.highest

    def _continue_log(self) -> _Place:
        """The place to go on from. A new boot starts a new log at its first row."""
        known = self.connection.execute("SELECT value FROM meta WHERE key = 'highest_tick'").fetchone()
        tick = self._highest_tick(int(known[0]) if known else 0)
        row = self.connection.execute(
            "SELECT log, id, (SELECT coalesce(max(offset), 0) FROM ledger WHERE ledger.log = logs.id) FROM logs "
            "WHERE node = ? AND boot = ? ORDER BY id DESC LIMIT 1",
            (self.node, self.boot),
        ).fetchone()
        return _Place(LogId(row[0]), row[1], row[2], tick) if row else _Place(LogId(""), 0, 0, tick)

    def _highest_tick(self, known: int) -> int:
        """The highest tick: of each log the newest rows say it, since ticks rise strictly within a log."""
        newest = self.connection.execute(
            "SELECT '', offset, body FROM ledger JOIN (SELECT log AS of, max(offset) AS last FROM ledger GROUP BY log) "
            "ON ledger.log = of AND ledger.offset = last"
        )
        return max([known, *(placed.row.tick for placed in rows.placed(newest))])

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[None]:
        """One transaction. Durable: on the disk when it returns. Otherwise it outlives this process, and the
        checkpointer or the next durable one brings it to the disk.
        """
        synchronous = "FULL" if durable else "NORMAL"
        if synchronous != self._synchronous:
            self.connection.execute(f"PRAGMA synchronous = {synchronous}")
            self._synchronous = synchronous
        before = self._place
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            self._place = before
            raise
        finally:
            self.version += 1

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A part of a transaction whose failure leaves the rest standing. The failure is raised."""
        before = self._place
        self.connection.execute("SAVEPOINT alone")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK TO alone")
            self._place = before
            raise
        finally:
            if self.connection.in_transaction:
                self.connection.execute("RELEASE alone")

    def write(self, moment: Moment, *, touching: Sequence[Placed] | None = None, **fields: Any) -> Placed:
        """Append a row of this node.

        `touching`: the rows that `attendance.moved` must see, where the caller has read them.
        """
        if not self._place.log:
            self._begin_log(moment)
        log, key, offset, highest = self._place
        tick = next_tick(highest, moment)
        row = Row(node=self.node, tick=tick, at=moment.at, clock=moment.clock, **fields)
        placed = Placed(log, offset + 1, row)
        known = rows.touching(self.connection, [placed]) if touching is None else touching
        rows.append(self.connection, key, offset + 1, row)
        rows.move_tallies(self.connection, moved(known, [placed]))
        self._place = _Place(log, key, offset + 1, tick)
        return placed

    def _begin_log(self, moment: Moment) -> None:
        log = LogId(secrets.token_hex(8))
        values = (log, self.node, self.boot, moment.at)
        cursor = self.connection.execute("INSERT INTO logs (log, node, boot, begun) VALUES (?,?,?,?)", values)
        key = int(cursor.lastrowid or 0)
        self.connection.execute("INSERT INTO meta VALUES (?,?)", (f"{LOG_KEY}{key}", log))
        self._place = _Place(log, key, 0, self._place.highest)
