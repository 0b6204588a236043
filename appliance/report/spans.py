"""Sets of offsets as sorted, disjoint spans. Pure."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]
"""(first, last), both within."""


def united(spans: Iterable[Span]) -> list[Span]:
    """The same offsets, sorted, neighbours joined. Spans that end before they begin are left out."""
    found: list[Span] = []
    for first, last in sorted(span for span in spans if span[0] <= span[1]):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def within(spans: Iterable[Span], first: int, last: int) -> list[Span]:
    """What of `spans` lies between `first` and `last`."""
    clipped = ((max(start, first), min(end, last)) for start, end in spans)
    return [span for span in clipped if span[0] <= span[1]]


def without(spans: Iterable[Span], gone: Iterable[Span]) -> list[Span]:
    """What of `spans` (sorted, disjoint) is in none of `gone` (sorted, disjoint)."""
    left: list[Span] = []
    holes = list(gone)
    at = 0
    for first, last in spans:
        start = first
        while at < len(holes) and holes[at][1] < start:
            at += 1
        hole = at
        while hole < len(holes) and holes[hole][0] <= last:
            if holes[hole][0] > start:
                left.append((start, holes[hole][0] - 1))
            start = max(start, holes[hole][1] + 1)
            hole += 1
        if start <= last:
            left.append((start, last))
    return left


def length(spans: Iterable[Span]) -> int:
    """How many offsets they are."""
    return sum(last - first + 1 for first, last in spans)
