"""Pictures with codes in them, drawn: seeded, so that a failure can be drawn again."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

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
