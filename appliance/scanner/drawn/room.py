"""What is behind the people: a seeded room of walls, posters and lettering, without any code in it."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.scanner.drawn.card import Picture

_WORDS = ("PARTNER SUMMIT", "REGISTRATION", "HALL 2", "WILLKOMMEN", "COFFEE", "EXIT")


def draw_room(rng: np.random.Generator, *, width: int = 1280, height: int = 720) -> Picture:
    """A colour picture, HxWx3, that differs with each `rng`."""
    room = _texture(rng, width, height)
    for _ in range(int(rng.integers(2, 9))):
        _poster(room, rng, filled=True)
    for _ in range(int(rng.integers(3, 12))):
        _poster(room, rng, filled=False)
    for _ in range(int(rng.integers(1, 9))):
        word = _WORDS[int(rng.integers(len(_WORDS)))]
        at = (int(rng.integers(-80, width - 80)), int(rng.integers(20, height)))
        size = float(rng.uniform(0.5, 2.2))
        cv2.putText(room, word, at, cv2.FONT_HERSHEY_SIMPLEX, size, _colour(rng), int(rng.integers(1, 6)), cv2.LINE_AA)
    return room


def draw_quiet_room(rng: np.random.Generator, *, width: int = 1280, height: int = 720) -> Picture:
    """A calmer room, as most are: a wall, a floor, a door, a banner."""
    wall = np.linspace(rng.integers(120, 180), rng.integers(180, 220), height).astype(np.uint8)
    room = np.repeat(np.repeat(wall[:, None, None], width, axis=1), 3, axis=2)
    room[int(height * 0.8) :] = rng.integers(60, 110, 3)
    for _ in range(5):
        _poster(room, rng, filled=True)
    cv2.putText(room, "REGISTRATION", (int(rng.integers(100, 500)), 110), cv2.FONT_HERSHEY_SIMPLEX, 2, (60, 50, 40), 5)
    return cv2.GaussianBlur(room, (0, 0), 1.5).astype(np.uint8)


def _texture(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Cloth, carpet, leaves: noise of one coarseness across and another down."""
    across, down = int(rng.integers(3, 90)), int(rng.integers(3, 60))
    noise = rng.integers(0, 256, (down, across, 3), dtype=np.uint8)
    texture = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(texture, dtype=np.uint8)


def _poster(room: Picture, rng: np.random.Generator, *, filled: bool) -> None:
    height, width = room.shape[:2]
    x, y = int(rng.integers(-50, width - 50)), int(rng.integers(-50, height - 50))
    far = (x + int(rng.integers(30, 700)), y + int(rng.integers(30, 400)))
    cv2.rectangle(room, (x, y), far, _colour(rng), -1 if filled else int(rng.integers(2, 9)))


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    blue, green, red = (int(c) for c in rng.integers(0, 256, 3))
    return blue, green, red
