"""Figures out of real databases while others write them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.domain.ticket import Millis
from appliance.store.live import Reporting, keep_reporting, open_live
from appliance.web.ledger_watch import LedgerFigures, LedgerWatch
from tests.ledgers import START, Ledger, rows


class Watched:
    """A watch whose wall clock stands just after the rows, and whose monotonic clock the test moves."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.monotonic = 50_000.0
        self.now = START + 60_000
        self.published: list[LedgerFigures] = []
        self.watch = LedgerWatch(
            ledger=directory / "ledger.db",
            live=directory / "live.db",
            main_list="door",
            wakeups=self._wakeups,
            publish=self.published.append,
            now=lambda: Millis(self.now),
            monotonic=lambda: self.monotonic,
        )

    def _wakeups(self, _stop: threading.Event) -> Iterator[None]:
        yield None

    def close(self) -> None:
        self.watch._ledger.close()
        self.watch._live.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.close()


def test_a_ledger_that_isn_t_there_yet_is_a_word_and_then_figures(watched: Watched) -> None:
    assert "start the doorkeeper" in watched.watch.read().fault
    with Ledger(watched.directory / "ledger.db") as ledger:
        ledger.add(rows(40))
    figures = watched.watch.read()
    assert figures.fault == ""
    assert figures.counts.entries > 0


def test_figures_move_with_the_ledger_and_the_curve_counts_each_row_once(watched: Watched) -> None:
    with Ledger(watched.directory / "ledger.db") as ledger:
        ledger.add(rows(100))
        first = watched.watch.read()
        assert watched.watch.read() == first
        ledger.add(rows(50, start=101))
        second = watched.watch.read()
    drawn = sum(second.entries)
    entries = sum(1 for row in rows(150) if row.kind == "entry")
    assert drawn == entries
    assert second.counts.entries > first.counts.entries
    assert len(second.scans) == 30
    assert second.scans[0].seq == 150


def test_after_a_restart_the_curve_stands_as_before(watched: Watched) -> None:
    with Ledger(watched.directory / "ledger.db") as ledger:
        ledger.add_many(rows(6000))
        before = watched.watch.read()
        again = Watched(watched.directory)
        assert again.watch.read().entries == before.entries
        again.close()
    assert sum(before.entries) > 1000


def test_a_clock_that_jumps_moves_nothing_that_was_drawn(watched: Watched) -> None:
    with Ledger(watched.directory / "ledger.db") as ledger:
        ledger.add(rows(20))
        before = watched.watch.read()
        watched.now += 2 * 3_600_000
        assert watched.watch.read().entries == before.entries


def test_another_file_in_the_ledger_s_place_is_read_from_its_start(watched: Watched) -> None:
    path = watched.directory / "ledger.db"
    with Ledger(path) as ledger:
        ledger.add(rows(60))
        watched.watch.read()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(f"ledger.db{suffix}").unlink(missing_ok=True)
    with Ledger(path) as ledger:
        ledger.add(rows(10))
        figures = watched.watch.read()
    assert figures.fault == ""
    assert figures.scans[0].seq == 10
    assert sum(figures.entries) == sum(1 for row in rows(10) if row.kind == "entry")


def test_a_damaged_ledger_keeps_the_last_figures_and_says_so(watched: Watched) -> None:
    path = watched.directory / "ledger.db"
    with Ledger(path) as ledger:
        ledger.add(rows(60))
    good = watched.watch.read()
    damaged = watched.directory / "damaged"
    damaged.write_bytes(b"no database " * 1000)
    damaged.replace(path)
    for suffix in ("-wal", "-shm"):
        path.with_name(f"ledger.db{suffix}").unlink(missing_ok=True)
    figures = watched.watch.read()
    assert figures.fault
    assert figures.counts == good.counts


def test_a_row_of_a_kind_from_the_future_breaks_nothing(watched: Watched) -> None:
    with Ledger(watched.directory / "ledger.db") as ledger:
        known = next(iter(rows(1)))
        ledger.add([type(known)(kind="teleport", tick=START, node="k1", at="", clock="synced", nonce="nonce-1")])
        assert watched.watch.read().scans[0].kind == "other"


def test_how_the_reporting_goes_is_read_beside_it(watched: Watched) -> None:
    with Ledger(watched.directory / "ledger.db") as ledger:
        ledger.add(rows(5))
        assert watched.watch.read().reporting is None
        with closing(open_live(watched.directory / "live.db")) as live:
            keep_reporting(live, Reporting(True, "2026-11-24T09:00:00.000Z", 5, 3, 2, "", []))
            found = watched.watch.read().reporting
    assert found is not None
    assert (found.connected, found.sent, found.acked, found.waiting) == (True, 5, 3, 2)


def test_the_ledger_is_never_written(watched: Watched) -> None:
    with Ledger(watched.directory / "ledger.db") as ledger:
        ledger.add(rows(5))
        watched.watch.read()
        connection, _ = watched.watch._ledger.connection()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM tallies")


def test_it_reads_at_once_and_at_each_wake_up(watched: Watched) -> None:
    with Ledger(watched.directory / "ledger.db") as ledger:
        ledger.add(rows(5))
        watched.watch.run(threading.Event())
    assert len(watched.published) == 2
