"""Reads codes that are bent or crumpled, by following their modules from corner to corner.

zxing-cpp expects a flat code. Here the places of the modules are found piece by piece: from the finders, whose pose is
measured, a net of nodes every three modules grows over the code; each new node is predicted by its neighbours and moved
to where the lines between modules fall on edges of the picture. What lies at the modules is then read as a flat code.
"""

# ruff: noqa: PLR2004 (the numbers are the geometry of a QR code)

from __future__ import annotations

from typing import Any, Final, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scanner.decoding.codewords import corrected_modules
from appliance.scanner.decoding.patterns import SIZES, fixed_modules
from appliance.scanner.decoding.poses import ALIGNMENT, FINDER, correlations, fit, pixels
from appliance.scanner.decoding.reading import Code, as_corners, is_sane, read_modules
from appliance.scanner.decoding.squares import PITCH, Upright
from appliance.scanner.picture import Floats, Grey, sharpened

_SPACING: Final = 3.0
"""Modules between nodes."""
_SURE_TIMING: Final = 0.9
_LEAST_TIMING: Final = 0.3
_SOME_TIMING: Final = 0.5
_SETTLES: Final = 3


class Pose(NamedTuple):
    """Where a point of the code is, and how a step of one module to its right and downward looks there; pixels."""

    at: Floats
    right: Floats
    down: Floats


def read_lattice(upright: Upright, frame: tuple[int, ...], sizes: int = 2) -> list[Code]:
    """The code, or none. Tries the `sizes` likeliest versions."""
    sharp = sharpened(upright.picture, sigma=0.6 * PITCH, amount=2)
    poses = _finder_poses(upright)
    estimate = _size_estimate(poses)
    edges = _edges(sharp)
    for size in sorted(SIZES, key=lambda candidate: abs(candidate - estimate))[:sizes]:
        timing = 0.0
        for anchored in (True, False) if size > 21 else (False,):
            net = _Net(sharp, edges, poses, size, anchored=anchored)
            text, agreement = _followed(net, size)
            timing = max(timing, agreement)
            corners = net.corners() @ upright.to_frame[:, :2].T + upright.to_frame[:, 2]
            if text and is_sane(corners, frame):
                return [Code(text, as_corners(corners))]
            if not net.anchored:
                break
        if timing > _SURE_TIMING:
            break
    return []


def _followed(net: _Net, size: int) -> tuple[str | None, float]:
    """What is read while the net settles, and how well it has come to agree with the timing lines."""
    best: tuple[float, Floats] = (-1.0, np.zeros((size, size), np.float32))
    for settled in range(_SETTLES + 1):
        if settled:
            if best[0] < _LEAST_TIMING:
                break  # not of this size
            net.settle()
        sampled = net.sampled()
        agreement = fixed_modules(size).timing_agreement(sampled)
        best = max(best, (agreement, sampled), key=lambda one: one[0])
        if agreement > _LEAST_TIMING and (text := _text(sampled, size)):
            return text, agreement
    agreement, sampled = best
    return (_doubted(sampled) if agreement > _SOME_TIMING else None), agreement


def _doubted(sampled: Floats) -> str | None:
    """What is read when doubtful modules count less than sure ones."""
    level = _level(sampled)
    spread = np.sqrt(cv2.blur((sampled - level) ** 2, (9, 9), borderType=cv2.BORDER_REFLECT)) + 1
    modules = corrected_modules((level - sampled) / spread)
    return None if modules is None else read_modules(modules)


def _text(sampled: Floats, size: int) -> str | None:
    fixed = fixed_modules(size)
    middle = (float(sampled[fixed.known & fixed.dark].mean()) + float(sampled[fixed.known & ~fixed.dark].mean())) / 2
    around = _level(sampled)
    for threshold in (middle, around):
        if text := read_modules(fixed.filled_in(sampled < threshold)):
            return text
    return None


def _level(sampled: Floats) -> Floats:
    """Between dark and light at each module, by those around it."""
    return np.asarray(cv2.GaussianBlur(sampled, (0, 0), 1.8, borderType=cv2.BORDER_REFLECT), np.float32)


# --- the finders' poses


def _finder_poses(upright: Upright) -> list[Pose]:
    near, far = upright.origin, upright.origin + upright.modules * PITCH
    start = [[PITCH, 0, 0, PITCH, x, y] for x, y in ((near, near), (far, near), (near, far))]
    found = fit(upright.picture, np.array(start, np.float32), FINDER, tries=80, rounds=7)
    return [Pose(pose[4:6], pose[0:2], pose[2:4]) for pose in found.poses]


def _size_estimate(poses: list[Pose]) -> float:
    """Modules of a side. A bend makes the modules at both ends of one axis look smaller: the smaller count is right."""
    corner, right, below = poses
    across = np.linalg.norm(right.at - corner.at) / _mean_length(corner.right, right.right)
    down = np.linalg.norm(below.at - corner.at) / _mean_length(corner.down, below.down)
    return float(min(across, down)) + 7


def _mean_length(one: Floats, other: Floats) -> float:
    """The geometric mean: along a tilted line it is the mean of what lies between, too."""
    return float(np.sqrt(np.linalg.norm(one) * np.linalg.norm(other))) + 1e-6


# --- the alignment pattern in the fourth corner


_FAR_MODULES: Final = 4.0
_ALIGNED: Final = 0.6


def _alignment(picture: Grey, poses: list[Pose], size: int) -> Pose | None:
    """The pose of the alignment pattern in the fourth corner, 6.5 modules from both edges."""
    corner, right, below = poses
    steps = size - 10
    mean_down = (below.at - corner.at) / (size - 7)
    mean_right = (right.at - corner.at) / (size - 7)
    one = right.at + (right.down + mean_down) / 2 * steps - right.right * 3
    other = below.at + (below.right + mean_right) / 2 * steps - below.down * 3
    start = Pose((one + other) / 2, (below.right + right.right) / 2, (below.down + right.down) / 2)
    coarse, _ = _best_shift(picture, start, np.arange(-_FAR_MODULES, _FAR_MODULES + 0.01, 0.34), 0.03)
    fine, score = _best_shift(picture, coarse, np.arange(-0.3, 0.31, 0.1), 0.0)
    return fine if score > _ALIGNED else None


def _best_shift(picture: Grey, pose: Pose, steps: NDArray[np.float64], price: float) -> tuple[Pose, float]:
    a, b = (axis.ravel()[:, None] for axis in np.meshgrid(steps, steps))
    px, py, sign = ALIGNMENT
    x = pose.at[0] + (px + a) * pose.right[0] + (py + b) * pose.down[0]
    y = pose.at[1] + (px + a) * pose.right[1] + (py + b) * pose.down[1]
    score = correlations(pixels(picture, x, y), sign, 20.0)
    best = int((score - price * np.hypot(a, b)[:, 0]).argmax())
    at: Floats = pose.at + float(a[best, 0]) * pose.right + float(b[best, 0]) * pose.down
    return pose._replace(at=at), float(score[best])


# --- the net


class _Edges(NamedTuple):
    """Strength of edges across x and across y."""

    x: Grey
    y: Grey


def _edges(picture: Grey) -> _Edges:
    across = [cv2.Sobel(picture, cv2.CV_16S, dx, 1 - dx, ksize=3) for dx in (1, 0)]
    x, y = (cv2.blur(cv2.convertScaleAbs(edge, alpha=0.25), (3, 3)) for edge in across)
    return _Edges(cast("Grey", x), cast("Grey", y))


_LINES: Final = np.arange(-3, 4, dtype=np.float32)
_ALONG: Final = np.arange(-3, 3.01, 0.5, dtype=np.float32)
_SHIFTS: Final = np.arange(-0.45, 0.46, 0.09, dtype=np.float32)
_BESIDE: Final = ((0, -1), (0, 1), (-1, 0), (1, 0))
_DIAGONAL: Final = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_RIM: Final = 2


class _Net:
    """Nodes on a code of `size` modules a side. Arrays of nodes are [row, column, x or y]."""

    def __init__(self, picture: Grey, edges: _Edges, poses: list[Pose], size: int, *, anchored: bool) -> None:
        self._picture, self._edges, self._size = picture, edges, size
        count = round((size - 7) / _SPACING) + 1
        self._place = np.linspace(3.5, size - 3.5, count).astype(np.float32)
        """Of the rows and columns of nodes, in modules from the code's edge."""
        self._gap = float(self._place[1] - self._place[0])
        self._columns, self._rows = np.meshgrid(self._place, self._place)
        self.anchored = anchored
        """Whether the fourth corner has been found."""
        self._at = self._grown(poses)

    def _grown(self, poses: list[Pose]) -> Floats:
        count = len(self._place)
        field = _Field(count, self._gap)
        row, column = np.mgrid[0:count, 0:count]
        last = count - 1
        seeds = [(0, 0, poses[0]), (0, last, poses[1]), (last, 0, poses[2])]
        fourth = _alignment(self._picture, poses, self._size) if self.anchored else None
        self.anchored = fourth is not None
        if fourth is not None:
            near = int(np.abs(self._place - (self._size - 6.5)).argmin())
            beyond = float(self._place[near]) - (self._size - 6.5)
            seeds.append((near, near, fourth._replace(at=fourth.at + beyond * (fourth.right + fourth.down))))
        distance = np.full((count, count), 4 * count)
        for r, c, pose in seeds:
            field.put(np.array([r]), np.array([c]), pose.at[None], pose.right[None], pose.down[None])
            distance = np.minimum(distance, np.abs(row - r) + np.abs(column - c))
        for ring in range(1, int(distance.max()) + 1):
            rows, columns = np.nonzero(distance == ring)
            at, right, down = field.predicted(rows, columns)
            shift = self._shift(self._columns[rows, columns], self._rows[rows, columns], at, right, down, 0.35)
            at = at + shift[:, :1] * right + shift[:, 1:] * down
            field.put(rows, columns, at, *field.mended_steps(rows, columns, at, right, down))
        return field.inner()

    def settle(self) -> None:
        """Draws every node toward the middle of its neighbours, then to the edges again."""
        count = len(self._place)
        right = (np.gradient(self._at, axis=1) / self._gap).reshape(-1, 2).astype(np.float32)
        down = (np.gradient(self._at, axis=0) / self._gap).reshape(-1, 2).astype(np.float32)
        at = (self._at + 0.8 * _pull(self._at)).reshape(-1, 2)
        shift = self._shift(self._columns.ravel(), self._rows.ravel(), at, right, down, 0.6)
        self._at = (at + shift[:, :1] * right + shift[:, 1:] * down).reshape(count, count, 2)

    def _shift(self, column: Floats, row: Floats, at: Floats, right: Floats, down: Floats, stay: float) -> Floats:
        """How far (modules right, modules down) each node must move for the lines around it to lie on edges."""
        across = self._best_shift(self._edges.x, np.floor(column) - column, at, right, down, stay)
        along = self._best_shift(self._edges.y, np.floor(row) - row, at, down, right, stay)
        return np.stack([across, along], axis=1)

    @staticmethod
    def _best_shift(edges: Grey, first: Floats, at: Floats, step: Floats, line: Floats, stay: float) -> Floats:
        away = (_LINES[None] + first[:, None])[:, None, :, None] + _SHIFTS[None, :, None, None]
        x = at[:, 0, None, None, None] + away * step[:, 0, None, None, None] + _ALONG * line[:, 0, None, None, None]
        y = at[:, 1, None, None, None] + away * step[:, 1, None, None, None] + _ALONG * line[:, 1, None, None, None]
        found = pixels(edges, x, y).mean(axis=(2, 3), dtype=np.float32)
        score = found / (found.mean(axis=1, keepdims=True) + 1e-3) - stay * _SHIFTS**2
        node = np.arange(len(score))
        best = score.argmax(axis=1)
        middle = np.clip(best, 1, len(_SHIFTS) - 2)
        before, here, after = score[node, middle - 1], score[node, middle], score[node, middle + 1]
        bow = before - 2 * here + after
        part = np.where(np.abs(bow) > 1e-6, (before - after) / 2 / np.where(bow == 0, 1, bow), 0)
        part = np.where(best == middle, np.clip(part, -0.5, 0.5), 0)
        return np.asarray(_SHIFTS[best] + part * (_SHIFTS[1] - _SHIFTS[0]), np.float32)

    def _places_of(self, column: Floats, row: Floats) -> Floats:
        """Pixels (rows x columns x 2) of points given in modules; also outside the net."""
        count = len(self._place)
        wide = np.zeros((count + 2, count + 2, 2), np.float32)
        wide[1:-1, 1:-1] = self._at
        wide[0, 1:-1] = 2 * self._at[0] - self._at[1]
        wide[-1, 1:-1] = 2 * self._at[-1] - self._at[-2]
        wide[:, 0] = 2 * wide[:, 1] - wide[:, 2]
        wide[:, -1] = 2 * wide[:, -2] - wide[:, -3]
        x, y = np.meshgrid((column - self._place[0]) / self._gap + 1, (row - self._place[0]) / self._gap + 1)
        x, y = x.astype(np.float32), y.astype(np.float32)
        return cast("Floats", cv2.remap(wide, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))

    def sampled(self) -> Floats:
        """The grey level of every module (row, column): the mean of nine points in it."""
        middle = np.arange(self._size, dtype=np.float32) + 0.5
        total = np.zeros((self._size, self._size), np.float32)
        for down in (-0.2, 0.0, 0.2):
            for right in (-0.2, 0.0, 0.2):
                point = self._places_of(middle + np.float32(right), middle + np.float32(down))
                x, y = (np.ascontiguousarray(point[..., axis]) for axis in (0, 1))
                total += cv2.remap(self._picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return total / 9

    def corners(self) -> NDArray[np.float64]:
        """The code's own corners, 4x2, clockwise from its top left."""
        ends = np.array([0, self._size], np.float32)
        point = self._places_of(ends, ends).astype(np.float64)
        return np.array([point[0, 0], point[0, 1], point[1, 1], point[1, 0]])


def _pull(at: Floats) -> Floats:
    """From each node to the middle of its neighbours; along the border to that of its two neighbours there."""
    pull = np.zeros_like(at)
    pull[1:-1, 1:-1] = (at[:-2, 1:-1] + at[2:, 1:-1] + at[1:-1, :-2] + at[1:-1, 2:]) / 4 - at[1:-1, 1:-1]
    for border in (0, -1):
        pull[border, 1:-1] = (at[border, :-2] + at[border, 2:]) / 2 - at[border, 1:-1]
        pull[1:-1, border] = (at[:-2, border] + at[2:, border]) / 2 - at[1:-1, border]
    return pull


class _Field:
    """A net while it grows: which nodes are known, where they are, and how modules step there."""

    def __init__(self, count: int, gap: float) -> None:
        side = count + 2 * _RIM
        self._gap = gap
        self._at, self._right, self._down = (np.zeros((side, side, 2), np.float32) for _ in range(3))
        self._known = np.zeros((side, side, 1), np.float32)

    def put(self, row: NDArray[Any], column: NDArray[Any], at: Floats, right: Floats, down: Floats) -> None:
        """Makes nodes known."""
        r, c = row + _RIM, column + _RIM
        self._at[r, c], self._right[r, c], self._down[r, c], self._known[r, c] = at, right, down, 1

    def inner(self) -> Floats:
        """All nodes' places."""
        return self._at[_RIM:-_RIM, _RIM:-_RIM].copy()

    def predicted(self, row: NDArray[Any], column: NDArray[Any]) -> tuple[Floats, Floats, Floats]:
        """Place and steps of nodes, by all that their neighbours suggest: steps, straight lines, parallelograms."""
        r, c = row + _RIM, column + _RIM
        at, right, down, votes, neighbours = (np.zeros((len(r), 1), np.float32) for _ in range(5))
        for dr, dc in _BESIDE:
            known = self._known[r + dr, c + dc]
            beside = self._at[r + dr, c + dc]
            its_right, its_down = self._right[r + dr, c + dc], self._down[r + dr, c + dc]
            at = at + known * (beside - self._gap * (dc * its_right + dr * its_down))
            right, down, neighbours = right + known * its_right, down + known * its_down, neighbours + known
            line = known * self._known[r + 2 * dr, c + 2 * dc]
            at = at + line * (2 * beside - self._at[r + 2 * dr, c + 2 * dc])
            votes = votes + known + line
        for dr, dc in _DIAGONAL:
            all_three = 4 * self._known[r + dr, c] * self._known[r, c + dc] * self._known[r + dr, c + dc]
            at = at + all_three * (self._at[r + dr, c] + self._at[r, c + dc] - self._at[r + dr, c + dc])
            votes = votes + all_three
        return at / votes, right / neighbours, down / neighbours

    def mended_steps(
        self, row: NDArray[Any], column: NDArray[Any], at: Floats, right: Floats, down: Floats
    ) -> tuple[Floats, Floats]:
        """The steps at nodes just placed, mostly as the way to their neighbours says."""
        r, c = row + _RIM, column + _RIM
        steps = []
        for predicted, dr, dc in ((right, 0, 1), (down, 1, 0)):
            before, after = self._known[r - dr, c - dc], self._known[r + dr, c + dc]
            way = before * (at - self._at[r - dr, c - dc]) + after * (self._at[r + dr, c + dc] - at)
            both = before + after
            measured = way / self._gap / np.maximum(both, 1)
            steps.append(np.where(both > 0, 0.2 * predicted + 0.8 * measured, predicted))
        return steps[0], steps[1]
