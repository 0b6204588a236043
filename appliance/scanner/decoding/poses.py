"""Fits a pattern's pose to a picture: where it is, and how a step of one module to its right and downward looks."""

from __future__ import annotations

import functools
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.scanner.picture import Floats, Grey

_CLOSING_IN: Final = 0.65


class Pattern(NamedTuple):
    """Sample points in modules from the pattern's middle, and the sign of the grey level expected at each."""

    x: Floats
    y: Floats
    sign: Floats
    """Of mean 0 and norm 1."""


def _pattern(side: NDArray[np.float64], dark: list[tuple[float, float]], reach: float) -> Pattern:
    x, y = (axis.ravel() for axis in np.meshgrid(side, side))
    ring = np.maximum(np.abs(x), np.abs(y))
    kept = ring < reach
    is_dark = np.logical_or.reduce([(ring >= inner) & (ring < outer) for inner, outer in dark])
    sign = np.where(is_dark, -1.0, 1.0)[kept]
    sign -= sign.mean()
    sign /= np.sqrt((sign * sign).sum())
    return Pattern(x[kept].astype(np.float32), y[kept].astype(np.float32), sign.astype(np.float32))


_FINDER_RINGS: Final = [(0.0, 1.5), (2.5, 3.5)]
FINDER: Final = _pattern(np.arange(-4.25, 4.5, 0.5), _FINDER_RINGS, 9)
COARSE_FINDER: Final = _pattern(np.arange(-4.0, 4.5, 1.0), _FINDER_RINGS, 9)
ALIGNMENT: Final = _pattern(np.arange(-2.75, 3, 0.5), [(0.0, 0.5), (1.5, 2.5)], 2.5)


class Fit(NamedTuple):
    """Poses (N x [right x, right y, down x, down y, x, y], pixels) and the correlation of each."""

    poses: Floats
    scores: Floats


def fit(picture: Grey, start: Floats, pattern: Pattern, *, tries: int, rounds: int, hopeless: float = -1.0) -> Fit:
    """The poses near `start` (same layout) in which the pattern fits best: a random search that closes in.

    It ends early where after the first round none fits better than `hopeless`. The same picture always gives the same:
    the steps are drawn from a fixed seed.
    """
    best = start.astype(np.float32)
    module = np.sqrt(np.hypot(best[:, 0], best[:, 1]) * np.hypot(best[:, 2], best[:, 3]))
    spread = np.outer(module, np.array([0.25] * 4 + [1.2] * 2)).astype(np.float32)[:, None]
    each = np.arange(len(best))
    scores = np.zeros(len(best), np.float32)
    for luck in _luck(rounds, tries):
        tried = best[:, None] + spread * luck
        tried[:, 0] = best
        x = tried[..., 0:1] * pattern.x + tried[..., 2:3] * pattern.y + tried[..., 4:5]
        y = tried[..., 1:2] * pattern.x + tried[..., 3:4] * pattern.y + tried[..., 5:6]
        score = correlations(pixels(picture, x, y), pattern.sign)
        winner = score.argmax(axis=1)
        best, scores = tried[each, winner], score[each, winner]
        if float(scores.max(initial=-1)) < hopeless:
            break
        spread = spread * np.float32(_CLOSING_IN)
    return Fit(best, scores)


@functools.cache
def _luck(rounds: int, tries: int) -> Floats:
    """Steps to try, rounds x tries x 6: drawn once, because drawing them takes as long as trying them."""
    return np.random.default_rng(1).standard_normal((rounds, tries, 6), dtype=np.float32)


def correlations(seen: NDArray[np.uint8], sign: Floats, floor: float = 1.0) -> Floats:
    """Of grey levels (last axis: the pattern's points) with the signs; `floor` tames flat places."""
    level = seen.astype(np.float32)
    level -= level.mean(axis=-1, keepdims=True)
    power = np.einsum("...i,...i->...", level, level)
    return np.asarray((level @ sign) / np.sqrt(power + np.float32(floor)))


def pixels(picture: Grey, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.uint8]:
    """The nearest pixels; outside the picture those of its border."""
    height, width = picture.shape
    column = (x + 0.5).astype(np.int32)
    row = (y + 0.5).astype(np.int32)
    np.clip(column, 0, width - 1, out=column)
    np.clip(row, 0, height - 1, out=row)
    row *= width
    row += column
    return picture.ravel()[row]
