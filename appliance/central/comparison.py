"""A hub's snapshot beside central's own fold of exactly the same rows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec

from appliance.central.arrivals import RefusalKind
from appliance.domain import wire
from appliance.domain.attendance import UNKNOWN, Tally

MAX_DIFFERENCES: Final = 20


class Difference(NamedTuple):
    """One figure that is not the same at both."""

    figure: str
    hub: int
    central: int


class Comparison(NamedTuple):
    """How a comparison of `rows` rows came out; `reason` says why it was left out."""

    outcome: Literal["equal", "different", "left_out"]
    at: int
    rows: int
    differences: tuple[Difference, ...] = ()
    reason: str = ""

    @property
    def text(self) -> str:
        """What to tell a person."""
        if self.outcome == "different":
            return ", ".join(f"{name}: hub {hub}, central {central}" for name, hub, central in self.differences)
        return self.reason or "equal"


def compare(
    counts: wire.Counts, tally: Tally, refusals: Mapping[RefusalKind, int], *, missing: int, now: int
) -> Comparison:
    """Hold `counts` against `tally`, the fold of the rows up to its `through` but for the `missing`; `now` in ms."""
    rows = sum(counts.through.values())
    if unknown := tally["", "", UNKNOWN]:
        return Comparison("left_out", now, rows, reason=f"{unknown} rows of kinds that this central does not know")
    if missing:
        return Comparison("left_out", now, rows, reason=f"{missing} rows are missing here")
    if left := refusals.get("refused", 0) + refusals.get("ahead", 0):
        return Comparison("left_out", now, rows, reason=f"{left} rows of this hub are refused here")
    ours = _flat(wire.figures(tally, list=counts.list))
    theirs = _flat(msgspec.to_builtins(counts))
    differences = [
        Difference(name[:80], theirs.get(name, 0), ours.get(name, 0))
        for name in sorted(ours.keys() | theirs.keys())
        if theirs.get(name, 0) != ours.get(name, 0)
    ]
    return Comparison("different" if differences else "equal", now, rows, tuple(differences[:MAX_DIFFERENCES]))


_SINGLE: Final = ("attendance", "entries", "exits", "occupancy", "unverified", "conflicts")


def _flat(figures: Mapping[str, Any]) -> dict[str, int]:
    flat: dict[str, int] = {name: figures[name] for name in _SINGLE}
    flat |= {f"refusals.{reason}": n for reason, n in figures["refusals"].items()}
    for part in ("gates", "lists"):
        for name, of in msgspec.to_builtins(figures[part]).items():
            flat |= {f"{part}.{name}.{what}": n for what, n in of.items()}
    return flat
