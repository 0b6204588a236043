"""Central between a real broker and its board."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from appliance.central.exceptions import CentralError
from appliance.central.receiver import BrokerAddress
from appliance.domain import wire
from appliance.domain.attendance import ENTRIES, OCCUPANCY, fold
from appliance.domain.row import Placed
from tests.integration.central.desk import EVENT, ROOT, sqlite_url
from tests.integration.central.reporting_hub import ReportingHub, status
from tests.integration.central.rig import BoardPage, central
from tests.ledgers import LOG, rows
from tests.mosquitto import Mosquitto
from tests.tools import needs
from tests.unit.central.reported import counts, placed

ROWS = list(rows(500))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    needs("mosquitto")
    with Mosquitto(tmp_path / "broker") as started:
        yield started


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "central.db")


def test_rows_are_acknowledged_gaps_asked_for_and_bad_rows_named(broker: Mosquitto, url: str, tmp_path: Path) -> None:
    with central(broker, url, tmp_path), ReportingHub(broker) as hub:
        hub.checkins(ROWS[:100])
        assert hub.wait_through(100) == wire.LogAcked(100, seen=100)
        hub.checkins(ROWS[100:120], 111)
        hub.wait_acked(lambda logs: logs[LOG].missing == [(101, 110)])
        hub.checkins([*ROWS[:4], b'{"kind":"entry"}', *ROWS[5:10]], 101)
        last = hub.wait_through(130)
        assert [(first, end) for first, end, _ in last.refused] == [(105, 105)]
        hub.checkins(ROWS[:100])
        hub.checkins(ROWS[200:210], 131)
        assert hub.wait_through(140).refused == last.refused
    with ReportingHub(broker) as late:
        assert late.wait_through(140).refused == last.refused


def test_acknowledgements_come_at_most_ten_times_a_second_and_the_last_one_always_comes(
    broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    with central(broker, url, tmp_path), ReportingHub(broker) as hub:
        began = time.monotonic()
        for offset in range(1, 301):
            hub.checkins(ROWS[offset - 1 : offset], offset)
        hub.wait_through(300)
        assert len(hub.said) <= (time.monotonic() - began) * 10 + 2


def test_hostile_messages_cost_nothing_but_an_alarm_each(broker: Mosquitto, url: str, tmp_path: Path) -> None:
    registry = CollectorRegistry()
    with central(broker, url, tmp_path, registry=registry) as process, ReportingHub(broker) as hub:
        base = hub.topics.base
        for what in ("checkins", "counts", "status"):
            for payload in (
                b"",
                b"\xff\0",
                b"[" * 100_000,
                b"{" * 200_000,
                b"1",
                b"x" * 2_000_000,
                b'{"v":1,"log":[]}',
            ):
                hub.publish(f"{base}/n1/{what}", payload)
        for topic in (f"{base}/acked/status", f"{ROOT}/{EVENT}/UPPER/n1/status", f"{ROOT}/{EVENT}/a b/ü/checkins"):
            hub.publish(topic, status("online"))
        hub.publish(f"{base}/n1/counts", b'{"v":9,"more":"to come"}')
        hub.checkins(ROWS[:10])
        hub.wait_through(10)
        page = BoardPage(process, url)
        view = page.wait(lambda view: {"unreadable", "version"} <= {alarm.kind for alarm in view.alarms})
        assert [one.name for one in view.hubs] == ["berlin"]
        assert view.hubs[0].rows == 10
    counted = {
        sample.labels["complaint"]: sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "appliance_central_unreadable_total"
    }
    assert counted == {"malformed": 17, "oversize": 4, "topic": 3, "version": 1}


def test_the_board_shows_the_hub_s_own_figures_and_what_its_rows_say_of_them(
    broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    with (
        central(broker, url, tmp_path) as process,
        ReportingHub(broker) as berlin,
        ReportingHub(broker, "oslo") as oslo,
    ):
        page = BoardPage(process, url)
        berlin.status("online")
        berlin.counts(placed(ROWS), capacity=900)
        view = page.wait(lambda view: any(hub.figures for hub in view.hubs))
        tally = fold(placed(ROWS))
        (hub,) = view.hubs
        assert (hub.state, hub.source, hub.waiting, hub.rows) == ("live", "snapshot", 500, 0)
        assert hub.figures is not None
        assert (hub.figures.occupancy, hub.figures.capacity) == (tally["door", "", OCCUPANCY], 900)
        berlin.checkins(ROWS)
        view = page.wait(lambda view: view.hubs[0].comparison is not None)
        assert view.hubs[0].comparison is not None
        assert view.hubs[0].comparison.outcome == "equal"
        assert (view.hubs[0].waiting, view.totals.waiting, view.alarms) == (0, 0, [])
        oslo.checkins(ROWS[:50])
        oslo.counts(placed(ROWS[:50]), entries=7)
        view = page.wait(lambda view: len(view.alarms) == 1)
        assert (view.alarms[0].kind, view.alarms[0].hub) == ("difference", "oslo")
        assert "entries: hub 7, central" in view.alarms[0].text
        oslo.counts(placed(ROWS[:50]), n=2)
        view = page.wait(lambda view: not view.alarms)
        assert view.totals.occupancy == sum(hub.figures.occupancy for hub in view.hubs if hub.figures)
        assert (view.totals.hubs, view.totals.live, view.totals.unknown) == (2, 2, 0)


def test_a_silent_hub_is_shown_as_silent_within_ten_seconds_and_never_as_zero(
    broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    with central(broker, url, tmp_path) as process, ReportingHub(broker) as hub:
        page = BoardPage(process, url)
        hub.counts(placed(ROWS))
        said = time.monotonic()
        live = page.wait(lambda view: any(one.state == "live" for one in view.hubs))
        silent = page.wait(lambda view: view.hubs[0].state == "silent")
        assert time.monotonic() - said < wire.STALE_SECONDS
        assert silent.hubs[0].figures == live.hubs[0].figures
        assert silent.totals.occupancy == live.totals.occupancy > 0
        assert silent.totals.old == 1


def test_the_will_shows_a_hub_offline_but_not_the_late_will_of_an_old_session(
    broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    with central(broker, url, tmp_path) as process, ReportingHub(broker, "oslo") as witness:
        page = BoardPage(process, url)
        hub = ReportingHub(broker, will=status("offline", 17))
        with hub:
            hub.status("online", 17)
            hub.counts(placed(ROWS))
            page.wait(lambda view: any(one.name == "berlin" and one.state == "live" for one in view.hubs))
            hub.publish(hub.topics.status("n1"), status("offline", 16), retain=True)
            witness.status("online")
            view = page.wait(lambda view: len(view.hubs) == 2)
            assert view.hubs[0].nodes[0].state == "online"
            hub.drop()
            view = page.wait(lambda view: view.hubs[0].state == "offline")
            assert view.hubs[0].figures is not None
            assert view.hubs[0].figures.entries == entries(placed(ROWS))


def entries(rows: Iterable[Placed]) -> int:
    return sum(n for (_, _, figure), n in fold(rows).items() if figure == ENTRIES)


def test_figures_that_the_broker_kept_are_as_old_as_they_say_or_of_unknown_age(
    broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        for name, clock in (("berlin", "synced"), ("oslo", "unsynced")):
            hub = stack.enter_context(ReportingHub(broker, name))
            said = counts(placed(ROWS), at="2026-11-24T10:12:14.120Z", clock=clock)
            hub.publish(hub.topics.counts("n1"), msgspec.json.encode(said), retain=True)
        process = stack.enter_context(central(broker, url, tmp_path))
        view = BoardPage(process, url).wait(lambda view: len([hub for hub in view.hubs if hub.figures]) == 2)
        assert [(hub.state, hub.age) for hub in view.hubs] == [("silent", 30.0), ("silent", None)]


def test_a_broker_that_comes_back_empty_gets_every_acknowledgement_again(
    broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    with central(broker, url, tmp_path) as process:
        page = BoardPage(process, url)
        with ReportingHub(broker) as hub, ReportingHub(broker, "oslo") as other:
            hub.checkins(ROWS[:100])
            other.checkins(ROWS[:30])
            hub.wait_through(100)
            other.wait_through(30)
        broker.kill()
        view = page.wait(lambda view: view.broker_away is not None)
        assert "mqtt://127.0.0.1" in str(view.broker_away)
        broker.start()
        page.wait(lambda view: view.broker_away is None)
        with ReportingHub(broker) as hub, ReportingHub(broker, "oslo") as other:
            hub.wait_through(100)
            other.wait_through(30)


def test_a_hub_that_central_has_never_heard_of_is_told_so_whatever_the_broker_kept(
    broker: Mosquitto, url: str, tmp_path: Path
) -> None:
    with ReportingHub(broker) as hub:
        hub.status("online")
        stale = wire.Acked(at="", logs={LOG: wire.LogAcked(4000)})
        hub.publish(hub.topics.acked, msgspec.json.encode(stale), retain=True)
        with central(broker, url, tmp_path):
            hub.wait_acked(lambda logs: logs == {})


# paho leaves the socket of a failed TLS handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_login_and_tls_to_the_broker_and_what_the_board_says_when_they_fail(tmp_path: Path) -> None:
    needs("mosquitto_passwd")
    url = sqlite_url(tmp_path / "central.db")
    broker = Mosquitto(tmp_path / "broker", logins={"central": "secret", "n1": "secret"}, tls=True)
    with broker, ReportingHub(broker, login="n1") as hub:
        hub.checkins(ROWS[:10])
        with central(broker, url, tmp_path, address=address(broker, "nobody")) as process:
            view = BoardPage(process, url).wait(lambda view: "refuses" in str(view.broker_away))
            assert "Not authorized" in str(view.broker_away)
            assert "secret" not in str(view)
        with central(broker, url, tmp_path, address=address(broker, "central", trusted=False)) as process:
            BoardPage(process, url).wait(lambda view: "certificate verify failed" in str(view.broker_away))
        with central(broker, url, tmp_path, login="central"):
            hub.checkins(ROWS[:10])
            hub.wait_through(10)


def address(broker: Mosquitto, login: str, *, trusted: bool = True) -> BrokerAddress:
    ca = broker.ca if trusted else None
    return BrokerAddress(broker.host, broker.port, username=login, password="secret", tls=True, ca=ca)


def test_a_ca_file_that_is_none_is_said_at_the_start(broker: Mosquitto, url: str, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    bad = BrokerAddress("127.0.0.1", 1, tls=True, ca=tmp_path / "ca.pem")
    with pytest.raises(CentralError, match=r"ca\.pem"), central(broker, url, tmp_path, address=bad):
        pass
