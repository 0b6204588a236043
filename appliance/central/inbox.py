"""What waits for the recorder: messages and errands, in order, bounded by bytes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

MAX_BYTES: Final = 64 * 1024 * 1024
_OVERHEAD: Final = 256
BUSY: Final = "central could not keep up"


class Message(NamedTuple):
    """One MQTT message; `monotonic` (s) and `wall` (ms) are when it came."""

    topic: str
    payload: bytes
    retained: bool
    monotonic: float
    wall: int


class Connected(NamedTuple):
    """The broker took us."""


class Disconnected(NamedTuple):
    """The broker is away, with why."""

    wall: int
    why: str


class Dropped(NamedTuple):
    """A message that was thrown away unread, with why."""

    topic: str
    why: str


@dataclass(frozen=True)
class Errand:
    """Something that only the recorder may do to the database; its result goes to `done`."""

    do: Callable[[Connection], Any]
    done: Future[Any]


Item = Message | Connected | Disconnected | Dropped | Errand


class Inbox:
    """A queue between the receiver, the pages and the recorder.

    Nothing in it is the only copy: rows that are dropped for want of room are not acknowledged and come again.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._changed = threading.Condition()
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._closed = False

    def put(self, item: Item, *, wait: float = 0) -> bool:
        """Add `item`; False when there was no room for it within `wait` seconds, or after `close`.

        There is always room for small things that nobody would say again.
        """
        size = _size(item)
        with self._changed:
            room = self._changed.wait_for(lambda: self._closed or self._bytes + size <= self._max_bytes, wait)
            if not room or self._closed:
                return False
            self._items.append(item)
            self._bytes += size
            self._changed.notify_all()
        return True

    def take(self, *, limit: int, wait: float | None) -> list[Item]:
        """Up to `limit` items in order, as soon as there is one; none after `wait` seconds or `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._items, wait)
            taken = [self._items.popleft() for _ in range(min(limit, len(self._items)))]
            self._bytes -= sum(_size(item) for item in taken)
            self._changed.notify_all()
        return taken

    def run(self, do: Callable[[Connection], Any], *, timeout: float) -> Any:
        """Have the recorder do `do` in a transaction of its own: its result, what it raised, or TimeoutError."""
        done: Future[Any] = Future()
        if not self.put(Errand(do, done), wait=timeout):
            raise TimeoutError("central's database is too busy, or stopping")
        return done.result(timeout)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def wait_closed(self, seconds: float) -> bool:
        """Wait for `close`, at most `seconds`; whether it came."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed, seconds)

    def close(self) -> None:
        """Wake everyone who waits: the recorder ends after what it has taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _is_small(item: Item) -> bool:
    return isinstance(item, Connected | Disconnected) or (isinstance(item, Dropped) and item.why == BUSY)


def _size(item: Item) -> int:
    if _is_small(item):
        return 0
    return _OVERHEAD + (len(item.payload) + len(item.topic) if isinstance(item, Message) else 0)
