"""The thread that takes frames from a camera or file and keeps the newest one alone."""

from __future__ import annotations

import threading
import time
from typing import Final, Literal, Protocol

from appliance.scanner.sources.exceptions import SourceDied
from appliance.scanner.sources.protocol import Frame, SourceState
from appliance.scanner.sources.standing import Device, Standing, keep_open
from appliance.scanner.view import DETAILS, View

STALE_SECONDS: Final = 4.0
"""A camera that is open and gives nothing for so long is frozen, whatever its driver waits for."""
_CLOSE_SECONDS: Final = 2.5


class Eye(Device, Protocol):
    """What frames come from."""

    @property
    def period(self) -> float:
        """Seconds from frame to frame; 0: it has its own pace. Asked only while it is open."""

    def grab(self) -> Frame | None:
        """The next frame, waited for at most half a second or so; None: not yet.

        Raises SourceFault when the device is gone, SourceEnded when there is nothing more.
        """


class Grabber:
    """A FrameSource around an Eye."""

    def __init__(
        self,
        eye: Eye,
        *,
        name: str,
        kind: Literal["camera", "file"],
        live: bool = True,
        patient: bool = False,
    ) -> None:
        """`live`: it can freeze. `patient`: a frame waits until it is taken, as a file's can; else the newest wins."""
        self.name = name
        self.kind: Literal["camera", "file"] = kind
        self._eye = eye
        self._patient = patient
        self._standing = Standing(name)
        self._view = View(live=live)
        self._live = live
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._newest_at = 0.0
        self._through = False
        self._death: BaseException | None = None
        self._due = 0.0
        self._thread = threading.Thread(target=self._run, name=f"grab-{name}"[:15], daemon=True)
        self._thread.start()

    @property
    def state(self) -> SourceState:
        """As SourceState says it."""
        if self._standing.fault:
            return "gone"
        if not self._standing.seen:
            return "starting"
        if self._silent_for() >= STALE_SECONDS:
            return "frozen"
        return self._view.state

    @property
    def detail(self) -> str:
        """For staff."""
        state = self.state
        if state == "frozen" and (silent := self._silent_for()) >= STALE_SECONDS:
            return f"No new picture for {silent:.0f} s. {DETAILS['frozen']}"
        return self._standing.fault or DETAILS.get(state, "")

    @property
    def ended(self) -> bool:
        """All frames of a file have been taken."""
        with self._changed:
            return self._through and self._newest is None

    def read(self, timeout: float) -> Frame | None:
        """The newest frame not given yet. SourceDied if the thread that should bring it is dead."""
        with self._changed:
            self._changed.wait_for(self._something, timeout)
            if self._death is not None:
                raise SourceDied(f"{self.name}: the thread that takes its pictures died") from self._death
            if self._closing.is_set():
                return None
            frame, self._newest = self._newest, None
            self._changed.notify_all()
            return frame

    def close(self) -> None:
        """Let the device go: at once, or when its driver returns."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(_CLOSE_SECONDS)

    def _something(self) -> bool:
        return self._newest is not None or self._through or self._death is not None or self._closing.is_set()

    def _silent_for(self) -> float:
        return time.monotonic() - self._newest_at if self._live else 0.0

    def _run(self) -> None:
        try:
            keep_open(self._eye, self._turn, standing=self._standing, closing=self._closing)
        except BaseException as death:  # noqa: BLE001 (a thread's top: `read` raises it)
            self._death = death
            self._standing.gone(f"the thread that takes its pictures died: {death!r}")
        with self._changed:
            self._through = True
            self._changed.notify_all()

    def _turn(self) -> None:
        period = self._eye.period
        if period and self._closing.wait(self._until_due(period)):
            return
        frame = self._eye.grab()
        if frame is None:
            return
        now = time.monotonic()
        if not self._standing.seen:
            self._view.again()
        self._view.look(frame.grey, now)
        self._newest_at = now
        self._standing.works()
        with self._changed:
            self._newest = frame
            self._changed.notify_all()
            if self._patient:
                self._changed.wait_for(lambda: self._newest is None or self._closing.is_set())

    def _until_due(self, period: float) -> float:
        """Late frames don't hurry those after them."""
        now = time.monotonic()
        self._due = max(self._due + period, now)
        return self._due - now
