"""The last hour's curve."""

from __future__ import annotations

import pytest

from appliance.web.curve import MINUTES, Curve


def test_what_happens_now_counts_in_the_last_minute() -> None:
    curve = Curve()
    curve.add("entry", 1, age=0, now=5000)
    curve.add("entry", 1, age=0, now=5000)
    assert curve.minutes("entries", 5000) == [0] * (MINUTES - 1) + [2]


def test_entries_exits_and_refusals_are_told_apart_and_floods_count_as_often_as_they_came() -> None:
    curve = Curve()
    curve.add("exit", 1, age=0, now=5000)
    curve.add("refusal", 45, age=0, now=5000)
    assert curve.minutes("entries", 5000)[-1] == 0
    assert curve.minutes("exits", 5000)[-1] == 1
    assert curve.minutes("refusals", 5000)[-1] == 45


@pytest.mark.parametrize("kind", ["annulment", "settlement", "something-new"])
def test_rows_that_are_no_scans_are_passed_over(kind: str) -> None:
    curve = Curve()
    curve.add(kind, 1, age=0, now=5000)
    assert not any(curve.minutes("entries", 5000))


@pytest.mark.parametrize("age", [-1.0, 3600.0, 1e12])
def test_rows_of_another_hour_or_of_a_clock_that_was_wrong_are_no_part_of_it(age: float) -> None:
    curve = Curve()
    curve.add("entry", 1, age=age, now=5000)
    assert not any(curve.minutes("entries", 5000))


def test_time_moves_the_curve_and_forgets_what_left_it() -> None:
    curve = Curve()
    curve.add("entry", 1, age=0, now=5000)
    assert curve.minutes("entries", 5000 + 30 * 60)[MINUTES - 1 - 30] == 1
    assert not any(curve.minutes("entries", 5000 + 3700))
    assert curve._steps == {}


def test_rows_of_half_an_hour_ago_stand_half_an_hour_ago() -> None:
    curve = Curve()
    curve.add("entry", 3, age=30 * 60, now=5000)
    assert curve.minutes("entries", 5000).index(3) == MINUTES - 1 - 30
