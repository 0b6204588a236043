"""The kiosk's flow: what a source sees becomes a question to the doorkeeper, its verdict goes to the screens.

One thread looks through each source, one asks (in the order in which codes were seen), one tells the doorkeeper what
was shown. A camera never waits for a verdict: while one is awaited it goes on looking, and shows people its picture.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from appliance.domain.row import Passage
from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperClient, DoorkeeperRefused
from appliance.doorkeeper.protocol import Verdict
from appliance.serving.scan_link.protocol import Deciding, Fault, verdict_event
from appliance.serving.scan_link.server import ScanLinkServer

log = logging.getLogger(__name__)

WAITING: Final = 16
"""Presentations that may wait for the doorkeeper; more than people can hold up while it is restarted."""


class Presented(NamedTuple):
    """One presentation; `forget` lets the same code count as new again, after it could not be decided."""

    text: str
    source: str
    seen_ms: float
    forget: Callable[[str], None]


class Counts(Protocol):
    """What is counted for metrics."""

    def verdict(self, verdict: Verdict, seconds: float) -> None:
        """A verdict came `seconds` after its frame."""

    def fault(self) -> None:
        """A presentation could not be decided."""


class Station:
    """Asks the doorkeeper and tells the screens."""

    def __init__(
        self,
        *,
        doorkeeper: DoorkeeperClient,
        doorkeeper_shown: DoorkeeperClient,
        link: ScanLinkServer,
        gate: str,
        direction: Passage,
        new_nonce: Callable[[], str],
        iso_now: Callable[[], str],
        counts: Counts,
    ) -> None:
        self._doorkeeper = doorkeeper
        self._doorkeeper_shown = doorkeeper_shown
        self._link = link
        self._gate = gate
        self._direction: Passage = direction
        self._new_nonce = new_nonce
        self._iso_now = iso_now
        self._counts = counts
        self._presented: queue.Queue[Presented | None] = queue.Queue(WAITING)
        self._shown: queue.Queue[str | None] = queue.Queue(1024)
        self._fault = ""

    def present(self, presented: Presented) -> None:
        """Ask about it soon. When too many wait (the doorkeeper is away) it counts as not seen."""
        try:
            self._presented.put_nowait(presented)
        except queue.Full:
            presented.forget(presented.text)

    def shown(self, nonce: str) -> None:
        """A screen has shown the verdict on `nonce`. Never waits."""
        try:
            self._shown.put_nowait(nonce)
        except queue.Full:
            log.warning("the doorkeeper is not told that %s was shown: too many wait", nonce)

    def stop(self) -> None:
        """Let both threads end after what they are at."""
        for waiting in (self._presented, self._shown):
            while True:
                try:
                    waiting.put_nowait(None)
                    break
                except queue.Full:
                    waiting.get_nowait()

    def ask(self) -> None:
        """The asking thread's body."""
        while (presented := self._presented.get()) is not None:
            self._ask_about(presented)

    def _ask_about(self, presented: Presented) -> None:
        self._link.broadcast(Deciding(source=presented.source))
        try:
            verdict = self._doorkeeper.scan(
                presented.text, gate=self._gate, nonce=self._new_nonce(), direction=self._direction
            )
        except DoorkeeperAway as away:
            self._undecided(presented, "doorkeeper", str(away))
        except DoorkeeperRefused as refused:
            self._undecided(presented, "busy", str(refused))
        else:
            self._tell_fault("")
            self._link.broadcast(
                verdict_event(verdict, gate=self._gate, source=presented.source, seen_ms=presented.seen_ms)
            )
            self._counts.verdict(verdict, max(time.time() - presented.seen_ms / 1000, 0.0))

    def _undecided(self, presented: Presented, what: str, why: str) -> None:
        """Nothing is shown that could be taken for a verdict; the code, still held up, is asked about again."""
        log.error("not decided: %s", why)
        self._counts.fault()
        self._tell_fault(what)
        presented.forget(presented.text)

    def _tell_fault(self, what: str) -> None:
        if what != self._fault:
            self._fault = what
            self._link.broadcast(Fault(what=what, since=self._iso_now()))  # type: ignore[arg-type]  # the three above

    def tell_shown(self) -> None:
        """The telling thread's body."""
        while (nonce := self._shown.get()) is not None:
            try:
                self._doorkeeper_shown.shown(nonce)
            except (DoorkeeperAway, DoorkeeperRefused) as fault:
                # Then the verdict may be given a second time, to the same credential, within half a minute.
                log.warning("shown, but the doorkeeper doesn't know: %s", fault)
