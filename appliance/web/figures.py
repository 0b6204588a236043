"""What the staff page tells of the ledger, and how it is put together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from appliance.domain.attendance import ENTRIES, EXITS, REFUSAL, Tally
from appliance.domain.row import KINDS, Placed
from appliance.domain.ticket import TicketId
from appliance.domain.wire import figures
from appliance.web.naming import clean_name

LAST_SCANS: Final = 30


class Counts(msgspec.Struct, frozen=True):
    """Of the main list; refusals of all."""

    attendance: int = 0
    entries: int = 0
    exits: int = 0
    occupancy: int = 0
    refused: int = 0
    refusals: dict[str, int] = {}
    conflicts: int = 0
    unverified: int = 0


class Gate(msgspec.Struct, frozen=True):
    """One line of the gates' table."""

    gate: str
    entries: int
    exits: int
    refused: int


class Scanned(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the last scans; `kind` is a row's, or `other` for one that this version doesn't know."""

    seq: int
    at: str
    kind: str
    gate: str
    ticket: str = ""
    name: str = ""
    product: str = ""
    reason: str = ""
    times: int = 1
    unverified: bool = False
    override: str = ""
    undone: bool = False


def counts_of(tally: Tally, main_list: str) -> Counts:
    """The large figures."""
    found = figures(tally, list=main_list)
    refusals: dict[str, int] = found["refusals"]
    return Counts(
        attendance=found["attendance"],
        entries=found["entries"],
        exits=found["exits"],
        occupancy=found["occupancy"],
        refused=sum(refusals.values()),
        refusals=dict(sorted(refusals.items(), key=lambda reason: -reason[1])),
        conflicts=found["conflicts"],
        unverified=found["unverified"],
    )


def gates_of(tally: Tally) -> list[Gate]:
    """By name."""
    lines: dict[str, list[int]] = {}
    for (_, gate, what), n in tally.items():
        if gate and what in (ENTRIES, EXITS):
            lines.setdefault(gate, [0, 0, 0])[0 if what == ENTRIES else 1] += n
        elif gate and what.startswith(REFUSAL):
            lines.setdefault(gate, [0, 0, 0])[2] += n
    return [Gate(gate, *n) for gate, n in sorted(lines.items())]


def scans_of(
    rows: Sequence[tuple[int, Placed]], names: Mapping[TicketId, tuple[str, str]], *, most: int = LAST_SCANS
) -> list[Scanned]:
    """The newest rows (as they come: newest first), with names; those that a later one annuls are marked."""
    annulled = {placed.row.annuls for _, placed in rows if placed.row.kind == "annulment"}
    lines = []
    for seq, placed in rows[:most]:
        row = placed.row
        name, product = names.get(row.ticket, ("", "")) if row.ticket is not None else ("", "")
        lines.append(
            Scanned(
                seq=seq,
                at=row.at,
                kind=row.kind if row.kind in KINDS else "other",
                gate=row.gate,
                ticket=row.ticket or "",
                name=clean_name(name),
                product=clean_name(product),
                reason=row.reason or "",
                times=row.times,
                unverified=row.unverified,
                override=row.override or "",
                undone=row.nonce in annulled and row.kind != "annulment",
            )
        )
    return lines
