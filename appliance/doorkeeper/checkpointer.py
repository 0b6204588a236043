"""Moves what the write-ahead log holds into ledger.db, off the scan path."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Final

from appliance.store.opening import BUSY_MILLIS, is_damage

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 2.0
"""So long may a refusal's row (told before it was written) be lost to a power cut."""
LOG_BYTES: Final = 64 * 1024 * 1024
"""A write-ahead log of this size is emptied, even if writers wait a moment for it."""


class Checkpointer:
    """One thread; `touched` says that there is something to do."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._touched = threading.Event()
        self._stop = threading.Event()

    def touched(self) -> None:
        """Something was committed. From any thread."""
        self._touched.set()

    def stop(self) -> None:
        """End soon."""
        self._stop.set()
        self._touched.set()

    def run(self) -> None:
        """The thread's body."""
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLIS}")
        connection.execute("PRAGMA synchronous = FULL")
        while not self._stop.wait(EVERY_SECONDS):
            self._touched.wait()
            self._touched.clear()
            mode = "RESTART" if self._wal.exists() and self._wal.stat().st_size > LOG_BYTES else "PASSIVE"
            try:
                connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            except sqlite3.OperationalError as fault:
                # Full or busy: the log keeps what it has, and the next round tries again.
                if is_damage(fault):
                    raise
                log.warning("checkpoint put off: %s", fault)
        connection.close()
