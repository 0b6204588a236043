"""The hub's time from a clock that may start in 1970 and jump, and the ticks that order rows whatever it does. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from appliance.domain.ticket import Millis

JUMP_MILLIS: Final = 60_000
"""A wall clock that moves this far from the monotonic one, without a new synchronisation, isn't believed."""

EARLIEST: Final = 1_767_225_600_000
"""2026-01-01: no clock that shows an earlier time is right, whatever it says of itself."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Reading(NamedTuple):
    """One look at the machine's clocks: wall and monotonic in ms, and whether the machine says that the wall clock is
    synchronised.
    """

    wall: int
    monotonic: int
    synced: bool


class Moment(NamedTuple):
    """The hub's time, and whether it is known to be right."""

    now: Millis
    synced: bool

    @property
    def at(self) -> str:
        return iso(self.now)

    @property
    def clock(self) -> str:
        return "synced" if self.synced else "unsynced"


class HubClock:
    """Turns readings into moments.

    While the wall clock isn't believed, time goes on by the monotonic clock from the last believed moment, and never
    from below `floor`, the last time that the ledger knows.
    """

    def __init__(self, floor: int) -> None:
        self._floor = floor
        self._anchor: Moment | None = None
        self._anchor_monotonic = 0
        self._was_synced = False

    def moment(self, reading: Reading) -> Moment:
        """The hub's time at this reading. Readings come in the order in which they were taken."""
        expected = self._expected(reading)
        reading = reading._replace(synced=reading.synced and reading.wall >= EARLIEST)
        fresh = reading.synced and not self._was_synced
        jumped = self._was_synced and expected is not None and abs(reading.wall - expected) > JUMP_MILLIS
        self._was_synced = reading.synced
        if reading.synced and (fresh or not jumped):
            return self._set(Moment(Millis(reading.wall), synced=True), reading)
        if expected is None:
            return self._set(Moment(Millis(max(reading.wall, self._floor)), synced=False), reading)
        if jumped:
            # Not re-anchored: when the clock comes back to where it should be, it is believed again.
            self._was_synced = True
        return Moment(Millis(expected), synced=False)

    def _expected(self, reading: Reading) -> int | None:
        return None if self._anchor is None else self._anchor.now + reading.monotonic - self._anchor_monotonic

    def _set(self, moment: Moment, reading: Reading) -> Moment:
        self._anchor, self._anchor_monotonic = moment, reading.monotonic
        return moment


def next_tick(highest: int, moment: Moment) -> int:
    """The tick of the next row: above all ticks seen, and the hub's time while that is known."""
    return max(highest + 1, moment.now) if moment.synced else highest + 1


def iso(millis: int) -> str:
    """ISO 8601 in UTC with milliseconds, as on the wire."""
    return (_EPOCH + timedelta(milliseconds=millis)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
