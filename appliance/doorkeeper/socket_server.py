"""The doorkeeper's Unix socket: one event loop that reads requests, refuses at once what it can, and hands the rest to the writer."""

from __future__ import annotations

import contextlib
import selectors
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from appliance.doorkeeper.protocol import DECODE_REQUEST, ENCODE, MAX_LINE, Answer, AnyRequest, Failed, Watch, Written

_READ: Final = 64 * 1024
_UNSENT: Final = 1024 * 1024
"""Bytes that a client may leave unread before it is dropped."""
_CLIENTS: Final = 128
_TICK_SECONDS: Final = 1.0
_WRITTEN: Final = ENCODE.encode(Written()) + b"\n"


class Client:
    """One connection. `send` may be called from any thread and never waits."""

    def __init__(self, connection: socket.socket, wake: Callable[[], None]) -> None:
        self.socket = connection
        self.watching = False
        self.received = bytearray()
        self._unsent = bytearray()
        self._lock = threading.Lock()
        self._wake = wake
        self.broken = False

    def reply(self, answer: Answer) -> None:
        """Send one answer."""
        self.send(ENCODE.encode(answer) + b"\n")

    def send(self, line: bytes) -> None:
        """Send a line now as far as the socket takes it, the rest from the event loop; drop a client that doesn't read."""
        with self._lock:
            if self.broken:
                return
            if self._unsent:
                self._unsent += line
            else:
                self._unsent += line[self._send_now(line) :]
            if len(self._unsent) > _UNSENT:
                self.broken = True
        if self._unsent or self.broken:
            self._wake()

    def send_rest(self) -> bool:
        """From the event loop: whether something is still unsent."""
        with self._lock:
            if self._unsent:
                del self._unsent[: self._send_now(bytes(self._unsent))]
            return bool(self._unsent)

    def _send_now(self, line: bytes) -> int:
        try:
            return self.socket.send(line)
        except BlockingIOError:
            return 0
        except OSError:
            self.broken = True
            return len(line)


class SocketServer:
    """Serves `path` from one thread. `on_request(request, client)` must not wait; `on_tick` is called about once a second."""

    def __init__(
        self, path: Path, *, on_request: Callable[[AnyRequest, Client], None], on_tick: Callable[[], None], mode: int = 0o660
    ) -> None:
        self._on_request = on_request
        self._on_tick = on_tick
        self._selector = selectors.DefaultSelector()
        self._clients: dict[int, Client] = {}
        self._listener = _listen(path, mode)
        self._path = path
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._announce = threading.Event()
        self._stopping = threading.Event()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def stop(self) -> None:
        """End soon. From any thread."""
        self._stopping.set()
        self._wake()

    def announce(self) -> None:
        """Tell those who watch that something was written. From any thread; many calls may become one wake-up."""
        if not self._announce.is_set():
            self._announce.set()
            self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._waker.send(b"!")

    def run(self) -> None:
        """The thread's body."""
        while not self._stopping.is_set():
            for key, events in self._selector.select(_TICK_SECONDS):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._woken:
                    self._on_wake()
                elif key.data in self._clients.values():
                    self._serve(key.data, events)
            self._on_tick()
        self._close()

    def _close(self) -> None:
        for client in list(self._clients.values()):
            client.send_rest()
            self._drop(client)
        self._listener.close()
        self._path.unlink(missing_ok=True)
        self._selector.close()
        self._woken.close()
        self._waker.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if len(self._clients) >= _CLIENTS:
            connection.close()
            return
        connection.setblocking(False)
        client = Client(connection, self._wake)
        self._clients[connection.fileno()] = client
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _on_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._woken.recv(_READ):
                pass
        if self._announce.is_set():
            self._announce.clear()
            for client in list(self._clients.values()):
                if client.watching:
                    client.send(_WRITTEN)
        for client in list(self._clients.values()):
            if client.broken:
                self._drop(client)
            else:
                self._await_room(client, unsent=client.send_rest())

    def _await_room(self, client: Client, *, unsent: bool) -> None:
        self._selector.modify(client.socket, selectors.EVENT_READ | (selectors.EVENT_WRITE if unsent else 0), client)

    def _drop(self, client: Client) -> None:
        self._clients = {number: other for number, other in self._clients.items() if other is not client}
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(client.socket)
        client.broken = True
        client.socket.close()

    def _serve(self, client: Client, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._await_room(client, unsent=client.send_rest())
        if not events & selectors.EVENT_READ:
            return
        try:
            some = client.socket.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            some = b""
        if not some:
            self._drop(client)
            return
        client.received += some
        self._lines(client)
        if len(client.received) > MAX_LINE:
            client.reply(Failed(id=0, kind="request", what=f"a line longer than {MAX_LINE} bytes"))
            self._drop(client)

    def _lines(self, client: Client) -> None:
        *lines, rest = client.received.split(b"\n")
        if not lines:
            return
        client.received = bytearray(rest)
        for line in lines:
            try:
                request = DECODE_REQUEST.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as fault:
                client.reply(Failed(id=_id_of(line), kind="request", what=str(fault)))
                continue
            if isinstance(request, Watch):
                client.watching = True
            self._on_request(request, client)


def _id_of(line: bytes) -> int:
    """The id of a request that can't be read otherwise, so that its client learns which one it was; 0 if there is none."""
    try:
        return msgspec.json.decode(line, type=_Id).id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0


class _Id(msgspec.Struct):
    id: int = 0


def _listen(path: Path, mode: int) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        _refuse_second(path)
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(mode)
    listener.listen(_CLIENTS)
    listener.setblocking(False)
    return listener


def _refuse_second(path: Path) -> None:
    """A socket that answers belongs to a process that lives: two writers must never be."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return
    raise OSError(f"{path}: another doorkeeper is running here")
