"""The pen: appends rows to this node's log and moves the tallies, inside the writer's transactions."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from appliance.domain.attendance import moved
from appliance.domain.clock import HubClock, Moment, Reading, next_tick
from appliance.domain.row import LogId, NodeId, Placed, Row
from appliance.store import rows


class Recorder:
    """Owns the writer's connection to ledger.db. One thread uses it."""

    def __init__(self, connection: sqlite3.Connection, *, node: NodeId, boot: str, read_clocks: Callable[[], Reading]) -> None:
        self.connection = connection
        self.node = node
        self.boot = boot
        self._read_clocks = read_clocks
        self._log, self._key, self._offset, self._highest = self._continue_log()
        self._clock = HubClock(self._highest)
        self._synchronous = "FULL"

    @property
    def log(self) -> LogId:
        """The log being written; empty before this boot's first row."""
        return self._log

    @property
    def highest_tick(self) -> int:
        """The highest tick in the file: the last time that it knows."""
        return self._highest

    def moment(self) -> Moment:
        """The hub's time now."""
        return self._clock.moment(self._read_clocks())

    def _continue_log(self) -> tuple[LogId, int, int, int]:
        """(log, its key, last offset, highest tick) to go on from. A new boot starts a new log at its first row."""
        highest = self.connection.execute("SELECT value FROM meta WHERE key = 'highest_tick'").fetchone()
        tick = self._highest_tick(int(highest[0]) if highest else 0)
        row = self.connection.execute(
            "SELECT id, log, (SELECT coalesce(max(offset), 0) FROM ledger WHERE ledger.log = logs.id) FROM logs "
            "WHERE node = ? AND boot = ? ORDER BY id DESC LIMIT 1",
            (self.node, self.boot),
        ).fetchone()
        return (LogId(row[1]), row[0], row[2], tick) if row else (LogId(""), 0, 0, tick)

    def _highest_tick(self, known: int) -> int:
        """The highest tick: of each log the newest rows say it, since ticks rise strictly within a log."""
        newest = self.connection.execute(
            "SELECT body FROM ledger JOIN (SELECT log AS of, max(offset) AS last FROM ledger GROUP BY log) "
            "ON ledger.log = of AND ledger.offset = last"
        )
        return max([known, *(rows.DECODE_ROW.decode(body).tick for (body,) in newest)])

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[None]:
        """One transaction. Durable: on the disk when it returns. Otherwise it outlives this process, and the next
        checkpoint or durable one brings it to the disk.
        """
        before = self._log, self._key, self._offset, self._highest
        synchronous = "FULL" if durable else "NORMAL"
        if synchronous != self._synchronous:
            self.connection.execute(f"PRAGMA synchronous = {synchronous}")
            self._synchronous = synchronous
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            self._log, self._key, self._offset, self._highest = before
            raise

    def write(self, moment: Moment, *, touching: Sequence[Placed] | None = None, **fields: Any) -> Placed:  # noqa: ANN401 (Row's)
        """Append a row of this node. `touching`: the rows that `attendance.moved` must see, where the caller has read them."""
        if not self._log:
            self._begin_log(moment)
        self._highest = next_tick(self._highest, moment)
        self._offset += 1
        row = Row(node=self.node, tick=self._highest, at=moment.at, clock=moment.clock, **fields)
        placed = Placed(self._log, self._offset, row)
        known = rows.touching(self.connection, [placed]) if touching is None else touching
        rows.append(self.connection, self._key, self._offset, row)
        rows.move_tallies(self.connection, moved(known, [placed]))
        return placed

    def _begin_log(self, moment: Moment) -> None:
        self._log, self._offset = LogId(secrets.token_hex(8)), 0
        cursor = self.connection.execute(
            "INSERT INTO logs (log, node, boot, begun) VALUES (?,?,?,?)", (self._log, self.node, self.boot, moment.at)
        )
        self._key = int(cursor.lastrowid or 0)

    def end_log(self) -> None:
        """The next row starts a new log, within the same boot too (after damage)."""
        self._log, self._key, self._offset = LogId(""), 0, 0
