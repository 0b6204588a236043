"""Builds the doorkeeper's process: wiring only."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from prometheus_client import CollectorRegistry, Counter, Gauge

from appliance.doorkeeper.checkpointer import Checkpointer
from appliance.doorkeeper.clock import boot_id, read_clocks
from appliance.doorkeeper.door import Door, Doorkeeper
from appliance.doorkeeper.protocol import AnyRequest, Verdict
from appliance.doorkeeper.recorder import Recorder
from appliance.doorkeeper.requests import Requests
from appliance.doorkeeper.socket_server import Client, SocketServer
from appliance.doorkeeper.writer import Writer
from appliance.domain.clock import HubClock, Moment, Reading
from appliance.domain.row import NodeId
from appliance.store import roster
from appliance.store.opening import StoreFault, is_damage
from appliance.store.reading import open_reader
from appliance.store.salvage import mark_damaged, open_or_salvage

METRICS = (
    ("appliance_doorkeeper_verdicts_total", "counter", "Verdicts given, by outcome, reason and whether given again."),
    ("appliance_doorkeeper_transactions", "gauge", "Transactions committed since the start."),
    ("appliance_doorkeeper_disk_failing", "gauge", "1 while the last commit failed."),
)


class DoorkeeperProcess:
    """The threads of `appliance doorkeeper`: socket, writer, checkpointer. One that dies ends them all."""

    def __init__(self, *, path: Path, server: SocketServer, writer: Writer, checkpointer: Checkpointer, requests: Requests, lock: IO[str]) -> None:
        self._path = path
        self._server, self._writer, self._checkpointer, self._requests = server, writer, checkpointer, requests
        self._lock = lock
        self._ended = threading.Event()
        self._stopped = False
        self.fault: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._deadly, args=(body,), name=name, daemon=True)
            for name, body in (("socket", server.run), ("writer", writer.run), ("checkpointer", checkpointer.run))
        ]

    def start(self) -> None:
        """Start to serve."""
        self._requests.sweep()
        for thread in self._threads:
            thread.start()

    def wait(self) -> BaseException | None:
        """Until it ends; what it died of, if it did."""
        self._ended.wait()
        return self.fault

    def stop(self) -> None:
        """End cleanly: everything that was asked is answered and on the disk."""
        if self._stopped:
            return
        self._stopped = True
        self._requests.rest()
        self._writer.stop()
        self._threads[1].join()
        self._server.stop()
        self._checkpointer.stop()
        for thread in self._threads:
            thread.join()
        self._lock.close()
        self._ended.set()

    def _deadly(self, body: Callable[[], None]) -> None:
        try:
            body()
        except BaseException as fault:  # noqa: BLE001 (a thread's top)
            if isinstance(fault, sqlite3.Error) and is_damage(fault):
                mark_damaged(self._path, str(fault))
            self.fault = fault
            self._ended.set()


def build_doorkeeper(
    *,
    ledger: Path,
    socket: Path,
    node: NodeId,
    door: Door,
    trusted_clock: bool,
    registry: CollectorRegistry,
    boot: str | None = None,
    read: Callable[[], Reading] | None = None,
) -> DoorkeeperProcess:
    """Open (or salvage) the ledger and put the doorkeeper around it. StoreFault if it can't be."""
    lock = _lock(ledger)
    clocks = read or (lambda: read_clocks(trusted=trusted_clock))
    opened = open_or_salvage(ledger, at=Moment(HubClock(0).moment(clocks()).now, synced=False).at)
    recorder = Recorder(opened.connection, node=node, boot=boot or boot_id(), read_clocks=clocks)
    if opened.salvaged:
        recorder.end_log()
    roster.discard_staged(opened.connection)
    doorkeeper = Doorkeeper(recorder=recorder, door=door)
    checkpointer = Checkpointer(ledger)
    verdicts = Counter(METRICS[0][0].removesuffix("_total"), METRICS[0][2], ["outcome", "reason", "again"], registry=registry)

    def counted(verdict: Verdict) -> None:
        verdicts.labels(verdict.outcome, verdict.reason or "", str(verdict.again).lower()).inc()

    def committed() -> None:
        checkpointer.touched()
        server.announce()

    writer = Writer(recorder, committed=committed)
    clock = HubClock(recorder.highest_tick)
    requests = Requests(
        doorkeeper=doorkeeper,
        reader=open_reader(ledger),
        writer=writer,
        moment=lambda: clock.moment(clocks()),
        monotonic=lambda: time.monotonic_ns() // 1_000_000,
        counted=counted,
    )

    def on_request(request: AnyRequest, client: Client) -> None:
        requests.handle(request, client.reply)

    server = SocketServer(socket, on_request=on_request, on_tick=requests.tick)
    Gauge(METRICS[1][0], METRICS[1][2], registry=registry).set_function(lambda: writer.transactions)
    Gauge(METRICS[2][0], METRICS[2][2], registry=registry).set_function(lambda: float(bool(writer.disk)))
    return DoorkeeperProcess(path=ledger, server=server, writer=writer, checkpointer=checkpointer, requests=requests, lock=lock)


def _lock(ledger: Path) -> IO[str]:
    """Hold ledger.db for this process alone: the ledger has one writer."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    lock = ledger.with_name(ledger.name + ".lock").open("a", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        lock.close()
        raise StoreFault(f"{ledger} is held by another doorkeeper: stop it first") from fault
    os.set_inheritable(lock.fileno(), False)
    return lock
