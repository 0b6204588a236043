"""Spans against sets."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from appliance.report.spans import Span, length, united, within, without

OFFSETS = st.sets(st.integers(1, 40))
ANY_SPANS = st.lists(st.tuples(st.integers(-5, 45), st.integers(-5, 45)), max_size=12)


def spans_of(offsets: set[int]) -> list[Span]:
    return united((offset, offset) for offset in offsets)


def offsets_of(spans: list[Span]) -> set[int]:
    return {offset for first, last in spans for offset in range(first, last + 1)}


@given(ANY_SPANS)
def test_united_spans_are_the_same_offsets_sorted_and_apart(spans: list[Span]) -> None:
    joined = united(spans)
    assert offsets_of(joined) == offsets_of(spans)
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(joined))


@given(OFFSETS, OFFSETS)
def test_without_takes_offsets_out(some: set[int], gone: set[int]) -> None:
    left = without(spans_of(some), spans_of(gone))
    assert offsets_of(left) == some - gone
    assert length(left) == len(some - gone)


@given(ANY_SPANS, st.integers(-5, 45), st.integers(-5, 45))
def test_within_clips(spans: list[Span], first: int, last: int) -> None:
    assert offsets_of(within(spans, first, last)) == offsets_of(spans) & set(range(first, last + 1))
