"""A doorkeeper with a real ledger and a real socket, in this process or in one of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from prometheus_client import CollectorRegistry

from appliance.domain.attendance import Tally
from appliance.domain.clock import EARLIEST, Reading
from appliance.domain.row import NodeId, Placed
from appliance.domain.ticket import CheckinList, Ticket, TicketId
from appliance.doorkeeper.builder import build_doorkeeper
from appliance.doorkeeper.client import DoorkeeperClient
from appliance.doorkeeper.door import Door
from appliance.doorkeeper.process import DoorkeeperProcess
from appliance.store.opening import open_reader
from appliance.store.reading import holes, recount, rows_after

STOP_SECONDS: Final = 60.0
NOON: Final = EARLIEST + 300 * 86_400_000
CHUNK: Final = 500


class Clocks:
    """The machine's clocks, moved by hand."""

    def __init__(self, wall: int = NOON, *, synced: bool = True) -> None:
        self.wall, self.monotonic, self.synced = wall, 1_000_000, synced

    def read(self) -> Reading:
        return Reading(self.wall, self.monotonic, self.synced)

    def pass_by(self, millis: int) -> None:
        self.wall += millis
        self.monotonic += millis


class House:
    """One node's ledger, socket and (in this process) doorkeeper."""

    def __init__(
        self, directory: Path, *, checkin_list: CheckinList | None = None, hub: str = "berlin", **more: Any
    ) -> None:
        self.ledger = directory / "ledger.db"
        self.socket = directory / "d.sock"
        self.clocks = Clocks()
        self.boot = "boot-1"
        self._door = Door(hub=hub, list=checkin_list or CheckinList(), closed=more.pop("closed", False))
        self._more = more
        self._process: DoorkeeperProcess | None = None
        self._clients: list[DoorkeeperClient] = []

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        self.close()

    @property
    def process(self) -> DoorkeeperProcess:
        assert self._process is not None
        return self._process

    def open(self) -> None:
        """Start the doorkeeper."""
        self._process = build_doorkeeper(
            ledger=self.ledger,
            socket=self.socket,
            node=NodeId("n1"),
            door=self._door,
            trusted_clock=True,
            registry=CollectorRegistry(),
            boot=self.boot,
            read=self.clocks.read,
            monotonic=lambda: self.clocks.monotonic,
            **self._more,
        )
        self._process.start()

    def close(self) -> None:
        """End it cleanly."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def reopen(self, boot: str | None = None) -> None:
        """End it and start another."""
        self.close()
        self.boot = boot or self.boot
        self.open()

    def client(self, timeout: float = STOP_SECONDS) -> DoorkeeperClient:
        """A client that is closed with the house."""
        client = DoorkeeperClient(self.socket, timeout=timeout)
        self._clients.append(client)
        return client

    def bring(self, *tickets: Ticket) -> None:
        """Let the door go by a roster of these."""
        bring(self.client(), tickets)

    def settled(self) -> None:
        """All that was asked before is written."""
        self.client().session_begin()

    def reader(self) -> contextlib.closing[sqlite3.Connection]:
        """A read-only connection for a `with`."""
        return contextlib.closing(open_reader(self.ledger))

    def rows(self) -> list[Placed]:
        """All rows, in the order of their arrival."""
        self.settled()
        return read_rows(self.ledger)


def tickets(n: int, **fields: Any) -> list[Ticket]:
    """Tickets `T-0`… with the codes `code-0`…"""
    return [Ticket(id=TicketId(f"T-{i}"), code=f"code-{i}", **fields) for i in range(n)]


def bring(client: DoorkeeperClient, roster: list[Ticket] | tuple[Ticket, ...], source: str = "test.csv") -> int:
    """Import a roster; its number."""
    number = client.roster_begin(source, "digest")
    for start in range(0, len(roster), CHUNK):
        client.roster_chunk(number, roster[start : start + CHUNK])
    client.roster_switch(number, len(roster))
    return number


def read_rows(ledger: Path) -> list[Placed]:
    """All rows of a ledger, in the order of their arrival."""
    with contextlib.closing(open_reader(ledger)) as reader:
        return [placed for _, placed in rows_after(reader, 0, 10_000_000)]


def counted_right(ledger: Path) -> Tally:
    """The tallies, which are those of a recount; no log has holes, ticks rise, and no scan has two rows."""
    with contextlib.closing(open_reader(ledger)) as reader:
        stored, counted = recount(reader)
        assert stored == counted
        assert holes(reader) == []
        rows = [placed for _, placed in rows_after(reader, 0, 10_000_000)]
    last: dict[str, int] = {}
    for placed in sorted(rows, key=lambda placed: (placed.log, placed.offset)):
        assert placed.row.tick > last.get(placed.log, -1)
        last[placed.log] = placed.row.tick
    nonces = [placed.row.nonce for placed in rows]
    assert len(nonces) == len(set(nonces))
    return stored


class OwnProcess:
    """A doorkeeper in a process of its own, that can be killed."""

    def __init__(self, directory: Path, *, capacity: int = 0, environment: dict[str, str] | None = None) -> None:
        self.ledger = directory / "ledger.db"
        self.socket = directory / "d.sock"
        self._arguments = [sys.executable, "-m", "tests.integration.doorkeeper.one_door", str(directory), str(capacity)]
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; its socket answers when this returns."""
        self._process = subprocess.Popen(self._arguments, stdout=subprocess.PIPE, text=True, env=self._environment)
        assert self._process.stdout is not None
        word = self._process.stdout.readline()
        assert word == "open\n", word

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        return self._end(signal.SIGTERM)

    def wait(self) -> int:
        """Until it ends by itself; its exit code."""
        assert self._process is not None
        code = self._process.wait(STOP_SECONDS)
        self._end(signal.SIGTERM)
        return code

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        with self._process as process:
            process.send_signal(how)
            process.communicate(timeout=STOP_SECONDS)
            self._process = None
            return process.returncode


def at_once(*bodies: Callable[[], None]) -> None:
    """Run all in threads of their own that begin together; raise what the first failing one raised."""
    faults: list[BaseException] = []
    gate = threading.Barrier(len(bodies))

    def run(body: Callable[[], None]) -> None:
        try:
            gate.wait(STOP_SECONDS)
            body()
        except BaseException as fault:  # noqa: BLE001 (raised below)
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(STOP_SECONDS)
        assert not thread.is_alive()
    if faults:
        raise faults[0]


@contextlib.contextmanager
def meanwhile(body: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run `body` in a thread until the block is through; it ends when the event is set."""
    stop = threading.Event()
    faults: list[BaseException] = []

    def run() -> None:
        try:
            body(stop)
        except BaseException as fault:  # noqa: BLE001 (raised below)
            faults.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(STOP_SECONDS)
    assert not thread.is_alive()
    if faults:
        raise faults[0]
