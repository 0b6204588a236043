"""The thread that takes lines from a hand scanner, and keeps them in order until they are asked for."""

from __future__ import annotations

import queue
import threading
import time
from typing import Final, Literal, NamedTuple, Protocol

from appliance.scanner.sources.exceptions import SourceDied
from appliance.scanner.sources.protocol import Line, SourceState
from appliance.scanner.sources.standing import Device, Standing, keep_open

WAITING: Final = 64
"""Lines that may wait; whoever types more waits too."""
_TURN_SECONDS: Final = 0.2
_CLOSE_SECONDS: Final = 2.5
_WAKE: Final = None


class Doubt(NamedTuple):
    """What is the matter with a scanner that is open all the same."""

    state: SourceState
    detail: str


class Wire(Device, Protocol):
    """What lines come from."""

    @property
    def doubt(self) -> Doubt | None:
        """Why it may be of no use though it is open; None: it isn't."""

    def read(self, seconds: float) -> list[str]:
        """Lines that end within `seconds`, perhaps none.

        Raises SourceFault when the device is gone, SourceEnded when there is nothing more.
        """


class LineReader:
    """A LineSource around a Wire."""

    kind: Literal["scanner"] = "scanner"

    def __init__(self, wire: Wire, *, name: str) -> None:
        self.name = name
        self._wire = wire
        self._standing = Standing(name)
        self._closing = threading.Event()
        self._lines: queue.Queue[Line | None] = queue.Queue(WAITING)
        self._through = False
        self._death: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"type-{name}"[:15], daemon=True)
        self._thread.start()

    @property
    def state(self) -> SourceState:
        """`ok`, `gone`, or `starting`."""
        if self._standing.fault:
            return "gone"
        if not self._standing.seen:
            return "starting"
        return doubt.state if (doubt := self._wire.doubt) else "ok"

    @property
    def detail(self) -> str:
        """For staff."""
        if self._standing.fault:
            return self._standing.fault
        return doubt.detail if (doubt := self._wire.doubt) else ""

    @property
    def ended(self) -> bool:
        """All lines of what has an end have been taken."""
        return self._through and self._lines.empty()

    def read(self, timeout: float) -> Line | None:
        """The next line. SourceDied if the thread that should bring it is dead."""
        until = time.monotonic() + timeout
        while not self._closing.is_set():
            if self._death is not None and self._lines.empty():
                raise SourceDied(f"{self.name}: the thread that takes its lines died") from self._death
            if self.ended:
                return None
            try:
                line = self._lines.get(timeout=max(until - time.monotonic(), 0))
            except queue.Empty:
                return None
            if line is not _WAKE:
                return line
        return None

    def close(self) -> None:
        """Let the device go."""
        self._closing.set()
        self._wake()
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            keep_open(self._wire, self._turn, standing=self._standing, closing=self._closing)
        except BaseException as death:  # noqa: BLE001 (a thread's top: `read` raises it)
            self._death = death
            self._standing.gone(f"the thread that takes its lines died: {death!r}")
        self._through = True
        self._wake()

    def _turn(self) -> None:
        texts = self._wire.read(_TURN_SECONDS)
        self._standing.works()
        for text in texts:
            self._put(Line(text, time.time() * 1000))

    def _put(self, line: Line) -> None:
        while not self._closing.is_set():
            try:
                self._lines.put(line, timeout=_TURN_SECONDS)
            except queue.Full:
                continue
            return

    def _wake(self) -> None:
        try:
            self._lines.put_nowait(_WAKE)
        except queue.Full:
            return
