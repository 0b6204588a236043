"""`appliance central recount`: the stored tallies beside a fold of all rows from nothing; central may run meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from sqlalchemy import Connection, func, select

from appliance.central import store
from appliance.central.books import HubBook
from appliance.central.database import open_reader
from appliance.central.schema import PARKED
from appliance.domain.attendance import ATTENDANCE, CONFLICTS, ENTRIES, EXITS, OCCUPANCY, UNKNOWN, Figure, Tally, fold

MAX_DIFFERENCES: Final = 50
_SHOWN: Final = (ENTRIES, EXITS, ATTENDANCE, OCCUPANCY, CONFLICTS)


class FigureDifference(msgspec.Struct, frozen=True):
    """One figure of a hub that is not what its rows say."""

    list: str
    gate: str
    figure: str
    stored: int
    recount: int


class HubRecount(msgspec.Struct, frozen=True, kw_only=True):
    """One hub: `figures` are sums over its lists as recounted; `through` and `missing` say which rows are there."""

    hub: str
    agrees: bool
    rows: int
    figures: dict[str, int]
    through: dict[str, int]
    missing: int
    refused: int
    ahead: int
    conflicting: int
    unknown: int
    differences: list[FigureDifference]
    more_differences: int = 0


class Recount(msgspec.Struct, frozen=True, kw_only=True):
    """All hubs; `parked` messages are of versions that this central does not know."""

    agrees: bool
    parked: int
    hubs: list[HubRecount]


def recount(database_url: str) -> Recount:
    """Count again. Raises DatabaseUnusableError. Holds one hub's rows in memory at a time (about 1 KB each)."""
    engine = open_reader(database_url)
    try:
        with engine.begin() as connection:
            hubs = list(_hubs(connection))
            parked = connection.execute(select(func.count()).select_from(PARKED)).scalar_one()
    finally:
        engine.dispose()
    return Recount(agrees=all(hub.agrees for hub in hubs), parked=parked, hubs=hubs)


def exit_code(result: Recount) -> int:
    """0 when every hub's tallies are those of its rows, else 1."""
    return 0 if result.agrees else 1


def lines(result: Recount) -> Iterator[str]:
    """What a person reads."""
    for hub in result.hubs:
        figures = ", ".join(f"{name} {n}" for name, n in hub.figures.items())
        yield f"{hub.hub}: {'agrees' if hub.agrees else 'DIFFERS'}, {hub.rows} rows: {figures}"
        for name, n in (
            ("missing and asked for", hub.missing),
            ("refused", hub.refused),
            ("ahead of central's time", hub.ahead),
            ("conflicting", hub.conflicting),
            ("of unknown kinds", hub.unknown),
        ):
            if n:
                yield f"  {n} rows {name}"
        for one in hub.differences:
            place = f"list {one.list!r}" + (f", gate {one.gate!r}" if one.gate else "")
            yield f"  {one.figure} of {place}: stored {one.stored}, recount {one.recount}"
        if hub.more_differences:
            yield f"  and {hub.more_differences} more"
    if not result.hubs:
        yield "no hub has reported yet"
    if result.parked:
        yield f"{result.parked} messages of unknown versions are parked"


def _hubs(connection: Connection) -> Iterator[HubRecount]:
    for name, book in sorted(store.load_books(connection).items()):
        yield _hub(name, book, fold(store.hub_rows(connection, book.id)), store.count_rows(connection, book.id))


def _hub(name: str, book: HubBook, counted: Tally, rows: int) -> HubRecount:
    wrong: list[Figure] = sorted(figure for figure in book.tally | counted if book.tally[figure] != counted[figure])
    sums = dict.fromkeys(_SHOWN, 0)
    for (_, _, figure), n in counted.items():
        if figure in sums:
            sums[figure] += n
    return HubRecount(
        hub=name,
        agrees=not wrong and rows == book.rows(),
        rows=rows,
        figures=sums,
        through={log: held.held.through for log, held in sorted(book.logs.items())},
        missing=book.missing(),
        refused=book.refusals["refused"],
        ahead=book.refusals["ahead"],
        conflicting=book.refusals["conflicting"],
        unknown=counted["", "", UNKNOWN],
        differences=[FigureDifference(*one, book.tally[one], counted[one]) for one in wrong[:MAX_DIFFERENCES]],
        more_differences=max(0, len(wrong) - MAX_DIFFERENCES),
    )
