"""Hand scanners that type, as keyboards do: read below any keyboard layout, kept from typing elsewhere.

A device that looks like a scanner is grabbed: what it types reaches nobody else. Cheap scanners call themselves
"USB Keyboard"; so `hid:auto` also listens to keyboards, without grabbing them, and takes one for a scanner from the
first line on that no human hand could have typed. What people type on theirs is dropped, never shown or logged.
"""

from __future__ import annotations

import logging
import selectors
import time
from collections.abc import Sequence
from typing import Final

from appliance.scanner.sources.addresses import Hid
from appliance.scanner.sources.exceptions import SourceFault
from appliance.scanner.sources.input_devices import (
    EV_KEY,
    EV_SYN,
    SYN_DROPPED,
    EvdevDevices,
    InputDevice,
    InputDevices,
    InputEvent,
    caps_lock_is_on,
    is_keyboard,
    leave_out_scan_codes,
    looks_like_scanner,
    use_monotonic_clock,
)
from appliance.scanner.sources.keys import MAX_LINE, KeyTypist, Typed
from appliance.scanner.sources.line_reading import Doubt
from appliance.scanner.sources.standing import printable

log = logging.getLogger(__name__)

_FAST_KEYS: Final = 6
_FAST_SECONDS: Final = 0.03
"""Between keys, on average: a scanner takes 1 to 15 ms, the fastest typist 60."""
_LOOK_AGAIN_SECONDS: Final = 1.0
_MISSING: Final = (
    "the Python package evdev is not installed: apt-get install python3-evdev, or pip install 'hub-appliance[evdev]'"
)
_NONE: Final = (
    "no hand scanner is found: plug it in; set it to type like a keyboard (USB HID), as its manual says; "
    "add this process's user to the group `input`"
)


class _Keyboard:
    """One open device, and what is being typed on it."""

    def __init__(self, path: str, device: InputDevice, *, scanner: bool, pause: float) -> None:
        self.path = path
        self.device = device
        self.name = printable(device.name, 60)
        self.scanner = scanner
        use_monotonic_clock(device)
        leave_out_scan_codes(device)
        self._pause = pause
        self._taken_at = 0.0
        self._typist = KeyTypist(pause=pause, caps_lock=caps_lock_is_on(device))
        if scanner:
            self.grab()

    def grab(self) -> None:
        try:
            self.device.grab()
        except OSError as fault:
            log.warning("%s: what it types may reach others too: it can't be grabbed (%s)", self.name, fault.strerror)

    def take(self, event: InputEvent) -> list[Typed]:
        if event.type == EV_SYN and event.code == SYN_DROPPED:
            self._typist.forget()
            log.warning("%s typed faster than it was read: a scan is lost", self.name)
        if event.type != EV_KEY or event.value not in {0, 1}:
            return []
        self._taken_at = time.monotonic()
        return self._typist.key(event.code, down=bool(event.value), at=event.timestamp())

    def pause(self) -> list[Typed]:
        """Asked when it has nothing to read: its own times can't tell how long it has been silent."""
        return self._typist.end() if time.monotonic() - self._taken_at >= self._pause else []

    @property
    def typing(self) -> bool:
        return self._typist.pending

    def too_long(self) -> bool:
        dropped, self._typist.dropped = self._typist.dropped, 0
        return bool(dropped)


class HidWire:
    """Lines of one named scanner, or of all that look or type like one."""

    def __init__(self, address: Hid, devices: InputDevices | None = None) -> None:
        self._address = address
        self._devices = devices if devices is not None else EvdevDevices()
        self._keyboards: dict[str, _Keyboard] = {}
        self._passed: set[str] = set()
        self._proven: set[str] = set()
        self._lost = ""
        self._selector: selectors.BaseSelector | None = None
        self._looked_at = 0.0

    @property
    def doubt(self) -> Doubt | None:
        """No device here is known to be a scanner."""
        keyboards = list(self._keyboards.values())
        if not keyboards or any(keyboard.scanner for keyboard in keyboards):
            return None
        names = ", ".join(sorted({keyboard.name for keyboard in keyboards}))
        scan = f"Scan something: one of these is taken for a scanner when it types like one: {names}"
        if self._lost:
            return Doubt("gone", f"The hand scanner {self._lost} is gone: plug it in again, or another. {scan}")
        return Doubt("starting", f"Nothing here looks like a hand scanner. {scan}")

    def check(self) -> None:
        """SourceFault if there is no such device, or it isn't ours to read."""
        if self._address.device:
            self._open_device(self._address.device).close()
            return
        found = False
        for path in self._list():
            try:
                device = self._devices.open(path)
            except OSError:
                continue
            found = found or is_keyboard(device)
            device.close()
        if not found:
            raise SourceFault(_NONE)

    def open(self) -> None:
        """Take what is there."""
        self._selector = selectors.DefaultSelector()
        self._passed.clear()
        self._look()
        if not self._keyboards:
            raise SourceFault(_NONE)

    def read(self, seconds: float) -> list[str]:
        """Lines that end within `seconds`."""
        assert self._selector is not None
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            if not self._address.device and now - self._looked_at >= _LOOK_AGAIN_SECONDS:
                self._look()
            typing = any(keyboard.typing for keyboard in self._keyboards.values())
            wait = min(until - now, self._address.pause) if typing else until - now
            ready = [key.data for key, _ in self._selector.select(wait)]
            lines = [line for keyboard in ready for line in self._take(keyboard)]
            for keyboard in self._keyboards.values():
                if keyboard not in ready and keyboard.typing:
                    lines += self._accept(keyboard, keyboard.pause())
            if not self._keyboards:
                raise SourceFault("the hand scanner is gone: plug it in again")
            if lines:
                return lines
        return []

    def close(self) -> None:
        """Let all go."""
        for keyboard in list(self._keyboards.values()):
            self._drop(keyboard)
        if self._selector is not None:
            self._selector.close()
            self._selector = None

    def _take(self, keyboard: _Keyboard) -> list[str]:
        typed: list[Typed] = []
        try:
            for event in keyboard.device.read():
                typed += keyboard.take(event)
        except BlockingIOError:
            pass
        except OSError:
            log.warning("%s is unplugged", keyboard.name)
            self._lost = keyboard.name if keyboard.scanner else self._lost
            self._drop(keyboard)
        if keyboard.too_long():
            log.warning("%s typed more than %d characters without an end: dropped", keyboard.name, MAX_LINE)
        return self._accept(keyboard, typed)

    def _accept(self, keyboard: _Keyboard, typed: Sequence[Typed]) -> list[str]:
        if not keyboard.scanner and any(_no_hand(line) for line in typed):
            log.warning("%s types as fast as a scanner: taken for one", keyboard.name)
            self._proven.add(keyboard.name)
            keyboard.scanner = True
            keyboard.grab()
            typed = [line for line in typed if _no_hand(line)]
        return [line.text for line in typed] if keyboard.scanner else []

    def _look(self) -> None:
        """Open what has been plugged in since the last look."""
        self._looked_at = time.monotonic()
        if self._address.device:
            device = self._open_device(self._address.device)
            self._add(self._address.device, device, scanner=True)
            return
        paths = self._list()
        self._passed &= set(paths)
        for path in paths:
            if path in self._keyboards or path in self._passed:
                continue
            try:
                device = self._devices.open(path)
            except OSError:
                continue
            if is_keyboard(device):
                self._add(path, device, scanner=looks_like_scanner(device))
            else:
                device.close()
                self._passed.add(path)

    def _add(self, path: str, device: InputDevice, *, scanner: bool) -> None:
        assert self._selector is not None
        scanner = scanner or printable(device.name, 60) in self._proven
        keyboard = _Keyboard(path, device, scanner=scanner, pause=self._address.pause)
        self._selector.register(device, selectors.EVENT_READ, keyboard)
        self._keyboards[path] = keyboard
        log.info(
            "%s: %s", keyboard.name, "a hand scanner" if scanner else "a keyboard, listened to for a scanner's speed"
        )

    def _drop(self, keyboard: _Keyboard) -> None:
        if self._keyboards.pop(keyboard.path, None) is not None and self._selector is not None:
            self._selector.unregister(keyboard.device)
            keyboard.device.close()

    def _list(self) -> Sequence[str]:
        try:
            return self._devices.paths()
        except ImportError as fault:
            raise SourceFault(_MISSING) from fault

    def _open_device(self, path: str) -> InputDevice:
        try:
            return self._devices.open(path)
        except ImportError as fault:
            raise SourceFault(_MISSING) from fault
        except PermissionError as fault:
            raise SourceFault(f"no permission to read {path}: add this process's user to the group `input`") from fault
        except OSError as fault:
            raise SourceFault(
                f"{path}: {fault.strerror or fault}: expected an input device: is the scanner plugged in? "
                f"(ls /dev/input/by-id, or use hid:auto)"
            ) from fault


def _no_hand(line: Typed) -> bool:
    return line.keys >= _FAST_KEYS and line.seconds / (line.keys - 1) <= _FAST_SECONDS
