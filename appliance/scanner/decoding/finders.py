"""Finds the squares in a QR code's corners where the decoder read nothing: cheap enough for every idle frame.

A finder is a dark square of 3 modules in a light ring in a dark ring: along any line through its middle the widths are
1:1:3:1:1. `search` looks for them along the rows of a sharpened picture, only where the picture is busy, and then holds
what it found against the whole pattern, turned and scaled. That is a correlation, so blur and low contrast do little
harm, and lettering, carpets and shirts score low. Inverted codes count as well.
"""

# ruff: noqa: PLR2004 (the numbers are the geometry of a QR code)

from __future__ import annotations

from typing import Any, Final, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scanner.picture import Floats, Grey, halved, softened

CELL: Final = 16
"""Pixels of the frame that one cell of `Sight.busy` stands for, each way."""
MIN_DETAIL: Final = 2.5
"""Grey levels: what a finder's surroundings have at least, even in low contrast."""
_MOST_HITS: Final = 400
_OUTER: Final = np.array([0, 1, 3, 4])
_BALANCE: Final = np.array([1, 1, -1, -1])
_NEXT: Final = np.ones((3, 3), np.uint8)

Ints = NDArray[np.intp]


class Sight(NamedTuple):
    """What one glance at a frame yields: computed once, used by all that follows."""

    half: Grey
    sharp: Grey
    """`half` sharpened: a blurred code gets its edges back."""
    busy: Floats
    """Mean fine detail of each cell, in grey levels."""


class Finders(NamedTuple):
    """Arrays of one length, one entry a finder. Lengths in pixels of the frame."""

    x: Floats
    y: Floats
    module: Floats
    turn: Floats
    """Radians, within a quarter turn."""
    score: Floats
    """Correlation with the ideal pattern, at most 1."""
    inverted: NDArray[np.bool_]

    def take(self, index: NDArray[Any]) -> Finders:
        """Those at `index` (positions or a mask), in its order."""
        x, y, module, turn, score, inverted = self
        return Finders(x[index], y[index], module[index], turn[index], score[index], inverted[index])

    def moved(self, x: float, y: float, scale: float = 1.0) -> Finders:
        """The same in a picture `scale` times as large of which this one was cut at `x`, `y`."""
        return self._replace(x=self.x * scale + x, y=self.y * scale + y, module=self.module * scale)


_NONE: Final = np.zeros(0, np.float32)
NO_FINDERS: Final = Finders(_NONE, _NONE, _NONE, _NONE, _NONE, np.zeros(0, np.bool_))


def joined(*several: Finders) -> Finders:
    """All of them."""
    columns = [np.concatenate(column) for column in zip(*several, strict=True)]
    return Finders(columns[0], columns[1], columns[2], columns[3], columns[4], columns[5].astype(np.bool_))


def distinct(several: Finders) -> Finders:
    """Best first, and of those at one place only the best."""
    ordered = several.take(np.argsort(-several.score))
    kept: list[int] = []
    for i in range(len(ordered.x)):
        others = np.array(kept, np.intp)
        far = np.hypot(ordered.x[others] - ordered.x[i], ordered.y[others] - ordered.y[i]) > 3 * ordered.module[others]
        if bool(np.all(far | (ordered.inverted[others] != ordered.inverted[i]))):
            kept.append(i)
    return ordered.take(np.array(kept, np.intp))


def glance(grey: Grey) -> Sight:
    """Halves and sharpens a frame, and maps where it has fine detail."""
    half = halved(grey)
    soft = softened(half, 5)
    sharp = cast("Grey", cv2.addWeighted(half, 3, soft, -2, 0))
    detail = halved(cast("Grey", cv2.absdiff(half, soft)))
    cells = halved(halved(cast("Grey", cv2.convertScaleAbs(detail, alpha=4))))
    return Sight(half, sharp, cells.astype(np.float32) / 4)


def busy_cells(sight: Sight, least: float = MIN_DETAIL) -> Grey:
    """1 in and around cells that have detail above the frame's noise, 0 elsewhere; thin lines are left out."""
    cells = sight.busy.ravel()
    noise = float(np.partition(cells, cells.size // 4)[cells.size // 4])
    mask = (sight.busy > max(least, 1.35 * noise + 0.8)).astype(np.uint8)
    # Around them, because the middle of a large finder is flat.
    return cast("Grey", cv2.dilate(cv2.morphologyEx(mask, cv2.MORPH_OPEN, _NEXT), _NEXT))


def apart(one: Floats, other: Floats) -> Floats:
    """Angle between two directions, each known within quarter turns."""
    quarter = np.pi / 2
    return np.asarray(np.abs((one - other + quarter / 2) % quarter - quarter / 2))


class Reach(NamedTuple):
    """How closely `search` looks."""

    window: int = 7
    """Side of the neighbourhood that says what is dark, in eighths of a frame's pixel (in quarters of `picture`'s)."""
    step: int = 2
    """Every how many rows."""
    least_module: float = 1.1
    most_module: float = 8.0
    places: int = 40
    """At most so many are held against the pattern."""
    score: float = 0.45


QUICK: Final = Reach()


def search(picture: Grey, sharp: Grey, where: Grey | None, reach: Reach = QUICK) -> Finders:
    """Finders in `picture`, where `where` (any size, stretched over it) is not 0; lengths in its pixels."""
    small = halved(halved(picture))
    border = softened(small, reach.window)
    if where is not None:
        stretched = cv2.resize(where, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_NEAREST)
        border[stretched == 0] = 255
    rows = sharp[:: reach.step]
    threshold = cv2.resize(border, (rows.shape[1], rows.shape[0]), interpolation=cv2.INTER_LINEAR)
    light = cast("Grey", cv2.compare(rows, threshold, cv2.CMP_GT))
    hits = _matching_runs(light, reach)
    if len(hits.x) > _MOST_HITS:
        hits = hits.take(np.arange(0, len(hits.x), len(hits.x) // _MOST_HITS + 1))
    return _scored(picture, _gathered(hits, reach), reach.score)


class _Hits(NamedTuple):
    """Places where a row shows a finder's widths."""

    x: Floats
    y: Floats
    module: Floats
    inverted: NDArray[np.bool_]

    def take(self, index: Ints) -> _Hits:
        return _Hits(self.x[index], self.y[index], self.module[index], self.inverted[index])


_NO_HITS: Final = _Hits(
    np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.bool_)
)


def _matching_runs(light: Grey, reach: Reach) -> _Hits:
    """Five runs in a row of about 1:1:3:1:1."""
    width = light.shape[1]
    light[:, -1] = ~light[:, -2]  # so that no run goes on in the next row
    flat = light.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    if len(edges) < 6:
        return _NO_HITS
    run = np.diff(edges)
    five = edges[5:] - edges[:-5]
    middle = run[2:-2] * 7
    fit = (five > 7 * reach.least_module) & (five < 7 * reach.most_module) & (middle > five * 2) & (middle < five * 4.2)
    at = np.flatnonzero(fit)
    module = five[at] / 7
    slack = 0.7 * module
    outer = run[at[:, None] + _OUTER]
    fit = (np.abs(outer - module[:, None]) < slack[:, None]).all(axis=1)
    fit &= np.abs(outer @ _BALANCE) < 2 * slack
    at, module = at[fit], module[fit]
    start = edges[at]
    fit = start // width == (edges[at + 5] - 1) // width
    at, module, start = at[fit], module[fit], start[fit]
    row = start // width
    x = (edges[at + 2] + edges[at + 3]) * 0.5 - row * width
    y = row * float(reach.step)
    return _Hits(x.astype(np.float32), y.astype(np.float32), module.astype(np.float32), flat[start] != 0)


def _gathered(hits: _Hits, reach: Reach) -> _Hits:
    """One entry for hits above each other: the middle square is 3 modules high, so several rows must agree."""
    if len(hits.x) < 2:
        return _NO_HITS
    x, y, module, inverted = hits
    near = np.abs(x[:, None] - x) <= module + 1
    near &= np.abs(y[:, None] - y) <= 2.2 * module + reach.step
    near &= np.abs(module[:, None] - module) < 0.45 * module
    near &= inverted[:, None] == inverted
    count = near.sum(axis=0)
    rank = count * 1000 - np.arange(len(x))
    leads = (near * rank[:, None]).max(axis=0) <= rank
    chosen = np.flatnonzero(leads & (count * reach.step >= module))
    chosen = chosen[np.argsort(-count[chosen])][: reach.places]
    share = (near[:, chosen] / count[chosen]).astype(np.float32)
    return _Hits(x @ share, y @ share, module @ share, inverted[chosen])


class _Pattern(NamedTuple):
    """The finder as sample points: offsets in modules for each pose (rows), and the sign expected at each point."""

    x: Floats
    y: Floats
    turn: Floats
    scale: Floats
    sign: Floats


def _make_pattern(scales: tuple[float, ...], degrees: float, *, sparse: bool) -> _Pattern:
    grid = np.arange(-4, 5)
    x, y = (side.ravel() for side in np.meshgrid(grid, grid))
    ring = np.maximum(np.abs(x), np.abs(y))
    sign = np.where((ring <= 1) | (ring == 3), -1.0, 1.0)
    # Of the light zone around it a few points do.
    even = (x + y) % 2 == 0
    kept = even & ((ring < 4) | (x * y % 2 == 0)) if sparse else (ring < 4) | (even & (x * y % 2 == 0))
    x, y, sign = x[kept], y[kept], sign[kept]
    sign = sign - sign.mean()
    sign /= np.sqrt((sign * sign).sum())
    poses = [(turn, scale) for turn in np.deg2rad(np.arange(-45, 45, degrees)) for scale in scales]
    turns = np.array([turn for turn, _ in poses])
    # A turned finder is crossed at a slant: its row looks longer by 1/cos.
    sizes = np.array([scale * np.cos(turn) for turn, scale in poses])
    cos, sin = (sizes * np.cos(turns))[:, None], (sizes * np.sin(turns))[:, None]
    columns = (x * cos - y * sin, x * sin + y * cos, turns, sizes, sign)
    return _Pattern(*(column.astype(np.float32) for column in columns))


_COARSE: Final = _make_pattern((1.0,), 22.5, sparse=True)
_FINE: Final = _make_pattern((0.8, 1.0, 1.25), 15, sparse=False)


def _scored(picture: Grey, places: _Hits, least: float) -> Finders:
    """The best pose at each place, where it correlates at least so much."""
    if not len(places.x):
        return NO_FINDERS
    # Most places are nothing at any scale: a third of the poses tells.
    score = _correlation(picture, places, _COARSE).max(axis=1)
    places = places.take(np.flatnonzero(score > least - 0.2))
    if not len(places.x):
        return NO_FINDERS
    score = _correlation(picture, places, _FINE)
    best = score.argmax(axis=1)
    found = Finders(
        places.x,
        places.y,
        places.module * _FINE.scale[best],
        _FINE.turn[best],
        score[np.arange(len(best)), best],
        places.inverted,
    )
    return found.take(found.score > least)


def _correlation(picture: Grey, places: _Hits, pattern: _Pattern) -> Floats:
    """Of each place (rows) with each pose of the pattern (columns)."""
    height, width = picture.shape
    module = places.module[:, None, None]
    x = (places.x[:, None, None] + pattern.x * module + 0.5).astype(np.int32)
    y = (places.y[:, None, None] + pattern.y * module + 0.5).astype(np.int32)
    np.clip(x, 0, width - 1, out=x)
    np.clip(y, 0, height - 1, out=y)
    y *= width
    y += x
    seen = picture.ravel()[y].astype(np.float32)
    spread = np.einsum("ijk,ijk->ij", seen, seen) - seen.mean(axis=2) ** 2 * seen.shape[2]
    score = (seen @ pattern.sign) / np.sqrt(np.maximum(spread, 1))
    return np.asarray(np.where(places.inverted[:, None], -score, score))
