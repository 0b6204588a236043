"""Builds the doorkeeper's process: wiring only."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from appliance.domain.clock import Reading
from appliance.domain.row import NodeId
from appliance.doorkeeper.checker import Checker
from appliance.doorkeeper.checkpointer import Checkpointer
from appliance.doorkeeper.clock import HubTime, boot_id, read_clocks
from appliance.doorkeeper.door import Door, Doorkeeper
from appliance.doorkeeper.indexer import Indexer
from appliance.doorkeeper.process import DoorkeeperProcess
from appliance.doorkeeper.protocol import Verdict
from appliance.doorkeeper.recorder import Recorder
from appliance.doorkeeper.requests import Requests
from appliance.doorkeeper.socket_server import SocketServer
from appliance.doorkeeper.writer import Writer
from appliance.store.holding import Hold, hold
from appliance.store.opening import open_reader
from appliance.store.salvage import open_or_salvage
from appliance.store.soundness import CHECKED_AT_START
from appliance.store.wal import make_room

__all__ = ["METRICS", "DoorkeeperProcess", "build_doorkeeper"]

METRICS: Final = (
    ("appliance_doorkeeper_verdicts_total", "counter", "Verdicts given, by outcome, reason and whether given again."),
    ("appliance_doorkeeper_transactions", "gauge", "Transactions committed since the start."),
    ("appliance_doorkeeper_disk_failing", "gauge", "1 while the last commit failed."),
)


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
    monotonic: Callable[[], int] | None = None,
    checked_at_start: int = CHECKED_AT_START,
) -> DoorkeeperProcess:
    """Open (or salvage) the ledger and put the doorkeeper around it. StoreFault if it can't be.

    `boot`, `read` (the clocks) and `monotonic` (ms) are the machine's unless given.
    """
    held = hold(ledger)
    try:
        return _build(
            held=held,
            ledger=ledger,
            socket=socket,
            node=node,
            door=door,
            registry=registry,
            boot=boot or boot_id(),
            read=read or (lambda: read_clocks(trusted=trusted_clock)),
            monotonic=monotonic or (lambda: time.monotonic_ns() // 1_000_000),
            checked=checked_at_start,
        )
    except BaseException:
        held.release()
        raise


def _build(
    *,
    held: Hold,
    ledger: Path,
    socket: Path,
    node: NodeId,
    door: Door,
    registry: CollectorRegistry,
    boot: str,
    read: Callable[[], Reading],
    monotonic: Callable[[], int],
    checked: int,
) -> DoorkeeperProcess:
    now = HubTime(read, floor=0).moment()
    opened = open_or_salvage(ledger, now=now, left=held.left, boot=boot, checked=checked)
    make_room(ledger)
    recorder = Recorder(opened.connection, node=node, boot=boot)
    hub_time = HubTime(read, floor=recorder.highest_tick)
    verdicts = Counter(
        METRICS[0][0].removesuffix("_total"), METRICS[0][2], ["outcome", "reason", "again"], registry=registry
    )

    def counted(verdict: Verdict) -> None:
        verdicts.labels(verdict.outcome, verdict.reason or "", str(verdict.again).lower()).inc()

    def committed(durable: bool) -> None:  # noqa: FBT001 (the writer calls it so)
        checkpointer.touched(durable)
        server.announce()

    writer = Writer(recorder, committed=committed, after_sync=lambda run: checkpointer.after_sync(run))
    checkpointer = Checkpointer(ledger, put_between=writer.put_between)
    indexer = Indexer(ledger, opened.connection, put=writer.put)
    requests = Requests(
        doorkeeper=Doorkeeper(recorder=recorder, door=door),
        reader=open_reader(ledger),
        writer=writer,
        moment=hub_time.moment,
        monotonic=monotonic,
        counted=counted,
        switched=indexer.wake,
    )
    server = SocketServer(socket, on_request=requests.handle, on_tick=requests.tick)
    Gauge(METRICS[1][0], METRICS[1][2], registry=registry).set_function(lambda: writer.transactions)
    Gauge(METRICS[2][0], METRICS[2][2], registry=registry).set_function(lambda: float(bool(writer.disk)))
    return DoorkeeperProcess(
        path=ledger,
        held=held,
        boot=boot,
        connection=opened.connection,
        server=server,
        writer=writer,
        checkpointer=checkpointer,
        checker=Checker(ledger, larger_than=checked),
        indexer=indexer,
        requests=requests,
    )
