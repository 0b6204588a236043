"""Counting: ledger rows -> entries, exits, attendance, occupancy, refusals, conflicts.

The result depends on the set of rows, never on their arrival. A tally is moved by `moved`: the fold of the rows that
the arrived ones touch, after minus before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from appliance.domain.admission import Earlier, History
from appliance.domain.row import KINDS, SCAN_KINDS, Placed

Figure = tuple[str, str, str]
"""(list, gate, what): what is one of the names below or `refusal:<reason>`; gate is "" for figures of a whole list."""

Tally = Counter[Figure]

ENTRIES: Final = "entries"
EXITS: Final = "exits"
ATTENDANCE: Final = "attendance"
OCCUPANCY: Final = "occupancy"
CONFLICTS: Final = "conflicts"
UNVERIFIED: Final = "unverified"
REPEATED: Final = "repeated"
"""Rows of one nonce beyond the one that stands, other than an unverified one's late answer: an alarm."""
UNKNOWN: Final = "unknown"
"""Rows of kinds that this reader doesn't know: kept, passed over."""
REFUSAL: Final = "refusal:"

GROUP_KINDS: Final = frozenset({"entry", "exit", "settlement"})
Group = tuple[str, str]
"""(list, ticket)."""


def order(placed: Placed) -> tuple[int, str, int]:
    """The order of rows, the same on every node; the offset decides between rows of a log that broke the rule."""
    return placed.row.tick, placed.log, placed.offset


def group_of(placed: Placed) -> Group | None:
    """The (list, ticket) whose attendance this row can move."""
    row = placed.row
    return (row.list, row.ticket) if row.kind in GROUP_KINDS and row.ticket is not None else None


def standing(rows: Iterable[Placed]) -> tuple[list[Placed], int]:
    """The scan rows that stand, in order, and how many rows repeat a nonce without being a late answer.

    All rows of a nonce fall when an annulment names it, in whatever order they arrive. Of two rows of one nonce the
    unverified one stands: it says what the door did.
    """
    scans: dict[str, list[Placed]] = defaultdict(list)
    fallen: set[str] = set()
    for placed in rows:
        if placed.row.kind == "annulment" and placed.row.annuls is not None:
            fallen.add(placed.row.annuls)
        elif placed.row.kind in SCAN_KINDS:
            scans[placed.row.nonce].append(placed)
    kept: list[Placed] = []
    repeated = 0
    for nonce, same in scans.items():
        if len(same) > 1:
            repeated += len(same) - (2 if len({placed.row.unverified for placed in same}) == 2 else 1)  # noqa: PLR2004
        if nonce not in fallen:
            kept.append(same[0] if len(same) == 1 else _stands(same))
    kept.sort(key=order)
    return kept, repeated


def _stands(same: Sequence[Placed]) -> Placed:
    return min([placed for placed in same if placed.row.unverified] or same, key=order)


def fold(rows: Iterable[Placed]) -> Tally:
    """All figures of `rows` from nothing. Figures that come out as 0 are left out."""
    rows = list(rows)
    tally: Tally = Counter()
    kept, repeated = standing(rows)
    groups: dict[Group, list[Placed]] = defaultdict(list)
    for placed in kept:
        row = placed.row
        if row.kind == "refusal":
            tally[row.list, row.gate, f"{REFUSAL}{row.reason}"] += row.times
        else:
            tally[row.list, row.gate, ENTRIES if row.kind == "entry" else EXITS] += 1
            groups[row.list, row.ticket or ""].append(placed)
        if row.unverified:
            tally[row.list, "", UNVERIFIED] += row.times if row.kind == "refusal" else 1
    for placed in rows:
        if placed.row.kind == "settlement":
            groups[placed.row.list, placed.row.ticket or ""].append(placed)
        elif placed.row.kind not in KINDS:
            tally["", "", UNKNOWN] += 1
    if repeated:
        tally["", "", REPEATED] = repeated
    for (checkin_list, _), group in groups.items():
        attended, inside, conflict = _ticket(sorted(group, key=order))
        tally[checkin_list, "", ATTENDANCE] += attended
        tally[checkin_list, "", OCCUPANCY] += inside
        tally[checkin_list, "", CONFLICTS] += conflict
    return Counter({figure: n for figure, n in tally.items() if n})


def _ticket(group: Iterable[Placed]) -> tuple[bool, bool, bool]:
    """(ever admitted, inside now, in conflict) of one ticket's rows in order."""
    attended = inside = conflict = False
    for placed in group:
        row = placed.row
        if row.kind == "entry":
            conflict = conflict or (inside and row.override is None and not row.multiple)
            attended = inside = True
        elif row.kind == "exit":
            inside = False
        else:
            conflict = False
    return attended, inside, conflict


def moved(before: Iterable[Placed], arrived: Iterable[Placed]) -> Tally:
    """What `arrived` changes, given all rows that touch them (`before`, see `touching`). Figures may be negative."""
    before = list(before)
    change = fold([*before, *arrived])
    change.subtract(fold(before))
    return Counter({figure: n for figure, n in change.items() if n})


def history(rows: Iterable[Placed]) -> History:
    """What the door must know of one ticket on one list, from that ticket's rows and their annulments."""
    kept, _ = standing(rows)
    passages = [
        Earlier("entry" if placed.row.kind == "entry" else "exit", placed.row.at, placed.row.gate)
        for placed in kept
        if placed.row.kind != "refusal"
    ]
    entries = [passage for passage in passages if passage.kind == "entry"]
    return History(passages[-1] if passages else None, entries[-1] if entries else None)
