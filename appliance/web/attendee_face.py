"""Between scan's link and the attendee screen's pages: events in, states and acknowledgements out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Histogram

from appliance.serving.events import Channel, Streams
from appliance.serving.scan_link import Command, Event, Shown
from appliance.serving.scan_link import Screen as ScreenCommand
from appliance.web.attendee import ShownNote
from appliance.web.screen import Corner, Screen

MAX_STREAMS: Final = 12
MAX_MILLIS: Final = 60_000
"""A frame that was a minute ago came from another clock."""
TIMING_METRIC: Final = (
    "appliance_web_frame_to_screen_seconds",
    "histogram",
    "From the camera's frame to the verdict painted on the attendee screen.",
)
BUCKETS: Final = (0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)


class AttendeeFace:
    """Publishes at once: a person stands there. `send` speaks to scan."""

    def __init__(
        self,
        screen: Screen,
        *,
        send: Callable[[Command], bool],
        monotonic: Callable[[], float],
        registry: CollectorRegistry,
    ) -> None:
        self.channel = Channel(monotonic=monotonic)
        self.streams = Streams(MAX_STREAMS, on_change=self._tell_pages)
        self._screen = screen
        self._send = send
        self._monotonic = monotonic
        self._timing = Histogram(TIMING_METRIC[0], TIMING_METRIC[2], registry=registry, buckets=BUCKETS)

    def on_event(self, event: Event) -> None:
        self._screen.take(event, self._monotonic())
        self.publish()

    def on_link(self, *, connected: bool) -> None:
        self._screen.link(connected=connected)
        self.publish()
        if connected:
            self._tell_pages()

    def on_shown(self, note: ShownNote) -> None:
        """A page has painted a verdict; one that we never sent is nobody's."""
        if self._screen.knows(note.nonce):
            self._send(Shown(nonce=note.nonce))
            if 0 <= note.ms < MAX_MILLIS:
                self._timing.observe(note.ms / 1000)

    def show_corner(self, corner: Corner) -> None:
        self._screen.corner = corner
        self.publish()

    def publish(self) -> None:
        self.channel.publish(self._screen.state(self._monotonic()))

    def _tell_pages(self) -> None:
        self._send(ScreenCommand(pages=self.streams.open))


def page_names(languages: Sequence[str]) -> list[str]:
    """The languages to show, each once, at most two: more don't fit a screen."""
    return list(dict.fromkeys(languages))[:2]
