"""What the board shows of a picture at a moment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.central.alarms import Alarm
from appliance.central.blackboard import MAX_FIGURES, Posted, PostedHub, posted_hub
from appliance.central.books import HubBook, LogBook
from appliance.central.live import LiveHub, Since
from appliance.central.spans import Held
from appliance.central.view import MAX_SHOWN, BoardView, HubView, board
from appliance.domain import wire
from appliance.domain.attendance import fold
from appliance.domain.row import LogId
from tests.ledgers import LOG, rows
from tests.unit.central.reported import counts, placed

ROWS = placed(list(rows(100)))
NOW = 1_795_511_564_120


def book(held: Held | None = None, **refusals: int) -> HubBook:
    made = HubBook(1, "berlin", {LOG: LogBook(1, held or Held(100))}, fold(ROWS))
    made.refusals.update(refusals)  # type: ignore[arg-type]  # kinds by name
    return made


def hub(**said: Any) -> LiveHub:
    made = LiveHub("berlin")
    if said:
        made.take_counts("n1", counts(ROWS, **said), Since(100.0, NOW))
    return made


def seen(posted: PostedHub, *, after: float = 1.0) -> HubView:
    view = shown(Posted(100.0, (posted,)), after=after)
    return view.hubs[0]


def shown(posted: Posted, *, after: float = 1.0) -> BoardView:
    return board(posted, event="conf", monotonic=100.0 + after, wall=NOW + int(after * 1000))


def test_the_hub_s_own_figures_come_first_and_say_their_age() -> None:
    view = seen(posted_hub(book(), hub(occupancy=42, capacity=50)), after=2.5)
    assert view.figures is not None
    assert (view.source, view.state, view.age) == ("snapshot", "live", 2.5)
    assert (view.figures.occupancy, view.figures.capacity, view.counted.occupancy) == (42, 50, 75)


def test_without_a_snapshot_the_rows_are_counted_and_without_rows_nothing_is_shown_as_zero() -> None:
    view = seen(posted_hub(book(), hub()))
    assert (view.source, view.age, view.waiting) == ("rows", None, None)
    assert view.figures == view.counted
    empty = seen(posted_hub(HubBook(1, "berlin"), hub()))
    assert (empty.source, empty.figures) == ("none", None)


def test_rows_waiting_are_those_of_the_snapshot_that_are_not_stored_yet() -> None:
    held = Held(40, [(61, 70)])
    view = seen(posted_hub(book(held, refused=2, ahead=1, conflicting=1), hub(through={LOG: 100, LogId("beef"): 7})))
    assert (view.rows, view.waiting, view.missing) == (47, 57, 20)
    assert (view.refused_rows, view.conflicting_rows) == (3, 1)


def test_a_hub_that_fell_silent_keeps_its_figures_and_is_counted_as_old() -> None:
    posted = Posted(100.0, (posted_hub(book(), hub(occupancy=42)), posted_hub(HubBook(2, "oslo"), LiveHub("oslo"))))
    view = shown(posted, after=9.0)
    assert [one.state for one in view.hubs] == ["silent", "silent"]
    totals = view.totals
    assert (totals.occupancy, totals.hubs, totals.live, totals.old, totals.unknown) == (42, 2, 0, 1, 1)


def test_a_recorder_that_stands_still_is_said() -> None:
    assert not shown(Posted(100.0), after=4).stalled
    assert shown(Posted(100.0), after=6).stalled


def test_long_lists_are_cut_and_say_how_much_is_missing() -> None:
    gates = {f"g{n:04}": wire.GateCounts(entries=n) for n in range(100)}
    view = seen(posted_hub(book(), hub(gates=gates)))
    assert view.figures is not None
    assert (len(view.figures.gates), view.figures.more_gates) == (MAX_SHOWN, 100 - MAX_SHOWN)
    alarms = tuple(Alarm("refused", f"h{n}", "", NOW, NOW, 1) for n in range(80))
    assert shown(Posted(100.0, (), alarms)).more_alarms == 30


def test_of_a_hub_with_absurdly_many_gates_only_the_main_list_is_kept_for_the_board() -> None:
    made = book()
    made.tally.update({("door", f"g{n}", "entries"): 1 for n in range(MAX_FIGURES)})
    posted = posted_hub(made, hub())
    assert posted.figures["gates"] == {}
    assert posted.figures["occupancy"] == 75


@pytest.mark.parametrize("away", [None, "mqtt://broker can't be reached"])
def test_the_broker_s_absence_is_said_with_its_age(away: str | None) -> None:
    view = shown(Posted(100.0, broker_away=away, broker_since=90.0))
    assert (view.broker_away, view.broker_age) == (away, 11.0)


NUMBERS = st.integers(0, 2**53 - 1)
TEXTS = st.text(max_size=80)


@settings(deadline=None)
@given(
    counts_of=st.builds(
        wire.Counts,
        term=NUMBERS,
        session=NUMBERS,
        n=NUMBERS,
        list=TEXTS,
        through=st.just({}),
        at=TEXTS,
        attendance=NUMBERS,
        entries=NUMBERS,
        exits=NUMBERS,
        occupancy=NUMBERS,
        capacity=st.none() | NUMBERS,
        refusals=st.dictionaries(TEXTS, NUMBERS),
        gates=st.dictionaries(TEXTS, st.builds(wire.GateCounts, entries=NUMBERS, exits=NUMBERS)),
        lists=st.dictionaries(TEXTS, st.just(wire.ListCounts())),
    )
)
def test_no_snapshot_that_was_taken_breaks_the_board(counts_of: wire.Counts) -> None:
    live = LiveHub("berlin")
    live.take_counts("n1", counts_of, Since(100.0, NOW))
    assert seen(posted_hub(book(), live)).name == "berlin"
