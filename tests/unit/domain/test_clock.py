"""The hub's time from a clock that starts in 1970, jumps and is synchronised; ticks that only rise."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from appliance.domain.clock import EARLIEST, HubClock, Moment, Reading, iso, next_tick
from appliance.domain.ticket import Millis

NOON = EARLIEST + 400 * 86_400_000
HOUR = 3_600_000
SECOND = 1000


class Machine:
    """A machine's clocks, moved by hand, as a HubClock sees them."""

    def __init__(self, wall: int, *, synced: bool, floor: int = 0) -> None:
        self.wall, self.monotonic, self.synced = wall, 50_000, synced
        self._clock = HubClock(floor)

    def after(self, millis: int = 0, *, jump: int = 0, synced: bool | None = None) -> Moment:
        self.wall += millis + jump
        self.monotonic += millis
        self.synced = self.synced if synced is None else synced
        return self._clock.moment(Reading(self.wall, self.monotonic, self.synced))


def test_a_synchronised_clock_is_the_hubs_time() -> None:
    machine = Machine(NOON, synced=True)
    assert machine.after() == Moment(Millis(NOON), synced=True)
    assert machine.after(HOUR) == Moment(Millis(NOON + HOUR), synced=True)


def test_a_clock_at_1970_goes_on_from_the_last_time_that_the_ledger_knows() -> None:
    machine = Machine(3 * SECOND, synced=False, floor=NOON)
    assert machine.after() == Moment(Millis(NOON), synced=False)
    assert machine.after(HOUR) == Moment(Millis(NOON + HOUR), synced=False)


def test_a_clock_at_1970_that_says_of_itself_that_it_is_right_is_not_believed() -> None:
    assert not Machine(3 * SECOND, synced=True).after().synced


def test_a_clock_that_is_synchronised_later_is_believed_from_then_on() -> None:
    machine = Machine(3 * SECOND, synced=False)
    machine.after(SECOND)
    jumped = machine.after(SECOND, jump=NOON, synced=True)
    assert jumped == Moment(Millis(NOON + 5 * SECOND), synced=True)


@pytest.mark.parametrize("jump", [2 * HOUR, -2 * HOUR])
def test_a_jump_by_two_hours_is_not_believed_and_time_goes_on(jump: int) -> None:
    machine = Machine(NOON, synced=True)
    machine.after()
    assert machine.after(SECOND, jump=jump) == Moment(Millis(NOON + SECOND), synced=False)
    assert machine.after(SECOND) == Moment(Millis(NOON + 2 * SECOND), synced=False)


@pytest.mark.parametrize("jump", [2 * HOUR, -2 * HOUR])
def test_a_clock_that_jumps_back_to_where_it_should_be_is_believed_again(jump: int) -> None:
    machine = Machine(NOON, synced=True)
    machine.after()
    machine.after(SECOND, jump=jump)
    assert machine.after(SECOND, jump=-jump) == Moment(Millis(NOON + 2 * SECOND), synced=True)


@pytest.mark.parametrize("jump", [2 * HOUR, -2 * HOUR])
def test_a_jump_with_a_new_synchronisation_is_believed(jump: int) -> None:
    machine = Machine(NOON, synced=True)
    machine.after()
    machine.after(SECOND, synced=False)
    assert machine.after(SECOND, jump=jump, synced=True) == Moment(Millis(NOON + 2 * SECOND + jump), synced=True)


def test_a_clock_that_loses_its_synchronisation_goes_on_evenly() -> None:
    machine = Machine(NOON, synced=True)
    machine.after()
    assert machine.after(SECOND, synced=False) == Moment(Millis(NOON + SECOND), synced=False)
    assert machine.after(SECOND, jump=2 * HOUR) == Moment(Millis(NOON + 2 * SECOND), synced=False)


def test_a_clock_that_is_slewed_by_less_than_a_minute_is_followed() -> None:
    machine = Machine(NOON, synced=True)
    machine.after()
    assert machine.after(HOUR, jump=-40 * SECOND) == Moment(Millis(NOON + HOUR - 40 * SECOND), synced=True)


def days() -> Iterator[Moment]:
    machine = Machine(0, synced=False, floor=NOON)
    yield machine.after()
    yield machine.after(SECOND)
    yield machine.after(SECOND, jump=NOON + 5 * HOUR, synced=True)
    yield machine.after(SECOND, jump=-2 * HOUR)
    yield machine.after(SECOND, synced=False)
    yield machine.after(SECOND, jump=-3 * HOUR, synced=True)
    yield machine.after(SECOND)
    yield machine.after(SECOND, jump=2 * HOUR)


def test_ticks_rise_strictly_whatever_the_clock_does() -> None:
    ticks = [NOON]
    for moment in days():
        ticks += [next_tick(ticks[-1], moment)]
        ticks += [next_tick(ticks[-1], moment)]
    assert all(after > before for before, after in itertools.pairwise(ticks))


def test_a_tick_is_the_hubs_time_only_while_that_is_known() -> None:
    assert next_tick(5, Moment(Millis(NOON), synced=True)) == NOON
    assert next_tick(NOON + 9, Moment(Millis(NOON), synced=True)) == NOON + 10
    assert next_tick(5, Moment(Millis(NOON), synced=False)) == 6


def test_times_are_written_in_utc_with_milliseconds() -> None:
    assert iso(1_795_511_564_120) == "2026-11-24T09:12:44.120Z"
    assert iso(0) == "1970-01-01T00:00:00.000Z"
    assert Moment(Millis(0), synced=False).clock == "unsynced"
