"""Builds the web process: wiring only."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, Gauge

from appliance.domain.ticket import Millis
from appliance.doorkeeper.client import DoorkeeperClient
from appliance.serving.events import Channel, Streams
from appliance.serving.login import Login
from appliance.serving.page_certificates import PageCertificates
from appliance.serving.scan_link import Event, PreviewFeed, ScanLink, Watch
from appliance.serving.server import PageServer
from appliance.serving.sessions import SessionStore
from appliance.serving.words import load_words
from appliance.store.opening import StoreFault, open_live
from appliance.web.attendee import create_attendee_app
from appliance.web.attendee_face import TIMING_METRIC, AttendeeFace, page_names
from appliance.web.directory import HubDirectory
from appliance.web.ledger_watch import LedgerWatch
from appliance.web.naming import NameShown
from appliance.web.process import WebProcess
from appliance.web.screen import Corner, Screen
from appliance.web.staff import create_staff_app
from appliance.web.staff_board import StaffBoard, ask_standing

LOCALES: Final = Path(__file__).parent / "locales"
ATTENDEE_THREADS: Final = 24
STANDING_SECONDS: Final = 1.5

METRICS = (
    ("appliance_web_streams", "gauge", "Open live pages, by page."),
    ("appliance_web_scan_connected", "gauge", "1 while scan is connected."),
    TIMING_METRIC,
)


class Listen(NamedTuple):
    """Where a face listens; port 0 finds a free one."""

    host: str
    port: int


def build_web(
    *,
    ledger: Path,
    live: Path,
    doorkeeper: Path,
    scan: Path,
    certificates: Path,
    attendee: Listen,
    staff: Listen,
    main_list: str,
    registry: CollectorRegistry,
    names: Sequence[str] = (),
    languages: Sequence[str] = ("en",),
    timezone: str = "UTC",
    title: str = "",
    capacity: int | None = None,
    attendee_name: NameShown = "first",
    now: Callable[[], Millis] = lambda: Millis(time.time_ns() // 1_000_000),
    monotonic: Callable[[], float] = time.monotonic,
) -> WebProcess:
    """Wires the pages of a hub.

    `ledger`, `live`: the databases; `doorkeeper`, `scan`: the Unix sockets; `certificates`: a directory of our own;
    `names`: further names by which the pages are reached. ServingError for a language that isn't there, or
    certificates that can't be kept.
    """
    process = WebProcess()
    words = [load_words(LOCALES, language) for language in page_names(languages)]
    keeper = PageCertificates(certificates, names=names, now=now)
    screen = Screen(words=words, name=attendee_name, timezone=ZoneInfo(timezone), first_id=int(monotonic() * 1000))
    staff_channel, staff_streams = Channel(monotonic=monotonic), Streams()
    board = StaffBoard(channel=staff_channel, capacity=capacity, now=now)

    def on_event(event: Event) -> None:
        face.on_event(event)
        board.take_event(event)

    def on_link(up: bool) -> None:  # noqa: FBT001 (a callback)
        connected.set(up)
        face.on_link(connected=up)
        board.take_link(connected=up)

    link = ScanLink(scan, hello=[Watch()], on_event=on_event, on_link=on_link, dies=process.die)
    face = AttendeeFace(screen, send=link.send, monotonic=monotonic, registry=registry)
    connected = _gauges(registry, {"attendee": face.streams, "staff": staff_streams})
    preview = PreviewFeed(scan, monotonic=monotonic, dies=process.die)
    with suppress(sqlite3.Error, StoreFault, OSError):
        # Whoever starts first makes the file, for both of its writers.
        open_live(live).close()
    sessions = SessionStore(live)
    attendee_app = create_attendee_app(
        channel=face.channel,
        streams=face.streams,
        preview=preview,
        on_shown=face.on_shown,
        words=words,
        title=title,
        hosts=keeper.hosts,
    )
    staff_app = create_staff_app(
        channel=staff_channel,
        streams=staff_streams,
        login=Login(
            directory=HubDirectory(ledger=ledger, doorkeeper=doorkeeper),
            sessions=sessions,
            now=now,
            monotonic=monotonic,
        ),
        words=words[0],
        title=title,
        timezone=timezone,
        hosts=keeper.hosts,
        authority=keeper.authority,
    )
    attendee_server = PageServer(
        attendee_app,
        *attendee,
        threads=ATTENDEE_THREADS,
        tls=keeper.for_host(attendee.host),
        before_stop=face.channel.close,
        dies=process.die,
    )
    staff_server = PageServer(
        staff_app, *staff, tls=keeper.for_host(staff.host), before_stop=staff_channel.close, dies=process.die
    )
    watch = LedgerWatch(
        ledger=ledger,
        live=live,
        main_list=main_list,
        wakeups=DoorkeeperClient(doorkeeper).watch,
        publish=board.take_figures,
        now=now,
        monotonic=monotonic,
    )
    asker = DoorkeeperClient(doorkeeper, timeout=STANDING_SECONDS)

    def show_corner() -> None:
        address = keeper.address(staff.host, staff_server.port)
        face.show_corner(Corner(address, keeper.fingerprint() if address else ""))

    process.hold(
        servers={"attendee": attendee_server, "staff": staff_server},
        running=[link, preview],
        loops={
            "ledger-watch": watch.run,
            "standing": lambda stop: ask_standing(asker.standing, board.take_standing, stop),
            "board": board.run,
            "certificates": lambda stop: keeper.run([attendee_server, staff_server], show_corner, stop),
        },
        last=[sessions.close],
    )
    return process


def _gauges(registry: CollectorRegistry, streams: dict[str, Streams]) -> Gauge:
    """Registers the gauges; the one of scan's connection is set by the caller."""
    open_pages = Gauge(METRICS[0][0], METRICS[0][2], ["page"], registry=registry)
    for page, of in streams.items():
        open_pages.labels(page).set_function(partial(getattr, of, "open"))
    return Gauge(METRICS[1][0], METRICS[1][2], registry=registry)
