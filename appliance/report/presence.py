"""The node's place at the broker: one connection kept up, and `status`, which says that it is there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from math import inf
from typing import Final, Literal

import msgspec

from appliance.domain.clock import Moment
from appliance.domain.row import TICK_LIMIT, LogId
from appliance.domain.wire import Counts
from appliance.report.client import Confirmed, Event, Link, Lost, Message, Opened, Subscribed
from appliance.report.faults import Fault
from appliance.report.figures import Figures
from appliance.report.saying import Rhythm, Speaker

RETRY_SECONDS: Final = (0.5, 5.0)
FAREWELL_SECONDS: Final = 2.0

log = logging.getLogger(__name__)
_READ_COUNTS: Final = msgspec.json.Decoder(Counts)
_JSON_FAULTS: Final = (msgspec.MsgspecError, ValueError, RecursionError)

Order = tuple[int, int, int]
"""(term, session, n): the highest `counts` wins."""


class Presence:
    """Opens the link, again and again, with a will of the current session; ready once all that is retained was read."""

    def __init__(self, link: Link, *, speaker: Speaker, moment: Callable[[], Moment], figures: Figures) -> None:
        self._link, self._speaker, self._moment, self._figures = link, speaker, moment, figures
        self._phase: Literal["closed", "opening", "ready"] = "closed"
        self._status = Rhythm()
        self._session, self._log, self._synced = 0, LogId(""), False
        self._counts_topic = ""
        self._fence = 0
        self._retry_at, self._retry_after = 0.0, RETRY_SECONDS[0]
        self.highest: Order = (0, 0, 0)
        """Of the retained `counts` that were found: what was said of this hub before."""
        self.fault: Fault | None = Fault("lost", "not connected yet")
        self.since = moment().at

    @property
    def is_ready(self) -> bool:
        """Whether rows and figures may go out."""
        return self._phase == "ready"

    def keep(self, *, session: int, newest: LogId, any_node: bool, now: float) -> None:
        """Open the link if it isn't and it is time to. `any_node`: look at what every node of the hub said before."""
        if self._link.is_open and session != self._session:
            # The will must bear the session of what is said: a late one of an old session is known by it.
            self._link.close()
            self._phase, self._retry_at = "closed", now
        if newest != self._log:
            self._log = newest
            self._status.change()
        if self._link.is_open or now < self._retry_at:
            return
        self._session = session
        self._counts_topic = self._speaker.topics.counts("+" if any_node else self._speaker.node)
        fault = self._link.open(will=self._message("offline"))
        self._phase = "opening"
        if fault is not None:
            self._down(fault, time.monotonic())

    def take(self, event: Event, now: float) -> bool:
        """What the link reports. True: ready from now on."""
        match event:
            case Opened():
                self._link.subscribe([self._speaker.topics.acked], wanted=[self._counts_topic])
            case Subscribed():
                # What is retained comes before the broker confirms this.
                self._status.reset()
                self._publish("online", now)
                self._fence = self._status.unconfirmed
            case Message(topic, payload) if topic.endswith("/counts"):
                self._note(payload)
            case Confirmed(mid):
                self._status.confirmed(mid)
                if self._phase == "opening" and mid == self._fence:
                    self._up()
                    return True
            case Lost(fault):
                self._down(fault, now)
            case _:
                pass
        return False

    def say(self, now: float) -> None:
        """`status`, when it is due. A broker that confirms nothing is given up."""
        synced = self._moment().synced
        if synced != self._synced:
            self._status.change()
        if self._status.is_stuck(now):
            self._link.close()
            self._down(Fault("silent", "the broker confirms nothing: is its disk full?"), now)
        elif self.is_ready and now >= self._status.due():
            self._publish("online", now)

    def due(self) -> float:
        """When to `say` or `keep` again."""
        if self.is_ready:
            return self._status.due()
        return inf if self._link.is_open else self._retry_at

    def farewell(self) -> None:
        """Say `stopped`, if anyone listens, and close: the will is not for a clean stop."""
        if self.is_ready:
            self._publish("stopped", time.monotonic())
            until = time.monotonic() + FAREWELL_SECONDS
            while self._status.unconfirmed and self._link.is_open and (left := until - time.monotonic()) > 0:
                for event in self._link.turn(left):
                    if isinstance(event, Confirmed):
                        self._status.confirmed(event.mid)
        self._link.close()
        self._phase = "closed"
        self.fault, self.since = Fault("lost", "stopped"), self._moment().at
        self._figures.set("connected", 0)

    def _up(self) -> None:
        self._link.unsubscribe([self._counts_topic])
        self._phase, self.fault, self.since = "ready", None, self._moment().at
        self._retry_after = RETRY_SECONDS[0]
        self._figures.set("connected", 1)
        log.info("connected to the broker")

    def _down(self, fault: Fault, now: float) -> None:
        if self.is_ready:
            self.since = self._moment().at
        if fault != self.fault:
            log.warning("no connection to the broker: %s", fault.words)
        self._phase, self.fault = "closed", fault
        self._retry_at = now + self._retry_after
        self._retry_after = min(2 * self._retry_after, RETRY_SECONDS[1])
        self._figures.set("connected", 0)
        self._figures.add("connection_faults_total", of=fault.kind)

    def _note(self, payload: bytes) -> None:
        try:
            said = _READ_COUNTS.decode(payload)
        except _JSON_FAULTS:
            return
        order = (said.term, said.session, said.n)
        if all(0 <= part < TICK_LIMIT - 1 for part in order):
            self.highest = max(self.highest, order)

    def _publish(self, state: Literal["online", "stopped"], now: float) -> None:
        self._synced = self._moment().synced
        self._status.said(self._link.publish(self._message(state), retain=True), now)
        self._figures.add("published_total", of="status")

    def _message(self, state: str) -> Message:
        return self._speaker.status(state, session=self._session, moment=self._moment(), log=self._log)
