"""Builds central's process: wiring only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from appliance.central.blackboard import Blackboard
from appliance.central.board import create_board_app, publish_board
from appliance.central.database import open_reader, open_writer
from appliance.central.exceptions import CentralError
from appliance.central.inbox import Inbox
from appliance.central.metrics import METRICS, CentralMetrics
from appliance.central.process import CentralProcess, Parts
from appliance.central.receiver import BrokerAddress, Receiver
from appliance.central.recorder import Recorder
from appliance.central.staff import CentralStaff
from appliance.domain.ticket import Millis
from appliance.serving.events import Channel, Streams
from appliance.serving.login import Login
from appliance.serving.page_certificates import PageCertificates
from appliance.serving.server import PageServer
from appliance.serving.sessions import SessionStore
from appliance.serving.words import load_words

__all__ = ["METRICS", "BrokerAddress", "build_central"]

LOCALES: Final = Path(__file__).parent / "locales"


def build_central(
    *,
    database_url: str,
    broker: BrokerAddress,
    root: str,
    event: str,
    host: str,
    port: int,
    state: Path,
    registry: CollectorRegistry,
    names: Sequence[str] = (),
    language: str = "en",
    title: str = "",
    now: Callable[[], Millis] = lambda: Millis(time.time_ns() // 1_000_000),
    monotonic: Callable[[], float] = time.monotonic,
) -> CentralProcess:
    """Wires central. The database is opened and migrated here, the rest begins with `start`.

    `root` and `event` are the first levels of all topics; `host`, `port`: where the board listens (port 0: a free one);
    `state`: a directory for the board's certificates and sessions; `names`: further names by which it is reached.
    Raises DatabaseUnusableError, CentralError (the broker's CA file, `state`) or ServingError.
    """
    process = CentralProcess()
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise CentralError(f"can't make {state}: {fault.strerror}: central keeps its sessions there") from fault
    words = load_words(LOCALES, language)
    keeper = PageCertificates(state / "certificates", names=names, now=now)
    writer = open_writer(database_url)
    reader = open_reader(database_url)
    inbox = Inbox()
    blackboard = Blackboard(monotonic())
    receiver = Receiver(broker, inbox, root=root, event=event, now=now, monotonic=monotonic)
    recorder = Recorder(
        writer,
        inbox,
        blackboard,
        CentralMetrics(registry),
        publish=receiver.publish,
        root=root,
        event=event,
        now=now,
        monotonic=monotonic,
    )
    channel, streams = Channel(monotonic=monotonic), Streams()
    sessions = SessionStore(state / "sessions.db")
    login = Login(directory=CentralStaff(reader, inbox, now=now), sessions=sessions, now=now, monotonic=monotonic)
    app = create_board_app(
        channel=channel,
        streams=streams,
        login=login,
        words=words,
        title=title or event,
        hosts=keeper.hosts,
        authority=keeper.authority,
    )
    server = PageServer(app, host, port, tls=keeper.for_host(host), before_stop=channel.close, dies=process.die)
    show = partial(publish_board, blackboard, channel, event=title or event, now=now, monotonic=monotonic)
    process.hold(
        Parts(
            server=server,
            recorder=recorder,
            inbox=inbox,
            receiver=receiver,
            blackboard=blackboard,
            loops={"board": show, "certificates": lambda stop: keeper.run([server], lambda: None, stop)},
            last=[sessions.close, reader.dispose, writer.dispose],
        )
    )
    return process
