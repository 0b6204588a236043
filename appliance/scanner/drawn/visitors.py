"""Who comes to the drawn door, when, and what they hold up: a queue without end, the same for the same seed."""

from __future__ import annotations

import string
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

APPROACH: Final = 0.45
LEAVE: Final = 0.5
"""Seconds from the queue to the camera, and away from it."""
_HOLD: Final = (0.8, 1.5)
_GAP: Final = (-0.05, 0.3)
_UNKNOWN: Final = 0.06
_AGAIN: Final = 0.08
_TOGETHER: Final = 0.05
_PHONES: Final = 0.45
_AWKWARD: Final = 0.15
"""Who tilts it far, or holds it where the lens has to focus first."""
_REMEMBERED: Final = 200
_NOT_AGAIN_YET: Final = 6
"""A code just shown that is shown once more would count as held still."""
_HALF: Final = 0.5
_HEADS: Final = (
    ((158, 184, 232), (78, 122, 168)),
    ((150, 178, 228), (38, 54, 84)),
    ((142, 170, 222), (132, 136, 140)),
    ((124, 152, 208), (28, 30, 38)),
    ((108, 140, 196), (34, 40, 62)),
    ((90, 120, 176), (24, 26, 32)),
    ((66, 90, 136), (20, 21, 25)),
    ((46, 64, 102), (16, 16, 19)),
)
"""Skin and hair, blue first."""


class Looks(NamedTuple):
    """Of a person; colours blue first."""

    skin: tuple[int, int, int]
    hair: tuple[int, int, int]
    shirt: tuple[int, int, int]
    tall: float
    """0.9 to 1.1."""


class Visitor(NamedTuple):
    """One person with something in their hand. Times in seconds of the picture's own clock, places as fractions."""

    number: int
    code: str
    phone: bool
    begins: float
    holds: float
    leaves: float
    gone: float
    side: int
    """-1: leaves to the left, 1: to the right."""
    place: tuple[float, float]
    """Where the thing is held."""
    size: float
    """Side of its code, as a fraction of the picture's height."""
    turn: float
    """Radians."""
    tilt: NDArray[np.float32]
    """4x2: how far each corner is off, as a fraction of the thing's size."""
    tremor: float
    """Fraction of the picture's height."""
    defocus: float
    """Sigma in pixels when the hold begins; the lens finds it within half a second."""
    looks: Looks


class Visitors:
    """The queue before one door."""

    def __init__(self, codes: Sequence[str], rng: np.random.Generator) -> None:
        if not codes:
            raise ValueError("a queue without codes")
        self._codes = codes
        self._rng = rng
        self._order = rng.permutation(len(codes))
        self._next_code = 0
        self._shown: deque[str] = deque(maxlen=_REMEMBERED)
        self._next_at = 0.6
        self._count = 0
        self._here: list[Visitor] = []

    def at(self, now: float) -> list[Visitor]:
        """Those in the picture at `now` (never falling), the one who waits at the back first."""
        self._here = [visitor for visitor in self._here if visitor.gone > now]
        while not any(visitor.begins > now for visitor in self._here):
            self._here[:0] = self._invent()
        return self._here

    def _invent(self) -> list[Visitor]:
        rng = self._rng
        begins = self._next_at
        leaves = begins + APPROACH + float(rng.uniform(*_HOLD))
        self._next_at = leaves + float(rng.uniform(*_GAP))
        if rng.random() < _TOGETHER:
            return [self._visitor(begins, leaves, (x, float(rng.uniform(0.5, 0.6)))) for x in (0.3, 0.7)]
        return [self._visitor(begins, leaves, (float(rng.uniform(0.36, 0.64)), float(rng.uniform(0.46, 0.6))))]

    def _visitor(self, begins: float, leaves: float, place: tuple[float, float]) -> Visitor:
        rng = self._rng
        awkward = rng.random() < _AWKWARD
        far = 0.1 if awkward else 0.035
        self._count += 1
        return Visitor(
            number=self._count,
            code=self._choose_code(),
            phone=bool(rng.random() < _PHONES),
            begins=begins,
            holds=begins + APPROACH,
            leaves=leaves,
            gone=leaves + LEAVE,
            side=1 if rng.random() < _HALF else -1,
            place=place,
            size=float(rng.uniform(0.24, 0.36)),
            turn=float(rng.normal(0, 0.22 if awkward else 0.09)),
            tilt=rng.uniform(-far, far, (4, 2)).astype(np.float32),
            tremor=float(rng.uniform(0.001, 0.004)),
            defocus=float(rng.uniform(2.0, 3.5) if awkward else rng.uniform(0.0, 1.2)),
            looks=self._choose_looks(),
        )

    def _choose_looks(self) -> Looks:
        rng = self._rng
        skin, hair = _HEADS[int(rng.integers(len(_HEADS)))]
        grey = float(rng.uniform(50, 170))
        blue, green, red = (int(min(max(grey + float(shift), 30), 210)) for shift in rng.uniform(-45, 45, 3))
        return Looks(skin=skin, hair=hair, shirt=(blue, green, red), tall=float(rng.uniform(0.92, 1.08)))

    def _choose_code(self) -> str:
        rng = self._rng
        lot = rng.random()
        if lot < _UNKNOWN:
            return "".join(rng.choice(list(string.ascii_uppercase + string.digits), 14))
        if lot < _UNKNOWN + _AGAIN and len(self._shown) > _NOT_AGAIN_YET:
            code = self._shown[int(rng.integers(len(self._shown) - _NOT_AGAIN_YET))]
        else:
            code = self._codes[int(self._order[self._next_code])]
            self._next_code = (self._next_code + 1) % len(self._codes)
        self._shown.append(code)
        return code
