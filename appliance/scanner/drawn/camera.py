"""A kiosk's live camera picture, drawn: people who come one after another and hold up a badge or a phone.

Cheap enough to run beside what it feeds: the room and the people, out of focus as behind a near badge, are drawn at
half the size; only what is held is drawn sharp, within its own outline.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scanner.drawn.card import Picture
from appliance.scanner.drawn.held import Held, draw_held
from appliance.scanner.drawn.lobby import draw_lobby
from appliance.scanner.drawn.visitors import APPROACH, LEAVE, Visitor, Visitors

_NOISE: Final = 2.2
"""Sigma of the sensor's noise, of 255."""
_SHIFT: Final = 64
"""Pixels by which the noise's one tile is moved about, so that no two frames have the same."""
_SHUTTER: Final = 0.22
"""Share of the time between two frames at 10 a second in which light falls in."""
_LONGEST_STREAK: Final = 31
_SEEN: Final = 0.3
"""Sigma in pixels below which nobody sees that it isn't sharp."""
_EYES: Final = (34, 36, 42)
_BACK: Final = 0.62
"""Size of who waits, of those in front."""


class DrawnCamera:
    """Frame after frame of one queue. About 5 ms a frame at 1280x720, at 10 frames a second."""

    def __init__(
        self, codes: Sequence[str], *, seed: int, width: int = 1280, height: int = 720, fps: float = 10.0
    ) -> None:
        """`codes`: what people hold up, in an order by lot, over and over. ValueError without any."""
        self._rng = np.random.default_rng(seed)
        self._visitors = Visitors(codes, self._rng)
        self._size = (width, height)
        self._step = 1 / fps
        self._now = 0.0
        room = draw_lobby(self._rng, width=width, height=height)
        self._room = cv2.resize(room, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        self._held: dict[int, Held] = {}
        noise = self._rng.standard_normal((height + _SHIFT, width + _SHIFT), dtype=np.float32)
        self._brighter, self._darker = (
            cv2.cvtColor(np.clip(np.round(noise * sigma), 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
            for sigma in (_NOISE, -_NOISE)
        )

    def frame(self) -> Picture:
        """The next one: HxWx3, uint8, blue first."""
        self._now += self._step
        visitors = self._visitors.at(self._now)
        self._let_go(visitors)
        small: Any = self._room.copy()
        for visitor in visitors:
            self._draw_person(small, visitor)
        small = cv2.GaussianBlur(small, (5, 5), 0)
        frame: Any = cv2.resize(small, self._size, interpolation=cv2.INTER_LINEAR)
        for visitor in visitors:
            if visitor.begins <= self._now:
                self._draw_held(frame, visitor)
        return self._add_noise(frame)

    def _draw_person(self, small: Any, visitor: Visitor) -> None:
        """Head, shoulders and an arm. At half the size."""
        height, width = small.shape[:2]
        forward, away = self._progress(visitor)
        scale = (_BACK + (1 - _BACK) * forward) * visitor.looks.tall
        waits_at = 0.5 - 0.22 * visitor.side
        x = width * (waits_at + (visitor.place[0] - 0.03 - waits_at) * forward + 0.9 * visitor.side * away * away)
        unit = height * 0.21 * scale
        top = height * (0.30 - 0.07 * forward) + 2 * math.sin(2.1 * self._now + visitor.begins)
        skin, hair, shirt = (_darkened(colour, 0.75 + 0.25 * forward) for colour in visitor.looks[:3])
        head, shoulders = (round(x), round(top)), (round(x), round(top + unit * 3.1))
        cv2.ellipse(small, shoulders, (round(unit * 1.75), round(unit * 2.1)), 0, 180, 360, shirt, -1, cv2.LINE_AA)
        cv2.rectangle(small, (round(x - unit * 1.75), shoulders[1]), (round(x + unit * 1.75), height), shirt, -1)
        cv2.line(small, head, (head[0], round(top + unit * 1.3)), skin, max(1, round(unit * 0.62)))
        crown = (head[0], round(top - unit * 0.2))
        cv2.ellipse(small, crown, (round(unit * 0.82), round(unit * 0.98)), 0, 0, 360, hair, -1, cv2.LINE_AA)
        face = (head[0], round(top + unit * 0.12))
        cv2.ellipse(small, face, (round(unit * 0.66), round(unit * 0.86)), 0, 0, 360, skin, -1, cv2.LINE_AA)
        for eye in (-0.27, 0.27):
            cv2.circle(small, (round(x + unit * eye), round(top)), max(1, round(unit * 0.08)), _EYES, -1, cv2.LINE_AA)
        mouth = (head[0], round(top + unit * 0.5))
        cv2.ellipse(small, mouth, (round(unit * 0.22), max(1, round(unit * 0.05))), 0, 0, 360, _darkened(skin, 0.7), -1)
        if visitor.begins <= self._now:
            hand = self._centre(visitor) / 2 + np.array([0, visitor.size * 0.95 * height * self._scale(visitor)])
            elbow = (round(x + unit * 1.5), round(max(top + unit * 3.6, hand[1])))
            reached = (round(float(hand[0])), round(float(hand[1])))
            cv2.line(
                small,
                (round(x + unit * 1.35), round(top + unit * 2.2)),
                elbow,
                _darkened(shirt, 0.9),
                round(unit * 0.8),
            )
            cv2.line(small, elbow, reached, _darkened(shirt, 0.9), round(unit * 0.7))

    def _draw_held(self, frame: Any, visitor: Visitor) -> None:
        """The badge or phone, as sharp as the lens and the movement leave it."""
        held = self._held.get(visitor.number) or self._make_held(visitor)
        corners = self._corners(visitor, held)
        moved = np.minimum(
            np.abs(self._centre(visitor) - self._centre(visitor, self._now - 0.1)) * _SHUTTER, _LONGEST_STREAK
        )
        defocus = self._defocus(visitor)
        spread = moved + 3 * defocus
        low = np.maximum(np.floor(corners.min(axis=0) - spread), 0).astype(int)
        high = np.minimum(np.ceil(corners.max(axis=0) + spread), self._size).astype(int)
        if (high - low).min() <= 0:
            return
        rows, columns = held.cover.shape
        flat = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
        matrix = cv2.getPerspectiveTransform(flat, (corners - low).astype(np.float32))
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        colour, cover = (_unsharp(cv2.warpPerspective(part, matrix, size), moved, defocus) for part in held[:2])
        area = frame[low[1] : high[1], low[0] : high[0]]
        behind = cv2.multiply(area, cv2.cvtColor(cv2.bitwise_not(cover), cv2.COLOR_GRAY2BGR), scale=1 / 255)
        cv2.add(behind, colour, dst=area)

    def _make_held(self, visitor: Visitor) -> Held:
        rng = np.random.default_rng(visitor.number)
        pixels = visitor.size * self._size[1]
        made = draw_held(visitor.code, phone=visitor.phone, skin=visitor.looks.skin, code_pixels=pixels, rng=rng)
        self._held[visitor.number] = made
        return made

    def _let_go(self, visitors: Sequence[Visitor]) -> None:
        here = {visitor.number for visitor in visitors}
        for number in [number for number in self._held if number not in here]:
            del self._held[number]

    def _progress(self, visitor: Visitor, at: float | None = None) -> tuple[float, float]:
        """How far forward from the queue, and how far away again; 0 to 1, smooth."""
        now = self._now if at is None else at
        return _eased((now - visitor.begins) / APPROACH), min(max((now - visitor.leaves) / LEAVE, 0.0), 1.0)

    def _scale(self, visitor: Visitor) -> float:
        forward, away = self._progress(visitor)
        return 0.72 + 0.28 * forward - 0.2 * away

    def _centre(self, visitor: Visitor, at: float | None = None) -> NDArray[np.float64]:
        """Of what is held, in the frame's pixels: comes up from below, and goes down to the side."""
        now = self._now if at is None else at
        forward, away = self._progress(visitor, now)
        width, height = self._size
        gone = away * away
        x = visitor.place[0] + 0.05 * visitor.side * (forward - 1) + 0.45 * visitor.side * gone
        y = visitor.place[1] + 0.75 * (1 - forward) + 0.5 * gone
        shake = visitor.tremor * height * np.array([math.sin(7.3 * now + visitor.begins), math.sin(9.1 * now)])
        return np.array([x * width, y * height]) + shake

    def _corners(self, visitor: Visitor, held: Held) -> NDArray[np.float64]:
        rows, columns = held.colour.shape[:2]
        factor = visitor.size * self._size[1] / held.code_width * self._scale(visitor)
        half = np.array([columns, rows]) * factor / 2
        unit = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) + 2 * visitor.tilt
        turn = visitor.turn + 0.02 * math.sin(3.1 * self._now + visitor.begins)
        turned = (unit * half) @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        placed: NDArray[np.float64] = turned + self._centre(visitor)
        return placed

    def _defocus(self, visitor: Visitor) -> float:
        """Sigma in pixels: the lens takes half a second to find what is held."""
        return visitor.defocus * max(0.0, 1.0 - max(self._now - visitor.holds, 0.0) / 0.5)

    def _add_noise(self, frame: Any) -> Picture:
        width, height = self._size
        x, y = (int(part) for part in self._rng.integers(0, _SHIFT, 2))
        cut = np.s_[y : y + height, x : x + width]
        cv2.add(frame, self._brighter[cut], dst=frame)
        cv2.subtract(frame, self._darker[cut], dst=frame)
        return np.asarray(frame, dtype=np.uint8)


def _unsharp(picture: Any, moved: NDArray[np.float64], defocus: float) -> Any:
    streak = [max(round(float(part)), 1) for part in moved]
    if max(streak) > 1:
        picture = cv2.blur(picture, streak)
    if defocus > _SEEN:
        picture = cv2.GaussianBlur(picture, (0, 0), defocus)
    return picture


def _eased(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def _darkened(colour: tuple[int, ...], factor: float) -> tuple[int, ...]:
    return tuple(int(part * factor) for part in colour)
