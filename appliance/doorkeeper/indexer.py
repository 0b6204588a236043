"""Indexes a new living roster by its tickets' ids, in short steps, off the scan path."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from appliance.doorkeeper.protocol import Answer, Done, Failed
from appliance.doorkeeper.writer import Job
from appliance.store import roster
from appliance.store.opening import open_reader

_READ: Final = 20_000
"""Ids sorted at a time: each time the roster is read whole."""
_WRITTEN: Final = 500
_RETRY_SECONDS: Final = 1.0
_STEP_SECONDS: Final = 0.25
_FIRST: Final = ("", "")


class Indexer:
    """One thread. `connection` is the writer's, for the jobs that `put` queues with it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, put: Callable[[Job], None]) -> None:
        self._path = path
        self._connection = connection
        self._put = put
        self._awake = threading.Event()
        self._stopping = threading.Event()

    def wake(self) -> None:
        """Another roster lives. From any thread."""
        self._awake.set()

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()
        self._awake.set()

    def run(self) -> None:
        """The thread's body. What an earlier life left undone is done first."""
        with closing(open_reader(self._path)) as reader:
            while not self._stopping.is_set():
                number = roster.unindexed(reader)
                if number is None:
                    self._awake.wait()
                    self._awake.clear()
                elif not self._index(reader, number):
                    self._stopping.wait(_RETRY_SECONDS)

    def _index(self, reader: sqlite3.Connection, number: int) -> bool:
        """Index one roster; False if it wasn't finished."""
        after = _FIRST
        while some := roster.next_ids(reader, number, after, _READ):
            for at in range(0, len(some), _WRITTEN):
                add = partial(roster.add_ids, self._connection, number, some[at : at + _WRITTEN])
                if not self._written(add, number):
                    return False
            after = some[-1]
        return self._written(partial(roster.set_indexed, self._connection, number), number)

    def _written(self, write: Callable[[], None], number: int) -> bool:
        """Have the writer do it if this roster still lives; whether it did, when it is on the disk."""
        done = threading.Event()
        answers: list[Answer] = []

        def run() -> Answer:
            if roster.unindexed(self._connection) != number:
                return Failed(id=0, kind="unknown", what="another roster lives")
            write()
            return Done(id=0)

        def reply(answer: Answer) -> None:
            answers.append(answer)
            done.set()

        self._put(Job(run, reply, durable=False, bulky=True))
        while not done.wait(_STEP_SECONDS):
            if self._stopping.is_set():
                return False
        return isinstance(answers[0], Done)
