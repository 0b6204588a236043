"""The writer: one thread, one transaction for all that waits, an answer for each once it is committed."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from appliance.doorkeeper.protocol import Answer, Failed
from appliance.doorkeeper.recorder import Recorder
from appliance.store.opening import is_damage

log = logging.getLogger(__name__)

_TOGETHER: Final = 256
"""Jobs of one transaction."""
_KEPT: Final = 10_000
"""Rows of refusals that wait for a disk that is full."""


class Job(msgspec.Struct, frozen=True):
    """Something to write.

    `durable`: whoever waits must not be told before it is on the disk. `alone`: its failure is its own, not that of the
    others in the transaction. `kept`: it was told already, so it is tried again when the disk takes writes again.
    """

    run: Callable[[], Answer | None]
    reply: Callable[[Answer], None] | None = None
    request: int = 0
    durable: bool = True
    alone: bool = False
    kept: bool = False


class Writer:
    """Runs jobs in the order in which they came. `committed` is called after every commit; a damaged file ends it."""

    def __init__(self, recorder: Recorder, *, committed: Callable[[], None]) -> None:
        self._recorder = recorder
        self._committed = committed
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._kept: deque[Job] = deque(maxlen=_KEPT)
        self.disk = ""
        """What the last transaction failed with; empty while all is well."""
        self.transactions = 0
        self._between: Callable[[], None] | None = None
        self.stopped = threading.Event()

    def put(self, job: Job) -> None:
        """Queue a job. From any thread."""
        self._jobs.put(job)

    def stop(self) -> None:
        """End after what is queued now."""
        self._jobs.put(None)

    def run(self) -> None:
        """The thread's body. Ends by `stop`, or by the exception that makes going on senseless."""
        going = True
        while going:
            jobs = [self._jobs.get()]
            while len(jobs) < _TOGETHER and not self._jobs.empty():
                jobs.append(self._jobs.get_nowait())
            going = None not in jobs
            self._together([job for job in jobs if job is not None])
        self.stopped.set()

    def _together(self, jobs: list[Job]) -> None:
        if self._kept:
            jobs = [*self._kept, *jobs]
            self._kept.clear()
        if not jobs:
            return
        answers: list[tuple[Job, Answer]] = []
        try:
            with self._recorder.transaction(durable=any(job.durable for job in jobs)):
                for job in jobs:
                    answer = self._alone(job) if job.alone else job.run()
                    if answer is not None:
                        answers.append((job, answer))
        except sqlite3.Error as fault:
            self._fail(jobs, fault)
            return
        self.disk = ""
        self.transactions += 1
        for job, answer in answers:
            if job.reply is not None:
                job.reply(answer)
        self._committed()

    def _alone(self, job: Job) -> Answer | None:
        connection = self._recorder.connection
        connection.execute("SAVEPOINT alone")
        try:
            answer = job.run()
        except sqlite3.IntegrityError as fault:
            connection.execute("ROLLBACK TO alone")
            answer = Failed(id=job.request, kind="request", what=str(fault))
        connection.execute("RELEASE alone")
        return answer

    def _fail(self, jobs: list[Job], fault: sqlite3.Error) -> None:
        if is_damage(fault):
            raise fault
        self.disk = str(fault)
        log.error("ledger not written: %s", fault)
        kind = "busy" if getattr(fault, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY else "disk"
        for job in jobs:
            if job.kept:
                self._kept.append(job)
            elif job.reply is not None:
                job.reply(Failed(id=job.request, kind=kind, what=f"not recorded: {fault}"))
