"""The delivery window: which rows go out next, and what `acked` says of those that went. Pure; `now` is in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Final, NamedTuple

from appliance.domain.row import LogId
from appliance.domain.wire import IN_FLIGHT_BATCHES, PROBE_SECONDS, LogAcked
from appliance.report.log_window import PATIENCE_SECONDS, LogWindow
from appliance.store.live import Parked

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


class Drain:
    """The window of one destination. `cursors`: where each log was left."""

    def __init__(self, cursors: Mapping[LogId, int], *, probe_seconds: float = PROBE_SECONDS) -> None:
        self._cursors = dict(cursors)
        self._probe_seconds = probe_seconds
        self._logs: dict[LogId, LogWindow] = {}
        self._held: dict[LogId, int] = {}
        self._snapshots = self._batches = 0
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
            if name in self._logs:
                self._logs[name].grow(top)
            else:
                self._logs[name] = LogWindow(top=top, acked=self._cursors.get(name, 0))

    def mark(self, through: Mapping[LogId, int]) -> None:
        """A snapshot as of these offsets was published: no batch may cross them. What was sent never lies past them."""
        self._snapshots += 1
        for name, offset in through.items():
            if name in self._logs:
                self._logs[name].mark(offset, self._snapshots)

    def reset(self) -> None:
        """A new connection: nothing of what was in flight is known to have arrived."""
        for log in self._logs.values():
            log.reset()

    # What goes out -------------------------------------------------------------------------------------------------

    def next(self, now: float) -> Slice | None:
        """The rows to send next: those that go again first, then on from what was sent. None: wait, until `due`."""
        flying = self.in_flight
        if flying < IN_FLIGHT_BATCHES:
            for name, log in self._logs.items():
                if log.todo:
                    first, last = log.todo[0]
                    return Slice(name, first - 1, log.cut(first, last))
        # The last place is for what goes again: nothing else moves `acked` on.
        if flying < IN_FLIGHT_BATCHES - 1 and (onward := self._onward()) is not None:
            return onward
        return self._probe(now)

    def _onward(self) -> Slice | None:
        """Of the logs with rows to send, the one that the earliest snapshot waits for: central compares at each."""
        unsent = [(name, log) for name, log in self._logs.items() if log.sent < log.top]
        if not unsent:
            return None
        name, log = min(unsent, key=lambda some: some[1].awaited_by())
        return Slice(name, log.sent, log.cut(log.sent + 1, log.top))

    def _probe(self, now: float) -> Slice | None:
        flights = [(flight.at, name, flight) for name, log in self._logs.items() for flight in log.flights]
        if not flights or now < self._probe_at:
            return None
        # The one that waits longest: whichever arrives makes central name what it lacks before it.
        _, name, flight = min(flights, key=lambda some: some[0])
        self._probed, self._probe_at = now, now + self._probe_seconds
        return Slice(name, flight.first - 1, flight.last, whole=True)

    def due(self) -> float:
        """When `next` may have something though nothing happened: the next probe. Infinity if none is coming."""
        return self._probe_at if self.in_flight else inf

    def sent(self, name: LogId, first: int, last: int, now: float) -> None:
        """One batch of these rows went out."""
        if not self.in_flight:
            self._probe_at = now + self._probe_seconds
        self._batches += 1
        self._logs[name].send(first, last, now, self._batches)

    def absent(self, name: LogId, first: int, last: int) -> None:
        """The ledger has no rows at these offsets, though it has later ones (salvage of a damaged file)."""
        self._logs[name].lack(first, last)

    # What central says ---------------------------------------------------------------------------------------------

    def acknowledge(self, said: Mapping[LogId, LogAcked], now: float) -> None:
        """Take an `acked` in: cursors go up or down. It names all that central has: nothing of a log left out."""
        before = self.in_flight
        oldest = min((flight.at for log in self._logs.values() for flight in log.flights), default=now)
        newest = max((log.take(said.get(name, _NOTHING), now) for name, log in self._logs.items()), default=0)
        for log in self._logs.values():
            log.plan(newest)
        self.parked = list(self._refusals(said))
        if before and self.in_flight == before:
            # Passed over: whoever speaks has seen nothing of what is in flight. Was it not there when that was sent?
            self._probe_at = max(oldest, self._probed) + PATIENCE_SECONDS
        else:
            self._probe_at = now + self._probe_seconds

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
        """Batches that went out and of which nothing is known."""
        return sum(len(log.flights) for log in self._logs.values())

    def progress(self) -> Progress:
        """Sums over all logs."""
        logs = self._logs.values()
        return Progress(
            sent=sum(log.sent for log in logs),
            acked=sum(log.arrived() for log in logs),
            waiting=sum(log.waiting() for log in logs),
        )
