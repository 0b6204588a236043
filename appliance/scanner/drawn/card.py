"""The thing that is held up: a printed badge or a phone's screen with a QR code on it."""

# ruff: noqa: PLR2004 (the numbers are what things look like)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
import qrcode
from numpy.typing import NDArray
from qrcode import constants

if TYPE_CHECKING:
    from collections.abc import Mapping

Picture = NDArray[np.uint8]
"""HxW (grey) or HxWx3 (blue, green, red), uint8."""

Level = Literal["L", "M", "Q", "H"]

_LEVELS: Mapping[Level, int] = {
    "L": constants.ERROR_CORRECT_L,
    "M": constants.ERROR_CORRECT_M,
    "Q": constants.ERROR_CORRECT_Q,
    "H": constants.ERROR_CORRECT_H,
}
SKIN = (96, 128, 198)


def code_modules(text: str, *, level: Level = "M", quiet: int = 4) -> NDArray[np.bool_]:
    """The code's modules with `quiet` light ones around it; NxN, True is dark."""
    code: Any = qrcode.QRCode(error_correction=_LEVELS[level], border=quiet)
    code.add_data(text)
    code.make(fit=True)
    return np.array(code.get_matrix(), dtype=np.bool_)


def paint_modules(modules: NDArray[np.bool_], *, pixels: int, dark: int = 12, light: int = 248) -> Picture:
    """Modules as a grey picture of `pixels` a side for each module."""
    grey = np.where(modules, dark, light).astype(np.uint8)
    painted = cv2.resize(grey, None, fx=pixels, fy=pixels, interpolation=cv2.INTER_NEAREST)
    return np.asarray(painted, np.uint8)


def add_glare(card: Picture, *, centre: tuple[float, float], radius: float, strength: float) -> Picture:
    """A lamp's reflection; centre and radius as fractions of the card's side."""
    height, width = card.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    far = ((x - centre[0] * width) ** 2 + (y - centre[1] * height) ** 2) / (radius * width) ** 2
    lit = strength * 255.0 * np.exp(-far)
    brighter = np.clip(card.astype(np.float32) + (lit if card.ndim == 2 else lit[..., None]), 0, 255)
    return np.asarray(brighter, np.uint8)


def add_thumb(card: Picture, *, centre: tuple[float, float], radius: float) -> Picture:
    """A thumb that covers part of a colour card; centre and radius as fractions of the card's side."""
    height, width = card.shape[:2]
    covered = card.copy()
    middle = (int(centre[0] * width), int(centre[1] * height))
    axes = (int(radius * width), int(radius * width * 1.25))
    cv2.ellipse(covered, middle, axes, 0, 0, 360, SKIN, -1, cv2.LINE_AA)
    return covered


def bend(card: Picture, *, curve: float, bow: float, rng: np.random.Generator) -> Picture:
    """The card on a cylinder, as on a mug or a bent badge.

    `curve` is half of the angle that it takes (radians), `bow` how much its middle rises, as a fraction of its height.
    """
    height, width = card.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across = np.clip((x / width * 2 - 1) * np.sin(curve), -1, 1)
    source_x = (np.arcsin(across) / curve + 1) / 2 * width if curve > 0 else x
    depth = np.sqrt(np.maximum(1 - across**2, 0)) - np.cos(curve)
    source_y = y + bow * height * depth / max(1 - float(np.cos(curve)), 1e-6)
    if rng.random() < 0.5:
        source_x, source_y = np.swapaxes(source_y, 0, 1), np.swapaxes(source_x, 0, 1)
    return _moved(card, source_x, source_y)


def crumple(card: Picture, *, depth: float, rng: np.random.Generator) -> Picture:
    """The card as paper that was in a pocket: facets that shift by up to `depth` of its side, each lit otherwise."""
    height, width = card.shape[:2]
    facets = int(rng.integers(3, 6))
    shifts = rng.uniform(-1, 1, (3, facets + 1, facets + 1)).astype(np.float32)
    wide = [cv2.resize(s, (width, height), interpolation=cv2.INTER_LINEAR) for s in shifts]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    moved = _moved(card, x + depth * width * wide[0], y + depth * height * wide[1]).astype(np.float32)
    shade = 1 - 6 * depth * np.abs(wide[2])
    lit = np.clip(moved * (shade if card.ndim == 2 else shade[..., None]), 0, 255)
    return np.asarray(lit, np.uint8)


def _moved(card: Picture, source_x: NDArray[Any], source_y: NDArray[Any]) -> Picture:
    white = (248, 248, 248)
    return cv2.remap(
        card,
        np.ascontiguousarray(source_x, dtype=np.float32),
        np.ascontiguousarray(source_y, dtype=np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=white,
    ).astype(np.uint8)
