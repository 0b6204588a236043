"""From a grey frame to the codes in it: one quick pass, and a second look at what looks like a code and is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

import cv2
import numpy as np

from appliance.scanner.decoding.finders import CELL, Finders, Sight, distinct, glance
from appliance.scanner.decoding.lattice import read_lattice
from appliance.scanner.decoding.mending import ATTEMPTS, Spectrum
from appliance.scanner.decoding.reading import Code, Corners, read_black_and_white, read_part, read_plain
from appliance.scanner.decoding.squares import (
    Square,
    Upright,
    cut_around,
    cut_upright,
    is_suspicious,
    look_closer,
    squares,
    suspects,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.scanner.picture import Grey

Hint = Literal["closer", "hold still", "whole code", "more light"]

_CUT_OUT: Final = 400
"""Pixels of the longer side up to which a picture is taken for a cut-out, and enlarged for the second look."""
_LARGE: Final = 1920
_ALL: Final = len(ATTEMPTS) + 1
"""The attempts at mending, and the lattice."""
_BLIND: Final = 6
"""So many of the attempts are worth their time on surroundings that are not known to be a code."""
_ONE_LOOK: Final = 5
_DARK: Final = 45
_TINY_MODULE: Final = 2.2


class Decoded(NamedTuple):
    """What a frame holds. `hint`: how to hold what looks like a code and was not read."""

    codes: tuple[Code, ...]
    hint: Hint | None = None


class Decoder:
    """Reads frames. Between them it keeps only how far the second look had come; one decoder for each source."""

    def __init__(self) -> None:
        self._next_attempt = 0

    def decode(self, grey: Grey) -> Decoded:
        """Everything that can be tried on one picture (HxW, uint8). The same picture always gives the same."""
        return _decode(grey, range(_ALL))

    def look(self, grey: Grey) -> Decoded:
        """The same for one frame of a stream: while something stays unread, each frame gets other attempts."""
        first = self._next_attempt
        decoded = _decode(grey, [attempt % _ALL for attempt in range(first, first + _ONE_LOOK)])
        self._next_attempt = (first + _ONE_LOOK) % _ALL if decoded.hint else 0
        return decoded


def _decode(grey: Grey, attempts: Iterable[int]) -> Decoded:
    cut_out = max(grey.shape) <= _CUT_OUT
    codes = read_plain(grey, thorough=cut_out)
    if cut_out and codes:
        return Decoded(tuple(codes))
    work, scale = _resized(grey)
    view = _View(work, scale, codes)
    found = suspects(work, view.sight, view.covered)
    if not is_suspicious(found):
        return Decoded(tuple(codes))
    return Decoded(*view.second_look(found, list(attempts)))


def _resized(grey: Grey) -> tuple[Grey, float]:
    """The picture at a size at which codes look as in a kiosk's frame, and how much larger that is."""
    longer = max(grey.shape)
    scale = _LARGE / longer if longer > _LARGE else 3.0 if longer < _CUT_OUT / 2 else 2.0 if longer <= _CUT_OUT else 1.0
    if scale == 1.0:
        return grey, scale
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return cast("Grey", cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how)), scale


class _View:
    """One frame at its working size, with what is known of it so far."""

    def __init__(self, grey: Grey, scale: float, codes: list[Code]) -> None:
        self._grey, self._scale = grey, scale
        self._codes = codes
        self.sight: Sight = glance(grey)
        self.covered: Grey | None = self._cover() if codes else None

    def second_look(self, found: Finders, attempts: list[int]) -> tuple[tuple[Code, ...], Hint | None]:
        """All codes with those read now; a hint where something stays unread."""
        if self._add(read_plain(self._grey, thorough=True)):
            self.covered = self._cover()
            found = self._uncovered(found)
            if not is_suspicious(found):
                return tuple(self._codes), None
        several = distinct(found)
        unread = squares(several)
        if not unread:
            several = look_closer(self._grey, self.sight, several, self.covered)
            unread = squares(several)
        if not unread:
            around = cut_around(self._grey, self.sight, several)
            read = around is not None and self._mended(around, [n for n in attempts if n < _BLIND])
            return tuple(self._codes), None if read else "whole code"
        left = [square for square in unread if not self._mended(cut_upright(self._grey, square), attempts)]
        return tuple(self._codes), self._hint(left[0]) if left else None

    def _mended(self, upright: Upright, attempts: list[int]) -> bool:
        spectra: list[Spectrum] = []

        def spectrum() -> Spectrum:
            if not spectra:
                spectra.append(Spectrum(upright.picture))
            return spectra[0]

        frame = self._grey.shape
        for number in attempts:
            if number == len(ATTEMPTS):
                codes = read_lattice(upright, frame)
            else:
                attempt = ATTEMPTS[number]
                read = read_black_and_white if attempt.black_and_white else read_part
                codes = read(attempt.mend(upright.picture, spectrum), upright.to_frame, frame)
            if codes:
                self._add(codes)
                return True
        return False

    def _add(self, codes: list[Code]) -> bool:
        """Keeps what is new of codes found at the working size."""
        before = len(self._codes)
        for text, corners in codes:
            a, b, c, d = ((round(x / self._scale), round(y / self._scale)) for x, y in corners)
            code = Code(text, (a, b, c, d))
            if not any(text == known.text and _meet(code.corners, known.corners) for known in self._codes):
                self._codes.append(code)
        return len(self._codes) > before

    def _cover(self) -> Grey:
        """Cells where codes have been read; nothing is searched there."""
        covered = np.zeros(self.sight.busy.shape, np.uint8)
        for code in self._codes:
            corners = np.array(code.corners, np.float64) * self._scale / CELL
            middle = corners.mean(axis=0)
            wider = (corners - middle) * 1.15 + middle
            cv2.fillConvexPoly(covered, wider.round().astype(np.int32), 1)
        return covered

    def _uncovered(self, found: Finders) -> Finders:
        covered = self._cover()
        row = np.clip((found.y / CELL).astype(np.intp), 0, covered.shape[0] - 1)
        column = np.clip((found.x / CELL).astype(np.intp), 0, covered.shape[1] - 1)
        return found.take(covered[row, column] == 0)

    def _hint(self, square: Square) -> Hint:
        if float(self._grey.mean()) < _DARK:
            return "more light"
        return "closer" if square.module < _TINY_MODULE * self._scale else "hold still"


def _meet(one: Corners, other: Corners) -> bool:
    """Whether the middle of one lies within the other: the same code, read twice."""
    x, y = np.array(one, np.float64).mean(axis=0)
    return cv2.pointPolygonTest(np.array(other, np.float32), (float(x), float(y)), measureDist=False) >= 0
