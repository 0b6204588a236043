"""The staff page's state, put together of its parts."""

from __future__ import annotations

import json
import threading
from typing import Any

from appliance.domain.row import LogId
from appliance.domain.ticket import Millis
from appliance.doorkeeper.client import DoorkeeperAway
from appliance.doorkeeper.protocol import DoorStanding
from appliance.serving.events import Channel
from appliance.serving.scan_link import Deciding, Fault, SourceHealth, Sources
from appliance.store.live import Parked, Reporting
from appliance.web.figures import Counts
from appliance.web.ledger_watch import LedgerFigures
from appliance.web.staff_board import StaffBoard, ask_standing

START = 1_795_511_564_120


class Now:
    def __init__(self) -> None:
        self.millis = START

    def __call__(self) -> Millis:
        return Millis(self.millis)


def standing(**fields: Any) -> DoorStanding:
    given = {"id": 0, "node": "k1", "log": "ab", "rows": 5, "roster": 1, "tickets": 416, "clock": "synced", **fields}
    return DoorStanding(**given)


def board(now: Now | None = None, **fields: Any) -> StaffBoard:
    return StaffBoard(channel=Channel(), capacity=fields.get("capacity"), now=now or Now())


def test_figures_stand_with_the_capacity_and_the_last_minute_s_rate() -> None:
    made = board(capacity=400)
    made.take_figures(LedgerFigures(counts=Counts(occupancy=300), entries=[0, 0, 7], refusals=[0, 1, 0]))
    state = made.state()
    assert (state.counts.occupancy, state.capacity, state.rate) == (300, 400, 7)


def test_a_doorkeeper_that_stops_to_answer_is_told_from_when_and_what_it_last_said_stays() -> None:
    now = Now()
    made = board(now)
    made.take_standing(standing(history_since="2026-11-24T09:00:00.000Z"))
    now.millis += 60_000
    made.take_standing(None)
    now.millis += 60_000
    made.take_standing(None)
    doorkeeper = made.state().doorkeeper
    assert doorkeeper is not None
    assert not doorkeeper.answers
    assert doorkeeper.since == "2026-11-24T09:13:44.120Z"
    assert (doorkeeper.tickets, doorkeeper.history_since) == (416, "2026-11-24T09:00:00.000Z")


def test_a_doorkeeper_that_never_answered_is_no_secret() -> None:
    made = board()
    made.take_standing(None)
    doorkeeper = made.state().doorkeeper
    assert doorkeeper is not None
    assert not doorkeeper.answers


def test_scan_s_sources_and_faults_are_shown_until_it_goes() -> None:
    made = board()
    made.take_link(connected=True)
    made.take_event(Sources(sources=[SourceHealth(name="camera", kind="camera", state="dark")]))
    made.take_event(Fault(what="doorkeeper"))
    made.take_event(Deciding())
    assert made.state().scan.sources[0].state == "dark"
    assert made.state().scan.fault == "doorkeeper"
    made.take_link(connected=False)
    assert not made.state().scan.running
    assert made.state().scan.sources == []


def test_parked_rows_are_counted_and_shown_with_their_reason() -> None:
    made = board()
    parked = [
        Parked(LogId("3f2c91ab00d40e17"), 5, 9, "unknown kind"),
        Parked(LogId("3f2c91ab00d40e17"), 11, 11, "x" * 900),
    ]
    made.take_figures(LedgerFigures(reporting=Reporting(True, "2026-11-24T09:00:00.000Z", 100, 90, 10, "", parked)))
    reporting = made.state().reporting
    assert reporting is not None
    assert (reporting.connected, reporting.sent, reporting.acked, reporting.waiting, reporting.parked) == (
        True,
        100,
        90,
        10,
        6,
    )
    assert reporting.parked_rows[0] == ("3f2c91ab", 5, 9, "unknown kind")
    assert len(reporting.parked_rows[1][3]) == 200


def test_what_changes_is_published_and_only_that() -> None:
    channel = Channel()
    made = StaffBoard(channel=channel, capacity=None, now=Now())
    stop = threading.Event()
    runner = threading.Thread(target=made.run, args=(stop,))
    runner.start()
    try:
        assert channel.after(0, 60) is not None
        made.take_figures(LedgerFigures(counts=Counts(entries=3)))
        found = channel.after(1, 60)
        assert found is not None
        assert json.loads(found[1])["state"]["counts"]["entries"] == 3
        assert channel.after(2, 0.4) is None, "nothing changed, nothing is sent"
    finally:
        stop.set()
        runner.join(60)


def test_the_doorkeeper_is_asked_until_told_to_stop() -> None:
    stop = threading.Event()
    told: list[DoorStanding | None] = []

    def ask() -> DoorStanding:
        raise DoorkeeperAway("nobody there")

    def tell(found: DoorStanding | None) -> None:
        told.append(found)
        stop.set()

    ask_standing(ask, tell, stop)
    assert told == [None]
