"""The delivery window: which rows go out next, and what `acked` says of those that went. Pure; `now` is in seconds.

Of each log four offsets matter, in this order: `acked` (central has all up to it: the cursor), `known` (of what lies up
to it central has all but `missing`), `sent` (all up to it were sent or are known), `top` (the ledger ends). What lies
between `known` and `sent` is in flight. All that comes from central is hostile: it is clipped to what the ledger holds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final, NamedTuple

from appliance.domain.row import LogId
from appliance.domain.wire import IN_FLIGHT_BATCHES, PROBE_SECONDS, LogAcked
from appliance.report.spans import Span, length, united, within, without
from appliance.store.live import Parked

PATIENCE_SECONDS: Final = 2.0
"""A batch that an `acked` passes over after this long went to a central that wasn't there, and goes again."""
MAX_MARKS: Final = 4096
MAX_PARKED: Final = 1000
MAX_REASON: Final = 200

_NOTHING: Final = LogAcked(0)


class Slice(NamedTuple):
    """Rows to send next: of `log`, after < offset <= until. `whole`: one batch before, and so again."""

    log: LogId
    after: int
    until: int
    whole: bool = False


class Progress(NamedTuple):
    """Rows of all logs: sent at least once, stored or refused at central, not yet so."""

    sent: int
    acked: int
    waiting: int


@dataclass(slots=True)
class _Flight:
    log: LogId
    first: int
    last: int
    at: float
    again: bool


@dataclass(slots=True)
class _Log:
    top: int
    acked: int
    known: int
    sent: int
    missing: list[Span] = field(default_factory=list)
    """What central lacks up to `known`."""
    absent: list[Span] = field(default_factory=list)
    """What the ledger itself lost."""
    todo: list[Span] = field(default_factory=list)
    """What of `missing` is to be sent again: not absent, not on its way."""
    marks: list[tuple[int, int]] = field(default_factory=list)
    """(offset, number of the snapshot): no batch crosses the offset."""

    def rewind(self, offset: int) -> None:
        """Nothing past `offset` is known to have arrived."""
        self.known = self.sent = offset
        self.missing, self.todo = [], []


class Drain:
    """The window of one destination. `cursors`: where each log was left."""

    def __init__(self, cursors: Mapping[LogId, int], *, probe_seconds: float = PROBE_SECONDS) -> None:
        self._cursors = dict(cursors)
        self._probe_seconds = probe_seconds
        self._logs: dict[LogId, _Log] = {}
        self._held: dict[LogId, int] = {}
        self._flights: list[_Flight] = []
        self._snapshots = 0
        self._probe_at = inf
        self._probed = -inf
        self.parked: list[Parked] = []
        """The rows that central refused, as it said last."""

    # What the ledger and the connection say ------------------------------------------------------------------------

    def hold(self, through: Mapping[LogId, int]) -> None:
        """The ledger holds exactly these logs, each up to this offset."""
        if through == self._held:
            return
        self._held = dict(through)
        for name in self._logs.keys() - through.keys():
            del self._logs[name]
        for name, top in through.items():
            log = self._logs.get(name)
            if log is None:
                acked = min(max(self._cursors.get(name, 0), 0), top)
                self._logs[name] = _Log(top=top, acked=acked, known=acked, sent=acked)
            elif top < log.top:
                self._shorten(name, log, top)
            else:
                log.top = top
        self._flights = [flight for flight in self._flights if flight.log in self._logs]

    def _shorten(self, name: LogId, log: _Log, top: int) -> None:
        log.top, log.acked = top, min(log.acked, top)
        log.rewind(log.acked)
        log.marks = [mark for mark in log.marks if mark[0] <= top]
        self._flights = [flight for flight in self._flights if flight.log != name]

    def mark(self, through: Mapping[LogId, int]) -> None:
        """A snapshot as of these offsets was published: no batch may cross them. What was sent never lies past them."""
        self._snapshots += 1
        for name, offset in through.items():
            log = self._logs.get(name)
            if log is None or offset <= max(log.acked, log.marks[-1][0] if log.marks else 0):
                continue
            log.marks.append((offset, self._snapshots))
            if len(log.marks) > MAX_MARKS:
                # The oldest go: whoever acknowledges has been silent for long and will see the newest snapshot first.
                del log.marks[: MAX_MARKS // 4]

    def reset(self) -> None:
        """A new connection: nothing of what was in flight is known to have arrived."""
        self._flights = []
        for log in self._logs.values():
            log.rewind(log.acked)
            log.absent = []

    # What goes out -------------------------------------------------------------------------------------------------

    def next(self, now: float) -> Slice | None:
        """The rows to send next: what is missing first, then on from what was sent. None: wait for `acked` or `due`."""
        if len(self._flights) < IN_FLIGHT_BATCHES:
            for name, log in self._logs.items():
                if log.todo:
                    first, last = log.todo[0]
                    return Slice(name, first - 1, log_cut(log.marks, first, last))
        # The last place is for what is missing: nothing else moves `acked` on.
        if len(self._flights) < IN_FLIGHT_BATCHES - 1 and (onward := self._onward()) is not None:
            return onward
        return self._probe(now)

    def _onward(self) -> Slice | None:
        """Of the logs with rows to send, the one that the earliest snapshot waits for: central compares at each."""
        open_logs = [(name, log) for name, log in self._logs.items() if log.sent < log.top]
        if not open_logs:
            return None
        name, log = min(open_logs, key=lambda some: _awaited_by(some[1]))
        return Slice(name, log.sent, log_cut(log.marks, log.sent + 1, log.top))

    def _probe(self, now: float) -> Slice | None:
        if not self._flights or now < self._probe_at:
            return None
        # The one that waits longest: whichever arrives makes central name what it lacks before it.
        flight = min(self._flights, key=lambda flight: flight.at)
        self._probed, self._probe_at = now, now + self._probe_seconds
        return Slice(flight.log, flight.first - 1, flight.last, whole=True)

    def due(self) -> float:
        """When `next` may have something though nothing happened: the next probe. Infinity if none is coming."""
        return self._probe_at if self._flights else inf

    def sent(self, name: LogId, first: int, last: int, now: float) -> None:
        """One batch of these rows went out."""
        log = self._logs[name]
        if not self._flights:
            self._probe_at = now + self._probe_seconds
        self._carve(name, first, last)
        self._flights.append(_Flight(name, first, last, now, again=first <= log.sent))
        log.sent = max(log.sent, last)
        log.todo = without(log.todo, [(first, last)])

    def absent(self, name: LogId, first: int, last: int) -> None:
        """The ledger has no rows at these offsets, though it has later ones (salvage of a damaged file)."""
        log = self._logs[name]
        self._carve(name, first, last)
        log.absent = united([*log.absent, (first, last)])
        log.todo = without(log.todo, [(first, last)])
        if first <= log.sent + 1:
            log.sent = max(log.sent, last)

    def _carve(self, name: LogId, first: int, last: int) -> None:
        """Take these rows out of the flights that have them."""
        left: list[_Flight] = []
        for flight in self._flights:
            if flight.log != name or flight.last < first or flight.first > last:
                left.append(flight)
                continue
            for start, end in without([(flight.first, flight.last)], [(first, last)]):
                left.append(_Flight(name, start, end, flight.at, flight.again))
        self._flights = left

    # What central says ---------------------------------------------------------------------------------------------

    def acknowledge(self, said: Mapping[LogId, LogAcked], now: float) -> None:
        """Take an `acked` in: cursors go up or down. It names all that central has: nothing of a log left out."""
        before = len(self._flights)
        oldest = min((flight.at for flight in self._flights), default=now)
        for name, log in self._logs.items():
            self._take(name, log, said.get(name, _NOTHING), now)
        self.parked = list(self._refusals(said))
        passed_over = len(self._flights) == before and now - max(oldest, self._probed) >= PATIENCE_SECONDS
        self._probe_at = now if passed_over else now + self._probe_seconds

    def _take(self, name: LogId, log: _Log, word: LogAcked, now: float) -> None:
        through = min(max(word.through, 0), log.top)
        missing = united(within(word.missing, through + 1, log.top))
        known = min(max(through, word.seen, missing[-1][1] + 1 if missing else 0), log.top)
        if known < log.known:
            # Central lost rows that it had (or never had what it said): all behind goes again, whatever is in flight.
            log.rewind(known)
            self._flights = [flight for flight in self._flights if flight.log != name]
        log.acked, log.known, log.missing = through, known, missing
        log.sent = max(log.sent, known)
        del log.marks[: bisect_right(log.marks, (through, self._snapshots))]
        self._settle(name, log, now)
        if not word.seen:
            self._give_credit(name, log)
        flying = united((flight.first, flight.last) for flight in self._flights if flight.log == name)
        log.todo = without(without(missing, log.absent), flying)

    def _settle(self, name: LogId, log: _Log, now: float) -> None:
        """Forget the flights whose fate is known; one that went again because it was missing is given some time."""

        def flies_on(flight: _Flight) -> bool:
            if flight.log != name or flight.last > log.known:
                return True
            recent = flight.again and now - flight.at < PATIENCE_SECONDS
            return recent and bool(within(log.missing, flight.first, flight.last))

        self._flights = [flight for flight in self._flights if flies_on(flight)]

    def _give_credit(self, name: LogId, log: _Log) -> None:
        """Behind a hole of our own `through` stands still for ever; without `seen`, each `acked` lets one batch go.

        Never the last one: it is probed with until a later one follows, and makes central name what it lacks before it.
        """
        hole = next((first for first, last in log.absent if last > log.acked), inf)
        behind = [flight for flight in self._flights if flight.log == name and flight.first > hole]
        behind.sort(key=lambda flight: flight.first)
        if len(behind) > 1:
            self._flights.remove(behind[0])

    def _refusals(self, said: Mapping[LogId, LogAcked]) -> Iterable[Parked]:
        room = MAX_PARKED
        for name, log in self._logs.items():
            for first, last, reason in said.get(name, _NOTHING).refused[:room]:
                if 1 <= first <= last and first <= log.top:
                    room -= 1
                    words = "".join(c if c.isprintable() else " " for c in reason[:MAX_REASON])
                    yield Parked(name, first, min(last, log.top), words)

    # How it stands -------------------------------------------------------------------------------------------------

    def cursors(self) -> dict[LogId, int]:
        """How far each log is acknowledged."""
        return {name: log.acked for name, log in self._logs.items()}

    @property
    def in_flight(self) -> int:
        """Batches that went out and of which central has said nothing."""
        return len(self._flights)

    def progress(self) -> Progress:
        """Sums over all logs."""
        sent = acked = waiting = 0
        for log in self._logs.values():
            sent += log.sent
            acked += log.known - length(log.missing)
            waiting += length(without(united([*log.missing, (log.known + 1, log.top)]), log.absent))
        return Progress(sent, acked, waiting)


def log_cut(marks: list[tuple[int, int]], first: int, last: int) -> int:
    """The last offset that a batch from `first` may have: `last`, or the first mark on the way."""
    at = bisect_left(marks, (first, 0))
    return min(last, marks[at][0]) if at < len(marks) else last


def _awaited_by(log: _Log) -> float:
    """The number of the earliest snapshot that waits for rows of this log which weren't sent; infinity for none."""
    at = bisect_right(log.marks, (log.sent, inf))
    return log.marks[at][1] if at < len(log.marks) else inf
