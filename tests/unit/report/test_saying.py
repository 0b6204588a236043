"""What a node says, how often, and how much it hands to a thin link at once."""

from __future__ import annotations

from math import inf

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from appliance.domain.attendance import Tally
from appliance.domain.clock import Moment
from appliance.domain.row import LogId, NodeId
from appliance.domain.ticket import Millis
from appliance.domain.wire import MAX_BATCH_BYTES, SNAPSHOT_MAX_SECONDS, SNAPSHOT_MIN_SECONDS, Counts, Status, Topics
from appliance.report.figures import METRICS, Figures
from appliance.report.pace import AHEAD_SECONDS, FIRST, LEAST, MOST, Pace
from appliance.report.saying import CONFIRM_SECONDS, Rhythm, Speaker
from appliance.store.reading import Snapshot

STARTED = "2026-11-24T08:00:00.000Z"
SPEAKER = Speaker(Topics("hub/v1", "expo", "north"), NodeId("n1"), "door", 400, ("hub",), "0.4.0", STARTED)
MOMENT = Moment(Millis(1_795_511_564_120), synced=False)


def test_a_change_is_said_at_once_but_at_most_four_times_a_second() -> None:
    rhythm = Rhythm()
    said = []
    for hundredth in range(200):
        now = hundredth / 100
        rhythm.change()
        if now >= rhythm.due():
            said.append(now)
            rhythm.said(hundredth + 1, now)
            rhythm.confirmed(hundredth + 1)
    assert said == [n * SNAPSHOT_MIN_SECONDS for n in range(8)]


def test_without_a_change_it_is_said_again_after_three_seconds() -> None:
    rhythm = Rhythm()
    rhythm.said(1, 10.0)
    rhythm.confirmed(1)
    assert rhythm.due() == 10.0 + SNAPSHOT_MAX_SECONDS


def test_nothing_more_is_said_before_the_broker_has_the_last_and_for_ever_is_too_long() -> None:
    rhythm = Rhythm()
    rhythm.said(1, 10.0)
    rhythm.change()
    assert rhythm.due() == inf
    rhythm.confirmed(2)
    assert rhythm.due() == inf
    assert not rhythm.is_stuck(10.0 + CONFIRM_SECONDS)
    assert rhythm.is_stuck(10.1 + CONFIRM_SECONDS)
    rhythm.confirmed(1)
    assert rhythm.due() == 10.0 + SNAPSHOT_MIN_SECONDS
    assert not rhythm.is_stuck(1000.0)


def test_a_new_connection_makes_it_due_at_once() -> None:
    rhythm = Rhythm()
    rhythm.said(1, 10.0)
    rhythm.reset()
    assert rhythm.due() == -inf


def test_counts_are_the_tallies_as_of_the_snapshot() -> None:
    tally = Tally(
        {
            ("door", "north", "entries"): 3,
            ("door", "", "attendance"): 2,
            ("door", "", "occupancy"): 1,
            ("bar", "", "conflicts"): 1,
            ("bar", "west", "refusal:invalid"): 4,
        }
    )
    snapshot = Snapshot(tally, {LogId("3f2c"): 9}, seq=9, session=17, term=3)
    topic, payload = SPEAKER.counts(snapshot, n=5, moment=MOMENT)
    counts = msgspec.json.decode(payload, type=Counts)
    assert topic == "hub/v1/expo/north/n1/counts"
    assert (counts.term, counts.session, counts.n, counts.through) == (3, 17, 5, {"3f2c": 9})
    assert (counts.entries, counts.attendance, counts.occupancy, counts.capacity) == (3, 2, 1, 400)
    assert (counts.refusals, counts.conflicts, counts.clock) == ({"invalid": 4}, 1, "unsynced")


def test_the_will_says_offline_in_the_session() -> None:
    topic, payload = SPEAKER.status("offline", session=17, moment=MOMENT, log=LogId(""))
    assert topic == "hub/v1/expo/north/n1/status"
    status = msgspec.json.decode(payload, type=Status)
    assert (status.state, status.session, status.started) == ("offline", 17, STARTED)


def drained(pace: Pace, *, bytes_per_second: float, seconds: float) -> tuple[float, float]:
    """(bytes a second through a link of this rate, longest wait of a message handed over at any time)."""
    now = free_at = worst = total = 0.0
    flying: list[tuple[float, int]] = []
    mid = 0
    while now < seconds:
        while (room := pace.room()) > 0:
            size = min(room, MAX_BATCH_BYTES)
            mid += 1
            free_at = max(free_at, now) + size / bytes_per_second
            pace.sent(mid, size, now)
            flying.append((free_at, mid))
            total += size
            if now > seconds / 2:
                worst = max(worst, free_at - now)
        now, arrived = flying.pop(0)
        pace.confirmed(arrived, now)
    return total / now, worst


@pytest.mark.parametrize("rate", [16e3, 64e3, 256e3, 1e6])
def test_on_a_thin_link_live_figures_wait_a_second_or_two_behind_rows_and_the_link_is_used(rate: float) -> None:
    through, worst = drained(Pace(), bytes_per_second=rate, seconds=60)
    assert worst <= 2 * AHEAD_SECONDS
    assert through > 0.9 * rate


def test_on_a_fast_link_a_megabyte_may_be_on_its_way() -> None:
    pace = Pace()
    drained(pace, bytes_per_second=1e9, seconds=0.1)
    pace.reset()
    assert pace.room() == FIRST
    for mid in range(1, 10):
        pace.sent(mid, FIRST, mid)
        pace.confirmed(mid, mid + 0.001)
    assert pace.room() == MOST


def test_a_connection_that_broke_under_its_load_is_given_less() -> None:
    pace = Pace()
    for _ in range(5):
        pace.sent(1, pace.room(), 0.0)
        pace.reset()
    assert pace.room() == LEAST


def test_a_message_that_nobody_knows_of_is_passed_over() -> None:
    pace = Pace()
    pace.confirmed(7, 1.0)
    assert pace.room() == FIRST


def test_every_metric_of_the_table_exists_and_no_other() -> None:
    registry = CollectorRegistry()
    Figures(registry)
    names = {f"{metric.name}{'_total' if metric.type == 'counter' else ''}" for metric in registry.collect()}
    assert names == {name for name, _, _ in METRICS}
    assert all(name.startswith("appliance_report_") for name in names)
