"""Tells the pages how the sources are, whenever that changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from appliance.scanner.sources.protocol import Source
from appliance.serving.scan_link.protocol import Hint, SourceHealth, Sources
from appliance.serving.scan_link.server import ScanLinkServer

_LOOK_SECONDS: Final = 0.2
STUCK_SECONDS: Final = 10.0
"""A source whose thread hasn't come round for so long is stuck: the process asks systemd for a new life by silence."""


class Look(Protocol):
    """A source and the thread that looks through it."""

    name: str
    """The source's, made different from the others'."""
    hint: Hint
    frames: int
    looked_at: float
    """Monotonic seconds of the last turn; 0 before the first."""

    @property
    def source(self) -> Source:
        """What it looks through."""

    def run(self, stop: threading.Event) -> None:
        """The thread's body."""

    def health(self, since: str) -> SourceHealth:
        """As the pages show it."""


class Health:
    """Looks five times a second, speaks when something is different."""

    def __init__(
        self,
        looks: Sequence[Look],
        *,
        link: ScanLinkServer,
        iso_now: Callable[[], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._looks = looks
        self._link = link
        self._iso_now = iso_now
        self._monotonic = monotonic
        self._said: dict[str, SourceHealth] = {}
        self._hint: Hint = ""

    def run(self, stop: threading.Event) -> None:
        """The thread's body."""
        while not stop.is_set():
            self.look()
            stop.wait(_LOOK_SECONDS)

    def look(self) -> None:
        """One look."""
        changed = False
        for look in self._looks:
            found = look.health("")
            said = self._said.get(found.name)
            if said is None or (said.state, said.detail) != (found.state, found.detail):
                since = said.since if said is not None and said.state == found.state else self._iso_now()
                self._said[found.name] = msgspec.structs.replace(found, since=since)
                changed = True
        hint: Hint = next((look.hint for look in self._looks if look.hint), "")
        if changed or hint != self._hint:
            self._hint = hint
            self._link.broadcast(Sources(sources=list(self._said.values()), hint=hint))

    def alive(self) -> bool:
        """Whether every source's thread still comes round (one that has ended by itself does no harm)."""
        now = self._monotonic()
        return all(look.source.ended or now - (look.looked_at or now) < STUCK_SECONDS for look in self._looks)
