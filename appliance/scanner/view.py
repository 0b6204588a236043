"""What a camera's picture is worth: dark, covered, standing still, or fine. Pure, and cheap enough for every frame."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.serving.scan_link.protocol import SourceState

SETTLE_SECONDS: Final = 1.0
"""A new judgement must hold for so long before it is told: a hand that passes is nothing to show."""
FROZEN_SECONDS: Final = 6.0
"""A live camera never gives the same picture twice (its sensor's noise); an encoder that leaves out what didn't change
does, until its next key frame."""
_DARK: Final = (18.0, 24.0)
"""Mean brightness of 255 below which it is dark, and above which it no longer is."""
_FLAT: Final = (5.0, 8.0)
"""Standard deviation of the shrunk picture below which nothing is to be seen, and above which something is."""
_ROWS: Final = 36
_COLUMNS: Final = 64

DETAILS: Final[dict[SourceState, str]] = {
    "dark": "The picture is dark: is there light, is the lens free, is its cap off?",
    "covered": "Nothing but one even surface is to be seen: is the lens covered, or too close to something?",
    "frozen": "The picture stands still: unplug the camera and plug it in again; if that is no help, restart the box.",
}


class View:
    """Judges one source's frames. One thread's."""

    def __init__(self, *, live: bool = True) -> None:
        """`live`: a camera, which is frozen when its picture doesn't change; a file may stand still."""
        self._live = live
        self._state: SourceState = "starting"
        self._found: SourceState = "starting"
        self._found_at = 0.0
        self._before: NDArray[np.uint8] | None = None
        self._moved_at = 0.0

    @property
    def state(self) -> SourceState:
        """`starting` before the first frame, then `ok`, `dark`, `covered` or `frozen`."""
        return self._state

    def look(self, grey: NDArray[np.uint8], now: float) -> SourceState:
        """The state with this frame (HxW, uint8). `now` in monotonic seconds, never falling."""
        found = self._judge(grey, now)
        if found != self._found:
            self._found, self._found_at = found, now
        settle = 0.0 if (self._state, found) == ("starting", "ok") else SETTLE_SECONDS
        if found != self._state and now - self._found_at >= settle:
            self._state = found
        return self._state

    def again(self) -> None:
        """The source was opened anew: what it showed before says nothing now."""
        self._before = None
        self._state = self._found = "starting"

    def _judge(self, grey: NDArray[np.uint8], now: float) -> SourceState:
        small = shrunk(grey)
        if not (self._live and self._before is not None and np.array_equal(small, self._before)):
            self._before, self._moved_at = small, now
        mean, deviation = (float(part[0, 0]) for part in cv2.meanStdDev(small))
        # Black and even pictures first: they stand still for want of anything to see.
        if mean < _DARK[self._found == "dark"]:
            return "dark"
        if deviation < _FLAT[self._found == "covered"]:
            return "covered"
        return "frozen" if now - self._moved_at >= FROZEN_SECONDS else "ok"


def shrunk(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """64x36 of most pictures: some rows, then means of areas, which leaves the sensor's noise out."""
    height, width = grey.shape
    rows, columns = min(height, _ROWS * 4), min(width, width // _COLUMNS * _COLUMNS or width)
    # Cut so that whole areas fit: anything else takes OpenCV eight times as long.
    cut = grey[: rows * (height // rows) : height // rows, :columns]
    size = (min(_COLUMNS, columns), min(_ROWS, rows))
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
