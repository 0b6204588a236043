"""Which offsets of a log are held: a prefix, and spans beyond it. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

Span = tuple[int, int]
"""(first, last), both within."""


class Held:
    """The offsets of one log that are stored or refused: all up to `through`, and sorted spans beyond the next hole."""

    __slots__ = ("beyond", "through")

    def __init__(self, through: int = 0, beyond: Iterable[Span] = ()) -> None:
        self.through = through
        self.beyond: list[Span] = []
        for first, last in beyond:
            self.add(first, last)

    def follows(self, first: int) -> bool:
        """Whether a batch from `first` on is the next one and nothing of it can be held yet."""
        return first == self.through + 1 and not self.beyond

    def would_split(self, first: int, last: int) -> bool:
        """Whether adding these offsets would make one more span."""
        at = bisect_left(self.beyond, (first, first))
        before = self.beyond[at - 1][1] if at else self.through
        after = self.beyond[at][0] if at < len(self.beyond) else last + 2
        return before + 1 < first and last + 1 < after

    def holds(self, offset: int) -> bool:
        """Whether the row at `offset` is stored or refused."""
        if offset <= self.through:
            return True
        at = bisect_left(self.beyond, (offset + 1, offset + 1))
        return at > 0 and self.beyond[at - 1][1] >= offset

    def add(self, first: int, last: int) -> None:
        """Hold these offsets too."""
        if last <= self.through:
            return
        spans = sorted([*self.beyond, (first, last)])
        self.beyond = []
        for start, end in spans:
            if start <= self.through + 1:
                self.through = max(self.through, end)
            elif self.beyond and start <= self.beyond[-1][1] + 1:
                self.beyond[-1] = (self.beyond[-1][0], max(self.beyond[-1][1], end))
            else:
                self.beyond.append((start, end))

    def count(self) -> int:
        """How many offsets are held."""
        return self.through + sum(last - first + 1 for first, last in self.beyond)

    @property
    def highest(self) -> int:
        """The highest offset held."""
        return self.beyond[-1][1] if self.beyond else self.through

    def missing(self, limit: int) -> list[Span]:
        """The lowest `limit` holes below the highest offset held."""
        holes: list[Span] = []
        end = self.through
        for first, last in self.beyond[:limit]:
            holes.append((end + 1, first - 1))
            end = last
        return holes


def spans(offsets: Iterable[int]) -> list[Span]:
    """Sorted offsets as spans."""
    found: list[Span] = []
    for offset in offsets:
        if found and offset <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(offset, found[-1][1]))
        else:
            found.append((offset, offset))
    return found
