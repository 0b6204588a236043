"""Stand-ins for hardware that the tests' machine hasn't: the smallest that will do, written by hand."""

from __future__ import annotations

import errno
import os
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
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
