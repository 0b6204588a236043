"""One connection of a client: what it sent and what it hasn't read yet, both capped."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Final

from appliance.doorkeeper.protocol import ENCODE, MAX_LINE, Answer

_READ: Final = 64 * 1024
_UNSENT: Final = 1024 * 1024
"""Bytes that a client may leave unread before it is dropped."""
_WAITING: Final = 64
"""Requests of one client that may wait for their answers before no more is read from it."""


class Asker:
    """`reply` and `send` may be called from any thread and never wait; the rest is the event loop's."""

    def __init__(self, connection: socket.socket, wake: Callable[[], None]) -> None:
        self.socket = connection
        self.watching = False
        self._received = bytearray()
        self._unsent = bytearray()
        self._waiting = 0
        self._lock = threading.Lock()
        self._wake = wake
        self._gone = False

    @property
    def is_gone(self) -> bool:
        """Whether it has hung up (or doesn't read), so that nobody will show what it was told."""
        return self._gone

    @property
    def is_waiting(self) -> bool:
        """Whether it asks faster than it can be answered."""
        return self._waiting >= _WAITING

    @property
    def is_owing(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._unsent)

    # -- sending ---------------------------------------------------------------------------------------------------

    def reply(self, answer: Answer) -> None:
        """Send one answer."""
        was_waiting = self.is_waiting
        with self._lock:
            self._waiting -= 1
        self.send(ENCODE.encode(answer) + b"\n")
        if was_waiting:
            self._wake()

    def send(self, line: bytes) -> None:
        """Send a line as far as the socket takes it now, the rest from the event loop; drop who doesn't read."""
        with self._lock:
            if self._gone:
                return
            self._unsent += line if self._unsent else line[self._send_now(line) :]
            self._gone = self._gone or len(self._unsent) > _UNSENT
            settled = not self._unsent and not self._gone
        if not settled:
            self._wake()

    def send_rest(self) -> None:
        """Send what waits, as far as the socket takes it."""
        with self._lock:
            if self._unsent and not self._gone:
                del self._unsent[: self._send_now(self._unsent)]

    def _send_now(self, line: bytes | bytearray) -> int:
        try:
            return self.socket.send(line)
        except BlockingIOError:
            return 0
        except OSError:
            self._gone = True
            return len(line)

    def hang_up(self) -> None:
        """Close the connection; what is said to it from now on goes nowhere."""
        # Under the lock: another thread's `send` must not meet a number that the next connection has got.
        with self._lock:
            self._gone = True
            self.socket.close()

    # -- receiving -------------------------------------------------------------------------------------------------

    def receive(self) -> bool:
        """Read what has come; False when there won't be any more."""
        try:
            some = self.socket.recv(_READ)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._received += some
        return bool(some)

    def next_line(self) -> bytes | None:
        """The next whole line; None if there is none yet."""
        end = self._received.find(b"\n")
        if end < 0:
            return None
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        with self._lock:
            self._waiting += 1
        return line

    @property
    def has_line(self) -> bool:
        """Whether a whole line waits to be read."""
        return b"\n" in self._received

    @property
    def is_too_long(self) -> bool:
        """Whether its line has grown past all measure."""
        return len(self._received) > MAX_LINE and not self.has_line
