"""Lines from a named pipe, a file that grows, or standard input: for other programs, tests, and plan B."""

from __future__ import annotations

import logging
import os
import select
import stat
import sys
import time
from pathlib import Path
from typing import Final

from appliance.scanner.sources.addresses import Pipe
from appliance.scanner.sources.exceptions import SourceEnded, SourceFault
from appliance.scanner.sources.line_cutting import MAX_LINE, LineCutter

log = logging.getLogger(__name__)

_AT_ONCE: Final = 65536
_GROWTH_SECONDS: Final = 0.1
"""Between looks at a file's end; a pipe tells by itself."""
_LAST_LINE_SECONDS: Final = 0.5
"""After which a file's last line counts though nothing ends it."""


class _Lines:
    """Lines of one descriptor."""

    doubt = None

    def __init__(self, name: str) -> None:
        self._name = name
        self._cutter = LineCutter()
        self._descriptor = -1

    def read(self, seconds: float) -> list[str]:
        """Lines that end within `seconds`."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            if not select.select([self._descriptor], [], [], until - now)[0]:
                return []
            try:
                received = os.read(self._descriptor, _AT_ONCE)
            except BlockingIOError:
                # The last writer had gone when we looked, and by now another has come: nothing of theirs yet.
                continue
            except OSError as fault:
                raise SourceFault(f"{self._name}: {fault.strerror}") from fault
            lines = self._cutter.feed(received, now) if received else self._at_end(until)
            if self._cutter.dropped:
                log.warning(
                    "%s: %d lines of more than %d bytes are dropped", self._name, self._cutter.dropped, MAX_LINE
                )
                self._cutter.dropped = 0
            if lines:
                return lines
        return []

    def _at_end(self, until: float, /) -> list[str]:
        raise NotImplementedError


class PipeWire(_Lines):
    """A named pipe is opened again when its writers have gone; a file is followed as it grows."""

    def __init__(self, address: Pipe) -> None:
        super().__init__(address.path)
        self._path = Path(address.path)
        self._is_pipe = True

    def check(self) -> None:
        """SourceFault if it is there and can't be read, or isn't and can't be made."""
        if self._path.exists() and not os.access(self._path, os.R_OK):
            raise SourceFault(f"no permission to read {self._path}")
        if not self._path.exists() and not os.access(self._path.parent, os.W_OK):
            raise SourceFault(f"{self._path} doesn't exist, and can't be made in its directory")

    def open(self) -> None:
        """Made, readable by its owner and group alone, if it doesn't exist."""
        try:
            if not self._path.exists():
                os.mkfifo(self._path, 0o660)
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            mode = os.fstat(self._descriptor).st_mode
        except OSError as fault:
            raise SourceFault(
                f"{self._path}: {fault.strerror}: expected a named pipe that this process may read"
            ) from fault
        if not stat.S_ISFIFO(mode) and not stat.S_ISREG(mode):
            raise SourceFault(f"{self._path} is neither a pipe nor a file")
        self._is_pipe = stat.S_ISFIFO(mode)
        self._cutter = LineCutter(pause=None if self._is_pipe else _LAST_LINE_SECONDS)

    def close(self) -> None:
        """Let it go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _at_end(self, until: float, /) -> list[str]:
        lines = self._cutter.end() if self._is_pipe else self._cutter.paused(time.monotonic())
        try:
            if self._is_pipe or self._replaced():
                # The new one before the old one goes: a writer that comes in between must find a reader.
                fresh = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                os.dup2(fresh, self._descriptor, inheritable=False)
                os.close(fresh)
                return lines
        except OSError as fault:
            raise SourceFault(f"{self._path}: {fault.strerror}") from fault
        wait = min(_GROWTH_SECONDS, max(until - time.monotonic(), 0))
        select.select([], [], [], wait)
        return lines

    def _replaced(self) -> bool:
        """The file at this path is another one now, or shorter than what was read of it."""
        try:
            there, here = self._path.stat(), os.fstat(self._descriptor)
        except FileNotFoundError:
            return False  # about to be replaced
        return there.st_ino != here.st_ino or there.st_size < os.lseek(self._descriptor, 0, os.SEEK_CUR)


class StdinWire(_Lines):
    """Standard input, until its end."""

    def __init__(self) -> None:
        super().__init__("standard input")

    def check(self) -> None:
        """SourceFault if there is none."""
        try:
            sys.stdin.fileno()
        except (AttributeError, ValueError, OSError) as fault:
            raise SourceFault("there is no standard input here: use another source") from fault

    def open(self) -> None:
        """Nothing to open."""
        self.check()
        self._descriptor = sys.stdin.fileno()

    def close(self) -> None:
        """It isn't ours to close."""

    def _at_end(self, _until: float, /) -> list[str]:
        lines = self._cutter.end()
        if not lines:
            raise SourceEnded
        return lines
