"""The reporting beside a real doorkeeper: its wake-ups and its sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from appliance.domain.ticket import CheckinList
from appliance.domain.wire import Counts
from appliance.doorkeeper.builder import build_doorkeeper
from appliance.doorkeeper.client import DoorkeeperClient
from appliance.doorkeeper.door import Door
from appliance.report.client import BrokerAddress, Confirmed, Link, Message, Opened
from tests.integration.report.hub import NODE, TOPICS, Hub
from tests.integration.report.tiny_central import TinyCentral
from tests.mosquitto import Mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Path]:
    """The socket of a running doorkeeper whose ledger is new."""
    path = tmp_path / "doorkeeper.sock"
    process = build_doorkeeper(
        ledger=tmp_path / "ledger.db",
        socket=path,
        node=NODE,
        door=Door(hub="north", list=CheckinList()),
        trusted_clock=True,
        registry=CollectorRegistry(),
    )
    process.start()
    yield path
    process.stop()
    assert process.fault is None


def hub_beside(door: Path, tmp_path: Path, broker: Mosquitto) -> Hub:
    hub = Hub(tmp_path, broker, session=0, socket=door, wakeups=None)
    hub.ledger.close()
    return hub


def say_of_old(broker: Mosquitto, counts: Counts, *, node: str) -> None:
    """Leave retained counts behind, as another disk of this hub did."""
    link = Link(BrokerAddress(broker.host, broker.port, tls=False), client_id="old")
    assert link.open(will=None) is None
    confirmed = False
    while not confirmed:
        for event in link.turn(1.0):
            if isinstance(event, Opened):
                link.publish(Message(TOPICS.counts(node), msgspec.json.encode(counts)), retain=True)
            confirmed = confirmed or isinstance(event, Confirmed)
    link.release()


def old_counts(*, term: int, session: int) -> Counts:
    return Counts(
        term=term,
        session=session,
        n=9_000_000_000,
        list="door",
        through={},
        at="2026-11-24T09:12:00.000Z",
        attendance=9,
        entries=9,
        exits=0,
        occupancy=9,
        refusals={},
        gates={},
        lists={},
    )


def test_a_scan_is_at_central_without_anyone_asking_for_it(tmp_path: Path, broker: Mosquitto, door: Path) -> None:
    with TinyCentral(broker, TOPICS) as central, hub_beside(door, tmp_path, broker):
        central.wait_for(lambda c: bool(c.counts), "the first figures")
        client = DoorkeeperClient(door)
        for n in range(3):
            client.scan(f"nobody knows {n}", gate="north", nonce=f"nonce-of-scan-{n}")
        client.close()
        central.wait_for_rows(3)
        central.wait_for(lambda c: c.counts[-1].refusals == {"invalid": 3}, "the figures")
        central.wait_for(lambda c: True in c.compared, "a comparison")
    assert all(central.compared)


def test_each_start_is_a_new_session(tmp_path: Path, broker: Mosquitto, door: Path) -> None:
    sessions = []
    for _ in range(3):
        with TinyCentral(broker, TOPICS) as central, hub_beside(door, tmp_path, broker):
            wanted = len(sessions) + 1
            central.wait_for(lambda c, n=wanted: c.counts[-1:] != [] and c.counts[-1].session == n, "its figures")
            sessions.append([status.session for status in central.statuses if status.state == "online"][-1])
    assert sessions == [1, 2, 3]


@pytest.mark.parametrize("node", [NODE, "n0"], ids=["the node's own", "of the node that it replaces"])
def test_a_new_disk_takes_a_session_above_what_the_broker_remembers(
    tmp_path: Path, broker: Mosquitto, door: Path, node: str
) -> None:
    say_of_old(broker, old_counts(term=3, session=40), node=node)
    with TinyCentral(broker, TOPICS) as central, hub_beside(door, tmp_path, broker):
        central.wait_for(lambda c: c.counts[-1:] != [] and c.counts[-1].session == 41, "a session above the old one")
        central.wait_for(lambda c: c.statuses[-1].session == 41 and c.statuses[-1].state == "online", "its status")
        assert central.counts[-1].term == 3


def test_without_a_doorkeeper_it_reports_in_the_session_that_the_ledger_knows(
    tmp_path: Path, broker: Mosquitto
) -> None:
    hub = Hub(tmp_path, broker, session=7, socket=tmp_path / "nobody.sock", wakeups=None)
    with TinyCentral(broker, TOPICS) as central, hub:
        central.wait_for(lambda c: c.counts[-1:] != [] and c.counts[-1].session == 7, "its figures")
