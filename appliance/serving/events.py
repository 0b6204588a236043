"""Live pages: server-sent events in which only the newest state counts.

A page that is slow, asleep or behind a bad radio gets the newest state when it can take one, never a backlog.
Heartbeats free the threads of clients that are gone and let a page notice within seconds that it isn't live any more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from flask import Response

HEARTBEAT_SECONDS: Final = 2.0
MAX_STREAMS: Final = 40
RETRY_SECONDS: Final = 20
_BEAT: Final = b"event: beat\ndata:\n\n"


class Channel:
    """The newest state of one page, as JSON. `publish` never waits for a reader."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._changed = threading.Condition()
        self._monotonic = monotonic
        self._version = 0
        self._body = b"null"
        self._since = monotonic()
        self.closed = False

    def publish(self, state: Any) -> None:
        """`state` is anything that msgspec writes as JSON."""
        body = msgspec.json.encode(state)
        with self._changed:
            self._body = body
            self._version += 1
            self._since = self._monotonic()
            self._changed.notify_all()

    def latest(self) -> tuple[int, bytes]:
        """(version, `{"age": ms since it was published, "state": …}`); version 0 before the first."""
        with self._changed:
            return self._version, self._wrapped()

    def after(self, version: int, timeout: float) -> tuple[int, bytes] | None:
        """The newest state once there is one beyond `version`; None after `timeout` seconds or when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._version > version, timeout)
            return (self._version, self._wrapped()) if self._version > version and not self.closed else None

    def close(self) -> None:
        """Ends every stream."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _wrapped(self) -> bytes:
        return b'{"age":%d,"state":%s}' % (max(self._monotonic() - self._since, 0.0) * 1000, self._body)


class Streams:
    """Counts the open streams of a server. Keep `most` well below its threads: other pages need some.

    `on_change` is called after each that opens or closes.
    """

    def __init__(self, most: int = MAX_STREAMS, *, on_change: Callable[[], None] = lambda: None) -> None:
        self.most = most
        self._on_change = on_change
        self._lock = threading.Lock()
        self._open = 0

    @property
    def open(self) -> int:
        return self._open

    def enter(self) -> bool:
        """Takes a place, if there is one."""
        with self._lock:
            if self._open >= self.most:
                return False
            self._open += 1
        self._on_change()
        return True

    def leave(self) -> None:
        with self._lock:
            self._open -= 1
        self._on_change()


def events(
    channel: Channel,
    streams: Streams,
    *,
    alive: Callable[[], bool] = lambda: True,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> Response:
    """The stream of a channel's states, until `alive` says no; 503 beyond the cap, the page polls then."""
    if not streams.enter():
        return Response(
            '{"poll":true}', status=503, mimetype="application/json", headers={"Retry-After": str(RETRY_SECONDS)}
        )
    body = _Stream(channel, streams, alive, heartbeat)
    return Response(
        body, mimetype="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def latest(channel: Channel) -> Response:
    """The same state for a page that polls."""
    return Response(channel.latest()[1], mimetype="application/json")


class _Stream:
    """An iterator with `close`: a generator that never started would never give its place back."""

    def __init__(self, channel: Channel, streams: Streams, alive: Callable[[], bool], heartbeat: float) -> None:
        self._channel = channel
        self._streams = streams
        self._alive = alive
        self._heartbeat = heartbeat
        self._version = 0
        self._first = True
        self._left = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._channel.closed or not self._alive():
            raise StopIteration
        if self._first:
            self._first = False
            return b"retry: 1000\n" + _BEAT
        newer = self._channel.after(self._version, self._heartbeat)
        if newer is None:
            return _BEAT
        self._version, body = newer
        return b"id: %d\ndata: %s\n\n" % (self._version, body)

    def close(self) -> None:
        if not self._left:
            self._left = True
            self._streams.leave()
