"""Which offsets are held, and what is missing between them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.central.spans import Held, spans


def test_a_batch_that_closes_the_hole_moves_through_over_what_lies_beyond() -> None:
    held = Held()
    held.add(1, 5)
    held.add(11, 20)
    assert (held.through, held.missing(10), held.highest, held.count()) == (5, [(6, 10)], 20, 15)
    held.add(6, 10)
    assert (held.through, held.beyond, held.missing(10)) == (20, [], [])


def test_the_list_of_what_is_missing_ends_at_its_limit() -> None:
    held = Held()
    for offset in range(2, 100, 2):
        held.add(offset, offset)
    assert held.missing(3) == [(1, 1), (3, 3), (5, 5)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 8))), st.integers(1, 70), st.integers(0, 8))
def test_adding_tells_beforehand_whether_it_makes_one_more_span(
    added: list[tuple[int, int]], first: int, more: int
) -> None:
    held = Held()
    for start, length in added:
        held.add(start, start + length)
    before, splits = len(held.beyond), held.would_split(first, first + more)
    held.add(first, first + more)
    assert splits is (len(held.beyond) > before)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 8))))
def test_held_offsets_are_those_that_were_added(added: list[tuple[int, int]]) -> None:
    held, model = Held(), set()
    for first, more in added:
        held.add(first, first + more)
        model.update(range(first, first + more + 1))
    assert {offset for offset in range(80) if offset and held.holds(offset)} == model
    assert held.count() == len(model)
    assert held.highest == max(model, default=0)
    missing = {offset for first, last in held.missing(100) for offset in range(first, last + 1)}
    assert missing == set(range(1, held.highest)) - model
    assert spans(sorted(model)) == ([(1, held.through)] if held.through else []) + held.beyond
