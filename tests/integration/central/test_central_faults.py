"""Faults that really happen to central: nothing acknowledged is lost, nothing is counted twice."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from appliance.central.recount import recount
from appliance.domain.attendance import fold
from tests.integration.central.desk import sqlite_url
from tests.integration.central.postgres import Postgres
from tests.integration.central.reporting_hub import ReportingHub
from tests.integration.central.rig import CentralChild, central
from tests.ledgers import LOG, rows
from tests.mosquitto import Mosquitto
from tests.tools import needs, needs_root
from tests.unit.central.reported import placed

ROWS = list(rows(3000))
STEP = 25


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    needs("mosquitto")
    with Mosquitto(tmp_path / "broker") as started:
        yield started


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "central.db")


def send(hub: ReportingHub, first: int, last: int) -> None:
    """Rows first to last in batches that begin where a hub's would."""
    for start in range(first, last + 1, STEP):
        hub.checkins(ROWS[start - 1 : min(start + STEP - 1, last)], start)


def assert_all_is_there(url: str, n: int) -> None:
    """Exactly the first n rows, and tallies that are their fold."""
    result = recount(url)
    assert result.agrees, result
    (hub,) = result.hubs
    assert (hub.rows, hub.through, hub.missing, hub.conflicting) == (n, {LOG: n}, 0, 0)
    expected = fold(placed(ROWS[:n]))
    assert hub.figures["occupancy"] == sum(count for (_, _, what), count in expected.items() if what == "occupancy")


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.soak)])
def test_central_killed_at_random_points_keeps_every_acknowledged_row_and_doubles_none(
    kills: int, broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    chance = random.Random(11)
    child = CentralChild(broker, url, tmp_path / "state")
    total = 600
    with ReportingHub(broker) as hub:
        hub.status("online")
        for _ in range(kills):
            before = len(hub.said)
            child.start()
            logs = hub.wait_more(before)
            through = logs[LOG].through if LOG in logs else 0
            last = min(through + chance.randint(1, 8) * STEP, total)
            before = len(hub.said)
            sent = threading.Thread(target=send, args=(hub, through + 1, last))
            sent.start()
            if chance.random() < 0.7:
                if last > through:
                    hub.wait_more(before)
                if chance.random() < 0.5:
                    sent.join()
            child.kill()
            sent.join()
            acknowledged = hub.said[-1].logs
            result = recount(url)
            assert result.agrees
            assert result.hubs[0].through.get(LOG, 0) >= (acknowledged[LOG].through if LOG in acknowledged else 0)
        before = len(hub.said)
        child.start()
        logs = hub.wait_more(before)
        send(hub, logs[LOG].through + 1 if LOG in logs else 1, total)
        hub.wait_through(total)
        child.kill()
    assert_all_is_there(url, total)


def test_central_back_from_an_old_backup_gets_its_rows_again_and_doubles_none(
    broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    database, backup = tmp_path / "central.db", tmp_path / "backup.db"
    with ReportingHub(broker) as hub:
        with central(broker, url, tmp_path / "state"):
            send(hub, 1, 200)
            hub.wait_through(200)
            with closing(sqlite3.connect(database)) as living, closing(sqlite3.connect(backup)) as copy:
                living.backup(copy)
            send(hub, 201, 500)
            hub.wait_through(500)
        for left in (database, *tmp_path.glob("central.db-*")):
            left.unlink()
        backup.rename(database)
        with central(broker, url, tmp_path / "state") as process:
            hub.wait_through(200)
            send(hub, 101, 500)
            hub.counts(placed(ROWS[:500]), n=9)
            hub.wait_through(500)
            assert process.wait_until(lambda posted: posted.hubs[0].live.comparison is not None, 60)
    assert_all_is_there(url, 500)


def test_a_database_that_another_process_holds_delays_the_acknowledgement_and_loses_nothing(
    broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    with central(broker, url, tmp_path / "state") as process, ReportingHub(broker) as hub:
        send(hub, 1, 100)
        hub.wait_through(100)
        with closing(sqlite3.connect(tmp_path / "central.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            send(hub, 101, 300)
            assert process.wait_until(lambda posted: posted.database_away is not None, 60)
            assert hub.said[-1].logs[LOG].through == 100
            other.execute("ROLLBACK")
        hub.wait_through(300)
        assert process.wait_until(lambda posted: posted.database_away is None and not posted.alarms, 60)
    assert_all_is_there(url, 300)


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_stops_acknowledgements_until_there_is_room_and_loses_nothing(
    broker: Mosquitto, tmp_path: Path
) -> None:
    needs_root()
    with small_disk(tmp_path / "small", "6m") as disk:
        url = sqlite_url(disk / "central.db")
        with central(broker, url, tmp_path / "state") as process, ReportingHub(broker) as hub:
            send(hub, 1, 100)
            hub.wait_through(100)
            ballast = disk / "ballast"
            ballast.write_bytes(b"x" * shutil.disk_usage(disk).free)
            send(hub, 101, 3000)
            assert process.wait_until(lambda posted: posted.database_away is not None, 60)
            assert "full" in str(process.picture.database_away)
            reached = hub.said[-1].logs[LOG].through
            assert reached < 3000
            ballast.unlink()
            hub.wait_through(3000)
        assert_all_is_there(url, 3000)


def test_rows_that_someone_put_into_the_database_meanwhile_are_noticed_and_not_doubled(
    broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    with central(broker, url, tmp_path / "state"), ReportingHub(broker) as hub:
        send(hub, 1, 100)
        hub.wait_through(100)
        with closing(sqlite3.connect(tmp_path / "central.db")) as other, other:
            columns = "tick, kind, nonce || 'x', list, ticket, annuls, body"
            other.execute(f'INSERT INTO rows SELECT hub, log, 111, {columns} FROM rows WHERE "offset" = 1')
        send(hub, 101, 200)
        hub.wait_acked(lambda logs: logs[LOG].through == 200)
        assert [first for first, _, _ in hub.said[-1].logs[LOG].refused] == [111]
    result = recount(url)
    assert result.hubs[0].conflicting == 1


def test_postgresql_restarted_under_central_loses_nothing(
    broker: Mosquitto, postgres: Postgres, tmp_path: Path
) -> None:
    url = postgres.new_database()
    with central(broker, url, tmp_path / "state"), ReportingHub(broker) as hub:
        send(hub, 1, 500)
        postgres.restart()
        send(hub, 501, 1000)
        hub.wait_through(1000)
    assert_all_is_there(url, 1000)


def test_postgresql_that_holds_a_lock_too_long_is_shown_and_waited_for(
    broker: Mosquitto, postgres: Postgres, tmp_path: Path
) -> None:
    url = postgres.new_database()
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with central(broker, url, tmp_path / "state") as process, ReportingHub(broker) as hub:
        send(hub, 1, 100)
        hub.wait_through(100)
        with engine.connect() as other:
            other.execute(text("LOCK TABLE rows IN ACCESS EXCLUSIVE MODE"))
            send(hub, 101, 200)
            assert process.wait_until(lambda posted: posted.database_away is not None, 60)
            other.rollback()
        hub.wait_through(200)
    engine.dispose()
    assert_all_is_there(url, 200)
