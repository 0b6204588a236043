"""The running central: what the builder wired, started and stopped in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from appliance.central.blackboard import Blackboard, Posted
from appliance.central.inbox import Inbox
from appliance.central.receiver import Receiver
from appliance.central.recorder import Recorder
from appliance.serving.deadly import start_deadly
from appliance.serving.server import PageServer

Loop = Callable[[threading.Event], None]


class Parts(NamedTuple):
    """What the process runs: `loops` in threads of their own, `last` once all have ended."""

    server: PageServer
    recorder: Recorder
    inbox: Inbox
    receiver: Receiver
    blackboard: Blackboard
    loops: Mapping[str, Loop]
    last: Sequence[Callable[[], None]]


class CentralProcess:
    """The threads of `appliance central`. One that dies ends them all."""

    def __init__(self) -> None:
        self._parts: Parts | None = None
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._recording: threading.Thread | None = None
        self._threads: list[threading.Thread] = []
        self.fault: BaseException | None = None

    def hold(self, parts: Parts) -> None:
        """The parts: each has been given `die` before."""
        self._parts = parts

    @property
    def pages(self) -> dict[str, str]:
        """The address of the `central` board, with the bound port."""
        return {} if self._parts is None else {"central": self._parts.server.url}

    @property
    def picture(self) -> Posted:
        """What central shows now."""
        assert self._parts is not None
        return self._parts.blackboard.read()

    def wait_until(self, ok: Callable[[Posted], bool], seconds: float) -> bool:
        """Wait until what central shows is as wanted; whether it came to that within `seconds`."""
        assert self._parts is not None
        deadline = time.monotonic() + seconds
        version = 0
        while not ok(self.picture):
            if time.monotonic() >= deadline or self.fault is not None:
                return False
            version = self._parts.blackboard.wait(version, min(1.0, deadline - time.monotonic()))
        return True

    def start(self) -> None:
        """Bind the board and begin to receive. Raises ServingError if the address can't be had."""
        assert self._parts is not None
        self._parts.server.start()
        self._recording = start_deadly("recorder", self._parts.recorder.run, dies=self.die)
        self._threads.append(start_deadly("receiver", self._parts.receiver.run, dies=self.die))
        for name, loop in self._parts.loops.items():
            self._threads.append(start_deadly(name, partial(loop, self._stop), dies=self.die))

    def wait(self) -> BaseException | None:
        """Until it ends; what it died of, if it did."""
        self._ended.wait()
        return self.fault

    def stop(self) -> None:
        """Store and acknowledge what was taken, say goodbye, end the pages; within a few seconds."""
        assert self._parts is not None
        self._stop.set()
        self._parts.inbox.close()
        if self._recording is not None:
            self._recording.join()
            self._parts.receiver.stop()
            self._parts.server.stop()
        for thread in self._threads:
            thread.join()
        for end in self._parts.last:
            end()
        self._ended.set()

    def die(self, fault: BaseException) -> None:
        """A thread's last word."""
        if self.fault is None:
            self.fault = fault
        self._ended.set()
