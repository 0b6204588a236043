"""A hub's snapshot held against central's own fold of the same rows."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.central.comparison import Difference, compare
from appliance.domain import wire
from appliance.domain.attendance import UNKNOWN, fold
from tests.ledgers import rows
from tests.unit.central.reported import counts, placed

ROWS = placed(list(rows(200)))


def test_a_snapshot_of_the_same_rows_is_equal_whatever_zeros_it_spells_out() -> None:
    said = counts(ROWS)
    said = counts(
        ROWS,
        gates={**said.gates, "closed": wire.GateCounts()},
        lists={**said.lists, "vip": wire.ListCounts()},
        refusals={**said.refusals, "full": 0},
    )
    result = compare(said, fold(ROWS), {}, missing=0, now=5)
    assert (result.outcome, result.rows, result.at) == ("equal", 200, 5)


@pytest.mark.parametrize(
    ("changed", "figure"),
    [
        ({"attendance": 3}, "attendance"),
        ({"entries": 3}, "entries"),
        ({"exits": 3}, "exits"),
        ({"occupancy": 3}, "occupancy"),
        ({"unverified": 3}, "unverified"),
        ({"conflicts": 3}, "conflicts"),
        ({"refusals": {}}, "refusals.already_redeemed"),
        ({"gates": {}}, "gates.north.entries"),
        ({"lists": {}}, "lists.door.attendance"),
    ],
)
def test_each_figure_that_differs_is_named_with_both_values(changed: dict[str, Any], figure: str) -> None:
    result = compare(counts(ROWS, **changed), fold(ROWS), {}, missing=0, now=5)
    assert result.outcome == "different"
    difference = next(one for one in result.differences if one.figure == figure)
    assert difference.hub != difference.central
    assert f"{figure}: hub {difference.hub}, central {difference.central}" in result.text


def test_what_a_hub_leaves_out_counts_as_zero() -> None:
    result = compare(counts(ROWS, refusals={"full": 2}), fold([]), {}, missing=0, now=5)
    assert Difference("refusals.full", 2, 0) in result.differences


def test_with_rows_of_unknown_kinds_the_comparison_is_left_out_and_says_so() -> None:
    tally = fold(ROWS)
    tally["", "", UNKNOWN] = 2
    result = compare(counts(ROWS, entries=7), tally, {}, missing=0, now=5)
    assert result.outcome == "left_out"
    assert "2 rows of kinds" in result.text


def test_with_refused_or_missing_rows_it_is_left_out_too() -> None:
    assert compare(counts(ROWS), fold(ROWS), {"ahead": 1}, missing=0, now=5).outcome == "left_out"
    assert "3 rows are missing" in compare(counts(ROWS), fold(ROWS), {}, missing=3, now=5).text
    assert compare(counts(ROWS), fold(ROWS), {"conflicting": 1}, missing=0, now=5).outcome == "equal"
