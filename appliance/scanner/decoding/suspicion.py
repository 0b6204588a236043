"""Whether anything in a frame looks like a code: the question that every idle frame is asked, so it must be cheap."""

from __future__ import annotations

from typing import Final, NamedTuple, cast

import cv2
import numpy as np

from appliance.scanner.decoding.finders import (
    CELL,
    NO_FINDERS,
    Finders,
    Reach,
    Sight,
    busy_cells,
    distinct,
    joined,
    search,
)
from appliance.scanner.decoding.poses import COARSE_FINDER, fit
from appliance.scanner.picture import Grey, softened

_WORTH_FITTING: Final = 0.5
_FITTED: Final = 0.7
"""What a real finder scores at least when its pose is fitted freely; rooms and stretched halves of codes stay below."""
_HOPELESS: Final = 0.55
_PLAIN: Final = 0.75
"""A score that needs no fitting."""
_FINE_DETAIL: Final = 10
_STRONG_DETAIL: Final = 20
_MOST_PATCHES: Final = 2


def detailed_part(sight: Sight) -> tuple[slice, slice] | None:
    """Rows and columns of the frame that hold all its fine detail, where alone a code too small for `half` can be."""
    cells = sight.busy.ravel()
    noise = float(np.partition(cells, cells.size // 4)[cells.size // 4])
    detailed = (sight.busy > max(_FINE_DETAIL, 2.5 * noise)).astype(np.uint8)
    x, y, wide, high = cv2.boundingRect(cv2.morphologyEx(detailed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    if not wide:
        return None
    rows = slice(max(0, y - 1) * CELL, (y + high + 1) * CELL)
    return rows, slice(max(0, x - 1) * CELL, (x + wide + 1) * CELL)


class Suspects(NamedTuple):
    """What looks like the corners of codes, and whether at least one surely does."""

    found: Finders
    likely: bool


def suspects(grey: Grey, sight: Sight, covered: Grey | None = None) -> Suspects:
    """A quick search. `covered`: cells (1) where a code has been read already."""
    busy = busy_cells(sight)
    if covered is not None:
        busy[covered > 0] = 0
    found, likely = _judged(sight.half, search(sight.half, sight.sharp, busy))
    found = found.moved(0, 0, 2)
    return Suspects(found, likely) if likely else _in_patches(grey, sight, covered, found)


def _judged(picture: Grey, found: Finders) -> Suspects:
    """Whether one of the two best finders fits well, once its pose may be any; its score is then that of the fit."""
    best = np.argsort(-found.score)[:2]
    if not len(best) or float(found.score[best[0]]) < _WORTH_FITTING:
        return Suspects(found, likely=False)
    if float(found.score[best[0]]) > _PLAIN:
        return Suspects(found, likely=True)
    few = found.take(best)
    signed = cast("Grey", cv2.bitwise_not(picture)) if bool(few.inverted.all()) else picture
    cos, sin = np.cos(few.turn) * few.module, np.sin(few.turn) * few.module
    start = np.stack([cos, sin, -sin, cos, few.x, few.y], axis=1)
    fitted = fit(signed, start, COARSE_FINDER, tries=50, rounds=3, hopeless=_HOPELESS).scores
    if float(fitted.max()) < _FITTED:
        return Suspects(found, likely=False)
    score = found.score.copy()
    score[best] = np.maximum(fitted, few.score)
    return Suspects(found._replace(score=score), likely=True)


def _in_patches(grey: Grey, sight: Sight, covered: Grey | None, found: Finders) -> Suspects:
    """Small codes are lost at half the size: compact patches of strong detail are searched at full size."""
    strong = (sight.busy > _STRONG_DETAIL).astype(np.uint8)
    if covered is not None:
        strong[covered > 0] = 0
    strong = cv2.morphologyEx(strong, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(np.uint8)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(strong, connectivity=4)
    compact = [b for b in boxes[1:] if max(b[2:4]) <= min(13, 2 * min(b[2:4])) and b[4] * 2 >= b[2] * b[3]]
    compact.sort(key=lambda box: -int(box[4]))
    for left, top, wide, high, _ in compact[:_MOST_PATCHES]:
        x, y = max(0, left - 1) * CELL, max(0, top - 1) * CELL
        patch = np.ascontiguousarray(grey[y : (top + high + 1) * CELL, x : (left + wide + 1) * CELL])
        sharp = cast("Grey", cv2.addWeighted(patch, 2.5, softened(patch, 3), -1.5, 0))
        here, likely = _judged(patch, search(patch, sharp, None, Reach(5, 2, 1.3, 5.0)))
        found = joined(found, here.moved(x, y))
        if likely:
            return Suspects(found, likely=True)
    return Suspects(found, likely=False)


_NEAR: Final = Reach(5, 1, 1.05, 9.0, 40, 0.38)
_FAR: Final = Reach(9, 1, 1.05, 9.0, 40, 0.38)
_FINE: Final = Reach(5, 2, 1.3, 5.0, 40, 0.38)


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
    sharper = cast("Grey", cv2.addWeighted(half, 6, softened(half, 9), -5, 0))
    looks = [search(half, picture, where, how) for picture, how in ((half, _NEAR), (sharp, _FAR), (sharper, _FAR))]
    several = [found, *(look.moved(x0 * 2, y0 * 2, 2) for look in looks)]
    full = np.ascontiguousarray(grey[y0 * 2 : y1 * 2, x0 * 2 : x1 * 2])
    crisp = cast("Grey", cv2.addWeighted(full, 2.5, softened(full, 3), -1.5, 0))
    several.append(search(full, crisp, where, _FINE).moved(x0 * 2, y0 * 2))
    return distinct(joined(*several))
