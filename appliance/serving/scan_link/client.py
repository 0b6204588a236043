"""Web's side: stays connected, hands on every event; pictures only while somebody looks, and the newest alone."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from appliance.serving.deadly import start_deadly
from appliance.serving.scan_link.protocol import (
    DECODE_EVENT,
    MAX_EVENT,
    Command,
    Event,
    PreviewFrame,
    WantPreview,
    line,
)

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = (0.1, 0.2, 0.5, 1.0)
INTEREST_SECONDS: Final = 3.0
"""How long after the last question for a picture the camera's pictures are still wanted."""
STALE_SECONDS: Final = 2.0
"""A picture older than this is no picture of now."""


class ScanLink:
    """Says `hello` on each connection; `on_event` and `on_link(connected)` are called in its thread, one at a time."""

    def __init__(
        self,
        path: Path,
        *,
        hello: Sequence[Command],
        on_event: Callable[[Event], None],
        on_link: Callable[[bool], None] = lambda _connected: None,
        dies: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._path = path
        self._hello = b"".join(line(command) for command in hello)
        self._on_event = on_event
        self._on_link = on_link
        self._dies = dies
        self._stop = threading.Event()
        self._sending = threading.Lock()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = start_deadly("scan-link", self._run, dies=self._dies)

    def stop(self) -> None:
        """Returns when its thread has ended."""
        self._stop.set()
        with self._sending:
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join()

    def send(self, command: Command) -> bool:
        """False if scan isn't there (or doesn't read) to hear it."""
        with self._sending:
            if self._socket is None:
                return False
            try:
                self._socket.sendall(line(command))
            except OSError:
                return False
            return True

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            sock = _connect(self._path, timeout=2.0)
            if sock is not None:
                failures = 0
                self._talk(sock)
            if self._stop.wait(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]):
                return
            failures += 1

    def _talk(self, sock: socket.socket) -> None:
        with sock:
            with self._sending:
                self._socket = sock
                stopped = self._stop.is_set()
            try:
                if not stopped:
                    sock.sendall(self._hello)
                    sock.settimeout(None)
                    self._on_link(True)
                    for event in _events(sock):
                        self._on_event(event)
            except OSError as fault:
                log.debug("the link to scan broke: %s", fault)
            finally:
                with self._sending:
                    self._socket = None
                self._on_link(False)


class PreviewFeed:
    """The camera's newest picture, asked of scan only while somebody wants it."""

    def __init__(
        self,
        path: Path,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        dies: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._path = path
        self._monotonic = monotonic
        self._dies = dies
        self._changed = threading.Condition()
        self._wanted_until = 0.0
        self._number = 0
        self._jpeg = b""
        self._taken = 0.0
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = start_deadly("preview", self._run, dies=self._dies)

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def frame_after(self, number: int, timeout: float) -> tuple[int, bytes] | None:
        """(number, JPEG) of the newest picture once it isn't `number`; None if none comes in `timeout` seconds."""
        with self._changed:
            self._wanted_until = self._monotonic() + INTEREST_SECONDS
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped or self._newer(number), timeout)
            return (self._number, self._jpeg) if not self._stopped and self._newer(number) else None

    def _newer(self, number: int) -> bool:
        fresh = self._number > 0 and self._monotonic() - self._taken < STALE_SECONDS
        return fresh and self._number != number

    def _wanted(self) -> bool:
        return not self._stopped and self._monotonic() < self._wanted_until

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._wanted())
                if self._stopped:
                    return
            sock = _connect(self._path, timeout=0.5)
            if sock is None:
                with self._changed:
                    self._changed.wait_for(lambda: self._stopped, RETRY_SECONDS[-1])
                continue
            with sock, suppress(OSError):
                sock.sendall(line(WantPreview()))
                for event in _events(sock, goes_on=self._wanted):
                    if isinstance(event, PreviewFrame):
                        self._show(event.jpeg)

    def _show(self, jpeg: bytes) -> None:
        with self._changed:
            self._number += 1
            self._jpeg = jpeg
            self._taken = self._monotonic()
            self._changed.notify_all()


def _connect(path: Path, *, timeout: float) -> socket.socket | None:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        return None
    return sock


def _events(sock: socket.socket, *, goes_on: Callable[[], bool] = lambda: True) -> Iterator[Event]:
    """Until scan hangs up, sends a line beyond all measure, or `goes_on` says no (asked at every read and time-out)."""
    unread = b""
    while goes_on():
        try:
            received = sock.recv(65536)
        except TimeoutError:
            continue
        if not received:
            return
        *lines, unread = (unread + received).split(b"\n")
        for text in lines:
            try:
                yield DECODE_EVENT.decode(text)
            except msgspec.DecodeError as fault:
                log.warning("scan said what this version doesn't know: %s", fault)
        if len(unread) > MAX_EVENT:
            log.warning("scan sent a line of more than %d bytes: connecting anew", MAX_EVENT)
            return
