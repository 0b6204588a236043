"""Listening to one hand scanner: lines to presentations. Needs no OpenCV in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from appliance.scanner.sources import LineSource
from appliance.scanner.station import Presented, Station
from appliance.serving.scan_link.protocol import Hint, SourceHealth

_READ_SECONDS: Final = 0.5


class ScannerLook:
    """One hand scanner: each line is a presentation. Its thread is `run`."""

    def __init__(
        self, source: LineSource, *, name: str, station: Station, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.source = source
        self.name = name
        self._station = station
        self._monotonic = monotonic
        self.hint: Hint = ""
        self.frames = 0
        self.looked_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Until `stop`, or the source's end."""
        while not stop.is_set() and not self.source.ended:
            line = self.source.read(_READ_SECONDS)
            self.looked_at = self._monotonic()
            if line is not None:
                # A hand scanner reads when somebody pulls its trigger: each line is meant, twice the same one too.
                self._station.present(Presented(line.text, self.name, line.seen_ms, _nothing_to_forget))

    def health(self, since: str) -> SourceHealth:
        """As the pages show it."""
        source = self.source
        return SourceHealth(name=self.name, kind="scanner", state=source.state, since=since, detail=source.detail)


def _nothing_to_forget(_text: str) -> None:
    """The person pulls the trigger again."""
