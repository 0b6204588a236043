"""Brings what was committed to the disk and into ledger.db, off the scan path."""

from __future__ import annotations

import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from appliance.store.opening import BUSY_MILLIS, is_damage
from appliance.store.wal import Length, length

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 2.0
"""So long may a refusal's row (told before it was written) be lost to a power cut."""
MOVED_FRAMES: Final = 3000
"""Frames (12 MB) that the log holds before they are moved. The first commit after that pays one more sync, so this
isn't done at every lull; but a log that grows past its file makes each commit pay for the growth."""
EMPTIED_FRAMES: Final = 2 * MOVED_FRAMES
"""Under steady writing the log never happens to be empty: from here on it is emptied between two transactions."""
HURRY_COMMITS: Final = 100
"""After so many the log is looked at, whatever the time."""
_ROUNDS: Final = 4
_EMPTY_BUSY_MILLIS: Final = 50
"""So long may readers hold the emptying, and with it the writer, up."""


class Checkpointer:
    """One thread. `put_between` as `Writer.put_between`."""

    def __init__(self, path: Path, *, put_between: Callable[[Callable[[sqlite3.Connection], None]], None]) -> None:
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._put_between = put_between
        self._wake = threading.Event()
        self._stopping = False
        self._unsynced = False
        self._commits = 0
        self._moved = Length(b"", 0)
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def touched(self, durable: bool) -> None:  # noqa: FBT001 (called with a value of its own)
        """Something was committed. From the writer's thread."""
        self._unsynced = not durable
        self._commits += 1
        if self._commits >= HURRY_COMMITS:
            self._wake.set()

    def after_sync(self, run: Callable[[], None]) -> None:
        """Run something once all that is committed now is on the disk. From the writer's thread."""
        self._waiting.put(run)
        self._wake.set()

    def stop(self) -> None:
        """End soon. After the writer has ended."""
        self._stopping = True
        self._wake.set()

    def run(self) -> None:
        """The thread's body."""
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLIS}")
            connection.execute("PRAGMA synchronous = FULL")
            while not self._stopping:
                self._wake.wait(EVERY_SECONDS)
                self._wake.clear()
                self._commits = 0
                try:
                    self._sync()
                    self._move(connection)
                except (sqlite3.OperationalError, OSError) as fault:
                    # Full or busy: the log keeps what it has, and the next round tries again.
                    if is_damage(fault):
                        raise
                    log.warning("checkpoint put off: %s", fault)

    def _sync(self) -> None:
        waiting = [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        if self._unsynced:
            self._unsynced = False
            wal = os.open(self._wal, os.O_RDONLY)
            try:
                os.fdatasync(wal)
            finally:
                os.close(wal)
        for run in waiting:
            run()

    def _move(self, connection: sqlite3.Connection) -> None:
        now = length(self._path)
        if now.frames - (self._moved.frames if now.salts == self._moved.salts else 0) < MOVED_FRAMES:
            return
        for _ in range(_ROUNDS):
            _, _, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            # What was committed meanwhile counts: only a log that is moved to its end is begun anew.
            now = length(self._path)
            self._moved = Length(now.salts, moved)
            if now.frames == moved:
                return
        if now.frames > EMPTIED_FRAMES:
            self._put_between(_empty)


def _empty(connection: sqlite3.Connection) -> None:
    """Move the last frames and let the next commit begin the log anew."""
    connection.execute(f"PRAGMA busy_timeout = {_EMPTY_BUSY_MILLIS}")
    try:
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    except sqlite3.OperationalError as fault:
        if is_damage(fault):
            raise
        log.warning("write-ahead log not emptied: %s", fault)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLIS}")
