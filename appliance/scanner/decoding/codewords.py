"""A code's modules as codewords, and back: where each bit lies, which mask is on it, which block it belongs to.

Used where every module has been sampled and too many were read wrong: how sure each module is says which codewords to
doubt, and Reed-Solomon corrects twice as many of those.
"""

# ruff: noqa: PLR2004 (the numbers are ISO/IEC 18004's)

from __future__ import annotations

import functools
from typing import Any, Final, NamedTuple

import numpy as np
import qrcode.base
import qrcode.util
from numpy.typing import NDArray

from appliance.scanner.decoding.patterns import fixed_modules
from appliance.scanner.decoding.reed_solomon import corrected
from appliance.scanner.picture import Floats

_SPARE: Final = 3
"""Codewords of error correction in each block that must stay unused: what is left speaks for the result."""
_DOUBT_STEPS: Final = (0.0, 0.35, 0.6, 0.8)
"""Shares of a block's error correction that are given to its most doubtful codewords, tried in turn."""
Bools = NDArray[np.bool_]


class Layout(NamedTuple):
    """Where things lie in codes of one size. Places are index arrays (row, column)."""

    known: Bools
    """Modules that are no data."""
    dark: Bools
    """Those of them that are dark, but for the format's."""
    data: tuple[NDArray[np.intp], NDArray[np.intp]]
    """Of each data bit, in the order in which codewords are written; a multiple of 8."""
    formats: tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]
    """Of the format's 15 bits, twice."""


@functools.cache
def layout_of(size: int) -> Layout:
    """The layout of codes with `size` modules a side."""
    fixed = fixed_modules(size)
    known, dark = fixed.known.copy(), fixed.dark.copy()
    version = (size - 17) // 4
    _add_alignments(known, dark, qrcode.util.pattern_position(version))
    if version >= 7:
        bits = qrcode.util.BCH_type_number(version)
        for bit in range(18):
            for row, column in ((bit // 3, bit % 3 + size - 11), (bit % 3 + size - 11, bit // 3)):
                known[row, column], dark[row, column] = True, bool(bits >> bit & 1)
    formats = _format_places(size)
    for rows, columns in formats:
        known[rows, columns] = True
    known[size - 8, 8] = dark[size - 8, 8] = True
    return Layout(known, dark, _data_places(known), formats)


def _add_alignments(known: Bools, dark: Bools, positions: list[int]) -> None:
    y, x = np.mgrid[-2:3, -2:3]
    pattern = np.maximum(np.abs(x), np.abs(y)) != 1
    finders = {(6, 6), (6, max(positions, default=6)), (max(positions, default=6), 6)}
    for row in positions:
        for column in positions:
            if (row, column) not in finders:
                part = (slice(row - 2, row + 3), slice(column - 2, column + 3))
                known[part], dark[part] = True, pattern


def _format_places(size: int) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]:
    eights = np.full(15, 8)
    down = np.array([0, 1, 2, 3, 4, 5, 7, 8, *range(size - 7, size)])
    across = np.array([*range(size - 1, size - 9, -1), 7, 5, 4, 3, 2, 1, 0])
    return (down, eights), (eights, across)


def _data_places(known: Bools) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    size = known.shape[0]
    rows, columns = [], []
    upward = True
    for pair in range(size - 1, 0, -2):
        right = pair if pair > 6 else pair - 1
        for row in range(size - 1, -1, -1) if upward else range(size):
            for column in (right, right - 1):
                if not known[row, column]:
                    rows.append(row)
                    columns.append(column)
        upward = not upward
    whole = len(rows) // 8 * 8
    return np.array(rows[:whole]), np.array(columns[:whole])


@functools.cache
def _format_signs() -> Floats:
    """The 32 formats (error correction and mask, 5 bits) as rows of 15 signs: 1 is dark."""
    bits = [[qrcode.util.BCH_type_info(given) >> bit & 1 for bit in range(15)] for given in range(32)]
    return np.array(bits, np.float32) * 2 - 1


@functools.cache
def _mask(size: int, number: int) -> Bools:
    rule: Any = qrcode.util.mask_func(number)
    return np.array([[bool(rule(row, column)) for column in range(size)] for row in range(size)])


def corrected_modules(sure: Floats) -> Bools | None:
    """The code's modules with all errors corrected, True is dark; None where too many are wrong.

    `sure`: NxN, above 0 where a module looks dark, below where it looks light, further from 0 the surer it is.
    """
    size = sure.shape[0]
    layout = layout_of(size)
    agreement = np.sum([_format_signs() @ sure[places] for places in layout.formats], axis=0)
    given = int(agreement.argmax())
    mask = _mask(size, given & 7)[layout.data]
    bits = np.where(mask, -sure[layout.data], sure[layout.data]).reshape(-1, 8)
    words = np.packbits(bits > 0, axis=1)[:, 0]
    mended = _corrected_words(words, np.abs(bits).min(axis=1), (size - 17) // 4, given >> 3)
    if mended is None:
        return None
    dark = np.where(layout.known, layout.dark, sure > 0)  # a few modules behind the last codeword mean nothing
    dark[layout.data] = np.unpackbits(mended).astype(np.bool_) ^ mask
    for places in layout.formats:
        dark[places] = _format_signs()[given] > 0
    return dark


def _corrected_words(words: NDArray[np.uint8], sure: Floats, version: int, level: int) -> NDArray[np.uint8] | None:
    """All codewords, block after block put right. `level`: the two bits of the format."""
    blocks: list[Any] = qrcode.base.rs_blocks(version, level)
    mended = words.copy()
    for places, data_count in _blocks(blocks):
        checks = len(places) - data_count
        order = np.argsort(sure[places])
        for share in _DOUBT_STEPS:
            doubtful = [int(index) for index in order[: int((checks - _SPARE) * share)]]
            block = corrected(words[places], checks, doubtful, _SPARE)
            if block is not None:
                mended[places] = block
                break
        else:
            return None
    return mended


def _blocks(blocks: list[Any]) -> list[tuple[NDArray[np.intp], int]]:
    """Of each block where its codewords are among all, which are interleaved; and how many of them are data."""
    most = max(block.data_count for block in blocks)
    places: list[list[int]] = [[] for _ in blocks]
    at = 0
    for column in range(most):
        for block, own in zip(blocks, places, strict=True):
            if column < block.data_count:
                own.append(at)
                at += 1
    for _ in range(blocks[0].total_count - blocks[0].data_count):
        for own in places:
            own.append(at)
            at += 1
    return [(np.array(own), block.data_count) for block, own in zip(blocks, places, strict=True)]
