"""What a door's camera sees behind people: a wall, a banner, a doorway, a counter, a plant. No code in it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from appliance.scanner.drawn.card import Picture

_WALLS = ((196, 206, 208), (206, 200, 190), (190, 204, 196), (204, 202, 206))
_ACCENTS = ((134, 84, 38), (92, 112, 46), (58, 70, 150), (112, 64, 98))


def draw_lobby(rng: np.random.Generator, *, width: int, height: int) -> Picture:
    """A colour picture, HxWx3, of muted colours; its layout is the same, its colours and places differ with `rng`."""
    wall = np.array(_WALLS[int(rng.integers(len(_WALLS)))], np.float32)
    accent = _ACCENTS[int(rng.integers(len(_ACCENTS)))]
    x = np.abs(np.linspace(-0.4, 1, width, dtype=np.float32))[None, :, None]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    room: Any = np.clip(wall * (1.02 - 0.22 * x) * (1.04 - 0.3 * y), 0, 255).astype(np.uint8)

    def at(across: float, down: float) -> tuple[int, int]:
        return round(across * width), round(down * height)

    def block(low: tuple[float, float], high: tuple[float, float], colour: tuple[int, int, int]) -> None:
        cv2.rectangle(room, at(*low), at(*high), colour, -1)

    floor = (118, 124, 130)
    block((0, 0.8), (1, 1), floor)
    block((0, 0.79), (1, 0.805), (92, 96, 100))
    door = float(rng.uniform(0.76, 0.82))
    block((door - 0.012, 0.16), (door + 0.172, 0.8), (112, 118, 122))
    block((door, 0.18), (door + 0.16, 0.8), (178, 186, 188))
    block((door + 0.02, 0.21), (door + 0.14, 0.5), (214, 214, 206))
    banner = float(rng.uniform(0.04, 0.1))
    block((banner, 0.06), (banner + 0.34, 0.2), accent)
    size = height / 720
    _write(room, "OPEN SUMMIT", at(banner + 0.02, 0.125), 1.5 * size, (240, 240, 240))
    _write(room, "registration", at(banner + 0.02, 0.175), 0.9 * size, (214, 218, 220))
    counter = float(rng.uniform(0.02, 0.08))
    block((counter, 0.62), (counter + 0.3, 0.9), (96, 128, 156))
    block((counter - 0.01, 0.6), (counter + 0.31, 0.63), (72, 98, 122))
    plant = float(rng.uniform(0.5, 0.66))
    block((plant, 0.7), (plant + 0.05, 0.82), (70, 82, 104))
    for leaf in rng.uniform(-1, 1, 14):
        top = at(plant + 0.025 + 0.07 * float(leaf), 0.48 + 0.12 * abs(float(leaf)))
        cv2.line(room, at(plant + 0.025, 0.71), top, (62, 112, 64), max(1, round(7 * size)), cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(room, (0, 0), 3.0 * size), dtype=np.uint8)


def _write(room: Any, words: str, at: tuple[int, int], size: float, ink: tuple[int, int, int]) -> None:
    cv2.putText(room, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, ink, max(1, round(size * 3)), cv2.LINE_AA)
