"""`kill -9` of the reporting and of its broker, at any point: nothing lost, nothing twice."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from tests.integration.report.hub import TOPICS, Hub
from tests.integration.report.report_process import Plan, start_report
from tests.integration.report.tiny_central import TinyCentral
from tests.ledgers import LOG, Ledger, rows
from tests.mosquitto import STOP_SECONDS, Mosquitto

ROWS_EACH = 900


def stored(ledger: Ledger) -> dict[int, bytes]:
    return dict(ledger.connection.execute("SELECT offset, body FROM ledger"))


@pytest.mark.parametrize(("kills", "each"), [(20, 900), pytest.param(1000, 200, marks=pytest.mark.soak)])
def test_killed_at_random_points_the_reporting_loses_and_doubles_nothing(tmp_path: Path, kills: int, each: int) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    with Mosquitto(tmp_path / "broker") as broker, TinyCentral(broker, TOPICS) as central:
        plan = Plan(directory=str(tmp_path), host=broker.host, port=broker.port)
        with Ledger(tmp_path / "ledger.db", session=1) as ledger:
            for kill in range(kills):
                report = start_report(plan)
                ledger.add_many(rows(each, start=kill * each + 1))
                # From before its first line runs to well into the draining.
                try:
                    report.wait(chance.uniform(0.0, 0.4))
                except subprocess.TimeoutExpired:
                    report.kill()
                assert report.wait(STOP_SECONDS) == -9, f"seed {seed}"
            last = start_report(plan)
            try:
                central.wait_for_rows(kills * each)
                central.wait_for(lambda c: c.counts[-1].through == {LOG: kills * each}, "the last figures")
            finally:
                last.kill()
                last.wait(STOP_SECONDS)
            assert central.rows == {LOG: stored(ledger)}, f"seed {seed}"
            assert all(central.compared)
            central.wait_for(lambda c: c.statuses[-1].state == "offline", "the will")


@pytest.mark.parametrize("kills", [10, pytest.param(1000, marks=pytest.mark.soak)])
def test_a_broker_killed_at_random_points_costs_nothing(tmp_path: Path, kills: int) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    with (
        Mosquitto(tmp_path / "broker", persistence=True) as broker,
        TinyCentral(broker, TOPICS) as central,
        Hub(tmp_path, broker) as hub,
    ):
        for kill in range(kills):
            hub.ledger.add_many(rows(ROWS_EACH, start=kill * ROWS_EACH + 1))
            hub.wake()
            central.wait_for_rows(int(ROWS_EACH * (kill + chance.random())))
            broker.kill()
            hub.ledger.add_many(rows(3, start=10**6 + 3 * kill, node="k3"))
            broker.start()
        total = kills * (ROWS_EACH + 3)
        central.wait_for_rows(total)
        hub.wait_for_line(lambda line: line.acked == total)
        assert central.rows == {LOG: stored(hub.ledger)}, f"seed {seed}"


def test_killed_it_is_offline_by_the_will_of_its_session(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger.db", session=41).close()
    with Mosquitto(tmp_path / "broker") as broker, TinyCentral(broker, TOPICS) as central:
        report = start_report(Plan(directory=str(tmp_path), host=broker.host, port=broker.port))
        central.wait_for(lambda c: bool(c.counts), "its figures")
        report.kill()
        report.wait(STOP_SECONDS)
        central.wait_for(lambda c: c.statuses[-1].state == "offline", "the will")
    online = next(status for status in central.statuses if status.state == "online")
    assert (central.statuses[-1].session, central.statuses[-1].started) == (41, online.started)
