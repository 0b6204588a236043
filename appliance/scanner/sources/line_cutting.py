"""Bytes to lines. Pure."""

from __future__ import annotations

import re
from typing import Final

MAX_LINE: Final = 4096
_ENDS: Final = re.compile(rb"[\r\n]+")


class LineCutter:
    """CR, LF or both end a line; empty ones are none. `at` in monotonic seconds."""

    def __init__(self, *, pause: float | None = None) -> None:
        """`pause`: seconds without a byte that end a line too; None: they don't."""
        self._pause = pause
        self._rest = b""
        self._too_long = False
        self._last_at = 0.0
        self.dropped = 0
        """Lines longer than MAX_LINE so far."""

    @property
    def pending(self) -> bool:
        """A line has begun and not ended."""
        return bool(self._rest) or self._too_long

    def feed(self, received: bytes, at: float) -> list[str]:
        """The lines that end with these bytes."""
        done = self.paused(at)
        self._last_at = at
        *ended, rest = _ENDS.split(self._rest + received)
        for line in ended:
            done += self._finish(line)
        self._rest = rest
        if len(rest) > MAX_LINE:
            self._rest, self._too_long = b"", True
        return done

    def paused(self, now: float) -> list[str]:
        """The line that the time since its last byte has ended, if any."""
        waited = self._pause is not None and now - self._last_at >= self._pause
        return self.end() if waited and self.pending else []

    def end(self) -> list[str]:
        """Whoever wrote has gone: what is there is a line."""
        line, self._rest = self._rest, b""
        return self._finish(line)

    def _finish(self, line: bytes) -> list[str]:
        if self._too_long or len(line) > MAX_LINE:
            self._too_long = False
            self.dropped += 1
            return []
        return [decode_line(line)] if line else []


def decode_line(line: bytes) -> str:
    """UTF-8, or Latin-1 (which everything can be) where it isn't."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
