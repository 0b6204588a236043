"""Central whole, in this process or in one of its own, and a page that is logged in to its board."""

from __future__ import annotations

import http.cookiejar
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from appliance.central.builder import build_central
from appliance.central.process import CentralProcess
from appliance.central.receiver import BrokerAddress
from appliance.central.staff import add_staff
from appliance.central.view import BoardView
from appliance.domain.ticket import Millis
from tests.integration.central.desk import EVENT, ROOT
from tests.ledgers import START
from tests.mosquitto import STOP_SECONDS, Mosquitto

TOKEN = "one-time-" + "t" * 40


def now() -> int:
    """The event's first hour: the tests' rows are of it."""
    return START + 3_600_000


@contextmanager
def central(
    broker: Mosquitto,
    database_url: str,
    state: Path,
    *,
    login: str = "",
    address: BrokerAddress | None = None,
    registry: CollectorRegistry | None = None,
) -> Iterator[CentralProcess]:
    """Central in this process until the block ends; connected, unless it is told another broker's address."""
    own = BrokerAddress(
        broker.host, broker.port, username=login, password="secret", tls=broker.ca is not None, ca=broker.ca
    )
    process = build_central(
        database_url=database_url,
        broker=address or own,
        root=ROOT,
        event=EVENT,
        host="127.0.0.1",
        port=0,
        state=state,
        registry=registry or CollectorRegistry(),
        now=lambda: Millis(now()),
    )
    process.start()
    try:
        assert address or process.wait_until(lambda posted: posted.broker_away is None, STOP_SECONDS)
        yield process
    finally:
        process.stop()
    assert process.fault is None


class CentralChild:
    """Central in a process of its own, to be killed."""

    def __init__(self, broker: Mosquitto, database_url: str, state: Path) -> None:
        self._command = [sys.executable, str(Path(__file__).with_name("run_central.py"))]
        self._command += [database_url, str(broker.port), str(state)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Until it serves."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=Path(__file__).parents[3]
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "serving\n"

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            assert self._process.stdout is not None
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process.stdout.close()
            self._process = None


class BoardPage:
    """A browser's view of the board: logged in by a one-time link, reading the event stream."""

    def __init__(self, process: CentralProcess, database_url: str) -> None:
        self._url = process.pages["central"]
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        add_staff(database_url, "Ana", "viewer", token=TOKEN, now=now())
        form = re.search(r'name="form" value="(\w+)"', self.get(f"login/{TOKEN}").decode())
        assert form is not None
        self.post(f"login/{TOKEN}", {"form": form[1]})

    def get(self, path: str) -> bytes:
        with self._opener.open(self._url + path, timeout=STOP_SECONDS) as answer:
            body: bytes = answer.read()
            return body

    def post(self, path: str, fields: dict[str, str]) -> bytes:
        headers = {"Origin": self._url.rstrip("/")}
        request = urllib.request.Request(self._url + path, urllib.parse.urlencode(fields).encode(), headers)
        with self._opener.open(request, timeout=STOP_SECONDS) as answer:
            body: bytes = answer.read()
            return body

    def wait(self, ok: Callable[[BoardView], bool]) -> BoardView:
        """The first state of the event stream that is as wanted."""
        newest: list[BoardView] = []
        deadline = time.monotonic() + STOP_SECONDS
        request = urllib.request.Request(self._url + "events", headers={"Accept": "text/event-stream"})
        with self._opener.open(request, timeout=STOP_SECONDS) as stream:
            for line in stream:
                if line.startswith(b"data: {"):
                    newest = [msgspec.json.decode(line[6:], type=_Wrapped).state]
                    if ok(newest[0]):
                        return newest[0]
                if time.monotonic() > deadline:
                    break
        raise AssertionError(f"never as wanted: {newest}")


class _Wrapped(msgspec.Struct):
    age: int
    state: BoardView


def in_thread(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread
