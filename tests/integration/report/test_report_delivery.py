"""From ledger.db to a central, over a real Mosquitto that comes and goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.domain.row import LogId
from appliance.domain.wire import Status
from appliance.store.live import Parked
from tests.integration.report.hub import NODE, TOPICS, Hub, cursors
from tests.integration.report.tiny_central import TinyCentral
from tests.ledgers import LOG, rows
from tests.mosquitto import Mosquitto

OTHER = LogId("77aa")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def test_every_row_reaches_central_and_the_snapshots_agree_with_it(tmp_path: Path, broker: Mosquitto) -> None:
    with TinyCentral(broker, TOPICS) as central, Hub(tmp_path, broker) as hub:
        hub.ledger.add(rows(700))
        hub.wake()
        central.wait_for_rows(700)
        hub.ledger.add(rows(5, start=701))
        hub.ledger.add(rows(9, node="k5"), log=OTHER, node="k5")
        hub.wake()
        central.wait_for_rows(714)
        line = hub.wait_for_line(lambda line: line.acked == 714)
        central.wait_for(lambda c: c.counts[-1].through == {LOG: 705, OTHER: 9} and len(c.compared) > 1, "a comparison")
    assert all(central.compared)
    assert (line.connected, line.sent, line.waiting, line.parked, line.fault) == (True, 714, 0, [], "")
    assert cursors(tmp_path) == {LOG: 705, OTHER: 9}
    assert central.counts[-1].capacity == 400
    assert central.counts[-1].session == 17


def test_figures_go_on_being_said_when_nothing_happens_and_their_number_rises(
    tmp_path: Path, broker: Mosquitto
) -> None:
    with TinyCentral(broker, TOPICS) as central, Hub(tmp_path, broker):
        central.wait_for(lambda c: len(c.counts) >= 2 and len(c.statuses) >= 2, "a second snapshot")
    numbers = [counts.n for counts in central.counts]
    assert numbers == sorted(set(numbers))
    assert {status.state for status in central.statuses[:-1]} == {"online"}


def test_a_broker_that_comes_back_empty_gets_all_retained_topics_and_all_rows(
    tmp_path: Path, broker: Mosquitto
) -> None:
    central = TinyCentral(broker, TOPICS)
    with Hub(tmp_path, broker) as hub, central:
        hub.ledger.add(rows(50))
        hub.wake()
        central.wait_for_rows(50)
        central.leave()
        broker.kill()
        hub.wait_for_line(lambda line: not line.connected)
        hub.ledger.add(rows(300, start=51))
        hub.wake()
        hub.wait_for_line(lambda line: line.waiting >= 300)
        central.counts, central.statuses = [], []
        broker.start()
        central.connect()
        central.wait_for_rows(350)
        central.wait_for(lambda c: bool(c.statuses and c.counts), "status and counts")
        hub.wait_for_line(lambda line: line.connected and line.waiting == 0)
    assert all(central.compared)


def test_central_back_from_an_old_backup_gets_again_what_it_lost(tmp_path: Path, broker: Mosquitto) -> None:
    central = TinyCentral(broker, TOPICS)
    with Hub(tmp_path, broker) as hub, central:
        hub.ledger.add(rows(40))
        hub.wake()
        central.wait_for_rows(40)
        backup = central.backup()
        hub.ledger.add(rows(200, start=41))
        hub.wake()
        central.wait_for_rows(240)
        hub.wait_for_line(lambda line: line.waiting == 0)
        central.leave()
        central.rows = backup
        hub.ledger.add(rows(10, start=241))
        hub.wake()
        central.connect()
        central.wait_for_rows(250)
        hub.wait_for_line(lambda line: line.acked == 250)
    assert all(central.compared)


def test_central_that_lost_everything_gets_everything(tmp_path: Path, broker: Mosquitto) -> None:
    central = TinyCentral(broker, TOPICS)
    with Hub(tmp_path, broker) as hub, central:
        hub.ledger.add(rows(1300))
        hub.wake()
        central.wait_for_rows(1300)
        central.leave()
        central.rows = {}
        central.connect()
        central.acknowledge()
        central.wait_for_rows(1300)


def test_central_that_was_silent_gets_on_with_it_after_one_probe(tmp_path: Path, broker: Mosquitto) -> None:
    central = TinyCentral(broker, TOPICS)
    with Hub(tmp_path, broker) as hub, central:
        central.leave()
        for n in range(30):
            hub.ledger.add(rows(1, start=n + 1))
            hub.wake()
        hub.wait_for_line(lambda line: line.sent > 0)
        central.connect()
        central.wait_for_rows(30)


def test_no_batch_crosses_a_snapshot_even_when_it_goes_again(tmp_path: Path, broker: Mosquitto) -> None:
    central = TinyCentral(broker, TOPICS)
    with Hub(tmp_path, broker) as hub, central:
        central.silent = True
        for n in range(5):
            hub.ledger.add(rows(7, start=7 * n + 1))
            hub.wake()
            central.wait_for(lambda c, n=n: bool(c.counts) and c.counts[-1].through.get(LOG) == 7 * n + 7, "a snapshot")
        central.rows, central.silent = {}, False
        central.acknowledge()
        central.wait_for_rows(35)
        hub.wait_for_line(lambda line: line.waiting == 0)
    marks = {counts.through[LOG] for counts in central.counts if counts.through}
    assert not [batch for batch in central.batches if any(batch[1] <= mark < batch[2] for mark in marks)]


def test_a_refused_row_is_parked_and_shown_and_those_behind_it_arrive(tmp_path: Path, broker: Mosquitto) -> None:
    def refuse(body: bytes) -> str | None:
        return "unknown kind of ticket id" if b"nonce-k2-000000003" in body else None

    with TinyCentral(broker, TOPICS, refuse=refuse) as central, Hub(tmp_path, broker) as hub:
        hub.ledger.add(rows(20))
        hub.wake()
        central.wait_for_rows(20)
        line = hub.wait_for_line(lambda line: line.waiting == 0 and bool(line.parked))
        assert line.parked == [Parked(LOG, 3, 3, "unknown kind of ticket id")]
        assert hub.metric("rows_refused") == 1
        hub.ledger.add(rows(20, start=21))
        hub.wake()
        central.wait_for_rows(40)


def test_a_row_that_a_bad_block_made_unreadable_costs_no_other(tmp_path: Path, broker: Mosquitto) -> None:
    def refuse(body: bytes) -> str | None:
        return "not a row" if body == b"null" else None

    hub = Hub(tmp_path, broker)
    hub.ledger.add(rows(9))
    hub.ledger.damage(2, b'{"kind":"entry"')
    hub.ledger.damage(4, b'{},{"kind":"entry"}')
    hub.ledger.damage(6, b'"\xff\xfe"')
    with TinyCentral(broker, TOPICS, refuse=refuse) as central, hub:
        central.wait_for_rows(9)
        assert [line.first for line in hub.wait_for_line(lambda line: len(line.parked) == 3).parked] == [2, 4, 6]
    assert sorted(central.rows[LOG]) == [1, 3, 5, 7, 8, 9]
    assert hub.metric("rows_unreadable_total") == 3


@pytest.mark.parametrize("says_seen", [True, False])
def test_rows_around_the_holes_of_a_salvaged_ledger_all_arrive(
    tmp_path: Path, broker: Mosquitto, *, says_seen: bool
) -> None:
    with TinyCentral(broker, TOPICS, says_seen=says_seen) as central:
        hub = Hub(tmp_path, broker)
        hub.ledger.add(rows(3000))
        hub.ledger.lose(1, 3)
        hub.ledger.lose(500, 1010)
        with hub:
            central.wait_for_rows(3000 - 3 - 511)
            if says_seen:
                hub.wait_for_line(lambda line: line.waiting == 0)
            hub.ledger.add(rows(5), log=OTHER)
            hub.wake()
            central.wait_for_rows(3000 - 3 - 511 + 5)


def test_a_ledger_that_was_replaced_under_the_reporting_is_taken_up(tmp_path: Path, broker: Mosquitto) -> None:
    with TinyCentral(broker, TOPICS) as central, Hub(tmp_path, broker) as hub:
        hub.ledger.add(rows(10))
        hub.wake()
        central.wait_for_rows(10)
        hub.ledger.close()
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
            (tmp_path / name).rename(tmp_path / f"old-{name}") if (tmp_path / name).exists() else None
        hub.ledger = type(hub.ledger)(tmp_path / "ledger.db", session=18)
        hub.ledger.add(rows(10))
        hub.ledger.add(rows(4), log=OTHER)
        hub.wake()
        central.wait_for_rows(14)
        central.wait_for(lambda c: c.counts[-1].session == 18 and c.statuses[-1].session == 18, "the new session")


def test_a_ledger_that_comes_later_is_waited_for(tmp_path: Path, broker: Mosquitto) -> None:
    hub = Hub(tmp_path, broker)
    hub.ledger.close()
    for path in tmp_path.glob("ledger.db*"):
        path.unlink()
    with TinyCentral(broker, TOPICS) as central, hub:
        line = hub.wait_for_line(lambda line: bool(line.fault))
        assert not line.connected
        hub.ledger = type(hub.ledger)(tmp_path / "ledger.db", session=1)
        hub.ledger.add(rows(2))
        central.wait_for_rows(2)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[" * 100_000,
        b'{"v":2,"at":"","logs":{}}',
        b'{"v":1,"at":"","logs":{"LOUD":{"through":1}}}',
        b'{"v":1,"at":"","logs":{"3f2c91ab00d40e17":{"through":1e99}}}',
        b'{"v":1,"at":"","logs":{"3f2c91ab00d40e17":{"through":99999999999999999999999}}}',
        b'{"v":1,"at":"","logs":{"3f2c91ab00d40e17":{"through":9,"missing":[[1,99999999]],"refused":[[-1,99,"\\u0000"]]}}}',
        b'{"v":1,"at":"","logs":{"ffff":{"through":9}}}',
        b"x" * 300_000,
    ],
    ids=lambda payload: payload[:70].decode("latin-1"),
)
def test_garbage_on_acked_stops_nothing(tmp_path: Path, broker: Mosquitto, payload: bytes) -> None:
    with TinyCentral(broker, TOPICS) as central, Hub(tmp_path, broker) as hub:
        hub.ledger.add(rows(10))
        hub.wake()
        central.wait_for_rows(10)
        central.say(payload)
        hub.ledger.add(rows(10, start=11))
        hub.wake()
        central.wait_for_rows(20)
        hub.wait_for_line(lambda line: line.acked == 20)


def test_a_clean_stop_says_stopped_and_the_cursors_are_kept(tmp_path: Path, broker: Mosquitto) -> None:
    with TinyCentral(broker, TOPICS) as central:
        with Hub(tmp_path, broker) as hub:
            hub.ledger.add(rows(3))
            hub.wake()
            hub.wait_for_line(lambda line: line.acked == 3)
            hub.stop()
        central.wait_for(lambda c: c.statuses[-1].state == "stopped", "stopped")
        assert cursors(tmp_path) == {LOG: 3}
        line = hub.line()
        assert line is not None
        assert not line.connected
        sent = len(central.batches)
        again = Hub(tmp_path, broker)
        with again:
            again.ledger.add(rows(1, start=4))
            again.wake()
            central.wait_for_rows(4)
        assert central.batches[sent:] == [(LOG, 4, 4)]


def test_status_says_who_and_since_when(tmp_path: Path, broker: Mosquitto) -> None:
    with TinyCentral(broker, TOPICS) as central, Hub(tmp_path, broker) as hub:
        hub.ledger.add(rows(1), node=NODE)
        hub.wake()
        central.wait_for(lambda c: bool(c.statuses) and c.statuses[-1].log == LOG, "the log's name")
    status = central.statuses[-1] if central.statuses[-1].state == "online" else central.statuses[-2]
    assert status == Status(
        state="online",
        session=17,
        at=status.at,
        clock="synced",
        log=LOG,
        version="0.1.0",
        roles=("hub", "kiosk"),
        started=status.started,
    )
    assert msgspec.json.decode(msgspec.json.encode(status))["started"] <= status.at
