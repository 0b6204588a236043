"""Threads that take their process with them when they die: systemd restarts a process, nobody restarts a thread."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

EXIT_CODE: Final = 70
"""EX_SOFTWARE of sysexits.h."""


def start_deadly(
    name: str, target: Callable[[], None], *, dies: Callable[[BaseException], None] | None = None
) -> threading.Thread:
    """Runs `target` in a daemon thread. An exception out of it ends the process, or is handed to `dies`."""
    end = dies if dies is not None else end_process

    def run() -> None:
        try:
            target()
        except BaseException as fault:  # a thread's top
            log.critical("thread %s died", name, exc_info=fault)
            end(fault)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def end_process(_fault: BaseException) -> None:
    """At once: a half-dead process that lingers is what must not be."""
    logging.shutdown()
    os._exit(EXIT_CODE)
