"""Reads a large ledger.db whole once, beside the open door, to find damage before somebody's ticket does."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Final

from appliance.store.opening import StoreDamaged, open_reader
from appliance.store.soundness import quick_check

_LOWEST_PRIORITY: Final = 19


class Checker:
    """One thread that ends when it is through; StoreDamaged if it finds something."""

    def __init__(self, path: Path, *, larger_than: int) -> None:
        self._path = path
        self._larger_than = larger_than
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._stopping = False

    def stop(self) -> None:
        """End soon."""
        with self._lock:
            self._stopping = True
            if self._connection is not None:
                self._connection.interrupt()

    def run(self) -> None:
        """The thread's body."""
        if self._path.stat().st_size <= self._larger_than:
            return
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
        with closing(open_reader(self._path)) as connection:
            with self._lock:
                self._connection = None if self._stopping else connection
            try:
                found = quick_check(connection) if not self._stopping else ""
            except sqlite3.OperationalError:
                if not self._stopping:
                    raise
                found = ""
            finally:
                with self._lock:
                    self._connection = None
        if found:
            raise StoreDamaged(f"{self._path}: {found}")
