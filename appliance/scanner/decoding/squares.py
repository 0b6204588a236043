"""From finders to a code's square: which three belong together, and the code cut out upright."""

from __future__ import annotations

import functools
from typing import Final, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scanner.decoding.finders import (
    CELL,
    NO_FINDERS,
    Finders,
    Floats,
    Reach,
    Sight,
    busy_cells,
    distinct,
    joined,
    search,
)
from appliance.scanner.decoding.poses import COARSE_FINDER, fit
from appliance.scanner.picture import Grey, softened

PITCH: Final = 6
"""Pixels of a module in an upright crop. Sharpening and thresholds there can be given in modules."""
MARGIN: Final = 8
"""Modules around the code in an upright crop."""
_MOST_MODULES: Final = 75
_SURE: Final = -2.8
"""A triple's cost: true ones stay below -3, the best of rooms without a code above -2.2."""
_LONE_SCORE: Final = 0.62
_PAIR_SCORE: Final = 0.52
_FITTED_SCORE: Final = 0.75
"""What a finder scores at least that was fitted freely, and so fits nearly anything a little."""
_CLEAR_SCORE: Final = 0.78
"""Rooms and halves of codes have no finder as clear as this."""
_MOST_PATCHES: Final = 3


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


def suspects(grey: Grey, sight: Sight, covered: Grey | None = None) -> Finders:
    """What looks like finders at a quick search. `covered`: cells (1) where a code has been read already."""
    busy = busy_cells(sight)
    if covered is not None:
        busy[covered > 0] = 0
    found = search(sight.half, sight.sharp, busy).moved(0, 0, 2)
    best = float(found.score.max(initial=0))
    if best < _LONE_SCORE:
        found = joined(_second_thoughts(sight, found), *_in_patches(grey, sight, covered))
    return found


def _second_thoughts(sight: Sight, found: Finders) -> Finders:
    """The best of doubtful finders fitted freely: a tilted one fits none of the poses that were tried."""
    at = np.argsort(-found.score)[:2]
    if not len(at):
        return found
    cos, sin = np.cos(found.turn[at]) * found.module[at] / 2, np.sin(found.turn[at]) * found.module[at] / 2
    start = np.stack([cos, sin, -sin, cos, found.x[at] / 2, found.y[at] / 2], axis=1)
    signed = cast("Grey", cv2.bitwise_not(sight.half)) if bool(found.inverted[at].all()) else sight.half
    fitted = fit(signed, start, COARSE_FINDER, tries=30, rounds=3)
    score = found.score.copy()
    score[at] = np.where(fitted.scores > _FITTED_SCORE, fitted.scores, found.score[at])
    return found._replace(score=score)


def _in_patches(grey: Grey, sight: Sight, covered: Grey | None) -> list[Finders]:
    """Small codes are lost at half the size: compact patches of strong detail are searched at full size."""
    strong = (sight.busy > 20).astype(np.uint8)
    if covered is not None:
        strong[covered > 0] = 0
    strong = cv2.morphologyEx(strong, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(np.uint8)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(strong, connectivity=4)
    compact = [
        b for b in boxes[1:] if b[2] <= 13 and b[3] <= 13 and max(b[2:4]) <= 2 * min(b[2:4]) and b[4] * 2 >= b[2] * b[3]
    ]
    compact.sort(key=lambda box: -int(box[4]))
    found = []
    for left, top, wide, high, _ in compact[:_MOST_PATCHES]:
        x, y = max(0, left - 1) * CELL, max(0, top - 1) * CELL
        patch = np.ascontiguousarray(grey[y : (top + high + 1) * CELL, x : (left + wide + 1) * CELL])
        sharp = cast("Grey", cv2.addWeighted(patch, 2.5, softened(patch, 3), -1.5, 0))
        found.append(search(patch, sharp, None, Reach(5, 1, 1.3, 5.0)).moved(x, y))
    return found


def is_suspicious(found: Finders) -> bool:
    """Whether a code may be in view: one good finder, or two fair ones that fit each other."""
    if not len(found.x):
        return False
    if float(found.score.max()) >= _LONE_SCORE:
        return True
    fair = found.take(found.score >= _PAIR_SCORE)
    one, other = np.triu_indices(len(fair.x), 1)
    small = np.minimum(fair.module[one], fair.module[other])
    fit = (fair.inverted[one] == fair.inverted[other]) & (
        np.maximum(fair.module[one], fair.module[other]) < 1.6 * small
    )
    fit &= _apart(fair.turn[one], fair.turn[other]) < 0.4
    fit &= np.hypot(fair.x[one] - fair.x[other], fair.y[one] - fair.y[other]) > 8 * small
    return bool(fit.any())


_CLOSER_LOOKS: Final = ((False, Reach(5, 1, 1.05, 9.0, 40, 0.38)), (True, Reach(9, 1, 1.05, 9.0, 40, 0.38)))


def look_closer(grey: Grey, sight: Sight, found: Finders, covered: Grey | None = None) -> Finders:
    """Searches the surroundings of the best suspects more finely, to find the rest of their code."""
    best = found.take(np.argsort(-found.score)[:3])
    if not len(best.x):
        return NO_FINDERS
    reach = 62 * best.module
    left, top = float((best.x - reach).min()), float((best.y - reach).min())
    right, bottom = float((best.x + reach).max()), float((best.y + reach).max())
    step = 2 * CELL
    height, width = sight.half.shape
    x0, y0 = (int(max(0, side) // step) * CELL for side in (left, top))
    x1, y1 = int(min(right / 2, width)), int(min(bottom / 2, height))
    busy = busy_cells(sight, 1.6)
    if covered is not None:
        busy[covered > 0] = 0
    cell = CELL // 2
    where = busy[y0 // cell : -(-y1 // cell), x0 // cell : -(-x1 // cell)]
    half = np.ascontiguousarray(sight.half[y0:y1, x0:x1])
    sharp = np.ascontiguousarray(sight.sharp[y0:y1, x0:x1])
    several = [found]
    for sharpened, how in _CLOSER_LOOKS:
        several.append(search(half, sharp if sharpened else half, where, how).moved(x0 * 2, y0 * 2, 2))
    full = np.ascontiguousarray(grey[y0 * 2 : y1 * 2, x0 * 2 : x1 * 2])
    crisp = cast("Grey", cv2.addWeighted(full, 2.5, softened(full, 3), -1.5, 0))
    several.append(search(full, crisp, where, Reach(5, 2, 1.3, 5.0, 40, 0.38)).moved(x0 * 2, y0 * 2))
    return distinct(joined(*several))


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
    twist = np.stack([_apart(a.turn, along), _apart(b.turn, along), _apart(c.turn, down)])
    short, long, module = np.minimum(one, other), np.maximum(one, other), np.sqrt(large * small)
    fit = (a.inverted == b.inverted) & (b.inverted == c.inverted) & (large < 1.9 * small)
    fit &= (short > 9 * module) & (long < _MOST_MODULES * module) & (long < 2 * short)
    fit &= (slant < 0.5) & (np.median(twist, axis=0) < 0.5)
    cost = slant + np.log(long / short) + np.log(large / small) + 0.5 * twist.sum(axis=0)
    cost -= 2 * (a.score + b.score + c.score)
    return np.where(fit, cost, np.inf).astype(np.float32)


def _apart(one: Floats, other: Floats) -> Floats:
    """Angle between two directions, each known within quarter turns."""
    quarter = np.pi / 2
    return cast("Floats", np.abs((one - other + quarter / 2) % quarter - quarter / 2))


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
        """x and y of the corner finder's middle."""
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
    return Upright(cast("Grey", picture), cv2.invertAffineTransform(to_crop), modules)
