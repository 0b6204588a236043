"""What the board shows, from the recorder's picture at a moment. Pure; ages in seconds, None where nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from appliance.central.alarms import Alarm
from appliance.central.blackboard import Posted, PostedHub
from appliance.central.live import NodeWord, State

STALLED_SECONDS: Final = 5.0
MAX_SHOWN: Final = 24
"""Gates, lists, reasons or nodes of one hub; more are summed up as how many."""
MAX_ALARMS: Final = 50

Source = Literal["snapshot", "rows", "none"]


class GateView(msgspec.Struct, frozen=True):
    """One gate."""

    name: str
    entries: int
    exits: int


class ListView(msgspec.Struct, frozen=True):
    """One check-in list."""

    name: str
    attendance: int
    entries: int
    exits: int
    occupancy: int


class NodeView(msgspec.Struct, frozen=True):
    """One box of a hub. `state` is its own last word, `age` how long ago it came."""

    name: str
    state: str
    age: float | None
    version: str
    roles: tuple[str, ...]


class ComparisonView(msgspec.Struct, frozen=True):
    """How the hub's figures compare with those of its rows."""

    outcome: str
    text: str
    rows: int
    age: float


class FiguresView(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one hub: its own newest snapshot, or counted from the rows here where it sent none."""

    attendance: int
    entries: int
    exits: int
    occupancy: int
    capacity: int | None
    refused: int
    refusals: dict[str, int]
    unverified: int
    conflicts: int
    gates: Sequence[GateView]
    more_gates: int
    lists: Sequence[ListView]
    more_lists: int


class HubView(msgspec.Struct, frozen=True, kw_only=True):
    """One hub; `age` is that of its figures."""

    name: str
    state: State
    source: Source
    age: float | None
    list: str
    figures: FiguresView | None
    counted: FiguresView
    rows: int
    waiting: int | None
    missing: int
    refused_rows: int
    conflicting_rows: int
    unknown_rows: int
    comparison: ComparisonView | None
    nodes: Sequence[NodeView]
    more_nodes: int


class TotalsView(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the hubs whose figures are known; `old` of these are not live, `unknown` hubs are in no sum."""

    attendance: int
    entries: int
    exits: int
    occupancy: int
    refused: int
    rows: int
    waiting: int
    hubs: int
    live: int
    old: int
    unknown: int


class AlarmView(msgspec.Struct, frozen=True):
    """One alarm."""

    kind: str
    hub: str
    text: str
    count: int
    age: float


class BoardView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    event: str
    broker_away: str | None
    broker_age: float | None
    database_away: str | None
    stalled: bool
    totals: TotalsView
    hubs: Sequence[HubView]
    alarms: Sequence[AlarmView]
    more_alarms: int


def board(posted: Posted, *, event: str, monotonic: float, wall: int) -> BoardView:
    """The board at a moment: `monotonic` in s, `wall` in ms."""
    hubs = [_hub(hub, monotonic, wall) for hub in posted.hubs]
    since = posted.broker_since
    return BoardView(
        event=event,
        broker_away=posted.broker_away,
        broker_age=None if since is None else monotonic - since,
        database_away=posted.database_away,
        stalled=monotonic - posted.monotonic > STALLED_SECONDS,
        totals=_totals(hubs),
        hubs=hubs,
        alarms=[_alarm(alarm, wall) for alarm in posted.alarms[:MAX_ALARMS]],
        more_alarms=max(0, len(posted.alarms) - MAX_ALARMS),
    )


def _hub(posted: PostedHub, monotonic: float, wall: int) -> HubView:
    live = posted.live
    snapshot = live.snapshot
    counted = _figures(posted.figures, None)
    said = None if snapshot is None else _figures(msgspec.to_builtins(snapshot.counts), snapshot.counts.capacity)
    source: Source = "snapshot" if said is not None else "rows" if posted.rows else "none"
    nodes = sorted(live.nodes.items())
    comparison = live.comparison
    return HubView(
        name=live.name,
        state=live.state(monotonic=monotonic, wall=wall),
        source=source,
        age=None if snapshot is None else snapshot.since.age(monotonic=monotonic, wall=wall),
        list=snapshot.counts.list[:64] if snapshot is not None else posted.figures["list"],
        figures=said if said is not None else counted if posted.rows else None,
        counted=counted,
        rows=posted.rows,
        waiting=posted.waiting,
        missing=posted.missing,
        refused_rows=posted.refusals.get("refused", 0) + posted.refusals.get("ahead", 0),
        conflicting_rows=posted.refusals.get("conflicting", 0),
        unknown_rows=posted.unknown,
        comparison=None
        if comparison is None
        else ComparisonView(comparison.outcome, comparison.text[:400], comparison.rows, _ago(comparison.at, wall)),
        nodes=[_node(name, word, monotonic, wall) for name, word in nodes[:MAX_SHOWN]],
        more_nodes=max(0, len(nodes) - MAX_SHOWN),
    )


def _figures(figures: Mapping[str, Any], capacity: int | None) -> FiguresView:
    gates = sorted(msgspec.to_builtins(figures["gates"]).items())
    lists = sorted(msgspec.to_builtins(figures["lists"]).items())
    refusals = sorted(figures["refusals"].items(), key=lambda item: (-item[1], item[0]))
    return FiguresView(
        attendance=figures["attendance"],
        entries=figures["entries"],
        exits=figures["exits"],
        occupancy=figures["occupancy"],
        capacity=capacity,
        refused=sum(figures["refusals"].values()),
        refusals={reason[:32]: n for reason, n in refusals[:MAX_SHOWN]},
        unverified=figures["unverified"],
        conflicts=figures["conflicts"],
        gates=[GateView(name[:64], of["entries"], of["exits"]) for name, of in gates[:MAX_SHOWN]],
        more_gates=max(0, len(gates) - MAX_SHOWN),
        lists=[ListView(name=name[:64], **of) for name, of in lists[:MAX_SHOWN]],
        more_lists=max(0, len(lists) - MAX_SHOWN),
    )


def _node(name: str, word: NodeWord, monotonic: float, wall: int) -> NodeView:
    status = word.status
    return NodeView(
        name,
        status.state,
        word.since.age(monotonic=monotonic, wall=wall),
        status.version[:32],
        tuple(role[:16] for role in status.roles[:4]),
    )


def _totals(hubs: list[HubView]) -> TotalsView:
    known = [(hub, hub.figures) for hub in hubs if hub.figures is not None]
    live = sum(hub.state == "live" for hub, _ in known)
    return TotalsView(
        attendance=sum(figures.attendance for _, figures in known),
        entries=sum(figures.entries for _, figures in known),
        exits=sum(figures.exits for _, figures in known),
        occupancy=sum(figures.occupancy for _, figures in known),
        refused=sum(figures.refused for _, figures in known),
        rows=sum(hub.rows for hub in hubs),
        waiting=sum(hub.waiting or 0 for hub in hubs),
        hubs=len(hubs),
        live=live,
        old=len(known) - live,
        unknown=len(hubs) - len(known),
    )


def _alarm(alarm: Alarm, wall: int) -> AlarmView:
    return AlarmView(alarm.kind, alarm.hub, alarm.text, alarm.count, _ago(alarm.last, wall))


def _ago(at: int, wall: int) -> float:
    return max(0, wall - at) / 1000
