"""The link between scan and web on a real Unix socket."""

from __future__ import annotations

import queue
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance.serving.exceptions import ServingError
from appliance.serving.scan_link import (
    Deciding,
    Event,
    Fault,
    PreviewFeed,
    ScanLink,
    ScanLinkServer,
    Screen,
    Shown,
    SourceHealth,
    Sources,
    VerdictEvent,
    Watch,
)
from appliance.serving.scan_link.protocol import MAX_COMMAND, MAX_JPEG
from appliance.serving.scan_link.server import MAX_UNREAD

STOP_SECONDS = 60.0
SOURCES = Sources(sources=[SourceHealth(name="camera", kind="camera", state="ok")])


def verdict(n: int) -> VerdictEvent:
    return VerdictEvent(outcome="admitted", nonce=f"nonce-{n:06d}", at="2026-11-24T09:12:44.120Z", name="Zoë")


class Web:
    """Web's end: every event and every coming and going in a queue."""

    def __init__(self, path: Path) -> None:
        self.heard: queue.Queue[Event | bool] = queue.Queue()
        self.link = ScanLink(path, hello=[Watch()], on_event=self.heard.put, on_link=self.heard.put)
        self.link.start()

    def next(self) -> Event | bool:
        return self.heard.get(timeout=STOP_SECONDS)


@pytest.fixture
def shown() -> queue.Queue[str]:
    return queue.Queue()


@pytest.fixture
def scan(tmp_path: Path, shown: queue.Queue[str]) -> Iterator[ScanLinkServer]:
    made = ScanLinkServer(tmp_path / "scan.sock", on_shown=shown.put)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[[], Web]]:
    made: list[Web] = []

    def one() -> Web:
        made.append(Web(tmp_path / "scan.sock"))
        return made[-1]

    yield one
    for web in made:
        web.link.stop()


def until(condition: Callable[[], Any]) -> None:
    """Asks again and again; for what can't be waited for by an event."""
    waiting = threading.Event()
    for _ in range(int(STOP_SECONDS / 0.01)):
        if condition():
            return
        waiting.wait(0.01)
    raise AssertionError("it never came to be")


def test_the_socket_is_for_owner_and_group_and_goes_with_the_server(tmp_path: Path) -> None:
    path = tmp_path / "scan.sock"
    server = ScanLinkServer(path, on_shown=lambda _nonce: None)
    server.start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    server.stop()
    assert not path.exists()


def test_who_comes_is_greeted_with_the_newest_state_then_hears_everything_in_order(
    scan: ScanLinkServer, connect: Callable[[], Web]
) -> None:
    scan.broadcast(Sources(sources=[]))
    scan.broadcast(SOURCES)
    scan.broadcast(Fault(what="doorkeeper"))
    web = connect()
    assert web.next() is True
    assert [web.next(), web.next()] == [SOURCES, Fault(what="doorkeeper")]
    scan.broadcast(Deciding(source="camera"))
    scan.broadcast(verdict(1))
    assert [web.next(), web.next()] == [Deciding(source="camera"), verdict(1)]


def test_every_page_hears_every_verdict(scan: ScanLinkServer, connect: Callable[[], Web]) -> None:
    webs = [connect() for _ in range(3)]
    for web in webs:
        assert web.next() is True
    scan.broadcast(SOURCES)
    for web in webs:
        assert web.next() == SOURCES
    for n in range(200):
        scan.broadcast(verdict(n))
    for web in webs:
        assert [web.next() for _ in range(200)] == [verdict(n) for n in range(200)]


def test_what_was_shown_and_how_many_pages_people_look_at_reaches_scan(
    scan: ScanLinkServer, connect: Callable[[], Web], shown: queue.Queue[str]
) -> None:
    web = connect()
    assert web.next() is True
    assert web.link.send(Screen(pages=2))
    assert web.link.send(Shown(nonce="nonce-000001"))
    assert shown.get(timeout=STOP_SECONDS) == "nonce-000001"
    assert scan.screens == 2
    web.link.stop()
    until(lambda: scan.screens == 0)


def test_web_connects_again_when_scan_comes_back(tmp_path: Path, connect: Callable[[], Web]) -> None:
    web = connect()
    for _ in range(2):
        server = ScanLinkServer(tmp_path / "scan.sock", on_shown=lambda _nonce: None)
        server.start()
        assert web.next() is True
        server.broadcast(SOURCES)
        assert web.next() == SOURCES
        server.stop()
        assert web.next() is False
    assert not web.link.send(Shown(nonce="nonce-000001")), "nobody is there to hear it"


def test_a_socket_left_behind_by_a_crash_is_taken_over_and_a_living_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "scan.sock"
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(str(path))
    server = ScanLinkServer(path, on_shown=lambda _nonce: None)
    server.start()
    with pytest.raises(ServingError, match="another scan"):
        ScanLinkServer(path, on_shown=lambda _nonce: None).start()
    server.stop()


def test_a_directory_that_isn_t_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match="does the directory exist"):
        ScanLinkServer(tmp_path / "nowhere" / "scan.sock", on_shown=lambda _nonce: None).start()


def raw(tmp_path: Path, *sent: bytes) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(STOP_SECONDS)
    client.connect(str(tmp_path / "scan.sock"))
    for some in sent:
        client.sendall(some)
    return client


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff garbage\n",
        b"{}\n",
        b'{"do":"fly"}\n',
        b'{"do":"shown"}\n',
        b'{"do":"shown","nonce":"short"}\n',
        b'{"do":"screen","pages":-1}\n',
        b'{"do":"watch","more":1}\n',
        b"[" * 3000 + b"\n",
        b"x" * (MAX_COMMAND + 1),
    ],
)
def test_who_sends_what_is_no_command_is_dropped_and_nobody_else(
    scan: ScanLinkServer, connect: Callable[[], Web], tmp_path: Path, garbage: bytes
) -> None:
    web = connect()
    assert web.next() is True
    with closing(raw(tmp_path, garbage)) as client:
        assert client.recv(10) == b""
    scan.broadcast(SOURCES)
    assert web.next() == SOURCES


def test_a_page_that_doesn_t_read_is_dropped_and_keeps_nobody_waiting(
    scan: ScanLinkServer, connect: Callable[[], Web], tmp_path: Path
) -> None:
    web = connect()
    assert web.next() is True
    with closing(raw(tmp_path, b'{"do":"screen"}\n')):
        until(lambda: scan.screens == 1)
        size = 0
        n = 0
        while size < 2 * MAX_UNREAD:
            scan.broadcast(verdict(n))
            assert web.next() == verdict(n)
            size += 100
            n += 1
        until(lambda: scan.screens == 0)


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[PreviewFeed]:
    made = PreviewFeed(tmp_path / "scan.sock")
    made.start()
    yield made
    made.stop()


def test_a_picture_is_wanted_only_while_somebody_asks_for_it(scan: ScanLinkServer, feed: PreviewFeed) -> None:
    assert not scan.preview_wanted
    scan.preview(b"nobody sees this")
    assert feed.frame_after(0, 0.01) is None
    until(lambda: scan.preview_wanted)
    scan.preview(b"picture")
    assert feed.frame_after(0, STOP_SECONDS) == (1, b"picture")


def test_pictures_end_when_nobody_asks_any_more(scan: ScanLinkServer, tmp_path: Path) -> None:
    clock = [0.0]
    feed = PreviewFeed(tmp_path / "scan.sock", monotonic=lambda: clock[0])
    feed.start()
    try:
        feed.frame_after(0, 0.01)
        until(lambda: scan.preview_wanted)
        clock[0] += 60.0
        until(lambda: not scan.preview_wanted)
        assert feed.frame_after(0, 0.01) is None
    finally:
        feed.stop()


def test_the_newest_picture_wins_and_an_old_one_is_none(scan: ScanLinkServer, tmp_path: Path) -> None:
    clock = [0.0]
    feed = PreviewFeed(tmp_path / "scan.sock", monotonic=lambda: clock[0])
    feed.start()
    try:
        feed.frame_after(0, 0.01)
        until(lambda: scan.preview_wanted)
        scan.preview(b"old")
        first = feed.frame_after(0, STOP_SECONDS)
        assert first is not None
        scan.preview(b"new")
        second = feed.frame_after(first[0], STOP_SECONDS)
        assert second is not None
        assert second[1] == b"new"
        clock[0] += 10.0
        assert feed.frame_after(0, 0.01) is None, "a picture of ten seconds ago is none of now"
    finally:
        feed.stop()


def test_a_picture_too_large_for_a_line_is_left_out(scan: ScanLinkServer, feed: PreviewFeed) -> None:
    feed.frame_after(0, 0.01)
    until(lambda: scan.preview_wanted)
    scan.preview(b"x" * (MAX_JPEG + 1))
    scan.preview(b"x" * MAX_JPEG)
    found = feed.frame_after(0, STOP_SECONDS)
    assert found is not None
    assert found == (1, b"x" * MAX_JPEG)


def test_who_watches_pictures_slowly_misses_some_and_is_not_dropped(scan: ScanLinkServer, tmp_path: Path) -> None:
    with closing(raw(tmp_path, b'{"do":"preview"}\n')) as client:
        until(lambda: scan.preview_wanted)
        for _ in range(100):
            scan.preview(b"x" * MAX_JPEG)
        assert scan.preview_wanted
        assert client.recv(10)
