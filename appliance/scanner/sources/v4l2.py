"""Cameras with a driver of the kernel's (Video4Linux), mostly on USB."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import time
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scanner.sources.addresses import V4l2
from appliance.scanner.sources.capturing import open_capture
from appliance.scanner.sources.exceptions import SourceFault
from appliance.scanner.sources.protocol import Frame
from appliance.scanner.sources.standing import printable

_QUERYCAP: Final = 0x80685600
"""VIDIOC_QUERYCAP of linux/videodev2.h."""
_CAPABILITY: Final = struct.Struct("16s32s32sIII12x")
_CAN_CAPTURE: Final = 0x00000001
_SAYS_DEVICE_CAPS: Final = 0x80000000
_CHIP_DRIVERS: Final = ("unicam", "rp1-cfe", "bcm2835-isp", "pispbe")
"""What a Raspberry Pi's own camera hangs on: raw sensor values that only libcamera makes a picture of."""
_WAIT_SECONDS: Final = "2"
_PACKED: Final = 2
_COLOURS: Final = 3


class _Capability(NamedTuple):
    driver: str
    card: str
    captures: bool


class V4l2Eye:
    """Takes a camera's JPEGs and makes of them what is asked for: the grey picture always, colours rarely."""

    period = 0.0

    def __init__(self, address: V4l2) -> None:
        self._address = address
        self._camera: cv2.VideoCapture | None = None
        self._last = 0.0
        # OpenCV waits 10 s for the frame of a camera that hangs, which is longer than a door can.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", _WAIT_SECONDS)

    def check(self) -> None:
        """SourceFault if the device is missing, not ours to open, or no camera. One in use is none of these."""
        path = self._address.device
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116 (the error says more than Path's)
        except OSError as fault:
            raise SourceFault(f"{path}: no such camera: is it plugged in? {_others()}") from fault
        if not stat.S_ISCHR(mode):
            raise SourceFault(
                f"{path} is no device: expected a camera such as /dev/video0 (a video file is file:{path})"
            )
        found = self._query(path)
        if found.driver in _CHIP_DRIVERS:
            raise SourceFault(f"{path} is a Raspberry Pi's own camera, which needs libcamera: use rpicam: instead")
        if not found.captures:
            raise SourceFault(
                f"{path} ({found.card}) gives no pictures: many cameras have a second device beside. {_others()}"
            )

    def open(self) -> None:
        """Take the camera: JPEG from it, since raw pictures of this size don't fit through USB 2."""
        self.check()
        wanted = self._address
        fault = f"{wanted.device} can't be opened as a camera: does another program have it (`fuser -v` tells)?"
        camera = open_capture(wanted.device, cv2.CAP_V4L2, shown=wanted.device, fault=fault)
        self._camera = camera
        for setting, value in (
            (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
            (cv2.CAP_PROP_FRAME_WIDTH, wanted.width),
            (cv2.CAP_PROP_FRAME_HEIGHT, wanted.height),
            (cv2.CAP_PROP_FPS, wanted.fps),
            (cv2.CAP_PROP_BUFFERSIZE, 1),
            (cv2.CAP_PROP_CONVERT_RGB, 0),
        ):
            camera.set(setting, value)  # what it can't do it does as near as it can
        self._last = 0.0

    def grab(self) -> Frame | None:
        """The next frame; those between, of a camera that can't go as slowly as asked, are not decoded."""
        assert self._camera is not None
        if not self._camera.grab():
            self.check()
            raise SourceFault(
                f"{self._address.device} gives no pictures any more: a loose plug, too little power, or another program"
            )
        now = time.monotonic()
        if now - self._last < 0.8 / self._address.fps:
            return None
        self._last = now
        seen_ms = time.time() * 1000
        done, raw = self._camera.retrieve()
        return read_raw(cast("NDArray[np.uint8]", raw), seen_ms) if done and raw is not None else None

    def close(self) -> None:
        """Let the camera go."""
        if self._camera is not None:
            self._camera.release()
            self._camera = None

    def _query(self, path: str) -> _Capability:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as fault:
            raise SourceFault(f"no permission to use {path}: add this process's user to the group `video`") from fault
        except OSError as fault:
            raise SourceFault(f"{path}: {fault.strerror}: unplug the camera and plug it in again") from fault
        try:
            answer = fcntl.ioctl(descriptor, _QUERYCAP, bytes(_CAPABILITY.size))
        except OSError as fault:
            if fault.errno in {errno.ENOTTY, errno.EINVAL}:
                raise SourceFault(f"{path} is no camera: expected one such as /dev/video0. {_others()}") from fault
            raise SourceFault(f"{path}: {fault.strerror}: unplug the camera and plug it in again") from fault
        finally:
            os.close(descriptor)
        driver, card, _, _, all_can, can = _CAPABILITY.unpack(answer)
        captures = bool((can if all_can & _SAYS_DEVICE_CAPS else all_can) & _CAN_CAPTURE)
        return _Capability(_text(driver), _text(card), captures)


def read_raw(raw: NDArray[np.uint8], seen_ms: float) -> Frame | None:
    """A frame of what the driver gave: a JPEG (1xN), YUYV (HxWx2), grey (HxW) or colours (HxWx3); None if broken."""
    if raw.ndim == _COLOURS and raw.shape[2] == _COLOURS:
        return Frame(cast("Any", cv2.cvtColor(raw, cv2.COLOR_BGR2GRAY)), raw, seen_ms)
    if raw.ndim == _COLOURS and raw.shape[2] == _PACKED:
        grey = np.ascontiguousarray(raw[:, :, 0])
        return Frame(grey, lambda: cast("Any", cv2.cvtColor(raw, cv2.COLOR_YUV2BGR_YUY2)), seen_ms)
    if min(raw.shape) > 1:
        return Frame(np.ascontiguousarray(raw), None, seen_ms)
    jpeg = raw.reshape(-1).copy()  # the driver's own memory, which the next frame overwrites
    decoded: Any = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
    if decoded is None:
        return None
    # Half the size is more than the preview shows, and costs a third.
    return Frame(decoded, lambda: cast("Any", cv2.imdecode(jpeg, cv2.IMREAD_REDUCED_COLOR_2)), seen_ms)


def _text(field: bytes) -> str:
    return printable(field.split(b"\0", 1)[0].decode("utf-8", "replace"), 40)


def _others() -> str:
    here = sorted(str(path) for path in Path("/dev").glob("video[0-9]*"))
    return f"Here are: {', '.join(here[:8])}" if here else "There is no /dev/video* here"
