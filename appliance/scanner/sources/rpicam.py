"""A Raspberry Pi's own camera: `rpicam-vid` of Raspberry Pi OS writes raw pictures into a pipe.

OpenCV's wheel has no GStreamer and can't open a libcamera camera; picamera2 is for Debian's own Python alone. Both
Trixie and Bookworm have `rpicam-vid`; before 2024 it was called `libcamera-vid`.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import tempfile
import time
from typing import IO, Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scanner.sources.addresses import Rpicam
from appliance.scanner.sources.exceptions import SourceFault
from appliance.scanner.sources.protocol import Frame
from appliance.scanner.sources.standing import printable

PROGRAMS: Final = ("rpicam-vid", "libcamera-vid")
FIRST_SECONDS: Final = 10.0
"""A camera's first picture may take this long (the sensor's firmware, exposure)."""
NEXT_SECONDS: Final = 4.0
_TURN_SECONDS: Final = 0.3
_LIST_SECONDS: Final = 10.0
_LISTED: Final = re.compile(r"^\s*(\d+) : (\S+)", re.MULTILINE)
_END_SECONDS: Final = 2.0
_MAX_SAID: Final = 64 * 1024
_PIPE: Final = 1024 * 1024
_WHY: Final = (
    ("no cameras available", "no camera is found: is the ribbon cable in at both ends, the right way round?"),
    ("failed to acquire", "another program has the camera: stop it"),
    ("in use by another", "another program has the camera: stop it"),
    ("permission denied", "no permission: add this process's user to the group `video`"),
    ("selected camera is not available", "there is no camera of this number"),
    ("unrecognised option", "this version of the program is too old: apt-get install --only-upgrade rpicam-apps"),
)


class RpicamEye:
    """Keeps `rpicam-vid` running, and cuts what it writes into pictures."""

    period = 0.0

    def __init__(self, address: Rpicam) -> None:
        self._address = address
        self._size = address.width * address.height * 3 // 2
        self._running: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._filling = bytearray()
        self._filled = 0
        self._since = 0.0
        self._first = True

    def check(self) -> None:
        """SourceFault if the program or the camera of this number is missing."""
        program = _program()
        try:
            answer = subprocess.run(  # noqa: S603 (found on PATH, nothing of it from outside)
                [program, "--list-cameras"], capture_output=True, timeout=_LIST_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise SourceFault(f"`{program} --list-cameras` doesn't answer ({fault}): restart the box") from fault
        found = dict(_LISTED.findall((answer.stdout + answer.stderr).decode("utf-8", "replace")))
        if str(self._address.camera) not in found:
            there = ", ".join(f"{number} ({sensor})" for number, sensor in found.items()) or "none"
            raise SourceFault(
                f"no Raspberry Pi camera {self._address.camera}: is the ribbon cable in at both ends, the right way "
                f"round, and camera_auto_detect=1 in config.txt? Found: {there}"
            )

    def open(self) -> None:
        """Start the program."""
        wanted = self._address
        command = [
            _program(),
            "--camera",
            str(wanted.camera),
            "--width",
            str(wanted.width),
            "--height",
            str(wanted.height),
        ]
        command += ["--framerate", f"{wanted.fps:g}", "--codec", "yuv420", "--timeout", "0", "--nopreview"]
        # Without --flush the end of each picture waits in the program until the next one comes. Sport: short exposures,
        # since motion is what no software mends.
        command += ["--flush", "--exposure", "sport", "--verbose", "0", "--output", "-"]
        self._said = tempfile.TemporaryFile("a+b")  # noqa: SIM115 (closed in close; an unread pipe would fill up)
        try:
            self._running = subprocess.Popen(  # noqa: S603 (as above)
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._said, bufsize=0, pipesize=_PIPE
            )
        except OSError as fault:
            raise SourceFault(f"{command[0]} can't be started: {fault.strerror}") from fault
        self._filling, self._filled = bytearray(self._size), 0
        self._since, self._first = time.monotonic(), True

    def grab(self) -> Frame | None:
        """The next whole picture."""
        assert self._running is not None
        assert self._running.stdout is not None
        pipe = self._running.stdout
        if not select.select([pipe], [], [], _TURN_SECONDS)[0]:
            silent = time.monotonic() - self._since
            if silent > (FIRST_SECONDS if self._first else NEXT_SECONDS):
                raise SourceFault(f"the camera has given no picture for {silent:.0f} s: {self._last_words()}")
            return None
        count = pipe.readinto(memoryview(self._filling)[self._filled :])  # type: ignore[attr-defined]  # a raw file: unbuffered
        if not count:
            raise SourceFault(f"{PROGRAMS[0]} ended: {self._last_words()}")
        self._filled += count
        if self._filled < self._size:
            return None
        picture, self._filling, self._filled = self._filling, bytearray(self._size), 0
        self._since, self._first = time.monotonic(), False
        self._keep_short()
        return cut_yuv(picture, self._address.width, self._address.height, time.time() * 1000)

    def close(self) -> None:
        """Stop the program, and wait until it is gone: the camera has one user at a time."""
        running, self._running = self._running, None
        if running is not None:
            running.terminate()
            try:
                running.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
            if running.stdout is not None:
                running.stdout.close()
        if self._said is not None:
            self._said.close()
            self._said = None

    def _keep_short(self) -> None:
        """Some versions say a line about every picture, for days."""
        assert self._said is not None
        if os.fstat(self._said.fileno()).st_size > _MAX_SAID:
            self._said.truncate(0)

    def _last_words(self) -> str:
        assert self._said is not None
        self._said.seek(0)
        said = self._said.read()[-2000:].decode("utf-8", "replace")
        for words, why in _WHY:
            if words in said.lower():
                return why
        last = [line for line in said.splitlines() if line.strip()][-1:]
        return f"it said {printable(last[0], 300)!r}" if last else "it said nothing: is the ribbon cable loose?"


def cut_yuv(picture: bytes | bytearray, width: int, height: int, seen_ms: float) -> Frame:
    """A frame of planar YUV 4:2:0 without padding: its first plane is the grey picture."""
    planes: NDArray[np.uint8] = np.frombuffer(picture, np.uint8).reshape(height * 3 // 2, width)
    return Frame(planes[:height], lambda: cast("Any", cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)), seen_ms)


def _program() -> str:
    for name in PROGRAMS:
        if path := shutil.which(name):
            return path
    raise SourceFault("rpicam-vid is not installed: on Raspberry Pi OS, apt-get install rpicam-apps-lite")
