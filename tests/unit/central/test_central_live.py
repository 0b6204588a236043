"""What a hub is believed, and what it is called."""

from __future__ import annotations

import itertools

import pytest

from appliance.central.live import MAX_PENDING, LiveHub, Since, said_at
from appliance.domain import wire
from appliance.domain.row import LogId
from tests.unit.central.reported import counts

NOW = 1_795_511_564_120
LOG = LogId("3f2c")


def heard(seconds: float) -> Since:
    return Since(seconds, NOW)


def status(state: str, session: int, **fields: object) -> wire.Status:
    return wire.Status(state=state, session=session, at="2026-11-24T09:12:00.000Z", **fields)


def at(hub: LiveHub, seconds: float) -> str:
    return hub.state(monotonic=seconds, wall=NOW + int(seconds * 1000))


def test_the_late_will_of_an_old_session_is_known_for_what_it_is() -> None:
    hub = LiveHub("berlin")
    assert hub.take_status("n1", status("online", 17), heard(0))
    assert not hub.take_status("n1", status("offline", 16), heard(1))
    assert hub.nodes["n1"].status.state == "online"
    assert hub.take_status("n1", status("offline", 17), heard(2))
    assert hub.nodes["n1"].status.state == "offline"


def test_a_node_whose_ledger_was_wiped_may_begin_again_with_a_lower_session() -> None:
    hub = LiveHub("berlin")
    hub.take_status("n1", status("online", 17), heard(0))
    assert hub.take_status("n1", status("online", 1), heard(1))
    assert hub.take_status("n1", status("offline", 1), heard(2))


def test_the_highest_term_session_and_number_wins_in_this_order() -> None:
    turns = list(itertools.product((1, 2), (1, 5), (1, 9)))
    for first, second in itertools.permutations(turns, 2):
        hub = LiveHub("berlin")
        for term, session, n in (first, second):
            hub.take_counts("n1", counts([], term=term, session=session, n=n, occupancy=n), heard(1))
        assert hub.snapshot is not None
        kept = hub.snapshot.counts
        assert (kept.term, kept.session, kept.n) == max(first, second)


def test_what_the_broker_kept_makes_no_figure_younger() -> None:
    hub = LiveHub("berlin")
    said = counts([], n=4)
    hub.take_counts("n1", said, heard(0))
    hub.take_counts("n1", said, Since(None, NOW + 50_000))
    assert hub.snapshot is not None
    assert hub.snapshot.since.age(monotonic=60, wall=NOW + 60_000) == 60
    assert hub.heard == 0


@pytest.mark.parametrize(
    ("at", "clock", "expected"),
    [
        ("2026-11-24T09:12:44.120Z", "synced", NOW),
        ("2026-11-24T10:12:44.120+01:00", "synced", NOW),
        ("2026-11-24T09:12:44.120Z", "unsynced", None),
        ("2026-11-24T09:12:44", "synced", None),
        ("2026-11-24T09:12:45.120Z", "synced", NOW),
        ("2026-11-24T10:12:45.120Z", "synced", None),
        ("0001-01-01T00:00:00+23:59", "synced", None),
        ("soon", "synced", None),
        ("", "synced", None),
    ],
)
def test_a_message_s_own_time_counts_only_from_a_synced_clock_and_never_from_the_future(
    at: str, clock: str, expected: int | None
) -> None:
    assert said_at(at, clock, wall=NOW) == expected


def test_age_is_unknown_where_nobody_knows() -> None:
    assert Since(None, None).age(monotonic=5, wall=NOW) is None
    assert Since(None, NOW + 9000).age(monotonic=5, wall=NOW) is None
    assert Since(None, NOW - 1500).age(monotonic=5, wall=NOW) == 1.5
    assert Since(3, None).age(monotonic=5, wall=NOW) == 2


def test_a_silent_hub_is_silent_before_ten_seconds_are_over() -> None:
    hub = LiveHub("berlin")
    hub.take_status("n1", status("online", 1), heard(0))
    hub.take_counts("n1", counts([]), heard(0))
    assert at(hub, 7) == "live"
    assert at(hub, 9) == "silent"


def test_offline_and_stopped_hold_until_newer_figures_come() -> None:
    hub = LiveHub("berlin")
    hub.take_counts("n1", counts([], n=1), heard(0))
    hub.take_status("n1", status("offline", 1), heard(5))
    assert at(hub, 6) == "offline"
    hub.take_counts("n1", counts([], n=2), heard(7))
    assert at(hub, 8) == "live"
    hub.take_status("n1", status("stopped", 1), heard(9))
    assert at(hub, 30) == "stopped"


def test_another_node_s_end_does_not_end_the_hub() -> None:
    hub = LiveHub("berlin")
    hub.take_counts("n1", counts([]), heard(0))
    hub.take_status("k2", status("offline", 1), heard(1))
    assert at(hub, 2) == "live"


def test_a_hub_that_sends_rows_alone_lives_as_long_as_they_come() -> None:
    hub = LiveHub("berlin")
    hub.take_rows(heard(0))
    assert at(hub, 1) == "live"
    assert at(hub, 9) == "silent"


def test_snapshots_wait_for_their_rows_and_are_let_go_when_rows_pass_them_by() -> None:
    hub = LiveHub("berlin")
    for n in (1, 2, 3):
        hub.take_counts("n1", counts([], n=n, through={LOG: n * 10}), heard(0))
    assert [due.n for due in hub.due({LOG: 10})] == [1]
    assert hub.due({LOG: 15}) == []
    assert hub.due({LOG: 25}) == []
    assert [due.n for due in hub.due({LOG: 30})] == [3]
    assert hub.pending == []


def test_of_too_many_waiting_snapshots_the_oldest_and_the_newest_stay() -> None:
    hub = LiveHub("berlin")
    for n in range(1, MAX_PENDING + 20):
        hub.take_counts("n1", counts([], n=n, through={LOG: n}), heard(0))
    assert len(hub.pending) == MAX_PENDING
    assert (hub.pending[0].n, hub.pending[-1].n) == (1, MAX_PENDING + 19)
