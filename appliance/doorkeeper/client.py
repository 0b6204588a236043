"""Talking to the doorkeeper: blocking connections, made again when they break."""

from __future__ import annotations

import contextlib
import itertools
import re
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Self, TypeVar

import msgspec

from appliance.domain.row import Passage
from appliance.domain.ticket import Ticket
from appliance.doorkeeper.protocol import (
    DECODE_ANSWER,
    ENCODE,
    MAX_LINE,
    MAX_SCAN_TEXT,
    Annul,
    Answer,
    AnyAnswer,
    AnyRequest,
    Done,
    DoorStanding,
    Failed,
    LinkRedeem,
    PasswordSet,
    Role,
    RosterAbandon,
    RosterBegin,
    RosterChunk,
    RosterSwitch,
    Scan,
    SessionBegin,
    Shown,
    StaffAdd,
    StaffLink,
    StaffMember,
    Standing,
    Verdict,
    Watch,
    Written,
)

_HALVES: Final = re.compile("[\ud800-\udfff]")
_RETRY_SECONDS: Final = 0.05
_WATCH_SECONDS: Final = 3.0
_A = TypeVar("_A", bound=Answer)


class DoorkeeperAway(Exception):
    """No answer within the time; says which socket and what to look at."""


class DoorkeeperRefused(Exception):
    """The doorkeeper answered that it didn't do it, and why. `kind` as in `protocol.Failed`."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.what)
        self.kind = failed.kind


class DoorkeeperClient:
    """May be shared by threads: each request has a connection of its own while it waits, kept for the next.

    Requests that change nothing when they come twice (a scan has its nonce) are asked again over a new connection until
    `timeout` seconds have passed; the others are asked once.
    """

    def __init__(self, path: Path, *, timeout: float = 5.0) -> None:
        self._path = path
        self._timeout = timeout
        self._ids = itertools.count(1)
        self._idle: deque[_Line] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is idle; the next request makes a new connection."""
        while self._idle:
            with contextlib.suppress(IndexError):
                self._idle.pop().close()

    def scan(self, text: str, *, gate: str, nonce: str, direction: Passage = "entry") -> Verdict:
        """The verdict on one presentation. DoorkeeperRefused: nothing is recorded and nobody may pass."""
        # No ticket's code is so long or holds half a character, and the socket takes neither.
        text = _HALVES.sub("\ufffd", text[:MAX_SCAN_TEXT])
        return self._again(Scan(id=next(self._ids), text=text, gate=gate, nonce=nonce, direction=direction), Verdict)

    def shown(self, nonce: str) -> None:
        """A person has seen the verdict."""
        self._again(Shown(id=next(self._ids), nonce=nonce), Done)

    def annul(self, annuls: str, *, nonce: str, by: str) -> None:
        """Undo the scan of a nonce."""
        self._again(Annul(id=next(self._ids), annuls=annuls, nonce=nonce, by=by), Done)

    def standing(self) -> DoorStanding:
        """The doorkeeper's health."""
        return self._again(Standing(id=next(self._ids)), DoorStanding)

    def session_begin(self, *, above: int = 0, term: int = 1) -> int:
        """A new reporting session's number."""
        return self._again(SessionBegin(id=next(self._ids), above=above, term=term), Done).number

    def roster_begin(self, source: str, digest: str) -> int:
        """A new roster beside the living one."""
        return self._once(RosterBegin(id=next(self._ids), source=source, digest=digest), Done).number

    def roster_chunk(self, roster: int, tickets: Sequence[Ticket]) -> None:
        """Write some of its tickets (at most CHUNK_TICKETS)."""
        self._once(RosterChunk(id=next(self._ids), roster=roster, tickets=list(tickets)), Done)

    def roster_switch(self, roster: int, rows: int) -> None:
        """Let the door go by it."""
        self._once(RosterSwitch(id=next(self._ids), roster=roster, rows=rows), Done)

    def roster_abandon(self, roster: int) -> None:
        """Forget it."""
        self._again(RosterAbandon(id=next(self._ids), roster=roster), Done)

    def staff_add(self, name: str, role: Role) -> StaffLink:
        """A member of staff and a one-time token."""
        return self._once(StaffAdd(id=next(self._ids), name=name, role=role), StaffLink)

    def redeem_link(self, token: str) -> StaffMember | None:
        """Use a link's token up; None for one that doesn't work (any more)."""
        try:
            return self._once(LinkRedeem(id=next(self._ids), token=token), StaffMember)
        except DoorkeeperRefused as refused:
            if refused.kind == "unknown":
                return None
            raise

    def set_password(self, staff: str, password_hash: str) -> None:
        """Store an argon2 hash."""
        self._again(PasswordSet(id=next(self._ids), staff=staff, hash=password_hash), Done)

    def watch(self, stop: threading.Event) -> Iterator[None]:
        """A wake-up after each commit, and at least every 3 s; ends when `stop` is set. On a connection of its own."""
        while not stop.is_set():
            try:
                yield from self._watch_once(stop)
            except OSError:
                yield None
                stop.wait(_RETRY_SECONDS * 4)

    def _watch_once(self, stop: threading.Event) -> Iterator[None]:
        line = _Line(self._path, self._timeout)
        try:
            line.send(Watch(id=0))
            while not stop.is_set():
                line.wait(_WATCH_SECONDS, stop)
                yield None
        finally:
            line.close()

    def _again(self, request: AnyRequest, wanted: type[_A]) -> _A:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return self._ask(request, wanted, deadline)
            except OSError as fault:
                if time.monotonic() + _RETRY_SECONDS >= deadline:
                    raise self._away(fault) from fault
                # The doorkeeper is being restarted: its socket comes back, and nothing announces that.
                select.select([], [], [], _RETRY_SECONDS)

    def _once(self, request: AnyRequest, wanted: type[_A]) -> _A:
        try:
            return self._ask(request, wanted, time.monotonic() + self._timeout)
        except OSError as fault:
            raise self._away(fault) from fault

    def _away(self, fault: OSError) -> DoorkeeperAway:
        return DoorkeeperAway(
            f"the doorkeeper does not answer on {self._path} ({fault}): is `appliance doorkeeper` running?"
        )

    def _ask(self, request: AnyRequest, wanted: type[_A], deadline: float) -> _A:
        line = self._take_line()
        try:
            line.send(request)
            answer = line.answer(request.id, deadline)
        except BaseException:
            line.close()
            raise
        self._idle.append(line)
        if isinstance(answer, Failed):
            raise DoorkeeperRefused(answer)
        if not isinstance(answer, wanted):
            raise DoorkeeperAway(
                f"the doorkeeper on {self._path} answered {type(answer).__name__}: versions differ, restart both"
            )
        return answer

    def _take_line(self) -> _Line:
        """A connection that is idle and alive, or a new one."""
        while self._idle:
            with contextlib.suppress(IndexError):
                line = self._idle.pop()
                if line.is_alive():
                    return line
                line.close()
        return _Line(self._path, self._timeout)


class _Line:
    """One connection, one JSON object a line."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        self._received = bytearray()
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def close(self) -> None:
        self._socket.close()

    def is_alive(self) -> bool:
        """Whether the other side hasn't hung up; late answers may wait to be passed over."""
        try:
            return not select.select([self._socket], [], [], 0)[0] or bool(self._socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def send(self, request: AnyRequest) -> None:
        self._socket.sendall(ENCODE.encode(request) + b"\n")

    def answer(self, request: int, deadline: float) -> AnyAnswer:
        """The answer to `request`; late ones to others are passed over. TimeoutError past the deadline."""
        while True:
            answer = self._next(deadline)
            if not isinstance(answer, Written) and answer.id in (request, 0):
                return answer

    def _next(self, deadline: float) -> AnyAnswer:
        while (end := self._received.find(b"\n")) < 0:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            self._receive()
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        try:
            answer: AnyAnswer = DECODE_ANSWER.decode(line)
        except msgspec.DecodeError as fault:
            raise ConnectionError(f"an answer that can't be read: {fault}") from fault
        return answer

    def _receive(self) -> None:
        some = self._socket.recv(65536)
        if not some:
            raise ConnectionResetError("it hung up")
        self._received += some
        if len(self._received) > MAX_LINE:
            raise ConnectionError(f"an answer of more than {MAX_LINE} bytes")

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Until something arrives, thrown away whole: many wake-ups that waited are one."""
        deadline = time.monotonic() + seconds
        while not stop.is_set() and (left := deadline - time.monotonic()) > 0:
            if select.select([self._socket], [], [], min(left, 0.25))[0]:
                self._receive()
                self._received.clear()
                return


Wakeups = Callable[[threading.Event], Iterator[None]]
"""`DoorkeeperClient.watch`, as others take it."""
