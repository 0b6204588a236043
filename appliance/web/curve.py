"""The last hour's curve: how many came in, per minute. Counts by a clock that never jumps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Line = Literal["entries", "exits", "refusals"]
LINES: Final[tuple[Line, ...]] = ("entries", "exits", "refusals")
STEP_SECONDS: Final = 10
STEPS_A_MINUTE: Final = 60 // STEP_SECONDS
MINUTES: Final = 60
SPAN_SECONDS: Final = MINUTES * 60.0
_LINE_OF: Final[Mapping[str, Line]] = {"entry": "entries", "exit": "exits", "refusal": "refusals"}


class Curve:
    """Steps of 10 s over the last hour. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._steps: dict[int, dict[Line, int]] = {}

    def add(self, kind: str, times: int, *, age: float, now: float) -> None:
        """A row of `kind` that happened `age` seconds before `now`; kinds that are no scans are passed over."""
        line = _LINE_OF.get(kind)
        if line is None or not 0 <= age < SPAN_SECONDS:
            return
        step = self._steps.setdefault(int((now - age) // STEP_SECONDS), dict.fromkeys(LINES, 0))
        step[line] += times

    def minutes(self, line: Line, now: float) -> list[int]:
        """Counts of the last 60 minutes, oldest first; the last one is the minute up to now."""
        self._forget(now)
        newest = int(now // STEP_SECONDS)
        counts = [0] * MINUTES
        for step, of in self._steps.items():
            ago = (newest - step) // STEPS_A_MINUTE
            if 0 <= ago < MINUTES:
                counts[MINUTES - 1 - ago] += of[line]
        return counts

    def _forget(self, now: float) -> None:
        oldest = int((now - SPAN_SECONDS) // STEP_SECONDS) - STEPS_A_MINUTE
        for step in [step for step in self._steps if step < oldest]:
            del self._steps[step]
