"""Stand-ins for hardware that the tests' machine hasn't: the smallest that will do, written by hand."""

from __future__ import annotations

import errno
import http.server
import itertools
import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

STOP_SECONDS: Final = 60.0

_PLAIN: Final = {
    **dict(zip("1234567890-=", range(2, 14), strict=True)),
    **dict(zip("qwertyuiop[]", range(16, 28), strict=True)),
    **dict(zip("asdfghjkl;'`", range(30, 42), strict=True)),
    **dict(zip("\\zxcvbnm,./", range(43, 54), strict=True)),
    " ": 57,
}
_SHIFTED: Final = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))
_SHIFT: Final = 42
_ENTER: Final = 28
_EVENT: Final = struct.Struct("llHHi")
"""struct input_event of linux/input.h, as a recording of /dev/input/event0 has it."""


def until(condition: Callable[[], Any], what: str = "what is waited for") -> Any:
    """The condition's first true value; a failure after a minute."""
    stop = time.monotonic() + STOP_SECONDS
    tick = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < stop, f"{what} didn't come"
        tick.wait(0.01)
    return found


def key_strokes(text: str) -> list[tuple[int, bool]]:
    """The (key code, down) by which a US keyboard types `text`, shift held for each character that needs it."""
    strokes: list[tuple[int, bool]] = []
    for character in text:
        plain = _SHIFTED.get(character, character.lower())
        code = _PLAIN[plain]
        key = [(code, True), (code, False)]
        strokes += [(_SHIFT, True), *key, (_SHIFT, False)] if plain != character else key
    return strokes


class FakeEvent(NamedTuple):
    """As evdev's InputEvent."""

    sec: int
    usec: int
    type: int
    code: int
    value: int

    def timestamp(self) -> float:
        return self.sec + self.usec / 1e6


class _Maker(NamedTuple):
    vendor: int


class FakeInputDevice:
    """A keyboard or scanner: what is typed on it goes through a pipe, as struct input_event."""

    def __init__(self, name: str, *, vendor: int = 0x1234, keys: Iterable[int] = range(1, 120)) -> None:
        self.name = name
        self.info = _Maker(vendor)
        self.grabbed = False
        self.closed = False
        self._keys = list(keys)
        self._reading, self._writing = os.pipe2(os.O_NONBLOCK)
        self._clock = 0.0

    def fileno(self) -> int:
        return self._reading

    def read(self) -> Iterable[FakeEvent]:
        received = os.read(self._reading, 64 * _EVENT.size)
        if not received:
            raise OSError(errno.ENODEV, "No such device")
        return [FakeEvent(*fields) for fields in _EVENT.iter_unpack(received)]

    def grab(self) -> None:
        self.grabbed = True

    def capabilities(self) -> dict[int, list[Any]]:
        return {0: [0, 1], 1: self._keys}

    def leds(self) -> list[int]:
        return []

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            os.close(self._reading)

    def type(self, text: str, *, enter: bool = True, step: float = 0.002) -> None:
        """Keys `step` seconds apart by the kernel's clock, all of them there at once."""
        strokes = key_strokes(text) + ([(_ENTER, True), (_ENTER, False)] if enter else [])
        self.send([(1, code, int(down)) for code, down in strokes], step=step)

    def send(self, events: Iterable[tuple[int, int, int]], *, step: float = 0.002) -> None:
        """Raw (type, code, value)."""
        self._clock = max(self._clock, time.monotonic())
        for kind, code, value in events:
            self._clock += step
            sec = int(self._clock)
            os.write(self._writing, _EVENT.pack(sec, int((self._clock - sec) * 1e6), kind, code, value))

    def unplug(self) -> None:
        os.close(self._writing)


class FakeInputDevices:
    """What is plugged in, by path."""

    def __init__(self, **devices: FakeInputDevice) -> None:
        self.plugged = {f"/dev/input/{name}": device for name, device in devices.items()}
        self.forbidden = False

    def paths(self) -> Sequence[str]:
        return sorted(self.plugged)

    def open(self, path: str) -> FakeInputDevice:
        if self.forbidden:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        if path not in self.plugged:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        return self.plugged[path]


_RPICAM: Final = '''#!{python}
"""Stands for rpicam-vid: planar YUV to standard output until the camera is unplugged, as an option says."""
import os, pathlib, select, sys

here = pathlib.Path({directory!r})
option = dict(zip(sys.argv, sys.argv[1:]))
with (here / "started").open("a") as started:
    started.write(" ".join(sys.argv) + "\\n")
if "--list-cameras" in sys.argv:
    print("Available cameras\\n-----------------\\n0 : imx708 [4608x2592 10-bit RGGB] (/base/soc)" if not
          (here / "unplugged").exists() else "No cameras available!")
    sys.exit(0)
width, height = int(option["--width"]), int(option["--height"])
number = 0
while not (here / "unplugged").exists():
    number += 1
    row = bytes((x * 3 + number) % 200 + 20 for x in range(width))
    luma = b"".join(row[y % 7 :] + row[: y % 7] for y in range(height))
    os.write(2, b"#%d (10.00 fps)\\n" % number)
    sys.stdout.buffer.write(bytes([number % 256]) + luma[1:] + bytes([128]) * (width * height // 2))
    sys.stdout.buffer.flush()
    if (here / "hang").exists():
        select.select([], [], [], 3600)
    select.select([], [], [], 1 / float(option["--framerate"]))
sys.stderr.write("ERROR: *** no cameras available ***\\n")
sys.exit(255)
'''


class FakeRpicam:
    """A directory with a program named as Raspberry Pi OS names it; put it first on PATH."""

    def __init__(self, directory: Path, name: str = "rpicam-vid") -> None:
        self._directory = directory
        self.bin = directory / "bin"
        self.bin.mkdir()
        program = self.bin / name
        program.write_text(_RPICAM.format(python=sys.executable, directory=str(directory)))
        program.chmod(0o755)

    @property
    def started(self) -> list[str]:
        """One command line a start."""
        file = self._directory / "started"
        return file.read_text().splitlines() if file.exists() else []

    def unplug(self) -> None:
        (self._directory / "unplugged").touch()

    def plug_in(self) -> None:
        (self._directory / "unplugged").unlink()


class MjpegCamera:
    """A network camera: a real HTTP server that sends JPEG after JPEG."""

    def __init__(self, jpegs: Sequence[bytes]) -> None:
        self._jpegs = jpegs
        self._off = threading.Event()
        self.clients = 0
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video.mjpg"

    def power_off(self) -> None:
        """Nobody answers any more."""
        self._off.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def power_on(self) -> None:
        """At the same port."""
        self._off.clear()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.clients += 1
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                with suppress(OSError):
                    for jpeg in itertools.cycle(camera._jpegs):
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                        if camera._off.wait(0.04):
                            return

            def log_message(self, *_: object) -> None:
                pass

        return Handler
