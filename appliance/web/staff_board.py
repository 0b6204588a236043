"""The staff page's state: what ledger, doorkeeper and scan last said, put together and published at a calm rate."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import msgspec

from appliance.domain.clock import iso
from appliance.domain.ticket import Millis
from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperRefused
from appliance.doorkeeper.protocol import DoorStanding
from appliance.serving.events import Channel
from appliance.serving.scan_link import Event, Fault, SourceHealth, Sources
from appliance.store.live import Parked
from appliance.web.figures import Counts, Gate, Scanned
from appliance.web.ledger_watch import LedgerFigures

PAUSE_SECONDS: Final = 0.25
ASK_SECONDS: Final = 2.0
MAX_PARKED: Final = 20
"""Lines of parked rows on the page; the rest is a number."""


class ReportingState(msgspec.Struct, frozen=True):
    """Counts are rows."""

    connected: bool
    since: str
    sent: int
    acked: int
    waiting: int
    parked: int
    parked_rows: list[tuple[str, int, int, str]]


class DoorkeeperState(msgspec.Struct, frozen=True):
    """`answers` since or not since `since`; the rest is what it last said."""

    answers: bool
    since: str
    tickets: int = 0
    history_since: str = ""
    damage: str = ""
    disk: str = ""


class ScanState(msgspec.Struct, frozen=True):
    """`running` since or not since `since`."""

    running: bool
    since: str
    fault: str = ""
    sources: list[SourceHealth] = []


class StaffState(msgspec.Struct, frozen=True):
    """All that the page needs; times are ISO 8601 in UTC."""

    counts: Counts
    capacity: int | None
    rate: int
    entries: list[int]
    refusals: list[int]
    scans: list[Scanned]
    gates: list[Gate]
    ledger_fault: str
    reporting: ReportingState | None
    doorkeeper: DoorkeeperState | None
    clock: str
    scan: ScanState


class StaffBoard:
    """Takes the parts from their threads; `run` publishes."""

    def __init__(self, *, channel: Channel, capacity: int | None, now: Callable[[], Millis]) -> None:
        self._channel = channel
        self._capacity = capacity
        self._now = now
        self._changed = threading.Condition()
        self._dirty = True
        self._figures = LedgerFigures()
        self._doorkeeper: DoorkeeperState | None = None
        self._clock = ""
        self._scan = ScanState(False, iso(now()))

    def take_figures(self, figures: LedgerFigures) -> None:
        with self._changed:
            self._figures = figures
            self._touch()

    def take_standing(self, standing: DoorStanding | None) -> None:
        """None: the doorkeeper doesn't answer."""
        with self._changed:
            before = self._doorkeeper
            answers = standing is not None
            since = before.since if before is not None and before.answers == answers else iso(self._now())
            if standing is not None:
                self._clock = standing.clock
                self._doorkeeper = DoorkeeperState(
                    True, since, standing.tickets, standing.history_since, standing.damage, standing.disk
                )
            else:
                self._doorkeeper = msgspec.structs.replace(
                    before or DoorkeeperState(False, since), answers=False, since=since
                )
            self._touch()

    def take_link(self, *, connected: bool) -> None:
        """Scan came or went."""
        with self._changed:
            self._scan = ScanState(connected, iso(self._now()))
            self._touch()

    def take_event(self, event: Event) -> None:
        """Scan's sources and faults; the rest says nothing here that the ledger doesn't."""
        with self._changed:
            if isinstance(event, Sources):
                self._scan = msgspec.structs.replace(self._scan, sources=event.sources)
                self._touch()
            elif isinstance(event, Fault):
                self._scan = msgspec.structs.replace(self._scan, fault=event.what)
                self._touch()

    def state(self) -> StaffState:
        """As of now."""
        with self._changed:
            figures = self._figures
            return StaffState(
                counts=figures.counts,
                capacity=self._capacity,
                rate=figures.entries[-1] if figures.entries else 0,
                entries=figures.entries,
                refusals=figures.refusals,
                scans=figures.scans,
                gates=figures.gates,
                ledger_fault=figures.fault,
                reporting=_reporting_state(figures),
                doorkeeper=self._doorkeeper,
                clock=self._clock,
                scan=self._scan,
            )

    def run(self, stop: threading.Event) -> None:
        """Publishes what changed, at most four times a second."""
        while not stop.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._dirty, timeout=1.0)
                dirty, self._dirty = self._dirty, False
            if dirty:
                self._channel.publish(self.state())
                stop.wait(PAUSE_SECONDS)

    def _touch(self) -> None:
        self._dirty = True
        self._changed.notify_all()


def ask_standing(
    ask: Callable[[], DoorStanding], tell: Callable[[DoorStanding | None], None], stop: threading.Event
) -> None:
    """Asks the doorkeeper for its health every 2 s until `stop` is set."""
    while not stop.is_set():
        try:
            tell(ask())
        except (DoorkeeperAway, DoorkeeperRefused):
            tell(None)
        stop.wait(ASK_SECONDS)


def _reporting_state(figures: LedgerFigures) -> ReportingState | None:
    line = figures.reporting
    if line is None:
        return None
    return ReportingState(
        connected=line.connected,
        since=line.since,
        sent=line.sent,
        acked=line.acked,
        waiting=line.waiting,
        parked=sum(_length(parked) for parked in line.parked),
        parked_rows=[
            (parked.log[:8], parked.first, parked.last, parked.reason[:200]) for parked in line.parked[:MAX_PARKED]
        ],
    )


def _length(parked: Parked) -> int:
    return parked.last - parked.first + 1
