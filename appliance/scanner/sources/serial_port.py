"""Hand scanners on a serial port, real or of USB."""

from __future__ import annotations

import logging
import os
import stat
import time
from pathlib import Path
from typing import Any, Final

from appliance.scanner.sources.addresses import SerialPort
from appliance.scanner.sources.exceptions import SourceFault
from appliance.scanner.sources.line_cutting import MAX_LINE, LineCutter

log = logging.getLogger(__name__)

_AT_ONCE: Final = 4096


class SerialWire:
    """Reads lines from a port."""

    doubt = None

    def __init__(self, address: SerialPort) -> None:
        self._address = address
        self._port: Any = None
        self._cutter = LineCutter(pause=address.pause)

    def check(self) -> None:
        """SourceFault if the port is missing or not ours to open."""
        path = Path(self._address.device)
        # Not by opening it: that waits for a carrier, or resets what hangs on it.
        try:
            there = path.stat()
        except OSError as fault:
            raise SourceFault(f"{path}: {fault.strerror}: is the scanner plugged in? {_others()}") from fault
        if not stat.S_ISCHR(there.st_mode):
            raise SourceFault(f"{path} is no serial port: expected one such as /dev/ttyACM0. {_others()}")
        if not os.access(path, os.R_OK | os.W_OK):
            raise SourceFault(f"no permission to use {path}: add this process's user to the group `dialout`")

    def open(self) -> None:
        """Take the port: nobody else may read from it."""
        import serial  # only who has such a scanner pays for it

        self.check()
        try:
            self._port = serial.Serial(self._address.device, self._address.baud, timeout=0, exclusive=True)
        except (OSError, ValueError) as fault:
            raise SourceFault(f"{self._address.device} can't be opened as a serial port ({fault})") from fault
        self._cutter = LineCutter(pause=self._address.pause)

    def read(self, seconds: float) -> list[str]:
        """Lines that end within `seconds`."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            wait = min(until - now, self._address.pause) if self._cutter.pending else until - now
            try:
                self._port.timeout = wait
                received: bytes = self._port.read(1)
                received += self._port.read(min(self._port.in_waiting, _AT_ONCE)) if received else b""
            except (OSError, TypeError) as fault:  # TypeError: closed under pyserial's hands
                raise SourceFault(f"{self._address.device} is gone ({fault}): plug the scanner in again") from fault
            lines = self._cutter.feed(received, time.monotonic()) if received else self._cutter.paused(time.monotonic())
            if self._cutter.dropped:
                self._cutter.dropped = 0
                log.warning(
                    "%s: a line of more than %d bytes is dropped: wrong baud rate?", self._address.device, MAX_LINE
                )
            if lines:
                return lines
        return []

    def close(self) -> None:
        """Let the port go."""
        if self._port is not None:
            self._port.close()
            self._port = None


def _others() -> str:
    here = [str(path) for pattern in ("ttyACM*", "ttyUSB*") for path in sorted(Path("/dev").glob(pattern))]
    return f"Here are: {', '.join(here[:8])}" if here else "There is no /dev/ttyACM* or /dev/ttyUSB* here"
