"""Looking through one camera: frames to presentations, hints and pictures."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from appliance.scanner.decoding import Decoder
from appliance.scanner.presentation import Presentations
from appliance.scanner.preview import preview_jpeg
from appliance.scanner.sources import FrameSource
from appliance.scanner.station import Presented, Station
from appliance.serving.scan_link.protocol import Hint, SourceHealth
from appliance.serving.scan_link.server import ScanLinkServer

log = logging.getLogger(__name__)

_READ_SECONDS: Final = 0.5
_FORGET_ABOVE: Final = 1024


class CameraLook:
    """One camera: decodes its newest frame, again and again. Its thread is `run`."""

    def __init__(
        self,
        source: FrameSource,
        *,
        name: str,
        decoder: Decoder,
        presentations: Presentations,
        station: Station,
        link: ScanLinkServer,
        shows_preview: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.name = name
        self._decoder = decoder
        self._presentations = presentations
        self._station = station
        self._link = link
        self._shows_preview = shows_preview
        self._monotonic = monotonic
        self._forgotten: list[str] = []
        self._lock = threading.Lock()
        self.hint: Hint = ""
        self.frames = 0
        self.looked_at = 0.0
        """Monotonic seconds of the last turn: what stands still here is a stuck camera."""

    def run(self, stop: threading.Event) -> None:
        """Until `stop`, or the source's end."""
        while not stop.is_set() and not self.source.ended:
            frame = self.source.read(_READ_SECONDS)
            self.looked_at = self._monotonic()
            self._forget()
            if frame is None:
                self.hint = ""
                self._presentations.seen((), self.looked_at)
                continue
            self.frames += 1
            decoded = self._decoder.look(frame.grey)
            self.hint = decoded.hint
            for text in self._presentations.seen([code.text for code in decoded.codes], self._monotonic()):
                self._station.present(Presented(text, self.name, frame.seen_ms, self._forget_later))
            if self._shows_preview and self._link.preview_wanted:
                self._link.preview(preview_jpeg(frame))

    def _forget_later(self, text: str) -> None:
        """From the station's thread."""
        with self._lock:
            if len(self._forgotten) < _FORGET_ABOVE:
                self._forgotten.append(text)

    def _forget(self) -> None:
        with self._lock:
            texts, self._forgotten = self._forgotten, []
        for text in texts:
            self._presentations.forget(text)

    def health(self, since: str) -> SourceHealth:
        """As the pages show it."""
        source = self.source
        return SourceHealth(name=self.name, kind=source.kind, state=source.state, since=since, detail=source.detail)
