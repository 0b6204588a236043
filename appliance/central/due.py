"""Things to do for a name, not too often. Pure."""

from __future__ import annotations

from collections.abc import Iterable


class Due:
    """Names for which something must be done, each at most once every `every` seconds."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._wanted: set[str] = set()
        self._done: dict[str, float] = {}

    def want(self, name: str) -> None:
        """It must be done for `name`."""
        self._wanted.add(name)

    def all_now(self, names: Iterable[str]) -> None:
        """For all of these, whenever it was done last."""
        self._wanted.update(names)
        self._done.clear()

    def due(self, now: float) -> list[str]:
        """The names whose time has come at `now` (s); they count as done."""
        found = sorted(name for name in self._wanted if now - self._done.get(name, -self._every) >= self._every)
        self._wanted.difference_update(found)
        self._done.update(dict.fromkeys(found, now))
        return found

    def wait(self, now: float) -> float:
        """Seconds until the next one's time."""
        return min((self._done.get(name, now - self._every) + self._every - now for name in self._wanted), default=60.0)
