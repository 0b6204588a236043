"""The reporting and the real central, with a real Mosquitto between them."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.central.recount import HubRecount, recount
from appliance.domain.wire import encode_batch
from appliance.report.client import BrokerAddress, Confirmed, Link, Message, Opened
from appliance.store.reading import bodies_after
from tests.bench.central_process import Plan, start_central
from tests.integration.report.hub import NODE, TOPICS, Hub
from tests.ledgers import LOG, rows
from tests.mosquitto import STOP_SECONDS, Mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@contextmanager
def central(directory: Path, broker: Mosquitto) -> Iterator[subprocess.Popen[bytes]]:
    process = start_central(Plan(directory=str(directory), host=broker.host, port=broker.port))
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def counted(directory: Path) -> HubRecount:
    whole = recount(f"sqlite:///{directory / 'central.db'}")
    assert whole.agrees
    (hub,) = whole.hubs
    return hub


def say(broker: Mosquitto, payloads: list[bytes]) -> None:
    """Batches in the hub's name, until the broker has them."""
    link = Link(BrokerAddress(broker.host, broker.port, tls=False), client_id="again")
    assert link.open(will=None) is None
    waiting: set[int] | None = None
    while waiting is None or waiting:
        for event in link.turn(1.0):
            if isinstance(event, Opened):
                topic = TOPICS.checkins(NODE)
                waiting = {link.publish(Message(topic, payload), retain=False) for payload in payloads}
            elif isinstance(event, Confirmed) and waiting is not None:
                waiting.discard(event.mid)
    link.release()


def test_batches_that_come_twice_and_in_any_order_change_nothing(tmp_path: Path, broker: Mosquitto) -> None:
    with central(tmp_path, broker), Hub(tmp_path, broker) as hub:
        hub.ledger.add(rows(400))
        hub.wake()
        hub.wait_for_line(lambda line: line.acked == 400)
        before = counted(tmp_path)
        payloads = []
        for after in range(0, 400, 50):
            found = bodies_after(hub.ledger.connection, LOG, after, after + 50, 50)
            payloads.append(encode_batch(LOG, after + 1, [body for _, body in found]))
        say(broker, random.Random(1).sample(payloads * 2, 16))
        hub.ledger.add(rows(1, start=401))
        hub.wake()
        hub.wait_for_line(lambda line: line.acked == 401)
        after_all = counted(tmp_path)
    assert (after_all.rows, after_all.refused, after_all.conflicting) == (401, 0, 0)
    assert after_all.figures["entries"] == before.figures["entries"] + 1


def test_a_row_that_central_refuses_is_parked_at_the_hub_and_those_behind_it_count(
    tmp_path: Path, broker: Mosquitto
) -> None:
    hub = Hub(tmp_path, broker)
    hub.ledger.add(rows(30))
    hub.ledger.damage(9, b'{"kind":"entry","nonce":')
    with central(tmp_path, broker), hub:
        line = hub.wait_for_line(lambda line: line.acked == 30)
        assert [(some.first, some.last) for some in line.parked] == [(9, 9)]
        assert line.parked[0].reason
    assert (counted(tmp_path).rows, counted(tmp_path).refused) == (29, 1)


def test_what_lies_behind_a_hole_of_the_ledger_is_not_sent_again_at_each_connection(
    tmp_path: Path, broker: Mosquitto
) -> None:
    hub = Hub(tmp_path, broker)
    hub.ledger.add_many(rows(3000))
    hub.ledger.lose(100, 120)
    with central(tmp_path, broker), hub:
        hub.wait_for_line(lambda line: line.acked == 2979 and line.waiting == 0)
        hub.stop()
        hub.start()
        hub.ledger.add(rows(1, start=3001))
        hub.wake()
        hub.wait_for_line(lambda line: line.acked == 2980 and line.waiting == 0)
        assert hub.metric("rows_sent_total") == 1


@pytest.mark.parametrize("kills", [6, pytest.param(300, marks=pytest.mark.soak)])
def test_central_killed_at_random_points_and_put_back_to_old_backups_counts_right_in_the_end(
    tmp_path: Path, broker: Mosquitto, kills: int
) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    backup = tmp_path / "backup"
    with Hub(tmp_path, broker) as hub:
        for kill in range(kills):
            process = start_central(Plan(directory=str(tmp_path), host=broker.host, port=broker.port))
            hub.ledger.add_many(rows(2000, start=2000 * kill + 1))
            hub.wake()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.6, 1.5))
            process.kill()
            process.wait(STOP_SECONDS)
            if kill % 3 == 0:
                keep(tmp_path, backup)
            elif kill % 3 == 2:
                keep(backup, tmp_path)
        with central(tmp_path, broker):
            # Central may have been put back since the line was right.
            hub.wait_for_line(lambda line: line.acked == 2000 * kills == counted(tmp_path).rows)
            found = counted(tmp_path)
        assert (found.rows, found.missing, found.refused) == (2000 * kills, 0, 0), f"seed {seed}"


def keep(source: Path, target: Path) -> None:
    """Copy central's database, the write-ahead log with it."""
    target.mkdir(exist_ok=True)
    for path in target.glob("central.db*"):
        path.unlink()
    for path in source.glob("central.db*"):
        shutil.copy(path, target / path.name)
