"""What a hub says of itself now: each node's word, its newest snapshot, the snapshots not compared yet. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, NamedTuple

from appliance.central.comparison import Comparison
from appliance.domain import wire
from appliance.domain.row import LogId

STALE_AFTER: Final = wire.STALE_SECONDS - 2
"""Seconds without a word after which a hub is shown as silent; the rest is for the page to hear of it."""
_AHEAD: Final = 2000
"""How far (ms) a synced clock may be ahead of ours."""
MAX_NODES: Final = 200
MAX_PENDING: Final = 64

State = Literal["live", "silent", "offline", "stopped"]
Turn = tuple[int, int, int]
"""(term, session, n): the highest `counts` wins."""


class Since(NamedTuple):
    """When something became known: `monotonic` (s) if it was heard live, else `wall` (ms) if a clock can be trusted."""

    monotonic: float | None
    wall: int | None

    def age(self, *, monotonic: float, wall: int) -> float | None:
        """Seconds ago; None where nobody knows."""
        if self.monotonic is not None:
            return max(0.0, monotonic - self.monotonic)
        return None if self.wall is None or self.wall > wall else (wall - self.wall) / 1000


class NodeWord(NamedTuple):
    """The last status of a node."""

    status: wire.Status
    since: Since


class Snapshot(NamedTuple):
    """The newest counts of a hub, and the node that sent them."""

    counts: wire.Counts
    node: str
    since: Since


@dataclass
class LiveHub:
    """One hub; changed by the recorder's thread alone."""

    name: str
    nodes: dict[str, NodeWord] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    pending: list[wire.Counts] = field(default_factory=list)
    comparison: Comparison | None = None
    heard: float | None = None

    def take_status(self, node: str, status: wire.Status, since: Since) -> bool:
        """Believe a status, or not: the broker may speak the will of a session that is over.

        Only an `online` may go back in sessions: a node whose ledger was wiped starts anew.
        """
        known = self.nodes.get(node)
        if known is None and len(self.nodes) >= MAX_NODES:
            return False
        if known is not None and status.state != "online" and status.session < known.status.session:
            return False
        if known is not None and known.status == status and since.monotonic is None:
            return True
        self.nodes[node] = NodeWord(status, since)
        if status.state == "online":
            self._hear(since)
        return True

    def take_counts(self, node: str, counts: wire.Counts, since: Since) -> bool:
        """Believe a snapshot if it is newer than the one known; it then waits for the rows it was made of."""
        if self.snapshot is not None and turn(counts) < turn(self.snapshot.counts):
            return False
        if self.snapshot is not None and turn(counts) == turn(self.snapshot.counts):
            # Said again: alive and unchanged if it was said just now, nothing new if the broker had kept it.
            if since.monotonic is not None:
                self.snapshot = Snapshot(self.snapshot.counts, node, since)
                self._hear(since)
            return True
        self.snapshot = Snapshot(counts, node, since)
        self._hear(since)
        if len(self.pending) < MAX_PENDING:
            self.pending.append(counts)
        else:
            # The oldest are compared first and the newest says most: what lies between can be spared.
            self.pending[-1] = counts
        return True

    def take_rows(self, since: Since) -> None:
        """Rows came: the hub speaks."""
        self._hear(since)

    def _hear(self, since: Since) -> None:
        if since.monotonic is not None:
            self.heard = since.monotonic

    def due(self, reached: dict[LogId, int]) -> list[wire.Counts]:
        """The waiting snapshots that end where the stored rows end; those that rows have passed by are let go."""
        due = [counts for counts in self.pending if covered(counts) == reached]
        self.pending = [
            counts
            for counts in self.pending
            if covered(counts) != reached and all(n <= counts.through.get(log, 0) for log, n in reached.items())
        ]
        return due

    def state(self, *, monotonic: float, wall: int) -> State:
        """What to call the hub now: by its hub node's word, unless its figures are newer than that."""
        word = self._hub_word()
        if word is not None and word.status.state != "online" and not self._spoke_after(word):
            return "offline" if word.status.state == "offline" else "stopped"
        if self.snapshot is not None:
            return "live" if is_fresh(self.snapshot.since.age(monotonic=monotonic, wall=wall)) else "silent"
        return "live" if self.heard is not None and is_fresh(monotonic - self.heard) else "silent"

    def _hub_word(self) -> NodeWord | None:
        if self.snapshot is not None:
            return self.nodes.get(self.snapshot.node)
        return next((word for word in self.nodes.values() if "hub" in word.status.roles), None)

    def _spoke_after(self, word: NodeWord) -> bool:
        spoke = self.snapshot.since.monotonic if self.snapshot else None
        return spoke is not None and (word.since.monotonic is None or spoke > word.since.monotonic)


def turn(counts: wire.Counts) -> Turn:
    """A snapshot's place among its hub's."""
    return counts.term, counts.session, counts.n


def covered(counts: wire.Counts) -> dict[LogId, int]:
    """The logs that a snapshot is of, and how far."""
    return {log: n for log, n in counts.through.items() if n}


def is_fresh(age: float | None) -> bool:
    """Whether figures of this age (s) may be shown as those of now."""
    return age is not None and age < STALE_AFTER


def said_at(at: str, clock: str, *, wall: int) -> int | None:
    """A message's own time (ms) if its sender's clock was synced and it isn't in the future; else None."""
    if clock != "synced":
        return None
    try:
        moment = datetime.fromisoformat(at)
        millis = int(moment.timestamp() * 1000) if moment.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None
    return min(millis, wall) if millis is not None and 0 <= millis <= wall + _AHEAD else None
