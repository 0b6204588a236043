"""A flood of unknown codes: the first ones of a minute are rows, the rest of that minute one row. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

ROWS_A_MINUTE: Final = 30
MINUTE_MILLIS: Final = 60_000


class Gathered(NamedTuple):
    """Unknown codes at one gate that got no row each."""

    gate: str
    times: int


class UnknownCodes:
    """Counts unknown codes at one kiosk by the monotonic clock (ms)."""

    def __init__(self) -> None:
        self._since: int | None = None
        self._rows = 0
        self._gathered: dict[str, int] = {}

    def is_row(self, gate: str, monotonic: int) -> bool:
        """Whether this one gets a row of its own; otherwise it is gathered. Call `due` first."""
        if self._since is None or monotonic - self._since >= MINUTE_MILLIS:
            self._since, self._rows = monotonic, 0
        self._rows += 1
        if self._rows <= ROWS_A_MINUTE:
            return True
        self._gathered[gate] = self._gathered.get(gate, 0) + 1
        return False

    def due(self, monotonic: int) -> list[Gathered]:
        """What the minute that has passed gathered, once."""
        if not self._gathered or self._since is None or monotonic - self._since < MINUTE_MILLIS:
            return []
        return self.rest()

    def rest(self) -> list[Gathered]:
        """What is gathered so far, once: at a clean stop."""
        gathered = [Gathered(gate, times) for gate, times in self._gathered.items()]
        self._gathered = {}
        return gathered
