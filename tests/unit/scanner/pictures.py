"""Pictures with codes in them, drawn: seeded, so that a failure can be drawn again."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import cv2
import numpy as np
import qrcode
import qrcode.constants
from numpy.typing import NDArray

from appliance.scanner.decoding.patterns import fixed_modules
from appliance.scanner.drawn.card import code_modules, paint_modules
from appliance.scanner.drawn.frame import draw_scene, invent_text
from appliance.scanner.picture import to_grey

Grey = NDArray[np.uint8]


class Shown(NamedTuple):
    """A frame, the text in it, and where the card is (4x2; None: no card)."""

    grey: Grey
    text: str
    corners: NDArray[np.float64] | None


def shown(kind: str, number: int = 0) -> Shown:
    """The frame `number` of a difficulty."""
    luck = np.random.default_rng([11, zlib.crc32(kind.encode()), number])
    text = invent_text(kind, luck)
    scene = draw_scene(kind, text, luck)
    return Shown(to_grey(scene.frame), text, scene.corners)


def flat_code(text: str, *, pixels: int = 6, quiet: int = 4) -> Grey:
    """A clean code, upright, on white."""
    return paint_modules(code_modules(text, quiet=quiet), pixels=pixels)


def code_of(content: str | bytes, *, pixels: int = 3) -> Grey:
    """A clean code of any content that fits one, with as little error correction as there is."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=4, mask_pattern=2)
    code.add_data(content, optimize=0)
    code.make(fit=True)
    return paint_modules(np.array(code.get_matrix(), np.bool_), pixels=pixels)


def nonsense(size: int, *, pixels: int = 6) -> Grey:
    """What looks like a code in every way and can't be read: finders and timing lines around modules drawn by lot."""
    fixed = fixed_modules(size)
    dark = fixed.filled_in(np.random.default_rng(size).random((size, size)) < 0.5)
    return paint_modules(np.pad(dark, 4), pixels=pixels)


def on_wall(*codes: Grey, level: int = 170) -> Grey:
    """A frame of 1280x720 with these pictures side by side on an even wall."""
    wall = np.full((720, 1280), level, np.uint8)
    left = 60
    for code in codes:
        wall[80 : 80 + code.shape[0], left : left + code.shape[1]] = code
        left += code.shape[1] + 60
    return wall


def blurred(grey: Grey, sigma: float) -> Grey:
    """Out of focus."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8)
