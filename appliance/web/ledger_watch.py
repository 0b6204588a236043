"""Reads ledger and live figures at every wake-up, in short reads; the last hour's curve is kept in memory."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from appliance.domain.row import Row
from appliance.domain.ticket import Millis
from appliance.store.live import Reporting, open_live, reporting
from appliance.store.opening import StoreFault, open_reader
from appliance.store.reading import last_rows, rows_after, snapshot, ticket_names
from appliance.web.curve import SPAN_SECONDS, Curve
from appliance.web.figures import LAST_SCANS, Counts, Gate, Scanned, counts_of, gates_of, scans_of

log = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 0.25
"""Between two reads at the least: a crowd at the door wakes us hundreds of times a second."""
CHUNK_ROWS: Final = 2000
START_ROWS: Final = 20_000
"""So many rows at most are read back for the curve at start."""


class LedgerFigures(msgspec.Struct, frozen=True):
    """All that the staff page tells of the databases; `fault` says why what stands here is old."""

    counts: Counts = Counts()
    gates: list[Gate] = []
    scans: list[Scanned] = []
    entries: list[int] = []
    refusals: list[int] = []
    reporting: Reporting | None = None
    fault: str = ""


class LedgerWatch:
    """`run` hands new figures to `publish` until `stop` is set."""

    def __init__(
        self,
        *,
        ledger: Path,
        live: Path,
        main_list: str,
        wakeups: Callable[[threading.Event], Iterator[None]],
        publish: Callable[[LedgerFigures], None],
        now: Callable[[], Millis],
        monotonic: Callable[[], float],
    ) -> None:
        self._ledger = _Reopened(ledger, open_reader)
        self._live = _Reopened(live, open_live)
        self._main_list = main_list
        self._wakeups = wakeups
        self._publish = publish
        self._now = now
        self._monotonic = monotonic
        self._curve = Curve()
        self._seq: int | None = None
        self._figures = LedgerFigures()

    def run(self, stop: threading.Event) -> None:
        """Reads at once, then at every wake-up."""
        self._publish(self.read())
        for _ in self._wakeups(stop):
            if stop.is_set():
                break
            self._publish(self.read())
            stop.wait(PAUSE_SECONDS)
        self._ledger.close()
        self._live.close()

    def read(self) -> LedgerFigures:
        """The newest figures; the last ones with a `fault` if the ledger can't be read."""
        try:
            self._figures = self._read_ledger()
        except (StoreFault, sqlite3.Error, msgspec.DecodeError) as fault:
            self._ledger.close()
            said = str(fault) or type(fault).__name__
            if said != self._figures.fault:
                log.warning("can't read the ledger: %s", said)
            self._figures = msgspec.structs.replace(self._figures, fault=said)
        return msgspec.structs.replace(self._figures, reporting=self._reporting())

    def _read_ledger(self) -> LedgerFigures:
        connection, fresh = self._ledger.connection()
        if fresh:
            self._curve, self._seq = Curve(), None
        whole = snapshot(connection)
        self._draw(connection, whole.seq)
        rows = last_rows(connection, 2 * LAST_SCANS)
        tickets = [placed.row.ticket for _, placed in rows[:LAST_SCANS] if placed.row.ticket is not None]
        return LedgerFigures(
            counts=counts_of(whole.tally, self._main_list),
            gates=gates_of(whole.tally),
            scans=scans_of(rows, ticket_names(connection, tickets)),
            entries=self._curve.minutes("entries", self._monotonic()),
            refusals=self._curve.minutes("refusals", self._monotonic()),
        )

    def _draw(self, connection: sqlite3.Connection, newest: int) -> None:
        """Puts the rows that arrived since the last time on the curve, chunk by chunk."""
        if self._seq is None:
            self._seq = max(newest - START_ROWS, 0)
        while rows := rows_after(connection, self._seq, CHUNK_ROWS):
            now, monotonic = self._now(), self._monotonic()
            for seq, placed in rows:
                self._seq = seq
                self._curve.add(placed.row.kind, placed.row.times, age=_age(placed.row, now), now=monotonic)

    def _reporting(self) -> Reporting | None:
        try:
            return reporting(self._live.connection()[0])
        except (StoreFault, sqlite3.Error) as fault:
            log.debug("can't read the live figures: %s", fault)
            self._live.close()
            return None


def _age(row: Row, now: Millis) -> float:
    """Seconds since the row was written, by its wall-clock time; a time that can't be is beyond the curve."""
    try:
        return max(now / 1000 - datetime.fromisoformat(row.at).timestamp(), -60.0) if row.at else SPAN_SECONDS
    except (ValueError, OverflowError):
        return SPAN_SECONDS


class _Reopened:
    """A connection to a file, made anew when another file stands in its place (a salvaged ledger, a lost live.db)."""

    def __init__(self, path: Path, opener: Callable[[Path], sqlite3.Connection]) -> None:
        self._path = path
        self._opener = opener
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def connection(self) -> tuple[sqlite3.Connection, bool]:
        """(connection, whether it is a new one)."""
        file = self._identity()
        if self._connection is not None and file is not None and file == self._file:
            return self._connection, False
        self.close()
        self._connection = self._opener(self._path)
        self._file = self._identity()
        return self._connection, True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _identity(self) -> tuple[int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_dev, stat.st_ino
