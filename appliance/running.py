"""A process from its start to its end: signals, systemd's notifications, the exit code."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Final, Protocol

log = logging.getLogger("appliance")

EXIT_DIED: Final = 70
"""A thread died (sysexits' EX_SOFTWARE): systemd starts the process again."""
_LOOK_SECONDS: Final = 1.0


class Running(Protocol):
    """What every builder returns."""

    def start(self) -> None:
        """Begin to work; returns when it serves."""

    def stop(self) -> None:
        """End cleanly; returns when all is said and written."""

    @property
    def fault(self) -> BaseException | None:
        """What it died of, once it has."""


def set_up_logging(level: str) -> None:
    """One line an event on stderr; under systemd with the priority that the journal reads."""
    under_systemd = bool(os.environ.get("JOURNAL_STREAM"))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JournalFormatter() if under_systemd else logging.Formatter("%(levelname).1s %(name)s: %(message)s")
    )
    logging.basicConfig(level=level.upper(), handlers=[handler])


class _JournalFormatter(logging.Formatter):
    """`<priority>name: message`, newlines kept on the one line."""

    _PRIORITIES: Final = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}

    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.name}: {record.getMessage()}"
        if record.exc_info:
            text += " | " + self.formatException(record.exc_info)
        return f"<{self._PRIORITIES.get(record.levelno, 6)}>" + text.replace("\n", " | ")


def run_until_told(process: Running, *, alive: Callable[[], bool] = lambda: True) -> int:
    """Start, tell systemd, and end at SIGTERM or SIGINT (0) or when a thread dies (70).

    systemd's watchdog is fed while `alive()` says so: a process whose work stands still is started again. After a death
    this doesn't return: threads that wait for the dead one would keep the process from ending.
    """
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    process.start()
    notify("READY=1")
    while not told.wait(_LOOK_SECONDS):
        if process.fault is not None:
            log.critical("a thread died: %r", process.fault, exc_info=process.fault)
            logging.shutdown()
            os._exit(EXIT_DIED)
        if alive():
            notify("WATCHDOG=1")
    notify("STOPPING=1")
    process.stop()
    return 0


def notify(state: str) -> None:
    """Tell systemd (sd_notify(3)); nothing without systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier, contextlib.suppress(OSError):
        notifier.connect("\0" + address[1:] if address.startswith("@") else address)
        notifier.sendall(state.encode())
