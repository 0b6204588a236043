"""Pictures as arrays, and the few conversions that more than one part of the scanner needs."""

# ruff: noqa: PLR2004 (the numbers are dimensions and channels)

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""HxW, uint8; 0 is black."""
Colour = NDArray[np.uint8]
"""HxWx3, uint8; blue, green, red."""
Floats = NDArray[np.floating[Any]]


def to_grey(picture: NDArray[np.uint8]) -> Grey:
    """HxW from HxW, HxWx1, HxWx3 (blue first) or HxWx4."""
    if picture.ndim == 2:
        return picture
    if picture.shape[2] == 1:
        return picture[:, :, 0]
    conversion = cv2.COLOR_BGRA2GRAY if picture.shape[2] == 4 else cv2.COLOR_BGR2GRAY
    return cast("Grey", cv2.cvtColor(picture, conversion))


def halved(grey: Grey) -> Grey:
    """Half as wide and high, each pixel the mean of four."""
    return cast("Grey", cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def softened(grey: Grey, side: int) -> Grey:
    """Each pixel the mean of the `side` x `side` around it."""
    return cast("Grey", cv2.blur(grey, (side, side)))


def sharpened(grey: Grey, *, sigma: float, amount: float) -> Grey:
    """Unsharp mask: `amount` times what is finer than `sigma` pixels is added."""
    soft = cv2.GaussianBlur(grey, (0, 0), sigma)
    return cast("Grey", cv2.addWeighted(grey, 1 + amount, soft, -amount, 0))


def preview_jpeg(picture: NDArray[np.uint8], width: int = 640, quality: int = 60) -> bytes:
    """A small JPEG of a frame, at most `width` pixels wide, for the screen that people aim by."""
    factor = width / picture.shape[1]
    if factor < 1:
        # Halving first is several times cheaper than one step by an odd factor, and looks the same at this size.
        while factor <= 0.5:
            picture, factor = halved(picture), factor * 2
        if factor < 1:
            size = (width, max(1, round(picture.shape[0] * factor)))
            picture = cast("NDArray[np.uint8]", cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR))
    done, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} can't be made a JPEG")
    return coded.tobytes()
