"""Scan's side: one thread that tells every page what happens. One that doesn't read is dropped, never awaited."""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from appliance.serving.deadly import start_deadly
from appliance.serving.exceptions import ServingError
from appliance.serving.scan_link.protocol import (
    DECODE_COMMAND,
    MAX_COMMAND,
    MAX_JPEG,
    Event,
    Fault,
    PreviewFrame,
    Screen,
    Shown,
    Sources,
    WantPreview,
    line,
)

log = logging.getLogger(__name__)

MAX_CLIENTS: Final = 64
MAX_UNREAD: Final = 1024 * 1024


class _Client:
    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.incoming = b""
        self.outgoing = bytearray()
        self.events = False
        self.screens = 0
        self.preview = False


class ScanLinkServer:
    """Listens on the Unix socket `path` (0660). `on_shown(nonce)` is called in its thread and must return at once."""

    def __init__(
        self, path: Path, *, on_shown: Callable[[str], None], dies: Callable[[BaseException], None] | None = None
    ) -> None:
        self._path = path
        self._on_shown = on_shown
        self._dies = dies
        self._lock = threading.Lock()
        self._clients: set[_Client] = set()
        self._states: dict[type[Event], bytes] = {}
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._wake_up: socket.socket | None = None

    @property
    def screens(self) -> int:
        """How many pages are open that a person looks at."""
        with self._lock:
            return sum(client.screens for client in self._clients)

    @property
    def preview_wanted(self) -> bool:
        """Whether anybody looks at the camera's picture: no need to encode one otherwise."""
        with self._lock:
            return any(client.preview for client in self._clients)

    def start(self) -> None:
        """Raises ServingError if the socket can't be had, or another scan listens on it."""
        self._listener = _listen(self._path)
        self._wake_up, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._wake_up.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = start_deadly("scan-link", self._run, dies=self._dies)

    def stop(self) -> None:
        """Closes every connection and removes the socket."""
        self._stopping = True
        self._wake()
        if self._thread is None or self._wake_up is None:
            return
        self._thread.join()
        self._wake_up.close()
        self._path.unlink(missing_ok=True)

    def broadcast(self, event: Event) -> None:
        """To every page that asked for events. Never waits. The newest `Sources` and `Fault` greet who comes later."""
        message = line(event)
        with self._lock:
            if isinstance(event, Sources | Fault):
                self._states[type(event)] = message
            for client in self._clients:
                if client.events:
                    client.outgoing += message
        self._wake()

    def preview(self, jpeg: bytes) -> None:
        """The camera's newest picture, for who wants it and has taken the one before."""
        if len(jpeg) > MAX_JPEG:
            return
        message = b""
        with self._lock:
            for client in self._clients:
                if client.preview and not client.outgoing:
                    message = message or line(PreviewFrame(jpeg=jpeg))
                    client.outgoing += message
        if message:
            self._wake()

    def _wake(self) -> None:
        if self._wake_up is not None:
            with suppress(OSError):  # full: it is awake anyway
                self._wake_up.send(b".")

    def _run(self) -> None:
        try:
            while not self._stopping:
                for key, mask in self._selector.select():
                    self._handle(key, mask)
                self._flush()
        finally:
            for client in list(self._clients):
                self._drop(client, "")
            self._selector.close()
            for end in (self._listener, self._woken):
                end.close()

    def _handle(self, key: selectors.SelectorKey, mask: int) -> None:
        if isinstance(key.data, _Client):
            if mask & selectors.EVENT_READ and key.data in self._clients:
                self._read(key.data)
        elif key.fileobj is self._woken:
            with suppress(BlockingIOError):
                self._woken.recv(4096)
        else:
            self._accept()

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        if len(self._clients) >= MAX_CLIENTS:
            sock.close()
            return
        sock.setblocking(False)
        client = _Client(sock)
        with self._lock:
            self._clients.add(client)
        self._selector.register(sock, selectors.EVENT_READ, client)

    def _read(self, client: _Client) -> None:
        try:
            received = client.socket.recv(MAX_COMMAND)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._drop(client, "")
            return
        *lines, client.incoming = (client.incoming + received).split(b"\n")
        if len(client.incoming) > MAX_COMMAND:
            self._drop(client, "sent a line without end")
            return
        for text in lines:
            try:
                self._obey(client, text)
            except msgspec.DecodeError as fault:
                self._drop(client, f"sent what is no command ({fault})")
                return

    def _obey(self, client: _Client, text: bytes) -> None:
        command = DECODE_COMMAND.decode(text)
        if isinstance(command, Shown):
            self._on_shown(command.nonce)
            return
        with self._lock:
            if isinstance(command, WantPreview):
                client.preview = True
                return
            if isinstance(command, Screen):
                client.screens = command.pages
            if not client.events:
                client.events = True
                for message in self._states.values():
                    client.outgoing += message

    def _flush(self) -> None:
        with self._lock:
            waiting = [client for client in self._clients if client.outgoing]
        for client in waiting:
            self._send(client)

    def _send(self, client: _Client) -> None:
        try:
            with self._lock:
                sent = client.socket.send(client.outgoing)
                del client.outgoing[:sent]
                left = len(client.outgoing)
        except BlockingIOError:
            left = len(client.outgoing)
        except OSError:
            self._drop(client, "")
            return
        if left > MAX_UNREAD:
            self._drop(client, "doesn't read")
            return
        interest = selectors.EVENT_READ | (selectors.EVENT_WRITE if left else 0)
        self._selector.modify(client.socket, interest, client)

    def _drop(self, client: _Client, why: str) -> None:
        if why:
            log.warning("dropped a page's connection: it %s", why)
        with self._lock:
            self._clients.discard(client)
        with suppress(KeyError, ValueError):
            self._selector.unregister(client.socket)
        client.socket.close()


def _listen(path: Path) -> socket.socket:
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(str(path))
    except OSError:
        path.unlink(missing_ok=True)
    else:
        reason = f"another scan already listens on {path}: stop it first"
        raise ServingError(reason)
    finally:
        probe.close()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o660)
        listener.listen(16)
    except OSError as fault:
        listener.close()
        reason = f"can't listen on {path} ({fault}): does the directory exist, may this process write there?"
        raise ServingError(reason) from fault
    listener.setblocking(False)
    return listener
