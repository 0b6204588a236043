"""From finders to a code's square: which three belong together, and the code cut out upright."""

# ruff: noqa: PLR2004 (the numbers are the geometry of a QR code)

from __future__ import annotations

import functools
from typing import Final, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scanner.decoding.finders import CELL, Finders, Sight, apart, busy_cells
from appliance.scanner.picture import Floats, Grey

PITCH: Final = 6
"""Pixels of a module in an upright crop. Sharpening and thresholds there can be given in modules."""
MARGIN: Final = 8
"""Modules around the code in an upright crop."""
_MOST_MODULES: Final = 75
_SURE: Final = -2.8
"""A triple's cost: true ones stay below -3, the best of rooms without a code above -2.2."""
_CLEAR_SCORE: Final = 0.78
"""Rooms and halves of codes have no finder as clear as this."""


class Square(NamedTuple):
    """Three finders of one code: the middles of the corner one, the one to its right and the one below."""

    corner: tuple[float, float]
    right: tuple[float, float]
    below: tuple[float, float]
    module: float
    inverted: bool
    score: float
    """The weakest finder's."""

    @property
    def middle(self) -> tuple[float, float]:
        """Of the code, in the frame's pixels."""
        return (self.right[0] + self.below[0]) / 2, (self.right[1] + self.below[1]) / 2

    @property
    def size(self) -> float:
        """Between finders, in the frame's pixels."""
        (x, y), (right, _), (below, _) = self.corner, self.right, self.below
        across = np.hypot(right - x, self.right[1] - y)
        down = np.hypot(below - x, self.below[1] - y)
        return float(across + down) / 2

    @property
    def modules(self) -> float:
        """Estimate of the modules between the finders' middles."""
        return float(np.clip(self.size / self.module, 14, 60))


@functools.cache
def _triples(count: int) -> NDArray[np.intp]:
    """All (corner, one, other) of `count` finders, 3xN."""
    those = [
        (i, j, k) for i in range(count) for j in range(count) for k in range(j + 1, count) if i not in (j, k)
    ]  # fmt: skip
    return np.array(those, np.intp).T.reshape(3, -1)


def squares(found: Finders, most: int = 2) -> list[Square]:
    """The surest triples of (distinct) finders that make a code, none sharing a finder; best first."""
    found = found.take(np.arange(min(12, len(found.x))))
    if len(found.x) < 3:
        return []
    triples = _triples(len(found.x))
    cost = _costs(found, triples)
    chosen: list[Square] = []
    used: set[int] = set()
    for at in np.argsort(cost):
        members = [int(i) for i in triples[:, at]]
        if cost[at] > _SURE or len(chosen) == most:
            break
        if used.isdisjoint(members):
            used.update(members)
            chosen.append(_square(found, members))
    return chosen


def _costs(found: Finders, triples: NDArray[np.intp]) -> Floats:
    """How badly each triple makes the corner of a square; infinite where it can't be one."""
    a, b, c = (found.take(side) for side in triples)
    modules = np.stack([a.module, b.module, c.module])
    large, small = modules.max(axis=0), modules.min(axis=0)
    bx, by, cx, cy = b.x - a.x, b.y - a.y, c.x - a.x, c.y - a.y
    one, other = np.hypot(bx, by) + 1e-6, np.hypot(cx, cy) + 1e-6
    slant = np.abs(bx * cx + by * cy) / (one * other)
    along, down = np.arctan2(by, bx), np.arctan2(cy, cx)
    twist = np.stack([apart(a.turn, along), apart(b.turn, along), apart(c.turn, down)])
    short, long, module = np.minimum(one, other), np.maximum(one, other), np.sqrt(large * small)
    fit = (a.inverted == b.inverted) & (b.inverted == c.inverted) & (large < 1.9 * small)
    fit &= (short > 9 * module) & (long < _MOST_MODULES * module) & (long < 2 * short)
    fit &= (slant < 0.5) & (np.median(twist, axis=0) < 0.5)
    cost = slant + np.log(long / short) + np.log(large / small) + 0.5 * twist.sum(axis=0)
    cost -= 2 * (a.score + b.score + c.score)
    return np.where(fit, cost, np.inf).astype(np.float32)


def _square(found: Finders, members: list[int]) -> Square:
    (ax, ay), (bx, by), (cx, cy) = ((float(found.x[i]), float(found.y[i])) for i in members)
    if (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) < 0:
        (bx, by), (cx, cy) = (cx, cy), (bx, by)
    module = float(np.exp(np.log(found.module[members]).mean()))
    score = float(found.score[members].min())
    return Square((ax, ay), (bx, by), (cx, cy), module, bool(found.inverted[members[0]]), score)


class Upright(NamedTuple):
    """A code cut out and turned upright, dark on light, `PITCH` pixels a module as far as known."""

    picture: Grey
    to_frame: NDArray[np.float64]
    """2x3: the crop's pixels to the frame's."""
    modules: float
    """Between the finders' middles, estimated; they lie at `origin` and `origin + modules * PITCH`."""

    @property
    def origin(self) -> float:
        """X and y of the corner finder's middle."""
        return (3.5 + MARGIN) * PITCH


def cut_around(grey: Grey, sight: Sight, found: Finders) -> Upright | None:
    """The surroundings of the best finder where the others were not found; None where it may well be none at all.

    Neither turned nor straightened, but brought to the size and polarity that upright codes have.
    """
    if not len(found.x):
        return None
    best = int(found.score.argmax())
    if float(found.score[best]) < _CLEAR_SCORE:
        return None
    x, y, module = float(found.x[best]), float(found.y[best]), float(found.module[best])
    _, _, boxes, _ = cv2.connectedComponentsWithStats(busy_cells(sight), connectivity=8)
    inside = [
        b for b in boxes[1:] if b[0] * CELL <= x < (b[0] + b[2]) * CELL and b[1] * CELL <= y < (b[1] + b[3]) * CELL
    ]
    height, width = grey.shape
    left, top, right, bottom = x - 50 * module, y - 50 * module, x + 50 * module, y + 50 * module
    if inside:
        a, b, wide, high, _ = min(inside, key=lambda box: int(box[2]) * int(box[3]))
        left, top = max(left, (a - 1) * CELL), max(top, (b - 1) * CELL)
        right, bottom = min(right, (a + wide + 1) * CELL), min(bottom, (b + high + 1) * CELL)
    x0, y0, x1, y1 = (int(v) for v in (max(0, left), max(0, top), min(width, right), min(height, bottom)))
    scale = float(np.clip(PITCH / module, 0.5, 3))
    part = cv2.resize(grey[y0:y1, x0:x1], None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    if bool(found.inverted[best]):
        part = cv2.bitwise_not(part)
    to_frame = np.array([[1 / scale, 0, x0], [0, 1 / scale, y0]], np.float64)
    return Upright(cast("Grey", part), to_frame, 0.0)


def cut_upright(grey: Grey, square: Square) -> Upright:
    """The square's code from the frame, in its standard pose."""
    modules = square.modules
    origin = (3.5 + MARGIN) * PITCH
    far = origin + modules * PITCH
    there = np.array([(origin, origin), (far, origin), (origin, far)], np.float32)
    here = np.array([square.corner, square.right, square.below], np.float32)
    to_crop = cv2.getAffineTransform(here, there)
    side = int(far + origin)
    shrink = square.module / PITCH
    if shrink > 1.4:
        grey = cast("Grey", cv2.GaussianBlur(grey, (0, 0), shrink / 2))
    picture = cv2.warpAffine(grey, to_crop, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if square.inverted:
        picture = cv2.bitwise_not(picture)
    return Upright(cast("Grey", picture), np.asarray(cv2.invertAffineTransform(to_crop), np.float64), modules)
