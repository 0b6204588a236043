"""Cameras on the network: RTSP, or HTTP (MJPEG, HLS), through OpenCV's own ffmpeg."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import Any, Final, cast
from urllib.parse import urlsplit

import cv2

from appliance.scanner.picture import to_grey
from appliance.scanner.sources.addresses import Network
from appliance.scanner.sources.capturing import open_capture
from appliance.scanner.sources.exceptions import SourceFault
from appliance.scanner.sources.protocol import Frame
from appliance.scanner.sources.urls import masked

_OPEN_MS: Final = 5000
_READ_MS: Final = 4000
_CONNECT_SECONDS: Final = 3.0
_PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


class NetworkEye:
    """Reads a stream as it comes, so that it never falls behind; frames above the wanted rate are dropped undecoded."""

    period = 0.0

    def __init__(self, address: Network) -> None:
        self._address = address
        self._name = masked(address.url)
        self._stream: cv2.VideoCapture | None = None
        self._last = 0.0
        # Lost UDP packets tear the picture just where the code is. Nothing else here: it holds for video files too.
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")

    def check(self) -> None:
        """SourceFault if nobody answers there."""
        parts = urlsplit(self._address.url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        try:
            with contextlib.closing(socket.create_connection((host, port), _CONNECT_SECONDS)):
                pass
        except OSError as fault:
            raise SourceFault(
                f"{self._name}: nobody answers at {host} port {port} ({fault}): is the camera on, in this network, "
                f"and may this process use the network (scan-network.conf)?"
            ) from fault

    def open(self) -> None:
        """Connect."""
        self.check()
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]
        fault = f"{self._name} is no stream that can be read: path, login? Try it in a player such as VLC"
        self._stream = open_capture(self._address.url, cv2.CAP_FFMPEG, limits, shown=self._name, fault=fault)
        self._last = 0.0

    def grab(self) -> Frame | None:
        """The next frame."""
        assert self._stream is not None
        if not self._stream.grab():
            raise SourceFault(f"{self._name}: the stream ended or stood still for {_READ_MS / 1000:.0f} s")
        now = time.monotonic()
        if now - self._last < 0.8 / self._address.fps:
            return None
        self._last = now
        seen_ms = time.time() * 1000
        done, picture = self._stream.retrieve()
        if not done or picture is None:
            return None
        return Frame(to_grey(cast("Any", picture)), cast("Any", picture), seen_ms)

    def close(self) -> None:
        """Disconnect."""
        if self._stream is not None:
            self._stream.release()
            self._stream = None
