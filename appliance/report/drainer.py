"""The loop of `appliance report`: one thread between the ledger, the broker and live.db."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from math import inf
from typing import Final

import msgspec

from appliance.domain.clock import Moment
from appliance.domain.wire import VERSION, Acked
from appliance.report.client import Confirmed, Event, Link, Message, Opened, Woken
from appliance.report.drain import Drain
from appliance.report.figures import Figures
from appliance.report.live_line import KEEP_SECONDS, LiveLine
from appliance.report.lookout import Lookout
from appliance.report.pace import Pace
from appliance.report.presence import Presence
from appliance.report.saying import Rhythm, Speaker
from appliance.store.live import Reporting

SESSION_RETRY_SECONDS: Final = 3.0
_TURN_BATCHES: Final = 4
_LONGEST_TURN: Final = 0.5

log = logging.getLogger(__name__)
_READ_ACKED: Final = msgspec.json.Decoder(Acked)
_JSON_FAULTS: Final = (msgspec.MsgspecError, ValueError, RecursionError)

BeginSession = Callable[[int, int], bool]
"""(above, term): begin a reporting session above `above`, of a term of at least `term`. False: ask again later."""


class Drainer:
    """Says `counts`, drains the ledger, follows `acked`. `run` is the thread's body."""

    def __init__(
        self,
        *,
        link: Link,
        presence: Presence,
        lookout: Lookout,
        drain: Drain,
        line: LiveLine,
        speaker: Speaker,
        begin_session: BeginSession,
        moment: Callable[[], Moment],
        figures: Figures,
        stop: threading.Event,
    ) -> None:
        self._link, self._presence, self._lookout, self._drain, self._line = link, presence, lookout, drain, line
        self._speaker, self._begin_session, self._moment = speaker, begin_session, moment
        self._figures, self.stop = figures, stop
        self._pace, self._counts = Pace(), Rhythm()
        self._n = 0
        self._fresh: bool | None = None
        self._wanted_session: tuple[int, int] | None = (0, 1)
        self._session_at = -inf
        self._acked_at = ""
        self._more = False
        self._line_kept = True

    def run(self) -> None:
        """Until `stop` is set and the link woken; then says goodbye."""
        while not self.stop.is_set():
            self._look(time.monotonic())
            self._ask_for_session(time.monotonic())
            self._stay_connected(time.monotonic())
            now = time.monotonic()
            if self._presence.is_ready:
                self._presence.say(now)
                self._say_counts(now)
                self._deliver(now)
            self._keep_line(now)
            for event in self._link.turn(self._pause(time.monotonic())):
                self._take(event, time.monotonic())
        self._presence.farewell()
        self._keep_line(inf)

    # The ledger ----------------------------------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        if not self._lookout.look(now) or self._lookout.snapshot is None:
            return
        if self._fresh is None:
            self._fresh = self._lookout.snapshot.session == 0
        self._counts.change()
        self._drain.hold(self._lookout.snapshot.through)

    def _ask_for_session(self, now: float) -> None:
        """A session of our own, above all that the ledger and the broker know: else older figures would win."""
        if self._wanted_session is None or self._lookout.snapshot is None or now < self._session_at:
            return
        if self._begin_session(*self._wanted_session):
            self._wanted_session = None
            self._lookout.forget()
            self._look(now)
        self._session_at = now + SESSION_RETRY_SECONDS

    # The connection ------------------------------------------------------------------------------------------------

    def _stay_connected(self, now: float) -> None:
        snapshot = self._lookout.snapshot
        if snapshot is not None:
            self._presence.keep(
                session=snapshot.session, newest=self._lookout.newest, any_node=self._fresh is True, now=now
            )

    def _take(self, event: Event, now: float) -> None:
        if self._presence.take(event, now):
            self._connected()
        match event:
            case Message(topic, payload) if topic == self._speaker.topics.acked:
                self._take_acked(payload, now)
            case Confirmed(mid):
                self._counts.confirmed(mid)
                self._pace.confirmed(mid, now)
            case Woken():
                self._lookout.wake(now)
            case Opened():
                self._pace.reset()
                self._drain.reset()
            case _:
                pass

    def _connected(self) -> None:
        self._counts.reset()
        self._fresh = False
        snapshot = self._lookout.snapshot
        if snapshot is not None and self._presence.highest > (snapshot.term, snapshot.session, self._n):
            # The ledger is younger than what was said of this hub: another disk, a restored image.
            term, session, _ = self._presence.highest
            self._wanted_session, self._session_at = (session, term), -inf

    def _take_acked(self, payload: bytes, now: float) -> None:
        if not payload:
            return  # Somebody cleared the retained message.
        try:
            acked = _READ_ACKED.decode(payload)
        except _JSON_FAULTS as fault:
            log.warning("acked can't be read (%s): passed over", fault)
            self._figures.add("acknowledgements_total", of="malformed")
            return
        if acked.v != VERSION:
            log.warning("acked of version %d: this box knows %d, upgrade it", acked.v, VERSION)
            self._figures.add("acknowledgements_total", of="version")
            return
        self._drain.acknowledge(acked.logs, now)
        moment = self._moment()
        self._acked_at = moment.at
        self._figures.add("acknowledgements_total", of="taken")
        self._figures.set("acked_timestamp_seconds", moment.now / 1000)

    # What goes out -------------------------------------------------------------------------------------------------

    def _say_counts(self, now: float) -> None:
        snapshot = self._lookout.snapshot
        if now < self._counts.due() or snapshot is None or self._lookout.fault:
            return
        # Since the boot, so that it rises across restarts within a session, whatever the clock does.
        self._n = max(self._n + 1, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)
        message = self._speaker.counts(snapshot, n=self._n, moment=self._moment())
        self._counts.said(self._link.publish(message, retain=True), now)
        self._drain.mark(snapshot.through)
        self._figures.add("published_total", of="counts")

    def _deliver(self, now: float) -> None:
        self._more = False
        for _ in range(_TURN_BATCHES):
            room = self._pace.room()
            if room <= 0 or self._lookout.fault or not self._link.is_open:
                return
            some = self._drain.next(now)
            reading = self._lookout.read(some, max_bytes=room) if some is not None else None
            if some is None or reading is None:
                return
            if reading.hole is not None:
                self._drain.absent(some.log, *reading.hole)
            if reading.batch is not None:
                first, last, payload = reading.batch
                topic = self._speaker.topics.checkins(self._speaker.node)
                self._pace.sent(self._link.publish(Message(topic, payload), retain=False), len(payload), now)
                self._drain.sent(some.log, first, last, now)
                self._figures.add("rows_sent_total", last - first + 1)
                self._figures.add("batches_sent_total")
        self._more = True

    # How it stands -------------------------------------------------------------------------------------------------

    def _keep_line(self, now: float) -> None:
        sent, acked, waiting = self._drain.progress()
        parked, fault = self._drain.parked, self._presence.fault
        line = Reporting(
            connected=self._presence.is_ready,
            since=self._presence.since,
            sent=sent,
            acked=acked,
            waiting=waiting,
            acked_at=self._acked_at,
            parked=parked,
            fault=fault.words if fault is not None else self._lookout.fault,
        )
        self._line_kept = self._line.keep(line, self._drain.cursors(), now)
        self._figures.set("rows_waiting", waiting)
        self._figures.set("rows_refused", sum(last - first + 1 for _, first, last, _ in parked))
        self._figures.set("batches_in_flight", self._drain.in_flight)

    def _pause(self, now: float) -> float:
        """How long nothing is due."""
        if self._more and self._presence.is_ready:
            return 0.0
        due = [self._lookout.due()]
        if self._lookout.snapshot is not None:
            due.append(self._presence.due())
        if self._presence.is_ready and not self._lookout.fault:
            due.append(self._counts.due())
            if self._pace.room() > 0:
                due.append(self._drain.due())
        if not self._line_kept:
            due.append(now + KEEP_SECONDS)
        return min(max(min(due) - now, 0.0), _LONGEST_TURN)
