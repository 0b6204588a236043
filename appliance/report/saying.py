"""What a node says of itself: `status` and `counts`, and when. Pure; intervals in seconds."""

from __future__ import annotations

from math import inf
from typing import Final, NamedTuple

import msgspec

from appliance.domain.clock import Moment
from appliance.domain.row import LogId, NodeId
from appliance.domain.wire import SNAPSHOT_MAX_SECONDS, SNAPSHOT_MIN_SECONDS, Counts, Status, Topics, figures
from appliance.report.client import Message
from appliance.store.reading import Snapshot

CONFIRM_SECONDS: Final = 20.0
"""For the broker to confirm what was said last; behind rows on a thin uplink it takes a few."""


class Speaker(NamedTuple):
    """Who speaks: fixed for the life of the process. `capacity`: how many may be inside, None without a limit."""

    topics: Topics
    node: NodeId
    checkin_list: str
    capacity: int | None
    roles: tuple[str, ...]
    version: str
    started: str

    def status(self, state: str, *, session: int, moment: Moment, log: LogId) -> Message:
        """`online`, `stopped`, or `offline` (the will)."""
        said = Status(
            state=state,
            session=session,
            at=moment.at,
            clock=moment.clock,
            log=log,
            version=self.version,
            roles=self.roles,
            started=self.started,
        )
        return Message(self.topics.status(self.node), msgspec.json.encode(said))

    def counts(self, snapshot: Snapshot, *, n: int, moment: Moment) -> Message:
        """The whole hub's figures as of a snapshot; `n` rises within a session."""
        said = Counts(
            term=snapshot.term,
            session=snapshot.session,
            n=n,
            through=snapshot.through,
            at=moment.at,
            clock=moment.clock,
            capacity=self.capacity,
            **figures(snapshot.tally, list=self.checkin_list),
        )
        return Message(self.topics.counts(self.node), msgspec.json.encode(said))


class Rhythm:
    """When a retained topic is due: at a change, but not too often; without one, often enough. One at a time."""

    def __init__(self, *, least: float = SNAPSHOT_MIN_SECONDS, most: float = SNAPSHOT_MAX_SECONDS) -> None:
        self._least, self._most = least, most
        self.reset()

    def reset(self) -> None:
        """A new connection: due at once."""
        self._said = -inf
        self._changed = True
        self.unconfirmed = 0
        """The number of the last one, until the broker has it."""

    def change(self) -> None:
        """What was said last is no longer so."""
        self._changed = True

    def said(self, mid: int, now: float) -> None:
        """It was published under this number."""
        self._said, self._changed, self.unconfirmed = now, False, mid

    def confirmed(self, mid: int) -> None:
        """The broker has this number."""
        if mid == self.unconfirmed:
            self.unconfirmed = 0

    def is_stuck(self, now: float) -> bool:
        """Whether the broker has kept us waiting for far too long."""
        return self.unconfirmed != 0 and now > self._said + CONFIRM_SECONDS

    def due(self) -> float:
        """From when on it is to be said (again). Infinity while the broker hasn't confirmed the last one."""
        return inf if self.unconfirmed else self._said + (self._least if self._changed else self._most)
