"""The writer: one thread, one transaction for all that waits, an answer for each once it is committed."""

from __future__ import annotations

import logging
import queue
import sqlite3
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from appliance.doorkeeper.protocol import Answer, Done, Failed
from appliance.doorkeeper.recorder import Recorder
from appliance.store.opening import is_busy, is_damage

log = logging.getLogger(__name__)

_TOGETHER: Final = 256
"""Jobs of one transaction."""
_KEPT: Final = 10_000
"""Rows of refusals that wait for a disk that is full."""
_RETRY_SECONDS: Final = 1.0


class Job(msgspec.Struct, frozen=True):
    """Something to write.

    `durable`: whoever waits must not be told before it is on the disk. `bulky`: nor here, but others need not wait for
    so much to get there: whoever waits is told by the checkpointer. `alone`: its failure is its own, not that of the
    others in the transaction. `kept`: it is promised already, so it is tried again when the disk takes writes again,
    and whoever waits isn't told of the failure.
    """

    run: Callable[[], Answer | None]
    reply: Callable[[Answer], None] | None = None
    request: int = 0
    durable: bool = True
    bulky: bool = False
    alone: bool = False
    kept: bool = False


class Writer:
    """Runs jobs in the order in which they came; a damaged file ends it.

    `committed` is called after every commit, with whether it was durable; `after_sync` runs something once all that is
    committed is on the disk.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        committed: Callable[[bool], None],
        after_sync: Callable[[Callable[[], None]], None],
    ) -> None:
        self._recorder = recorder
        self._committed = committed
        self._after_sync = after_sync
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._between: queue.SimpleQueue[Callable[[sqlite3.Connection], None]] = queue.SimpleQueue()
        self._kept: deque[Job] = deque(maxlen=_KEPT)
        self.disk = ""
        """What the last transaction failed with; empty while all is well."""
        self.transactions = 0

    def put(self, job: Job) -> None:
        """Queue a job. From any thread."""
        self._jobs.put(job)

    def put_between(self, run: Callable[[sqlite3.Connection], None]) -> None:
        """Run something on the writer's connection between two transactions. From any thread."""
        self._between.put(run)
        self._jobs.put(Job(lambda: None, durable=False))

    def stop(self) -> None:
        """End after what is queued now."""
        self._jobs.put(None)

    def run(self) -> None:
        """The thread's body. Ends by `stop`, or by the exception that makes going on senseless."""
        going = True
        while going:
            jobs = self._waiting()
            going = None not in jobs
            written = self._together([job for job in jobs if job is not None])
            while written and self._kept:
                written = self._together([])
            while not self._between.empty():
                self._between.get_nowait()(self._recorder.connection)

    def _waiting(self) -> list[Job | None]:
        """All jobs that wait now, at least one; none once in a while if some are kept to be tried again."""
        try:
            jobs = [self._jobs.get(timeout=_RETRY_SECONDS if self._kept else None)]
        except queue.Empty:
            return []
        while len(jobs) < _TOGETHER and jobs[-1] is not None and not self._jobs.empty():
            jobs.append(self._jobs.get_nowait())
        return jobs

    def _together(self, jobs: list[Job]) -> bool:
        """One transaction of `jobs`, or of some kept ones if there are none; whether it was committed."""
        if not jobs:
            jobs = [self._kept.popleft() for _ in range(min(_TOGETHER, len(self._kept)))]
        if not jobs:
            return True
        answers: list[tuple[Job, Answer]] = []
        durable = any(job.durable for job in jobs)
        try:
            with self._recorder.transaction(durable=durable):
                for job in jobs:
                    answer = self._alone(job) if job.alone else job.run()
                    self._recorder.version += 1
                    if answer is not None:
                        answers.append((job, answer))
        except sqlite3.OperationalError as fault:
            self._fail(jobs, fault)
            return False
        self.disk = ""
        self.transactions += 1
        for job, answer in answers:
            if job.reply is not None and (durable or not job.bulky):
                job.reply(answer)
        self._committed(durable)
        for job, answer in answers:
            if job.reply is not None and job.bulky and not durable:
                self._after_sync(partial(job.reply, answer))
        return True

    def _alone(self, job: Job) -> Answer | None:
        try:
            with self._recorder.alone():
                return job.run()
        except sqlite3.IntegrityError as fault:
            return Failed(id=job.request, kind="request", what=str(fault))

    def _fail(self, jobs: list[Job], fault: sqlite3.OperationalError) -> None:
        if is_damage(fault):
            raise fault
        self.disk = str(fault)
        log.error("ledger not written: %s", fault)
        for job in jobs:
            answer: Answer = Failed(
                id=job.request, kind="busy" if is_busy(fault) else "disk", what=f"not recorded: {fault}"
            )
            if job.kept:
                self._kept.append(msgspec.structs.replace(job, reply=None))
                answer = Done(id=job.request)
            if job.reply is not None:
                job.reply(answer)
