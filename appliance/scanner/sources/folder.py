"""A directory of pictures instead of a camera."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any, Final, cast

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from appliance.scanner.picture import to_grey
from appliance.scanner.sources.addresses import Folder
from appliance.scanner.sources.capturing import MAX_SIDE
from appliance.scanner.sources.exceptions import SourceEnded, SourceFault
from appliance.scanner.sources.protocol import Frame

log = logging.getLogger(__name__)

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".pgm", ".ppm"})
MAX_BYTES: Final = 40_000_000
MAX_PIXELS: Final = 50_000_000
FRAMES_EACH: Final = 2
"""Each picture is given as so many frames: two codes in one picture count when both were read twice."""


class FolderEye:
    """Picture after picture, by name."""

    def __init__(self, address: Folder) -> None:
        self._address = address
        self.period = 1 / (address.fps * FRAMES_EACH)
        self._left: list[Path] = []
        self._readable = 0
        self._warned: set[Path] = set()
        self._again: Frame | None = None
        self._times = 0

    def check(self) -> None:
        """SourceFault if there is no such directory, or no picture in it."""
        self._list()

    def open(self) -> None:
        """At its first picture."""
        self._left, self._readable, self._again = self._list(), 0, None

    def grab(self) -> Frame | None:
        """The next picture; after the last one the first again, if it is a loop. What can't be read is passed."""
        if self._again is not None and self._times < FRAMES_EACH:
            self._times += 1
            return Frame(self._again.grey, self._again.colour, time.time() * 1000)
        self._again = None
        if not self._left:
            if not self._readable:
                raise SourceFault(f"{self._address.path}: none of its pictures can be read")
            if not self._address.loop:
                raise SourceEnded
            self.open()
        path = self._left.pop(0)
        try:
            self._again = read_picture(path)
        except SourceFault as fault:
            if path not in self._warned:
                self._warned.add(path)
                log.warning("passed: %s", fault)
            return None
        self._readable += 1
        self._times = 1
        return self._again

    def close(self) -> None:
        """Nothing is open."""
        self._left, self._again = [], None

    def _list(self) -> list[Path]:
        folder = Path(self._address.path)
        try:
            pictures = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        except OSError as fault:
            raise SourceFault(f"{folder}: {fault.strerror}: expected a directory that this process may read") from fault
        if not pictures:
            raise SourceFault(f"{folder} has no picture in it: expected files such as .png or .jpg")
        return pictures


def read_picture(path: Path) -> Frame:
    """One picture as a frame, shrunk to MAX_SIDE pixels a side. SourceFault says why it can't be read."""
    try:
        if not path.is_file():
            raise SourceFault(f"{path} is no file")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise SourceFault(f"{path} has {size / 1e6:.0f} MB: expected at most {MAX_BYTES / 1e6:.0f}")
        # Its size is read before its pixels: a small file can claim a picture that fills the memory.
        with Image.open(path) as header:
            width, height = header.size
        if width * height > MAX_PIXELS:
            raise SourceFault(f"{path} is {width}x{height}: expected at most {MAX_PIXELS // 1_000_000} million pixels")
        coded = np.frombuffer(path.read_bytes(), np.uint8)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise SourceFault(
            f"{path} is far too large: expected at most {MAX_PIXELS // 1_000_000} million pixels"
        ) from fault
    except (UnidentifiedImageError, SyntaxError, ValueError) as fault:
        raise SourceFault(f"{path} is no picture that can be read") from fault
    except OSError as fault:
        raise SourceFault(f"{path}: {fault.strerror or fault}") from fault
    picture: Any = cv2.imdecode(coded, cv2.IMREAD_COLOR) if coded.size else None
    if picture is None:
        raise SourceFault(f"{path} is no picture that can be read")
    largest = max(picture.shape[:2])
    if largest > MAX_SIDE:
        factor = MAX_SIDE / largest
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return Frame(to_grey(picture), cast("Any", picture), time.time() * 1000)
