"""OpenCV's captures, opened quietly and within limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2

from appliance.scanner.sources.exceptions import SourceFault

MAX_SIDE: Final = 4096
"""Pixels: one frame of more would fill a small box's memory."""


def open_capture(where: str, backend: int, settings: Sequence[int] = (), *, shown: str, fault: str) -> cv2.VideoCapture:
    """Opened and of an acceptable size. SourceFault of `fault` if it can't be opened; `shown` is its name there."""
    # OpenCV warns on stderr at each failed attempt, and a missing camera is tried every second for days.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    capture = cv2.VideoCapture(where, backend, list(settings))
    if not capture.isOpened():
        raise SourceFault(fault)
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if max(width, height) > MAX_SIDE:
        capture.release()
        raise SourceFault(f"{shown} is {width:.0f}x{height:.0f}: expected at most {MAX_SIDE} pixels a side")
    return capture
