"""From a grey frame to the codes in it: one quick pass, and a second look at what looks like a code and is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

import cv2
import numpy as np

from appliance.scanner.decoding.finders import CELL, Finders, Sight, distinct, glance
from appliance.scanner.decoding.lattice import read_lattice
from appliance.scanner.decoding.mending import ATTEMPTS, LATTICE_AFTER, Spectrum
from appliance.scanner.decoding.reading import Code, Corners, read_black_and_white, read_part, read_plain
from appliance.scanner.decoding.squares import Square, Upright, cut_around, cut_upright, squares
from appliance.scanner.decoding.suspicion import Suspects, detailed_part, look_closer, suspects
from appliance.serving.scan_link.protocol import Hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.scanner.picture import Grey

_CUT_OUT: Final = 400
"""Pixels of the longer side up to which a picture is taken for a cut-out, and enlarged for the second look."""
_LARGE: Final = 1920
_LEAST_SIDE: Final = 21
"""Pixels: as many as the smallest code has modules."""
_LATTICE: Final = len(ATTEMPTS)
_ORDER: Final = (*range(LATTICE_AFTER), _LATTICE, *range(LATTICE_AFTER, len(ATTEMPTS)))
"""Of the attempts at mending, by number, and the lattice among them."""
_BLIND: Final = 5
"""So many of the attempts are worth their time on surroundings that are not known to be a code."""
_ONE_LOOK: Final = 5
_DARK: Final = 45
_TINY_MODULE: Final = 2.2
_BLINDING: Final = 250
_GLARING: Final = 0.6


class Decoded(NamedTuple):
    """What a frame holds. `hint`: what would help what looks like a code and was not read; empty if there is none."""

    codes: tuple[Code, ...]
    hint: Hint = ""


class Decoder:
    """Reads frames. Between them it keeps only how far the second look had come; one decoder for each source."""

    def __init__(self) -> None:
        self._next_attempt = 0

    def decode(self, grey: Grey) -> Decoded:
        """Everything that can be tried on one picture (HxW, uint8). The same picture always gives the same."""
        return _decode(grey, _ORDER)

    def look(self, grey: Grey) -> Decoded:
        """The same for one frame of a stream: while something stays unread, each frame gets other attempts."""
        first = self._next_attempt
        decoded = _decode(grey, _ORDER[first : first + _ONE_LOOK])
        self._next_attempt = (first + _ONE_LOOK) % len(_ORDER) if decoded.hint else 0
        return decoded


def _decode(grey: Grey, attempts: Sequence[int]) -> Decoded:
    if min(grey.shape) < _LEAST_SIDE:
        return Decoded(())
    work, scale = _resized(grey)
    codes: list[Code] = []
    if scale != 1:
        codes = read_plain(grey, thorough=True)
        if codes and scale > 1:
            return Decoded(tuple(codes))
    if min(work.shape) < 3 * _LEAST_SIDE:
        return Decoded(tuple(codes or read_plain(grey, thorough=True)))
    view = _View(work, scale, codes)
    if not codes:
        view.first_look()
    found, likely = view.suspects()
    if likely:
        view.second_look(found, attempts)
    return Decoded(tuple(view.codes), view.hint)


def _resized(grey: Grey) -> tuple[Grey, float]:
    """The picture at a size at which codes look as in a kiosk's frame, and how much larger that is."""
    longer = max(grey.shape)
    scale = _LARGE / longer if longer > _LARGE else 3.0 if longer < _CUT_OUT / 2 else 2.0 if longer <= _CUT_OUT else 1.0
    if scale == 1.0:
        return grey, scale
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return cast("Grey", cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how)), scale


_DOUBLE: Final = np.array([[2, 0, 0.5], [0, 2, 0.5]], np.float64)


class _View:
    """One frame at its working size, with what is known of it so far."""

    def __init__(self, grey: Grey, scale: float, codes: list[Code]) -> None:
        self._grey, self._scale = grey, scale
        self.codes = codes
        self.hint: Hint = ""
        self._sight: Sight = glance(grey)

    def first_look(self) -> None:
        """What zxing-cpp reads at half the size, or at full size in the part that has detail fine enough to need it.

        That costs half of a pass over the whole frame, and reads the same.
        """
        if self._add(read_part(self._sight.half, _DOUBLE, self._grey.shape)):
            return
        part = detailed_part(self._sight)
        if part is not None:
            moved = np.array([[1, 0, part[1].start], [0, 1, part[0].start]], np.float64)
            self._add(read_part(np.ascontiguousarray(self._grey[part]), moved, self._grey.shape))

    def suspects(self) -> Suspects:
        """What looks like the corners of codes that have not been read."""
        return suspects(self._grey, self._sight, self._covered())

    def second_look(self, found: Finders, attempts: Sequence[int]) -> None:
        """Reads what it can of the codes whose corners these may be; a hint where something stays unread."""
        if self._add(read_plain(self._grey, thorough=True)):
            found, likely = self.suspects()
            if not likely:
                return
        several = distinct(found)
        unread = squares(several)
        if not unread:
            several = look_closer(self._grey, self._sight, several, self._covered())
            unread = squares(several)
        for square in unread:
            upright = cut_upright(self._grey, square)
            if not self._mended(upright, attempts):
                self.hint = self.hint or self._hint(square, upright)
        if not unread or self.hint:
            # No three finders that belong together, or three that don't: what is around the best one may still read.
            around = cut_around(self._grey, self._sight, several)
            read = around is not None and self._mended(around, [n for n in attempts if n < _BLIND])
            self.hint = "" if read else self.hint or "straighten"

    def _mended(self, upright: Upright, attempts: Sequence[int]) -> bool:
        spectra: list[Spectrum] = []

        def spectrum() -> Spectrum:
            if not spectra:
                spectra.append(Spectrum(upright.picture))
            return spectra[0]

        frame = self._grey.shape
        for number in attempts:
            if number == _LATTICE:
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
        before = len(self.codes)
        for text, corners in codes:
            a, b, c, d = ((round(x / self._scale), round(y / self._scale)) for x, y in corners)
            code = Code(text, (a, b, c, d))
            if not any(text == known.text and _meet(code.corners, known.corners) for known in self.codes):
                self.codes.append(code)
        return len(self.codes) > before

    def _covered(self) -> Grey | None:
        """1 in cells where codes have been read; nothing is searched there."""
        if not self.codes:
            return None
        covered = np.zeros(self._sight.busy.shape, np.uint8)
        for code in self.codes:
            corners = np.array(code.corners, np.float64) * self._scale / CELL
            middle = corners.mean(axis=0)
            wider = (corners - middle) * 1.15 + middle
            cv2.fillConvexPoly(covered, wider.round().astype(np.int32), 1)
        return covered

    def _hint(self, square: Square, upright: Upright) -> Hint:
        if float(self._grey.mean()) < _DARK:
            return "light"
        if square.module < _TINY_MODULE * self._scale:
            return "closer"
        return "glare" if float((upright.picture > _BLINDING).mean()) > _GLARING else "hold_still"


def _meet(one: Corners, other: Corners) -> bool:
    """Whether the middle of one lies within the other: the same code, read twice."""
    x, y = np.array(one, np.float64).mean(axis=0)
    return cv2.pointPolygonTest(np.array(other, np.float32), (float(x), float(y)), measureDist=False) >= 0
