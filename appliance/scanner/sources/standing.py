"""How a source's device is at the moment, kept for those who ask, and told to the log when it comes and goes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from appliance.scanner.sources.exceptions import SourceEnded, SourceFault

log = logging.getLogger(__name__)

BACKOFF: Final = (0.1, 0.2, 0.4, 0.8, 1.0)
"""Seconds before a device that went away is tried again; the last holds on."""
MAX_DETAIL: Final = 1000


def printable(text: str, limit: int) -> str:
    """`text` of a device or program on one line of at most `limit` characters, nothing unprintable in it."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


class Device(Protocol):
    """A camera or scanner as its own thread uses it. All of these raise SourceFault when it can't be had."""

    def check(self) -> None:
        """Whether it could be opened, without disturbing who has it open now."""

    def open(self) -> None:
        """Take it. Called again after each fault."""

    def close(self) -> None:
        """Let it go; harmless when it isn't open."""


class Standing:
    """Whether the device is there. Written by the source's thread, read by any."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._seen = False
        self._fault = ""

    @property
    def seen(self) -> bool:
        """It is there and has given something."""
        return self._seen

    @property
    def fault(self) -> str:
        """Why it isn't there; empty while it is, or while nobody knows yet."""
        return self._fault

    def works(self) -> None:
        """It gave something."""
        if self._seen:
            return
        with self._lock:
            came_back, self._fault, self._seen = bool(self._fault), "", True
        if came_back:
            log.warning("%s: it is back", self._name)

    def gone(self, why: str) -> None:
        """It can't be had. Told to the log when it is news."""
        why = printable(why, MAX_DETAIL)
        with self._lock:
            news, self._fault, self._seen = why != self._fault, why, False
        if news:
            log.error("%s: %s", self._name, why)


def keep_open(device: Device, turn: Callable[[], None], *, standing: Standing, closing: threading.Event) -> None:
    """Calls `turn` over and over while the device is open, opens it anew when it went; until `closing`, or its end."""
    failures = 0
    while not closing.is_set():
        try:
            device.open()
            while not closing.is_set():
                turn()
                if standing.seen:
                    failures = 0
        except SourceFault as fault:
            standing.gone(str(fault))
        except SourceEnded:
            return
        finally:
            device.close()
        closing.wait(BACKOFF[min(failures, len(BACKOFF) - 1)])
        failures += 1
