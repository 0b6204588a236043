"""The parts of a QR code that are the same in every code of its size."""

# ruff: noqa: PLR2004 (the numbers are the geometry of a QR code)

from __future__ import annotations

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray

SIZES: Final = tuple(range(21, 78, 4))
"""Modules of a side, versions 1 to 15. Denser codes than that are not held up to a camera."""


class FixedModules:
    """The finders, the light zones around them and the timing lines of a code of `size` modules a side."""

    def __init__(self, size: int) -> None:
        dark = np.zeros((size, size), np.bool_)
        known = np.zeros((size, size), np.bool_)
        y, x = np.mgrid[-4:5, -4:5]
        ring = np.maximum(np.abs(x), np.abs(y))
        finder = (ring <= 1) | (ring == 3)
        for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
            rows = slice(max(0, top - 1), min(size, top + 8))
            columns = slice(max(0, left - 1), min(size, left + 8))
            part = (
                slice(rows.start - top + 1, rows.stop - top + 1),
                slice(columns.start - left + 1, columns.stop - left + 1),
            )
            dark[rows, columns] = finder[part]
            known[rows, columns] = True
        line = np.arange(8, size - 8)
        timing = np.zeros((size, size), np.bool_)
        timing[6, line] = timing[line, 6] = True
        dark[6, line] = dark[line, 6] = line % 2 == 0
        self.dark = dark
        self.known = known | timing
        self._timing = timing
        self._timing_sign = np.where(dark[timing], -1.0, 1.0)

    def filled_in(self, dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """`dark` with every module that is known beforehand put right."""
        return np.where(self.known, self.dark, dark)

    def timing_agreement(self, grey: NDArray[np.float32]) -> float:
        """Correlation of sampled modules with the timing lines, at most 1: whether size and place are right."""
        seen = grey[self._timing] - grey.mean()
        norm = float(np.sqrt((seen * seen).sum() * len(seen))) + 1e-6
        return float((seen * self._timing_sign).sum()) / norm


@functools.cache
def fixed_modules(size: int) -> FixedModules:
    """One for each size, made when first asked for."""
    return FixedModules(size)
