"""What is tried on an upright code that would not read: each attempt undoes one way in which it was spoilt.

They are ordered by how much they read that those before them don't, on drawn frames of every kind. All lengths are in
modules; upright codes have `PITCH` pixels a module.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final, NamedTuple, cast

import cv2
import numpy as np

from appliance.scanner.decoding.squares import PITCH
from appliance.scanner.picture import Floats, Grey, sharpened

_STEP: Final = 64
_EDGE: Final = 12
"""Pixels added around a picture before its spectrum is taken, so that its edges don't ring into it."""


_ANGLES: Final = np.arange(0, np.pi, np.pi / 12)
_SMEARED: Final = 0.72
"""Of the edges across the movement's direction to those along it: a code that was held still has them alike."""


class Spectrum:
    """An upright code's Fourier transform, taken once for all deconvolutions."""

    def __init__(self, picture: Grey) -> None:
        self._height, self._width = picture.shape
        # Few different shapes, so that the blurs' responses are found ready; and their Fourier transforms are quick.
        high, wide = (-(-(side + 2 * _EDGE) // _STEP) * _STEP for side in picture.shape)
        below, right = high - self._height - _EDGE, wide - self._width - _EDGE
        padded = cv2.copyMakeBorder(picture, _EDGE, below, _EDGE, right, cv2.BORDER_REPLICATE).astype(np.float32)
        self._spectrum = cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT)
        self._shape = (high, wide)

    def undo(self, blur: Callable[[tuple[int, int]], Floats], noise: float) -> Grey:
        """The picture with a blur undone (Wiener). `noise` is the power of noise to that of the picture."""
        response = blur(self._shape)
        inverse = response / (response * response + noise)
        flags = cv2.DFT_INVERSE | cv2.DFT_REAL_OUTPUT | cv2.DFT_SCALE
        padded = cv2.dft(self._spectrum * inverse[..., None], flags=flags)
        part = padded[_EDGE : _EDGE + self._height, _EDGE : _EDGE + self._width]
        return np.clip(part, 0, 255).astype(np.uint8)


def soft_focus(sigma: float) -> Callable[[tuple[int, int]], Floats]:
    """The frequency response of a Gaussian blur; sigma in modules."""
    return functools.partial(_gaussian_response, sigma)


def out_of_focus(radius: float) -> Callable[[tuple[int, int]], Floats]:
    """The frequency response of a lens out of focus, whose points are disks; radius in modules."""
    return functools.partial(_disk_response, radius)


@functools.lru_cache(maxsize=64)
def _gaussian_response(sigma: float, shape: tuple[int, int]) -> Floats:
    y, x = np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None]
    response = np.exp(-2 * (np.pi * sigma * PITCH) ** 2 * (x * x + y * y))
    return response.astype(np.float32)


@functools.lru_cache(maxsize=64)
def _disk_response(radius: float, shape: tuple[int, int]) -> Floats:
    pixels = radius * PITCH
    far = np.hypot(np.fft.fftfreq(shape[0], 1 / shape[0])[:, None], np.fft.fftfreq(shape[1], 1 / shape[1])[None])
    kernel = np.clip(pixels + 0.5 - far, 0, 1)
    response = np.fft.fft2(kernel / kernel.sum()).real
    return response.astype(np.float32)


def direction_of_movement(picture: Grey) -> float | None:
    """The angle (radians) along which a picture is smeared, which has the weakest edges across it; None: no such."""
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    strength = [float(np.abs(across * np.cos(angle) + down * np.sin(angle)).mean()) for angle in _ANGLES]
    weakest = int(np.argmin(strength))
    return float(_ANGLES[weakest]) if strength[weakest] < _SMEARED * max(strength) else None


@functools.lru_cache(maxsize=64)
def _streak_response(length: float, angle: float, shape: tuple[int, int]) -> Floats:
    """Of a straight movement; length in modules. A streak's response is known: sin(x) / x along its direction."""
    y, x = np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None]
    along = x * np.cos(angle) + y * np.sin(angle)
    return np.asarray(np.sinc(along * length * PITCH), np.float32)


def local_threshold(picture: Grey, window: float) -> Grey:
    """Black and white by the mean of `window` modules around each pixel: for glare, shadows and creases."""
    side = round(window * PITCH) | 1
    return cast("Grey", cv2.adaptiveThreshold(picture, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, side, 0))


class Attempt(NamedTuple):
    """One way to mend an upright code."""

    name: str
    mend: Callable[[Grey, Callable[[], Spectrum]], Grey]
    black_and_white: bool = False


def _sharpen(sigma: float, amount: float) -> Callable[[Grey, Callable[[], Spectrum]], Grey]:
    return lambda picture, _: sharpened(picture, sigma=sigma * PITCH, amount=amount)


def _threshold(window: float) -> Callable[[Grey, Callable[[], Spectrum]], Grey]:
    return lambda picture, _: local_threshold(picture, window)


def _undo(blur: Callable[[tuple[int, int]], Floats], noise: float) -> Callable[[Grey, Callable[[], Spectrum]], Grey]:
    return lambda _, spectrum: spectrum().undo(blur, noise)


def _hold(length: float, noise: float) -> Callable[[Grey, Callable[[], Spectrum]], Grey]:
    def mend(picture: Grey, spectrum: Callable[[], Spectrum]) -> Grey:
        angle = direction_of_movement(picture)
        if angle is None:
            return picture
        return spectrum().undo(functools.partial(_streak_response, length, angle), noise)

    return mend


ATTEMPTS: Final = (
    Attempt("sharpened", _sharpen(0.6, 6)),
    Attempt("threshold of 3", _threshold(3), black_and_white=True),
    Attempt("as it is", lambda picture, _: picture),
    Attempt("soft focus of 0.5", _undo(soft_focus(0.5), 0.02)),
    Attempt("out of focus by 0.95", _undo(out_of_focus(0.95), 0.02)),
    Attempt("out of focus by 1.1", _undo(out_of_focus(1.1), 0.005)),
    Attempt("moved by 1.6", _hold(1.6, 0.02)),
    Attempt("moved by 2", _hold(2.0, 0.02)),
    Attempt("sharpened widely", _sharpen(1.3, 6)),
    Attempt("threshold of 7", _threshold(7), black_and_white=True),
    Attempt("soft focus of 0.6", _undo(soft_focus(0.6), 0.005)),
)
LATTICE_AFTER: Final = 4
"""So many attempts come before the code's modules are followed one by one, which takes longer and reads most."""
