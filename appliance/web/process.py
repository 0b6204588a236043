"""The running web process: what the builder wired, started and stopped in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from appliance.serving.deadly import start_deadly
from appliance.serving.server import PageServer


class _Runs(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


Loop = Callable[[threading.Event], None]


class WebProcess:
    """The threads of `appliance web`. One that dies ends them all."""

    def __init__(self) -> None:
        self._servers: Mapping[str, PageServer] = {}
        self._running: Sequence[_Runs] = ()
        self._loops: Mapping[str, Loop] = {}
        self._last: Sequence[Callable[[], None]] = ()
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self.fault: BaseException | None = None

    def hold(
        self,
        *,
        servers: Mapping[str, PageServer],
        running: Sequence[_Runs],
        loops: Mapping[str, Loop],
        last: Sequence[Callable[[], None]],
    ) -> None:
        """The parts: each has been given `die` before."""
        self._servers, self._running, self._loops, self._last = servers, running, loops, last

    @property
    def pages(self) -> dict[str, str]:
        """The addresses of `attendee` and `staff`, with the bound ports."""
        return {face: server.url for face, server in self._servers.items()}

    def start(self) -> None:
        """Binds the faces and starts to serve. ServingError if an address can't be had."""
        for part in (*self._servers.values(), *self._running):
            part.start()
        for name, loop in self._loops.items():
            self._threads.append(start_deadly(name, lambda loop=loop: loop(self._stop), dies=self.die))  # type: ignore[misc]

    def wait(self) -> BaseException | None:
        """Until it ends; what it died of, if it did."""
        self._ended.wait()
        return self.fault

    def stop(self) -> None:
        """Ends streams, connections and threads, within about 2 s."""
        self._stop.set()
        for part in (*self._servers.values(), *self._running):
            part.stop()
        for thread in self._threads:
            thread.join()
        for end in self._last:
            end()
        self._ended.set()

    def die(self, fault: BaseException) -> None:
        """A thread's last word."""
        self.fault = fault
        self._ended.set()
