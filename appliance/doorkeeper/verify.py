"""Recounting: the stored tallies held against the fold of all rows."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from appliance.domain.attendance import Figure, Tally
from appliance.domain.row import LogId
from appliance.store.reading import holes, open_reader, recount


class Difference(NamedTuple):
    """A figure that doesn't agree."""

    figure: Figure
    stored: int
    counted: int


class Hole(NamedTuple):
    """Offsets of a log that are missing, first and last."""

    log: LogId
    first: int
    last: int


class Verification(NamedTuple):
    """What a recount found. `holes` are what a salvage could not read; without one there are none."""

    stored: Tally
    counted: Tally
    differences: list[Difference]
    holes: list[Hole]
    rows: int

    @property
    def agrees(self) -> bool:
        """Whether the tallies are those of the rows."""
        return not self.differences


def verify(ledger: Path) -> Verification:
    """Recount ledger.db, as of one moment; the door may be open meanwhile. StoreFault if it isn't there."""
    with closing(open_reader(ledger)) as connection:
        # One transaction around both, or a row could come in between.
        connection.execute("BEGIN")
        stored, counted = recount(connection)
        missing = [Hole(*hole) for hole in holes(connection)]
        rows = connection.execute("SELECT count(*) FROM ledger").fetchone()[0]
        connection.execute("COMMIT")
    figures = sorted(stored.keys() | counted.keys())
    differences = [Difference(one, stored[one], counted[one]) for one in figures if stored[one] != counted[one]]
    return Verification(stored, counted, differences, missing, rows)
