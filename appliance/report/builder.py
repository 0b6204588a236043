"""Builds the process of `appliance report`: wiring only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from appliance.domain.clock import Moment
from appliance.domain.row import NodeId
from appliance.domain.ticket import Millis
from appliance.domain.wire import PROBE_SECONDS, Topics
from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperClient, DoorkeeperRefused, Wakeups
from appliance.report.client import BrokerAddress, Link
from appliance.report.drain import Drain
from appliance.report.drainer import BeginSession, Drainer
from appliance.report.figures import METRICS, Figures
from appliance.report.ledger_reader import LedgerReader
from appliance.report.live_line import LiveLine
from appliance.report.lookout import Lookout
from appliance.report.presence import Presence
from appliance.report.saying import Speaker
from appliance.serving.deadly import start_deadly
from appliance.store.holding import hold_reporting

__all__ = ["METRICS", "ReportProcess", "build_report"]

_ASK_SECONDS: Final = 0.2
"""The loop stands still while it asks: an absent doorkeeper must not cost the live figures anything."""
_LOOK_SECONDS: Final = 0.25
_STOP_SECONDS: Final = 5.0


class ReportProcess:
    """The threads of `appliance report`: the loop and what wakes it. One that dies ends the process."""

    def __init__(self, *, drainer: Drainer, link: Link, wakeups: Wakeups, close: Callable[[], None]) -> None:
        self._drainer, self._link, self._wakeups, self._close = drainer, link, wakeups, close
        self._stop = drainer.stop
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self.fault: BaseException | None = None

    def start(self) -> None:
        """Begin to report."""
        self._threads = [
            start_deadly("report", self._drainer.run, dies=self._died),
            start_deadly("report-wakeups", self._watch, dies=self._died),
        ]

    def wait(self, timeout: float | None = None) -> BaseException | None:
        """Until it ends; what it died of, if it did."""
        self._ended.wait(timeout)
        return self.fault

    def stop(self) -> None:
        """End cleanly: `stopped` is said, the cursors are kept."""
        self._stop.set()
        self._link.wake()
        for thread in self._threads:
            thread.join(_STOP_SECONDS)
        if not any(thread.is_alive() for thread in self._threads):
            self._close()
        self._ended.set()

    def _watch(self) -> None:
        for _ in self._wakeups(self._stop):
            self._link.wake()

    def _died(self, fault: BaseException) -> None:
        self.fault = fault
        self._ended.set()


def build_report(
    *,
    ledger: Path,
    live: Path,
    socket: Path | None,
    topics: Topics,
    node: NodeId,
    broker: BrokerAddress,
    checkin_list: str,
    capacity: int | None,
    roles: Sequence[str],
    version: str,
    now: Callable[[], int],
    synced: Callable[[], bool],
    registry: CollectorRegistry,
    wakeups: Wakeups | None = None,
    probe_seconds: float = PROBE_SECONDS,
) -> ReportProcess:
    """Put the reporting of a hub node together. Only live.db is opened before `start`; the ledger may come later.
    StoreFault while another process reports for this node: brokers would throw out one for the other, again and again.

    `socket`: the doorkeeper's; without one (tests) `wakeups` wake, or the ledger is looked at four times a second, and
    the session is the ledger's. `now` is the wall clock in ms, `synced` whether it is known to be right.
    """

    def moment() -> Moment:
        return Moment(Millis(now()), synced())

    held = hold_reporting(live)
    stop = threading.Event()
    figures = Figures(registry)
    link = Link(broker, client_id=f"{topics.base}/{node}".replace("/", "-"))
    reader, line = LedgerReader(ledger, node=node, figures=figures), LiveLine(live)
    speaker = Speaker(topics, node, checkin_list, capacity, tuple(roles), version, started=moment().at)
    doorkeeper = DoorkeeperClient(socket, timeout=_ASK_SECONDS) if socket is not None else None
    drainer = Drainer(
        link=link,
        presence=Presence(link, speaker=speaker, moment=moment, figures=figures),
        lookout=Lookout(reader, figures),
        drain=Drain(line.cursors(), probe_seconds=probe_seconds),
        line=line,
        speaker=speaker,
        begin_session=_session_beginner(doorkeeper),
        moment=moment,
        figures=figures,
        stop=stop,
    )

    def close() -> None:
        link.release()
        reader.close()
        line.close()
        if doorkeeper is not None:
            doorkeeper.close()
        if held is not None:
            held.close()

    return ReportProcess(
        drainer=drainer, link=link, wakeups=wakeups or (doorkeeper.watch if doorkeeper else _looking), close=close
    )


def _looking(stop: threading.Event) -> Iterator[None]:
    while not stop.wait(_LOOK_SECONDS):
        yield None


def _session_beginner(doorkeeper: DoorkeeperClient | None) -> BeginSession:
    def begin(above: int, term: int) -> bool:
        if doorkeeper is None:
            return True
        try:
            doorkeeper.session_begin(above=above, term=term)
        except (DoorkeeperAway, DoorkeeperRefused):
            return False
        return True

    return begin
