"""What goes over MQTT: topics, payloads and their sizes. Pure; the rules of delivery are kept by report and central."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from appliance.domain.attendance import (
    ATTENDANCE,
    CONFLICTS,
    ENTRIES,
    EXITS,
    OCCUPANCY,
    REFUSAL,
    UNVERIFIED,
    Tally,
)
from appliance.domain.row import LogId

VERSION: Final = 1
MAX_BATCH_ROWS: Final = 500
MAX_BATCH_BYTES: Final = 128 * 1024
MAX_PAYLOAD_BYTES: Final = 256 * 1024
"""Of any message; a larger one is dropped unread."""
IN_FLIGHT_BATCHES: Final = 20
PROBE_SECONDS: Final = 30.0
SNAPSHOT_MIN_SECONDS: Final = 0.25
SNAPSHOT_MAX_SECONDS: Final = 3.0
KEEPALIVE_SECONDS: Final = 5
STALE_SECONDS: Final = 10.0
AHEAD_MILLIS: Final = 3_600_000
"""A row whose tick is further ahead of the reader's time than this is parked."""

LEVEL: Final = re.compile(r"[a-z0-9-]{1,32}")
RESERVED: Final = frozenset({"acked", "command", "verdicts", "roster"})
LogName = Annotated[LogId, msgspec.Meta(pattern=r"^[0-9a-f]{4,64}$(?!\n)")]


class Topics(NamedTuple):
    """The topics of one hub. `root` may have levels of its own (`hub/v1`)."""

    root: str
    event: str
    hub: str

    @property
    def base(self) -> str:
        return f"{self.root}/{self.event}/{self.hub}"

    @property
    def acked(self) -> str:
        return f"{self.base}/acked"

    def status(self, node: str) -> str:
        return f"{self.base}/{node}/status"

    def checkins(self, node: str) -> str:
        return f"{self.base}/{node}/checkins"

    def counts(self, node: str) -> str:
        return f"{self.base}/{node}/counts"


class Address(NamedTuple):
    """Where a hub's message came from."""

    hub: str
    node: str
    what: str


def read_topic(topic: str, *, root: str, event: str) -> Address | None:
    """(hub, node, what) of a node's topic below this event; None for anything else."""
    prefix = f"{root}/{event}/"
    levels = topic[len(prefix) :].split("/") if topic.startswith(prefix) else []
    match levels:
        case [hub, node, what] if is_level(hub) and is_level(node):
            return Address(hub, node, what)
        case _:
            return None


def is_level(name: str) -> bool:
    """Whether `name` can be an event's, a hub's or a node's name."""
    return LEVEL.fullmatch(name) is not None and name not in RESERVED


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A node's last word of itself; the broker says `offline` for it by the will."""

    v: int = VERSION
    state: str
    session: int
    at: str
    clock: str = "synced"
    log: str = ""
    version: str = ""
    roles: tuple[str, ...] = ()
    started: str = ""


class Checkins(msgspec.Struct, frozen=True, kw_only=True):
    """A batch: row i has the offset first + i. Rows stay raw: one bad row must not cost the others."""

    v: int
    log: LogName
    first: Annotated[int, msgspec.Meta(ge=1)]
    rows: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=MAX_BATCH_ROWS)]


class ListCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one check-in list."""

    attendance: int = 0
    entries: int = 0
    exits: int = 0
    occupancy: int = 0


class GateCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one gate."""

    entries: int = 0
    exits: int = 0


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The whole hub's tallies as of one offset in each log. The top-level figures are those of `list`; refusals of all
    lists.
    """

    v: int = VERSION
    term: int
    session: int
    n: int
    list: str
    through: dict[LogName, int]
    at: str
    clock: str = "synced"
    attendance: int
    entries: int
    exits: int
    occupancy: int
    capacity: int | None = None
    refusals: dict[str, int]
    unverified: int = 0
    conflicts: int = 0
    gates: dict[str, GateCounts]
    lists: dict[str, ListCounts]


class LogAcked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one log: all rows up to `through` are stored or refused; `missing` are holes below the highest one seen.

    `seen`, where it is given: of the rows up to it, those in `missing` and no others are neither stored nor refused. A
    hub whose own log has holes (a salvaged ledger) knows by it what arrived behind them.
    """

    through: int
    missing: list[tuple[int, int]] = []
    refused: list[tuple[int, int, str]] = []
    seen: int = 0


class Acked(msgspec.Struct, frozen=True, kw_only=True):
    """What central holds of a hub."""

    v: int = VERSION
    at: str
    logs: dict[LogName, LogAcked]


def encode_batch(log: LogId, first: int, bodies: Sequence[bytes]) -> bytes:
    """The payload of a batch of rows as they stand in the ledger (each a JSON object)."""
    return b'{"v":%d,"log":"%s","first":%d,"rows":[%s]}' % (VERSION, log.encode(), first, b",".join(bodies))


def batch_length(bodies: Sequence[bytes]) -> int:
    """How many of `bodies` fit into one batch; at least 1 of any (a row is far smaller than a batch), 0 of none."""
    room = MAX_BATCH_BYTES - 128
    for n, body in enumerate(bodies[:MAX_BATCH_ROWS]):
        room -= len(body) + 1
        if room < 0:
            return max(n, 1)
    return min(len(bodies), MAX_BATCH_ROWS)


def figures(tally: Tally, *, list: str) -> dict[str, Any]:  # noqa: A002 (the wire's name)
    """The part of `Counts` that a fold determines: what central holds against its own."""
    lists: dict[str, dict[str, int]] = {list: {}}
    gates: dict[str, dict[str, int]] = {}
    refusals: dict[str, int] = {}
    totals = {UNVERIFIED: 0, CONFLICTS: 0}
    for (checkin_list, gate, what), n in tally.items():
        if not n:
            continue
        if what.startswith(REFUSAL):
            reason = what[len(REFUSAL) :]
            refusals[reason] = refusals.get(reason, 0) + n
        elif what in (ENTRIES, EXITS):
            for figures_of in (lists.setdefault(checkin_list, {}), gates.setdefault(gate, {})):
                figures_of[what] = figures_of.get(what, 0) + n
        elif what in (ATTENDANCE, OCCUPANCY):
            lists.setdefault(checkin_list, {})[what] = n
        elif what in totals:
            totals[what] += n
    main = ListCounts(**lists[list])
    return {
        "list": list,
        "attendance": main.attendance,
        "entries": main.entries,
        "exits": main.exits,
        "occupancy": main.occupancy,
        "refusals": refusals,
        "unverified": totals[UNVERIFIED],
        "conflicts": totals[CONFLICTS],
        "gates": {gate: GateCounts(**of) for gate, of in gates.items()},
        "lists": {name: ListCounts(**of) for name, of in lists.items()},
    }
