"""The staff page's application over a real doorkeeper, asked without a network; the clocks are the test's."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from werkzeug.test import TestResponse

import appliance.web
from appliance.domain.row import NodeId
from appliance.domain.ticket import CheckinList, Millis
from appliance.doorkeeper.builder import build_doorkeeper
from appliance.doorkeeper.client import DoorkeeperClient
from appliance.doorkeeper.door import Door
from appliance.doorkeeper.protocol import Role
from appliance.serving.events import Channel, Streams
from appliance.serving.login import Login
from appliance.serving.passwords import Passwords
from appliance.serving.sessions import SessionStore
from appliance.serving.words import load_words
from appliance.web.directory import HubDirectory
from appliance.web.staff import create_staff_app

LOCALES: Final = Path(appliance.web.__file__).parent / "locales"
PASSWORD: Final = "three words here"
HOST: Final = "box:8443"


class StaffRoom:
    """`browser()` is a client with cookies of its own; `link(name)` a one-time link's path."""

    def __init__(self, directory: Path, *, language: str = "en") -> None:
        self.directory = directory
        self.seconds = 0.0
        self.start_doorkeeper()
        self.channel = Channel()
        self.streams = Streams(2)
        self.passwords = Passwords(time_cost=1, memory_kib=64)
        self.login = Login(
            directory=HubDirectory(ledger=directory / "ledger.db", doorkeeper=directory / "door.sock"),
            sessions=SessionStore(None),
            now=lambda: Millis(1_795_511_564_120 + int(self.seconds * 1000)),
            monotonic=lambda: self.seconds,
            passwords=self.passwords,
        )
        self.app = create_staff_app(
            channel=self.channel,
            streams=self.streams,
            login=self.login,
            words=load_words(LOCALES, language),
            title="Hamburg hub",
            timezone="Europe/Berlin",
            hosts=["box"],
            authority=lambda: None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_doorkeeper()

    def start_doorkeeper(self) -> None:
        self.doorkeeper = build_doorkeeper(
            ledger=self.directory / "ledger.db",
            socket=self.directory / "door.sock",
            node=NodeId("k1"),
            door=Door(hub="hamburg", list=CheckinList()),
            trusted_clock=True,
            registry=CollectorRegistry(),
        )
        self.doorkeeper.start()

    def stop_doorkeeper(self) -> None:
        self.doorkeeper.stop()

    def link(self, name: str, role: Role = "lead") -> str:
        with closing(DoorkeeperClient(self.directory / "door.sock")) as client:
            return f"/login/{client.staff_add(name, role).token}"

    def browser(self, address: str = "192.0.2.1") -> Browser:
        return Browser(self.app.test_client(), address)

    def member_with_password(self, name: str = "Jo", role: Role = "lead") -> Browser:
        """Somebody logged in by a link who has set PASSWORD."""
        browser = self.browser()
        browser.use_link(self.link(name, role))
        assert browser.post("/password", password=PASSWORD, again=PASSWORD).status_code == 303
        return browser


class Browser:
    """Sends what a browser sends: the page's form token, the origin, cookies."""

    def __init__(self, client: FlaskClient, address: str) -> None:
        self._client = client
        self._address = address
        self.form = ""

    def get(self, path: str = "/", **headers: str) -> TestResponse:
        answer = self._client.get(
            path,
            base_url=f"http://{HOST}",
            headers={"Accept": "text/html", **headers},
            environ_overrides={"REMOTE_ADDR": self._address, "SERVER_PORT": "8443"},
        )
        found = (
            re.search(r'name="form" value="([0-9a-f]{64})"', answer.text) if answer.mimetype == "text/html" else None
        )
        if found:
            self.form = found[1]
        return answer

    def post(self, path: str, *, origin: str = f"http://{HOST}", **fields: Any) -> TestResponse:
        return self._client.post(
            path,
            data={"form": self.form, **fields},
            base_url=f"http://{HOST}",
            headers={"Origin": origin, "Accept": "text/html"},
            environ_overrides={"REMOTE_ADDR": self._address, "SERVER_PORT": "8443"},
        )

    def use_link(self, link: str) -> TestResponse:
        self.get(link)
        answer = self.post(link)
        if answer.status_code == 303:
            self.get(answer.headers["Location"])
        return answer

    def log_in(self, name: str, password: str, target: str = "/") -> TestResponse:
        self.get("/login")
        return self.post("/login", name=name, password=password, next=target)

    @property
    def is_in(self) -> bool:
        return self.get("/").status_code == 200
