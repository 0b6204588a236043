"""A recorded video instead of a camera."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final, cast

import cv2

from appliance.scanner.picture import to_grey
from appliance.scanner.sources.addresses import VideoFile
from appliance.scanner.sources.capturing import open_capture
from appliance.scanner.sources.exceptions import SourceEnded, SourceFault
from appliance.scanner.sources.protocol import Frame

_ANYHOW: Final = 25.0
_FASTEST: Final = 240.0


class VideoEye:
    """Frame after frame of one file."""

    def __init__(self, address: VideoFile) -> None:
        self._address = address
        self._video: cv2.VideoCapture | None = None
        self._given = 0
        self.period = 0.0

    def check(self) -> None:
        """SourceFault if the file is missing or no video."""
        try:
            self.open()
            self.grab()
        finally:
            self.close()

    def open(self) -> None:
        """At its first frame."""
        self._video, self._given = self._open(), 0
        own = self._video.get(cv2.CAP_PROP_FPS)
        self.period = 1 / (self._address.fps or (own if 0 < own <= _FASTEST else _ANYHOW))

    def grab(self) -> Frame | None:
        """The next frame; after the last one the first again, if it is a loop."""
        assert self._video is not None
        done, picture = self._video.read()
        if done and picture is not None:
            self._given += 1
            return Frame(to_grey(cast("Any", picture)), cast("Any", picture), time.time() * 1000)
        if not self._given:
            raise SourceFault(f"{self._address.path} has no picture in it that can be read")
        if not self._address.loop:
            raise SourceEnded
        # Not by seeking: some containers can't, and say nothing.
        self._video.release()
        self.open()
        return None

    def close(self) -> None:
        """Let the file go."""
        if self._video is not None:
            self._video.release()
            self._video = None

    def _open(self) -> cv2.VideoCapture:
        path = Path(self._address.path)
        try:
            with path.open("rb") as file:
                empty = not file.read(1)
        except IsADirectoryError as fault:
            raise SourceFault(
                f"{path} is a directory: expected a video file (a directory of pictures is folder:)"
            ) from fault
        except OSError as fault:
            raise SourceFault(f"{path}: {fault.strerror}: expected a video file that this process may read") from fault
        unreadable = f"{path} is no video that can be read: expected such as MP4, MKV, AVI or WebM"
        if empty:
            raise SourceFault(unreadable)
        return open_capture(str(path), cv2.CAP_FFMPEG, shown=str(path), fault=unreadable)
