"""Input devices as the kernel gives them (evdev), and which of them may be hand scanners."""

from __future__ import annotations

import fcntl
import re
import struct
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from appliance.scanner.sources.keys import DIGITS, ENTER, LETTERS

EV_SYN: Final = 0
EV_KEY: Final = 1
SYN_DROPPED: Final = 3
_LED_CAPS: Final = 1
_SET_CLOCK: Final = 0x400445A0
"""EVIOCSCLOCKID of linux/input.h: the kernel's times of a device, by the clock that nobody sets."""
_SET_MASK: Final = 0x40104593
"""EVIOCSMASK of linux/input.h: which codes of an event type are wanted."""
_EV_MSC: Final = 4
_SCANNER_NAME: Final = re.compile(
    r"scan|bar ?code|qr ?code|symbol|zebra|honeywell|metrologic|datalogic|newland|opticon|netum|inateck|eyoyo|tera\b"
    r"|unitech|cino\b|id ?tech|code ?corp|hand ?held|imager",
    re.IGNORECASE,
)
_SCANNER_VENDORS: Final = frozenset({0x05E0, 0x05F9, 0x080C, 0x0C2E, 0x11FA, 0x1EAB})
"""Zebra, Datalogic (two), Honeywell, Code, Newland: they make no keyboards."""


class InputEvent(Protocol):
    """As evdev gives it."""

    type: int
    code: int
    value: int

    def timestamp(self) -> float:
        """Seconds."""


class InputDevice(Protocol):
    """As evdev's, as far as it is used here."""

    name: str
    info: Any

    def fileno(self) -> int:
        """For selectors."""

    def read(self) -> Iterable[InputEvent]:
        """All that have happened. OSError when it is unplugged."""

    def grab(self) -> None:
        """Keep its events from everybody else. OSError if somebody has."""

    def capabilities(self) -> dict[int, list[Any]]:
        """Event types to codes."""

    def leds(self) -> list[int]:
        """Those that are lit."""

    def close(self) -> None:
        """Let it go."""


class InputDevices(Protocol):
    """The machine's input devices."""

    def paths(self) -> Sequence[str]:
        """Those that this process may read."""

    def open(self, path: str) -> InputDevice:
        """OSError if it isn't there, or not ours to read."""


class EvdevDevices:
    """By the library evdev, which is an extra: not every box has such a scanner."""

    def paths(self) -> Sequence[str]:
        """Those of /dev/input that this process may read."""
        return sorted(str(path) for path in _evdev().list_devices())

    def open(self, path: str) -> InputDevice:
        """OSError as usual."""
        device: InputDevice = _evdev().InputDevice(path)
        return device


def is_keyboard(device: InputDevice) -> bool:
    """Whether it can type a code: letters, digits and Enter."""
    keys = set(device.capabilities().get(EV_KEY, ()))
    return ENTER in keys and keys >= LETTERS and keys >= DIGITS


def looks_like_scanner(device: InputDevice) -> bool:
    """By its maker or its name; many cheap ones don't."""
    return device.info.vendor in _SCANNER_VENDORS or bool(_SCANNER_NAME.search(device.name))


def caps_lock_is_on(device: InputDevice) -> bool:
    """By its light; False for a device without one."""
    try:
        return _LED_CAPS in device.leds()
    except OSError:
        return False


def use_monotonic_clock(device: InputDevice) -> None:
    """Otherwise a step of the machine's clock, while something is typed, would cut a line or join two."""
    with suppress(OSError):  # then so be it
        fcntl.ioctl(device.fileno(), _SET_CLOCK, struct.pack("i", time.CLOCK_MONOTONIC))


def leave_out_scan_codes(device: InputDevice) -> None:
    """They come with every key and say nothing more; the kernel keeps but 64 events for a reader that is late."""
    with suppress(OSError):  # a kernel before 4.4
        fcntl.ioctl(device.fileno(), _SET_MASK, struct.pack("IIQ", _EV_MSC, 0, 0))


def _evdev() -> Any:
    import evdev

    return evdev
