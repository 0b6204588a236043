"""What the recorder shows to the other threads: a picture of all hubs, replaced whole, never changed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from appliance.central.alarms import Alarm
from appliance.central.arrivals import RefusalKind
from appliance.central.books import HubBook
from appliance.central.live import LiveHub
from appliance.domain import wire
from appliance.domain.attendance import ENTRIES, UNKNOWN, Tally

MAX_FIGURES: Final = 5000
"""Of one hub; beyond that only the main list is shown: no event has as many lists, gates and reasons."""


class PostedHub(NamedTuple):
    """One hub. `live` is a copy; `figures` are central's own, of the rows stored (see `wire.figures`)."""

    live: LiveHub
    figures: Mapping[str, Any]
    unknown: int
    rows: int
    waiting: int | None
    missing: int
    refusals: Mapping[RefusalKind, int]


class Posted(NamedTuple):
    """The whole picture as of `monotonic` (s); `why` the broker or the database is away, None while it is there."""

    monotonic: float
    hubs: tuple[PostedHub, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    broker_away: str | None = "not connected yet"
    broker_since: float | None = None
    database_away: str | None = None


class Blackboard:
    """The newest picture."""

    def __init__(self, monotonic: float) -> None:
        self._changed = threading.Condition()
        self._posted = Posted(monotonic)
        self._version = 0

    def post(self, posted: Posted) -> None:
        """Replace the picture."""
        with self._changed:
            self._posted = posted
            self._version += 1
            self._changed.notify_all()

    def read(self) -> Posted:
        """The picture."""
        return self._posted

    def wait(self, version: int, seconds: float) -> int:
        """The picture's number, as soon as it is beyond `version`, at the latest after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > version, seconds)
            return self._version


def posted_hub(book: HubBook, live: LiveHub) -> PostedHub:
    """A hub as it stands."""
    counts = live.snapshot.counts if live.snapshot else None
    waiting = None
    if counts is not None:
        held = {name: log.held.count() for name, log in book.logs.items()}
        waiting = sum(max(0, n - held.get(log, 0)) for log, n in counts.through.items())
    main = counts.list if counts is not None else _busiest_list(book.tally)
    return PostedHub(
        live=replace(live, nodes=dict(live.nodes), pending=[]),
        figures=wire.figures(_shown(book.tally, main), list=main),
        unknown=book.tally["", "", UNKNOWN],
        rows=book.rows(),
        waiting=waiting,
        missing=book.missing(),
        refusals=dict(book.refusals),
    )


def _busiest_list(tally: Tally) -> str:
    entries: Counter[str] = Counter()
    for (checkin_list, _, figure), n in tally.items():
        if figure == ENTRIES:
            entries[checkin_list] += n
    return max(entries, key=lambda name: (entries[name], name), default="")


def _shown(tally: Tally, main: str) -> Tally:
    if len(tally) <= MAX_FIGURES:
        return tally
    return Counter({figure: n for figure, n in tally.items() if figure[0] == main and not figure[1]})
