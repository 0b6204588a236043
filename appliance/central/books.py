"""What the recorder keeps in memory of each hub's rows: where it stands in each log, the tallies, what was refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from appliance.central.arrivals import RefusalKind
from appliance.central.spans import Held
from appliance.domain.attendance import Tally
from appliance.domain.row import LogId
from appliance.domain.wire import LogAcked

MAX_HUBS: Final = 1000
MAX_LOGS: Final = 1000
"""Of one hub: as many as `acked` has room for."""
MAX_ISLANDS: Final = 1000
"""Spans beyond a hole, of one log; rows further out are asked for later."""
ACKED_BYTES: Final = 240 * 1024
_MISSING: Final = 50
_REFUSED: Final = 50

Refused = tuple[int, int, str]
"""(first offset, last offset, reason)."""


@dataclass
class LogBook:
    """One log; `id` is its key in the database, `touched`: see `HubBook.use`."""

    id: int
    held: Held
    refused: list[Refused] = field(default_factory=list)
    touched: int = 0

    def refuse(self, offset: int, reason: str) -> None:
        """Remember a refused offset for `acked`: the latest ones, neighbours of one reason together."""
        last = self.refused[-1] if self.refused else None
        if last is not None and last[2] == reason and last[1] + 1 == offset:
            self.refused[-1] = (last[0], offset, reason)
        else:
            self.refused.append((offset, offset, reason))
            del self.refused[:-_REFUSED]

    def forgive(self, offset: int) -> None:
        """The row at this offset was stored after all."""
        kept: list[Refused] = []
        for first, last, reason in self.refused:
            if first <= offset <= last:
                kept += [(a, b, reason) for a, b in ((first, offset - 1), (offset + 1, last)) if a <= b]
            else:
                kept.append((first, last, reason))
        self.refused = kept


@dataclass
class HubBook:
    """One hub; `id` is its key in the database."""

    id: int
    name: str
    logs: dict[LogId, LogBook] = field(default_factory=dict)
    tally: Tally = field(default_factory=Counter)
    refusals: Counter[RefusalKind] = field(default_factory=Counter)
    uses: int = 0

    def use(self, log: LogBook) -> None:
        """Rows of this log came: its lists in `acked` go first."""
        self.uses += 1
        log.touched = self.uses

    def rows(self) -> int:
        """How many rows of the hub are stored and counted."""
        held = sum(log.held.count() for log in self.logs.values())
        return held - self.refusals["refused"] - self.refusals["ahead"]

    def reached(self) -> dict[LogId, int]:
        """The highest offset stored of each log."""
        return {name: log.held.highest for name, log in self.logs.items() if log.held.highest}

    def missing(self) -> int:
        """How many rows are missing below the highest ones stored."""
        return sum(log.held.highest - log.held.count() for log in self.logs.values() if log.held.beyond)

    def acked(self) -> dict[LogId, LogAcked]:
        """What `acked` says of each log; the lists of the logs used last go first and are cut where the room ends."""
        found: dict[LogId, LogAcked] = {}
        room = ACKED_BYTES - 140 * len(self.logs)
        for name, log in sorted(self.logs.items(), key=lambda item: -item[1].touched):
            missing = log.held.missing(_MISSING)
            # The list may be cut: it is whole up to where the stored rows behind its last hole end.
            seen = log.held.beyond[len(missing) - 1][1] if missing else log.held.through
            room -= 40 * len(missing) + sum(60 + 6 * len(reason) for *_, reason in log.refused)
            full = LogAcked(log.held.through, missing, log.refused, seen)
            found[name] = full if room > 0 else LogAcked(log.held.through)
        return found


def moved_by(tally: Tally, change: Tally) -> Tally:
    """`tally` moved by `change`; figures that come out as 0 are left out."""
    moved = Counter(tally)
    moved.update(change)
    return Counter({figure: n for figure, n in moved.items() if n})
