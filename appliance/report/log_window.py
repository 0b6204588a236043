"""The delivery window of one log: what of it went out and what is known of that. Pure; `now` is in seconds.

Four offsets matter, in this order: `acked` (central has all up to it: the cursor), `known` (of what lies up to it, it
has all but `missing`), `sent` (all up to it were sent or are known), `top` (the ledger ends). What lies between `known`
and `sent` is in flight or lost. All that comes from central is hostile: it is clipped to what the ledger holds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import inf
from typing import Final

from appliance.domain.wire import LogAcked
from appliance.report.spans import Span, length, united, within, without

PATIENCE_SECONDS: Final = 2.0
"""A batch that an `acked` passes over after this long went to a central that wasn't there, and goes again."""
MAX_MARKS: Final = 4096


@dataclass(slots=True)
class Flight:
    """One batch that went out, its rows and its number: batches arrive in the order of these."""

    first: int
    last: int
    at: float
    number: int
    again: bool


class LogWindow:
    """One log's. `acked`: where it was left."""

    def __init__(self, *, top: int, acked: int) -> None:
        self.top, self.acked = top, min(max(acked, 0), top)
        self.known = self.sent = self.acked
        self.flights: list[Flight] = []
        self.todo: list[Span] = []
        """Rows that went out before and have to go again."""
        self._missing: list[Span] = []
        """What central lacks up to `known`."""
        self._lost: list[Span] = []
        """What went out, lies past `known` and can't arrive any more."""
        self._absent: list[Span] = []
        """What the ledger itself lost."""
        self._blind = False
        """Whether central can't tell us what it has behind a hole of our own."""
        self._marks: list[tuple[int, int]] = []

    # What the ledger says ------------------------------------------------------------------------------------------

    def grow(self, top: int) -> None:
        """The ledger ends at `top`; a ledger that lost its tail is sent anew from what central has of it."""
        if top < self.top:
            self.acked = min(self.acked, top)
            self._marks = [mark for mark in self._marks if mark[0] <= top]
            self.rewind(self.acked)
        self.top = top

    def mark(self, offset: int, snapshot: int) -> None:
        """No batch may cross `offset`: the snapshot of this number is of the rows up to it."""
        if offset <= max(self.acked, self._marks[-1][0] if self._marks else 0):
            return
        self._marks.append((offset, snapshot))
        if len(self._marks) > MAX_MARKS:
            # The oldest go: whoever acknowledges has been silent for long and will see the newest snapshot first.
            del self._marks[: MAX_MARKS // 4]

    def rewind(self, offset: int) -> None:
        """Nothing past `offset` is known to have arrived, nothing is in flight."""
        self.known = self.sent = offset
        self.flights, self._missing, self._lost, self.todo = [], [], [], []

    def reset(self) -> None:
        """A new connection."""
        self.rewind(self.acked)
        self._absent, self._blind = [], False

    # What goes out -------------------------------------------------------------------------------------------------

    def cut(self, first: int, last: int) -> int:
        """The last offset that a batch from `first` on may have: `last`, or the first mark on the way."""
        at = bisect_left(self._marks, (first, 0))
        return min(last, self._marks[at][0]) if at < len(self._marks) else last

    def awaited_by(self) -> float:
        """The number of the earliest snapshot that waits for rows which weren't sent yet; infinity for none."""
        at = bisect_right(self._marks, (self.sent, inf))
        return self._marks[at][1] if at < len(self._marks) else inf

    def send(self, first: int, last: int, now: float, number: int) -> None:
        """One batch of these rows went out."""
        self._carve(first, last)
        self.flights.append(Flight(first, last, now, number, again=first <= self.sent))
        self.sent = max(self.sent, last)

    def lack(self, first: int, last: int) -> None:
        """The ledger has no rows at these offsets, though it has later ones (salvage of a damaged file)."""
        self._carve(first, last)
        self._absent = united([*self._absent, (first, last)])
        if first <= self.sent + 1:
            self.sent = max(self.sent, last)

    def _carve(self, first: int, last: int) -> None:
        """Take these rows out of all that flies or waits to go again."""
        left: list[Flight] = []
        for flight in self.flights:
            for start, end in without([(flight.first, flight.last)], [(first, last)]):
                left.append(Flight(start, end, flight.at, flight.number, flight.again))
        self.flights = left
        self._lost = without(self._lost, [(first, last)])
        self.todo = without(self.todo, [(first, last)])

    # What central says ---------------------------------------------------------------------------------------------

    def take(self, word: LogAcked, now: float) -> int:
        """Take its part of an `acked` in. The number of the newest batch that is known to have arrived; 0 for none."""
        through = min(max(word.through, 0), self.top)
        missing = united(within(word.missing, through + 1, self.top))
        known = min(max(through, word.seen, missing[-1][1] + 1 if missing else 0), self.top)
        if known < self.known:
            # Central lost rows that it had (or never had what it said): all behind goes again, whatever is in flight.
            self.rewind(known)
        self.acked, self.known, self._missing = through, known, missing
        self.sent = max(self.sent, known)
        self._lost = within(self._lost, known + 1, self.top)
        del self._marks[: bisect_right(self._marks, (through, inf))]
        hole = next((first for first, last in self._absent if last > through), None)
        self._blind = hole is not None and not word.seen
        newest = self._settle(now)
        if hole is not None and self._blind:
            self._give_credit(hole)
        return newest

    def _settle(self, now: float) -> int:
        """Forget the flights whose fate is known; one that went again because it was missing is given some time."""
        newest = 0
        flying: list[Flight] = []
        for flight in self.flights:
            if flight.last > self.known:
                flying.append(flight)
            elif not within(self._missing, flight.first, flight.last):
                newest = max(newest, flight.number)
            elif flight.again and now - flight.at < PATIENCE_SECONDS:
                flying.append(flight)
        self.flights = flying
        return newest

    def _give_credit(self, hole: int) -> None:
        """Behind a hole of our own `through` stands still for ever: each `acked` lets one batch go instead.

        Never the last one: it is probed with until a later one follows, and makes central name what it lacks before it.
        """
        behind = sorted((flight for flight in self.flights if flight.first > hole), key=lambda flight: flight.first)
        if len(behind) > 1:
            self.flights.remove(behind[0])

    def plan(self, newest: int) -> None:
        """Find out what goes again, where the batch of number `newest` has arrived: earlier ones won't any more."""
        if not self._blind:
            lost = [flight for flight in self.flights if flight.number < newest]
            self.flights = [flight for flight in self.flights if flight.number >= newest]
            self._lost = united([*self._lost, *within(((f.first, f.last) for f in lost), self.known + 1, self.top)])
        gone = united([*self._missing, *self._lost])
        self.todo = without(without(gone, self._absent), united((f.first, f.last) for f in self.flights))

    # How it stands -------------------------------------------------------------------------------------------------

    def arrived(self) -> int:
        """Rows that central has, stored or refused."""
        return self.known - length(self._missing)

    def waiting(self) -> int:
        """Rows of the ledger that central isn't known to have."""
        return length(without(united([*self._missing, (self.known + 1, self.top)]), self._absent))
