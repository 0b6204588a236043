"""Corrects a Reed-Solomon block of a QR code: wrong codewords, and twice as many of those known to be doubtful.

The field is GF(256) with the polynomial 0x11D, the generator's roots are its first powers of 2. Polynomials are lists,
the constant term first.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_ORDER: Final = 255


def _make_powers() -> list[int]:
    powers, value = [], 1
    for _ in range(_ORDER):
        powers.append(value)
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    return powers * 2


_POWER: Final = _make_powers()
"""2 to the n, for n up to 509."""
_LOG: Final = [0, *(_POWER.index(value) for value in range(1, 256))]
_POWERS: Final = np.array(_POWER, np.uint8)
_LOGS: Final = np.array(_LOG, np.intp)


def _times(a: int, b: int) -> int:
    return _POWER[_LOG[a] + _LOG[b]] if a and b else 0


def _over(a: int, b: int) -> int:
    return _POWER[_LOG[a] + _ORDER - _LOG[b]] if a else 0


def _product(a: list[int], b: list[int]) -> list[int]:
    out = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        if x:
            for j, y in enumerate(b):
                out[i + j] ^= _times(x, y)
    return out


def _values(polynomial: list[int], at: NDArray[np.intp]) -> NDArray[np.uint8]:
    """The polynomial at 2 to the power of each `at` (0 to 254)."""
    total = np.zeros(len(at), np.uint8)
    for degree, factor in enumerate(polynomial):
        if factor:
            total ^= _POWERS[(_LOG[factor] + degree * at) % _ORDER]
    return total


def syndromes(block: NDArray[np.uint8], checks: int) -> list[int]:
    """All 0 for a block without a fault. `checks`: its codewords of error correction."""
    place = np.arange(len(block) - 1, -1, -1)
    exponent = (_LOGS[block][None] + np.arange(checks)[:, None] * place[None]) % _ORDER
    terms = np.where(block[None] != 0, _POWERS[exponent], 0).astype(np.uint8)
    return [int(value) for value in np.bitwise_xor.reduce(terms, axis=1)]


def corrected(block: NDArray[np.uint8], checks: int, doubtful: list[int], spare: int) -> NDArray[np.uint8] | None:
    """The block put right; None where too much is wrong.

    `doubtful`: indices of codewords not to be relied on. Of the `checks`, `spare` stay unused: what they say then
    speaks for the result, because a block with nothing left to check can be "corrected" to anything.
    """
    found = syndromes(block, checks)
    if not any(found):
        return block
    last = len(block) - 1
    erased = [1]
    for index in doubtful:
        erased = _product(erased, [1, _POWER[last - index]])
    changed = _product(found, erased)[:checks]
    wrong = _shortest_register(changed[len(doubtful) :])
    errors = len(wrong) - 1
    if 2 * errors + len(doubtful) > checks - spare:
        return None
    return _with_magnitudes(block, checks, found, _product(wrong, erased))


def _shortest_register(sequence: list[int]) -> list[int]:
    """Berlekamp and Massey: the locator of the errors behind these syndromes."""
    current, before = [1], [1]
    length, since, last = 0, 1, 1
    for at, value in enumerate(sequence):
        gap = value
        for i in range(1, length + 1):
            if i < len(current):
                gap ^= _times(current[i], sequence[at - i])
        if not gap:
            since += 1
            continue
        kept = current
        shift = [0] * since + [_times(_over(gap, last), factor) for factor in before]
        current = [
            (current[i] if i < len(current) else 0) ^ (shift[i] if i < len(shift) else 0)
            for i in range(max(len(current), len(shift)))
        ]
        if 2 * length <= at:
            length, before, last, since = at + 1 - length, kept, gap, 1
        else:
            since += 1
    return current[: length + 1]


def _with_magnitudes(
    block: NDArray[np.uint8], checks: int, found: list[int], locator: list[int]
) -> NDArray[np.uint8] | None:
    """Forney: the block with what the locator's places need; None where it names too few or that does not help."""
    while locator and not locator[-1]:
        locator = locator[:-1]
    place = np.arange(len(block) - 1, -1, -1)
    inverse = (_ORDER - place) % _ORDER
    indices = np.flatnonzero(_values(locator, inverse) == 0)
    if len(indices) != len(locator) - 1:
        return None
    evaluator = _product(found, locator)[:checks]
    slope = [factor if degree % 2 == 0 else 0 for degree, factor in enumerate(locator[1:])]
    above, below = _values(evaluator, inverse[indices]), _values(slope, inverse[indices])
    mended = block.copy()
    for index, over, under in zip(indices, above, below, strict=True):
        if not under:
            return None
        mended[index] ^= _times(_POWER[int(place[index])], _over(int(over), int(under)))
    return None if any(syndromes(mended, checks)) else mended
