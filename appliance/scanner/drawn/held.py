"""What visitors hold up, as cut-out pictures: a printed badge or a phone, and the hand around it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scanner.drawn.card import Picture, code_modules, paint_modules

CODE_SHARE: Final = 0.62
"""Of the thing's width that its code takes, with the quiet zone."""
_PAPER: Final = (244, 246, 247)
_BANDS: Final = ((150, 84, 30), (60, 120, 40), (40, 60, 190), (130, 50, 110))


class Held(NamedTuple):
    """A cut-out."""

    colour: Picture
    """HxWx3, blue first, already weighted by `cover`."""
    cover: Picture
    """HxW: 255 where it hides what is behind."""
    code_width: int
    """Pixels of its code with the quiet zone."""


def draw_held(
    text: str, *, phone: bool, skin: tuple[int, int, int], code_pixels: float, rng: np.random.Generator
) -> Held:
    """About as large as it will be in the picture: its code `code_pixels` wide."""
    modules = code_modules(text, quiet=4 if phone else 3)
    scale = max(1, round(code_pixels * 1.15 / modules.shape[0]))
    code = cv2.cvtColor(paint_modules(modules, pixels=scale, dark=16 if phone else 30), cv2.COLOR_GRAY2BGR)
    side = code.shape[0]
    width = round(side / CODE_SHARE)
    thing = _phone(np.asarray(code), width) if phone else _badge(np.asarray(code), width, rng)
    margin = width // 4
    height = thing.shape[0]
    # Skin all over, so that the soft edges of the hand are not darker than it is.
    colour: Any = np.full((height + 2 * margin, width + 2 * margin, 3), skin, np.uint8)
    cover: Any = np.zeros(colour.shape[:2], np.uint8)
    _hand(colour, skin, margin, width, height)
    _hand(cover, (255,), margin, width, height)
    mask = _rounded(width, height, width // 9 if phone else width // 30)
    area = np.s_[margin : margin + height, margin : margin + width]
    np.copyto(colour[area], thing, where=mask[:, :, None] > 0)
    cover[area] = np.maximum(cover[area], mask)
    _thumb(colour, tuple(int(part * 0.93) for part in skin), margin, width, height)
    _thumb(cover, (255,), margin, width, height)
    weighted = cv2.multiply(colour, cv2.cvtColor(cover, cv2.COLOR_GRAY2BGR), scale=1 / 255)
    return Held(np.asarray(weighted, dtype=np.uint8), cover, side)


def _badge(code: Picture, width: int, rng: np.random.Generator) -> Picture:
    height = round(width * 1.3)
    card: Any = np.full((height, width, 3), _PAPER, np.uint8)
    band = height // 6
    card[:band] = _BANDS[int(rng.integers(len(_BANDS)))]
    _write(card, "OPEN SUMMIT", (0.1, 0.115), width * 0.0034, (245, 245, 245))
    # Where the name stands, as a camera sees it from here.
    ink = (70, 66, 64)
    line = max(2, width // 26)
    for row, (left, right) in ((0.225, (0.14, 0.14 + float(rng.uniform(0.3, 0.65)))), (0.285, (0.14, 0.5))):
        top = round(height * row)
        card[top : top + line, round(width * left) : round(width * right)] = ink
    cv2.circle(card, (width // 2, band // 5), max(2, width // 40), (90, 90, 90), -1, cv2.LINE_AA)
    _put(card, code, round(height * 0.36))
    return np.asarray(card)


def _phone(code: Picture, width: int) -> Picture:
    height = round(width * 1.75)
    card: Any = np.full((height, width, 3), (28, 26, 25), np.uint8)
    rim = max(2, width // 24)
    card[rim * 2 : height - rim * 2, rim : width - rim] = (252, 252, 252)
    card[rim * 2 : round(height * 0.16), rim : width - rim] = (176, 96, 40)
    _write(card, "Ticket", (0.12, 0.115), width * 0.0042, (255, 255, 255))
    _put(card, code, round(height * 0.27))
    for row, share in ((0.7, 0.5), (0.75, 0.36)):
        top = round(height * row)
        left = round(width * (1 - share) / 2)
        card[top : top + max(2, width // 32), left : width - left] = (150, 150, 150)
    return np.asarray(card)


def _put(card: Any, code: Picture, top: int) -> None:
    side = code.shape[0]
    left = (card.shape[1] - side) // 2
    card[top : top + side, left : left + side] = code


def _write(card: Any, words: str, at: tuple[float, float], size: float, ink: tuple[int, int, int]) -> None:
    height, width = card.shape[:2]
    place = (round(width * at[0]), round(height * at[1]))
    cv2.putText(card, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, ink, max(1, round(size * 2)), cv2.LINE_AA)


def _hand(canvas: Any, paint: tuple[int, ...], margin: int, width: int, height: int) -> None:
    """The palm behind the lower end, and four finger tips at the left edge."""
    palm = (margin + width // 2 + width // 8, margin + height)
    cv2.ellipse(canvas, palm, (width // 2, margin), 0, 0, 360, paint, -1, cv2.LINE_AA)
    for finger in range(4):
        tip = (margin - width // 50, margin + round(height * (0.62 + 0.09 * finger)))
        cv2.ellipse(canvas, tip, (width // 11, width // 18), -8, 0, 360, paint, -1, cv2.LINE_AA)


def _thumb(canvas: Any, paint: tuple[int, ...], margin: int, width: int, height: int) -> None:
    """Over the right edge, below the code."""
    tip = (margin + width - width // 60, margin + round(height * 0.9))
    cv2.ellipse(canvas, tip, (width // 8, width // 14), -38, 0, 360, paint, -1, cv2.LINE_AA)


def _rounded(width: int, height: int, radius: int) -> NDArray[np.uint8]:
    mask: Any = np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (radius, 0), (width - radius - 1, height - 1), 255, -1)
    cv2.rectangle(mask, (0, radius), (width - 1, height - radius - 1), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(mask, (x, y), radius, 255, -1)
    return np.asarray(mask)
