"""A hub for tests: the real doorkeeper and the real pages, with scan's end of the link played by hand."""

from __future__ import annotations

import http.client
import io
import itertools
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from PIL import Image, ImageDraw
from prometheus_client import CollectorRegistry

from appliance.domain.row import NodeId
from appliance.domain.ticket import CheckinList, Status, Ticket, TicketId
from appliance.doorkeeper.builder import build_doorkeeper
from appliance.doorkeeper.client import DoorkeeperClient
from appliance.doorkeeper.door import Door
from appliance.doorkeeper.protocol import Role
from appliance.serving.scan_link import Deciding, ScanLinkServer, SourceHealth, Sources, verdict_event
from appliance.web.builder import Listen, build_web
from tests.fakes import until

NAMES: Final = (
    "Zoë Brandt",
    "Dr. Jürgen Müller",
    "山田 太郎",
    "عبد الرحمن الفارسي",
    "Maximiliane von Hohenstein-Wallersdorf",
    "Ana Souza",
    "Oluwaseun Adébáyọ̀",
    "José",
)
STATUSES: Final[tuple[Status, ...]] = ("unpaid", "blocked", "revoked", "canceled", "unapproved")
CAMERA: Final = SourceHealth(name="Camera at the door", kind="camera", state="ok", since="2026-11-24T08:00:00.000Z")
STOP_SECONDS: Final = 60.0


def tickets() -> list[Ticket]:
    """One for each name, then one for each status, of another hub, and of another product."""
    found = [
        Ticket(id=TicketId(f"T-{n:04d}"), code=f"CODE-{n:04d}", name=name, product="Full event")
        for n, name in enumerate(NAMES)
    ]
    found += [
        Ticket(id=TicketId(f"S-{status}"), code=f"CODE-{status}", name="Kim Lee", product="Full event", status=status)
        for status in STATUSES
    ]
    found.append(Ticket(id=TicketId("H-1"), code="CODE-hub", name="Lea Roth", product="Full event", hub="osaka"))
    found.append(Ticket(id=TicketId("P-1"), code="CODE-product", name="Lea Roth", product="Workshop"))
    found.append(
        Ticket(
            id=TicketId("V-1"), code="CODE-time", name="Lea Roth", product="Full event", valid_until=1_000_000_000_000
        )
    )
    found.append(
        Ticket(id=TicketId("M-1"), code="CODE-markup", name="<img/src=x> onerror=alert(1)", product="Full event")
    )
    found += [
        Ticket(id=TicketId(f"G-{n:04d}"), code=f"GUEST-{n:04d}", name=f"Guest {n}", product="Full event")
        for n in range(400)
    ]
    return found


class Stage:
    """Starts on entering; `present` is a scan from code to screen."""

    def __init__(self, directory: Path, **web: Any) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.ledger = directory / "ledger.db"
        self.live = directory / "live.db"
        self.door_socket = directory / "door.sock"
        self.scan_socket = directory / "scan.sock"
        self.capacity: int | None = web.get("capacity")
        self._web_arguments = web
        self._nonces = (f"stage-{time.time_ns()}-{n}" for n in itertools.count())
        self._full = ExitStack()
        self.shown: list[str] = []
        self._shown_changed = threading.Condition()
        self._listens = {"attendee": Listen("127.0.0.1", 0), "staff": Listen("127.0.0.1", 0)}

    def __enter__(self) -> Self:
        self.start_doorkeeper()
        self.import_tickets(tickets())
        self.start_scan()
        self.start_web()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._full.close()
        self.web.stop()
        self.scan.stop()
        self.stop_doorkeeper()

    def start_doorkeeper(self) -> None:
        products = frozenset({"Full event"})
        self.doorkeeper = build_doorkeeper(
            ledger=self.ledger,
            socket=self.door_socket,
            node=NodeId("k1"),
            door=Door(hub="hamburg", list=CheckinList(id="door", products=products, capacity=self.capacity)),
            trusted_clock=True,
            registry=CollectorRegistry(),
        )
        self.doorkeeper.start()
        self.client = DoorkeeperClient(self.door_socket)

    def stop_doorkeeper(self) -> None:
        self.client.close()
        self.doorkeeper.stop()

    def start_scan(self) -> None:
        self.scan = ScanLinkServer(self.scan_socket, on_shown=self._take_shown)
        self.scan.start()
        self.sources(CAMERA)

    def start_web(self) -> None:
        self.web_registry = CollectorRegistry()
        settings: dict[str, Any] = {"title": "Hamburg hub", "timezone": "Europe/Berlin", **self._web_arguments}
        self.web = build_web(
            ledger=self.ledger,
            live=self.live,
            doorkeeper=self.door_socket,
            scan=self.scan_socket,
            certificates=self.directory / "certificates",
            main_list="door",
            registry=self.web_registry,
            **{**self._listens, **settings},
        )
        self.web.start()
        # A verdict told before web listens is nobody's.
        until(lambda: any(client.events for client in list(self.scan._clients)), "web's link to scan")

    def start_web_again(self) -> None:
        """A new process where the stopped one was: the same addresses."""
        addresses = {face: urlsplit(url) for face, url in self.web.pages.items()}
        self._listens = {face: Listen(address.hostname or "", address.port or 0) for face, address in addresses.items()}
        self.start_web()

    def attendee_streams_full(self) -> None:
        """Takes every place that is left for live attendee pages, until the end."""
        address = urlsplit(self.web.pages["attendee"])
        while True:
            connection = self._full.enter_context(
                closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=STOP_SECONDS))
            )
            connection.request("GET", "/events")
            answer = self._full.enter_context(closing(connection.getresponse()))
            if answer.status == 503:
                return

    def import_tickets(self, found: Sequence[Ticket]) -> None:
        roster = self.client.roster_begin("stage", "0" * 64)
        for start in range(0, len(found), 500):
            self.client.roster_chunk(roster, found[start : start + 500])
        self.client.roster_switch(roster, len(found))

    def sources(self, *sources: SourceHealth, hint: Any = "") -> None:
        self.scan.broadcast(Sources(sources=list(sources), hint=hint))

    def present(self, text: str, *, gate: str = "north", direction: Any = "entry") -> str:
        """A scan; the nonce of its verdict."""
        seen_ms = time.time() * 1000
        self.scan.broadcast(Deciding(source="camera"))
        verdict = self.client.scan(text, gate=gate, nonce=next(self._nonces), direction=direction)
        self.scan.broadcast(verdict_event(verdict, gate=gate, source="camera", seen_ms=seen_ms))
        return verdict.nonce

    def link(self, name: str, role: Role = "lead") -> str:
        """The address that logs `name` in once."""
        return f"{self.web.pages['staff']}login/{self.client.staff_add(name, role).token}"

    def wait_shown(self, nonce: str) -> None:
        """Until a page said that it has painted the verdict on `nonce`; the doorkeeper is told."""
        with self._shown_changed:
            assert self._shown_changed.wait_for(lambda: nonce in self.shown, STOP_SECONDS), f"{nonce} was never shown"
        self.client.shown(nonce)

    def _take_shown(self, nonce: str) -> None:
        with self._shown_changed:
            self.shown.append(nonce)
            self._shown_changed.notify_all()


def camera_picture(number: int = 0) -> bytes:
    """A JPEG of somebody who holds a code up, for the preview."""
    picture = Image.new("RGB", (640, 360), (96, 108, 120))
    draw = ImageDraw.Draw(picture)
    for y in range(360):
        draw.line([(0, y), (640, y)], fill=(110 - y // 6, 124 - y // 6, 140 - y // 7))
    draw.ellipse((230, 60, 360, 210), fill=(214, 176, 150))
    draw.rounded_rectangle((170, 215, 420, 420), 60, fill=(52, 74, 110))
    shift = number % 40
    draw.rounded_rectangle((400 + shift, 150, 520 + shift, 330), 12, fill=(24, 26, 32))
    draw.rectangle((412 + shift, 170, 508 + shift, 310), fill=(250, 250, 250))
    for row, column in itertools.product(range(11), range(7)):
        if (row * 7 + column * 13 + row * column) % 3:
            left, top = 418 + shift + column * 12, 174 + row * 12
            draw.rectangle((left, top, left + 11, top + 11), fill=(10, 10, 10))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()
