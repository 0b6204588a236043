"""The doorkeeper's Unix socket: one event loop that reads requests, refuses at once what it can, and hands the rest to
the writer.
"""

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

from appliance.doorkeeper.asker import Asker
from appliance.doorkeeper.protocol import DECODE_REQUEST, ENCODE, MAX_LINE, AnyRequest, Failed, Watch, Written
from appliance.store.opening import StoreFault

_READ: Final = 4096
_CLIENTS: Final = 128
_A_TURN: Final = 64
"""Requests of one client that are answered before the others have their turn."""
_TICK_SECONDS: Final = 1.0
_LAST_WORD_SECONDS: Final = 1.0
_PATH_BYTES: Final = 107
"""What Linux takes as the path of a Unix socket."""
_WRITTEN: Final = ENCODE.encode(Written()) + b"\n"


class SocketServer:
    """Serves `path` from one thread. `on_request(request, asker)` must not wait; `on_tick` is called once a second."""

    def __init__(
        self,
        path: Path,
        *,
        on_request: Callable[[AnyRequest, Asker], None],
        on_tick: Callable[[], None],
        mode: int = 0o660,
    ) -> None:
        self._on_request = on_request
        self._on_tick = on_tick
        self._selector = selectors.DefaultSelector()
        self._askers: set[Asker] = set()
        self._ready: set[Asker] = set()
        """Those of whom a line was left for the next turn."""
        self._listener = _listen(path, mode)
        self._path = path
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._announce = threading.Event()
        self._stopping = threading.Event()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    # -- from any thread -------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Read no more; `run` ends soon."""
        self._stopping.set()
        self._wake()

    def announce(self) -> None:
        """Tell those who watch that something was written; many calls may become one wake-up."""
        if not self._announce.is_set():
            self._announce.set()
            self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._waker.send(b"!")

    # -- the event loop --------------------------------------------------------------------------------------------

    def run(self) -> None:
        """The thread's body. What was asked may still be answered afterwards; `close` ends it."""
        while not self._stopping.is_set():
            for key, events in self._selector.select(0 if self._ready else _TICK_SECONDS):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._woken:
                    self._on_wake()
                elif key.data in self._askers:
                    self._serve(key.data, events)
            for asker in list(self._ready):
                self._lines(asker)
            self._on_tick()

    def close(self) -> None:
        """Send what is still owed, as far as it is taken, and close. After `run` has ended."""
        for asker in list(self._askers):
            if asker.is_owing and not asker.is_gone:
                asker.socket.settimeout(_LAST_WORD_SECONDS)
                asker.send_rest()
            self._drop(asker)
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
        if len(self._askers) >= _CLIENTS:
            connection.close()
            return
        connection.setblocking(False)
        asker = Asker(connection, self._wake)
        self._askers.add(asker)
        self._selector.register(connection, selectors.EVENT_READ, asker)

    def _on_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while len(self._woken.recv(_READ)) == _READ:
                pass
        if self._announce.is_set():
            self._announce.clear()
            for asker in self._askers:
                if asker.watching:
                    asker.send(_WRITTEN)
        for asker in list(self._askers):
            self._look_after(asker)

    def _serve(self, asker: Asker, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            asker.send_rest()
        if events & selectors.EVENT_READ:
            if not asker.receive():
                self._drop(asker)
                return
            self._lines(asker)
        self._look_after(asker)

    def _lines(self, asker: Asker) -> None:
        """Answer what it sent, as far as it is its turn."""
        self._ready.discard(asker)
        for _ in range(_A_TURN):
            if asker.is_gone or asker.is_waiting:
                break
            line = asker.next_line()
            if line is None:
                if asker.is_too_long:
                    asker.reply(Failed(id=0, kind="request", what=f"a line longer than {MAX_LINE} bytes"))
                    self._drop(asker)
                return
            self._line(line, asker)
        else:
            self._ready.add(asker)

    def _line(self, line: bytes, asker: Asker) -> None:
        try:
            request = DECODE_REQUEST.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            asker.reply(Failed(id=_id_of(line), kind="request", what=str(fault)))
            return
        if isinstance(request, Watch):
            asker.watching = True
        self._on_request(request, asker)

    def _look_after(self, asker: Asker) -> None:
        """Listen for what it can do next; let go of it if it is gone."""
        if asker not in self._askers:
            return
        if asker.is_gone:
            self._drop(asker)
            return
        wanted = selectors.EVENT_WRITE if asker.is_owing else 0
        if not asker.is_waiting:
            wanted |= selectors.EVENT_READ
            if asker.has_line:
                self._ready.add(asker)
        registered = self._selector.get_map().get(asker.socket)
        if (registered.events if registered else 0) == wanted:
            return
        if registered:
            self._selector.unregister(asker.socket)
        if wanted:
            self._selector.register(asker.socket, wanted, asker)

    def _drop(self, asker: Asker) -> None:
        self._askers.discard(asker)
        self._ready.discard(asker)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(asker.socket)
        asker.hang_up()


class _Id(msgspec.Struct):
    id: int = 0


def _id_of(line: bytes) -> int:
    """The id of a request that can't be read otherwise, so that its client learns which one it was; 0 if none."""
    try:
        return max(msgspec.json.decode(line, type=_Id).id, 0) % 2**53
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0


def _listen(path: Path, mode: int) -> socket.socket:
    if len(bytes(path)) > _PATH_BYTES:
        raise StoreFault(f"{path} is too long for a socket ({_PATH_BYTES} bytes at most): set another `paths.run`")
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
    raise StoreFault(f"{path}: another doorkeeper is running here")
