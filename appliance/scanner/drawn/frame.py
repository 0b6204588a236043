"""One frame of a chosen difficulty, for tests and benches: seeded, so that a failure can be drawn again."""

# ruff: noqa: PLR2004 (the numbers are what things look like)

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.scanner.drawn.card import (
    Level,
    Picture,
    add_glare,
    add_thumb,
    bend,
    code_modules,
    crumple,
    paint_modules,
)
from appliance.scanner.drawn.room import draw_room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


MAX_CARD: Final = 640
"""Pixels: a card larger than this would not fit the frame at every angle."""


class Look(msgspec.Struct, frozen=True):
    """How a code meets the camera. Lengths are in the frame's pixels unless said otherwise."""

    module: float = 5.0
    """Side of one module."""
    level: Level = "M"
    quiet: int = 3
    turn: float = 0.0
    """Degrees in the picture's plane."""
    tilt: float = 0.08
    """How far each corner moves, as a fraction of the card's side."""
    dark: int = 12
    light: int = 248
    curve: float = 0.0
    bow: float = 0.0
    crumpled: float = 0.0
    thumb: float = 0.0
    glare: float = 0.0
    screen: float = 0.0
    """Contrast of a phone's pixel grid, 0 to 1."""
    blur: float = 0.0
    """Sigma of a Gaussian, in modules."""
    defocus: float = 0.0
    """Radius of a disk, in modules."""
    motion: float = 0.0
    """Length of a streak, in modules."""
    brightness: float = 1.0
    noise: float = 3.0
    quality: int = 90
    """Of the JPEG that the camera makes."""


Difficulty = dict[str, float | int | str]


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _lowcontrast(rng: np.random.Generator) -> Difficulty:
    middle, span = _between(rng, 70, 170), _between(rng, 14, 45)
    return {"dark": int(middle - span / 2), "light": int(middle + span / 2)}


DIFFICULTIES: Final[Mapping[str, Callable[[np.random.Generator], Difficulty]]] = {
    "clean": lambda _: {},
    "small": lambda rng: {"module": _between(rng, 1.9, 2.8)},
    "tilt": lambda rng: {"tilt": _between(rng, 0.15, 0.32)},
    "blur": lambda rng: {"blur": _between(rng, 0.3, 0.65)},
    "motion": lambda rng: {"motion": _between(rng, 0.5, 1.9)},
    "lowlight": lambda rng: {"brightness": _between(rng, 0.12, 0.3), "noise": _between(rng, 4, 10)},
    "glare": lambda rng: {"glare": _between(rng, 0.1, 0.24)},
    "moire": lambda rng: {"screen": _between(rng, 0.15, 0.6)},
    "inverted": lambda _: {"dark": 248, "light": 12},
    "lowcontrast": _lowcontrast,
    "curved": lambda rng: {"curve": _between(rng, 0.25, 1.0), "bow": _between(rng, 0.0, 0.09)},
    "thumb": lambda rng: {"thumb": _between(rng, 0.06, 0.13)},
    "dense": lambda rng: {"module": _between(rng, 2.2, 3.2), "level": "L"},
    "defocus": lambda rng: {"defocus": _between(rng, 0.5, 1.1)},
    "crumpled": lambda rng: {"crumpled": _between(rng, 0.006, 0.022)},
}
KINDS: Final = (*DIFFICULTIES, "none")
"""What `draw_frame` knows; two of them joined by `+` make a frame that has both."""

_LONG = {"dense": (110, 210)}


def invent_text(kind: str, rng: np.random.Generator) -> str:
    """A random code such as ticketing systems issue: 12 to 64 characters, more for a dense one."""
    low, high = _LONG.get(kind.split("+", maxsplit=1)[0], (12, 64))
    letters = np.array(list(string.ascii_letters + string.digits + "-_"))
    return "".join(rng.choice(letters, int(rng.integers(low, high))))


def draw_frame(kind: str, text: str, rng: np.random.Generator, *, width: int = 1280, height: int = 720) -> Picture:
    """The picture of `draw_scene` alone."""
    return draw_scene(kind, text, rng, width=width, height=height).frame


class Scene(NamedTuple):
    """A drawn frame, and where the card is in it (4x2, clockwise from the card's top left; None: no card)."""

    frame: Picture
    corners: NDArray[np.float64] | None


def draw_scene(kind: str, text: str, rng: np.random.Generator, *, width: int = 1280, height: int = 720) -> Scene:
    """A colour frame (HxWx3, blue first) with `text` as a QR code and the difficulty `kind`, or two as `blur+tilt`.

    The kind `none` has no whole code in it: a room, or a code of which half is missing. KeyError for an unknown kind.
    """
    names = kind.split("+")
    if "none" in names:
        return _draw_none(text, rng, width, height)
    difficulty: Difficulty = {}
    for name in names:
        difficulty |= DIFFICULTIES[name](rng)
    if "inverted" in names and "lowcontrast" in names:
        difficulty["dark"], difficulty["light"] = 150, 105
    return _draw(text, look_of(difficulty, rng), rng, draw_room(rng, width=width, height=height))


def look_of(difficulty: Difficulty, rng: np.random.Generator) -> Look:
    """A look with everything that the difficulty leaves open drawn by lot."""
    anyhow: Difficulty = {
        "module": _between(rng, 3.5, 9.0),
        "level": "LMQH"[int(rng.integers(4))],
        "quiet": int(rng.integers(2, 5)),
        "turn": _between(rng, -60, 60),
        "tilt": _between(rng, 0.0, 0.08),
        "noise": _between(rng, 1, 5),
        "quality": int(rng.integers(80, 96)),
    }
    return msgspec.convert({**anyhow, **difficulty}, Look)


def _draw(text: str, look: Look, rng: np.random.Generator, room: Picture) -> Scene:
    modules = code_modules(text, level=look.level, quiet=look.quiet)
    card = print_card(modules, look, rng)
    corners = choose_corners(room, look, rng, modules=modules.shape[0])
    return Scene(through_lens(paste(room, card, corners), look, rng), corners)


def print_card(modules: NDArray[np.bool_], look: Look, rng: np.random.Generator) -> Picture:
    """The card in its own plane, about twice as large as in the frame."""
    pixels = max(2, math.ceil(look.module * 1.6))
    grey = paint_modules(modules, pixels=pixels, dark=look.dark, light=look.light)
    card = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8)
    if look.thumb:
        along = _between(rng, 0.25, 0.75)
        card = add_thumb(card, centre=(along, _between(rng, 0.9, 1.02)), radius=look.thumb)
    if look.curve:
        card = bend(card, curve=look.curve, bow=look.bow, rng=rng)
    if look.crumpled:
        card = crumple(card, depth=look.crumpled, rng=rng)
    if look.glare:
        centre = (_between(rng, 0.2, 0.8), _between(rng, 0.2, 0.8))
        card = add_glare(card, centre=centre, radius=look.glare, strength=_between(rng, 0.8, 1.6))
    return card


def choose_corners(room: Picture, look: Look, rng: np.random.Generator, *, modules: int) -> NDArray[np.float64]:
    """A place for the card, turned and tilted, where all of it is in view."""
    height, width = room.shape[:2]
    side = min(look.module * modules, MAX_CARD, height * 0.66)
    angle = math.radians(look.turn)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float64) * side / 2
    square += rng.uniform(-look.tilt, look.tilt, (4, 2)) * side
    turned = square @ np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    low, high = turned.min(axis=0), turned.max(axis=0)
    room_for = np.maximum(np.array([width, height]) - (high - low), 1)
    placed: NDArray[np.float64] = turned - low + rng.uniform(0, 1, 2) * room_for
    return placed


def paste(room: Picture, card: Picture, corners: NDArray[np.float64]) -> Picture:
    """`room` with `card` drawn into the four `corners` (4x2, clockwise from the card's top left)."""
    height, width = card.shape[:2]
    card = _not_too_fine(card, corners)
    height, width = card.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    size = (room.shape[1], room.shape[0])
    painted = cv2.warpPerspective(card, matrix, size, flags=cv2.INTER_LINEAR)
    where = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
    share = (where.astype(np.float32) / 255)[..., None]
    return (room * (1 - share) + painted * share).astype(np.uint8)


def _not_too_fine(card: Picture, corners: NDArray[np.float64]) -> Picture:
    """Shrunk, so that sampling the card at the frame's pixels does not alias."""
    side = float(np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[1])) / 2
    factor = side * 1.6 / card.shape[0]
    if factor >= 1:
        return card
    return cv2.resize(card, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8)


def through_lens(frame: Picture, look: Look, rng: np.random.Generator) -> Picture:
    """What optics, light and sensor make of the scene."""
    if look.screen:
        frame = _screen_door(frame, look.screen, rng)
    if look.blur:
        frame = cv2.GaussianBlur(frame, (0, 0), look.blur * look.module).astype(np.uint8)
    if look.defocus:
        frame = cv2.filter2D(frame, -1, disk(look.defocus * look.module)).astype(np.uint8)
    if look.motion:
        frame = cv2.filter2D(frame, -1, streak(look.motion * look.module, _between(rng, 0, math.pi))).astype(np.uint8)
    lit = frame.astype(np.float32) * look.brightness
    lit += rng.standard_normal(frame.shape, dtype=np.float32) * look.noise
    taken = np.clip(lit, 0, 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", taken, [cv2.IMWRITE_JPEG_QUALITY, look.quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _screen_door(frame: Picture, contrast: float, rng: np.random.Generator) -> Picture:
    """The beat of a display's pixels with the sensor's."""
    height, width = frame.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    period, angle = _between(rng, 2.1, 4.5), _between(rng, 0, 0.3)
    along = x * math.cos(angle) + y * math.sin(angle)
    down = -x * math.sin(angle) + y * math.cos(angle)
    grid = 1 - contrast * (2 + np.cos(2 * np.pi * along / period) + np.cos(2 * np.pi * down / period)) / 4
    seen: NDArray[np.float32] = frame * grid[..., None] * (1 + contrast / 2)
    return np.clip(seen, 0, 255).astype(np.uint8)


def disk(radius: float) -> NDArray[np.float32]:
    """The kernel of a lens out of focus; sums to 1."""
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    kernel = np.clip(radius + 0.5 - np.sqrt(x * x + y * y), 0, 1).astype(np.float32)
    return np.asarray(kernel / kernel.sum(), np.float32)


def streak(length: float, angle: float) -> NDArray[np.float32]:
    """The kernel of a straight movement of `length` pixels; sums to 1."""
    reach = math.ceil(length / 2) + 1
    fine = np.zeros((reach * 2 + 1,) * 2, dtype=np.float32)
    for step in np.linspace(-length / 2, length / 2, max(3, int(length * 8))):
        x, y = reach + step * math.cos(angle), reach + step * math.sin(angle)
        left, top = int(x), int(y)
        for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
            fine[top + dy, left + dx] += abs(1 - dx - (x - left)) * abs(1 - dy - (y - top))
    return np.asarray(fine / fine.sum(), np.float32)


def _draw_none(text: str, rng: np.random.Generator, width: int, height: int) -> Scene:
    room = draw_room(rng, width=width, height=height)
    look = look_of({"tilt": 0.05, "module": _between(rng, 3.5, 8)}, rng)
    if rng.random() < 0.6:
        return Scene(through_lens(room, look, rng), None)
    modules = code_modules(text, level=look.level, quiet=look.quiet)
    card = print_card(modules, look, rng)
    kept = int(card.shape[1] * _between(rng, 0.4, 0.65))
    card = cv2.resize(card[:, -kept:], card.shape[1::-1], interpolation=cv2.INTER_AREA).astype(np.uint8)
    corners = choose_corners(room, look, rng, modules=modules.shape[0])
    return Scene(through_lens(paste(room, card, corners), look, rng), corners)
