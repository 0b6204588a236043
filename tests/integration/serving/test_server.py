"""The page server on real sockets: TLS, hostile clients, many open streams, a prompt end."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask, request

from appliance.serving.certificates import BoxCertificates, TlsFiles, box_addresses
from appliance.serving.events import Channel, Streams, events
from appliance.serving.exceptions import ServingError
from appliance.serving.pages import page_app
from appliance.serving.server import MAX_BODY_BYTES, MAX_HEADER_BYTES, PageServer
from appliance.serving.words import Words
from tests.integration.serving.http_asking import connect, get

NOW = datetime(2026, 11, 24, 9, 12, 44, tzinfo=UTC)


class Pages:
    """An application with a page, a stream and a form."""

    def __init__(self) -> None:
        self.channel = Channel()
        self.streams = Streams()
        self.app: Flask = page_app("test", words=Words("en", {}), hosts=[], title="Box")
        self.app.add_url_rule("/", "home", lambda: "hello")
        self.app.add_url_rule("/events", "events", lambda: events(self.channel, self.streams, heartbeat=0.2))
        self.app.add_url_rule("/scheme", "scheme", lambda: f"{request.scheme} {request.is_secure}")
        self.app.add_url_rule("/form", "form", lambda: str(len(request.get_data())), methods=["POST"])

    def serve(self, host: str = "127.0.0.1", tls: TlsFiles | None = None, threads: int = 64) -> PageServer:
        return PageServer(self.app, host, 0, tls=tls, threads=threads, before_stop=self.channel.close)


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def tls(tmp_path: Path) -> TlsFiles:
    return BoxCertificates(tmp_path / "certificates").ensure(["127.0.0.1", "localhost"], datetime.now(UTC))[0]


@pytest.fixture
def server(pages: Pages) -> Iterator[PageServer]:
    made = pages.serve()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def secure(pages: Pages, tls: TlsFiles) -> Iterator[PageServer]:
    made = pages.serve(tls=tls)
    made.start()
    yield made
    made.stop()


def test_a_free_port_is_found_and_said(server: PageServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}/"
    assert get(server) == (200, b"hello")


def test_https_is_checked_against_the_box_s_own_ca_and_the_application_knows_of_it(
    secure: PageServer, tls: TlsFiles
) -> None:
    assert get(secure, "/scheme", tls.ca) == (200, b"https True")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "box.local"])
def test_beyond_loopback_there_is_no_plain_http(pages: Pages, host: str) -> None:
    with pytest.raises(ServingError, match="HTTPS alone"):
        PageServer(pages.app, host, 0)


def test_a_port_that_is_taken_is_named(pages: Pages, server: PageServer) -> None:
    with pytest.raises(ServingError, match=str(server.port)):
        PageServer(pages.app, "127.0.0.1", server.port).start()


def test_clients_that_connect_and_say_nothing_don_t_keep_others_waiting(secure: PageServer, tls: TlsFiles) -> None:
    with ExitStack() as silent:
        for _ in range(30):
            silent.enter_context(closing(socket.create_connection(("127.0.0.1", secure.port))))
        began = time.monotonic()
        assert get(secure, "/", tls.ca)[0] == 200
        assert time.monotonic() - began < 2


def test_plain_http_on_the_tls_port_is_told_to_say_https(secure: PageServer) -> None:
    with closing(socket.create_connection(("127.0.0.1", secure.port), timeout=60)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"400 Bad Request" in client.recv(4096)


def test_old_tls_is_refused(secure: PageServer) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    address = ("127.0.0.1", secure.port)
    with closing(socket.create_connection(address, timeout=60)) as client, pytest.raises(ssl.SSLError):
        context.wrap_socket(client)


def test_a_body_beyond_the_cap_is_refused(server: PageServer) -> None:
    connection = connect(server)
    with closing(connection):
        headers = {"Origin": f"http://127.0.0.1:{server.port}"}
        connection.request("POST", "/form", body=b"x" * 1000, headers=headers)
        assert connection.getresponse().read() == b"1000"
    connection = connect(server)
    with closing(connection):
        connection.putrequest("POST", "/form")
        connection.putheader("Content-Length", str(MAX_BODY_BYTES + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_headers_beyond_the_cap_are_refused(server: PageServer) -> None:
    connection = connect(server)
    with closing(connection):
        connection.request("GET", "/", headers={"X-Long": "x" * MAX_HEADER_BYTES})
        assert connection.getresponse().status == 413


GARBAGE = [b"\x00" * 500, b"GET\r\n\r\n", b"\r\n\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\xff\xfe /\r\n\r\n"]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_costs_its_own_connection_alone(server: PageServer, garbage: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=60)) as client:
        client.sendall(garbage)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
    assert get(server)[0] == 200


@contextmanager
def open_stream(server: PageServer) -> Iterator[http.client.HTTPResponse]:
    with closing(connect(server)) as connection:
        connection.request("GET", "/events")
        with closing(connection.getresponse()) as stream:
            yield stream


def test_with_40_open_streams_other_pages_answer_promptly_and_more_streams_are_told_to_poll(
    pages: Pages, server: PageServer
) -> None:
    with ExitStack() as closing_all:
        streams = [closing_all.enter_context(open_stream(server)) for _ in range(40)]
        assert {stream.status for stream in streams} == {200}
        assert get(server, "/events")[0] == 503
        took = []
        for _ in range(50):
            began = time.monotonic()
            assert get(server)[0] == 200
            took.append(time.monotonic() - began)
        assert sorted(took)[45] < 0.25, f"9 in 10 answered within a quarter second: {sorted(took)[-5:]}"
        pages.channel.publish({"n": 1})
        for stream in streams:
            assert any(line.startswith(b'data: {"age"') for line in stream)


def test_a_stream_whose_client_is_gone_gives_its_place_back_by_the_heartbeat(pages: Pages, server: PageServer) -> None:
    left = threading.Event()
    with open_stream(server) as stream:
        stream.readline()
        assert pages.streams.open == 1
        pages.streams._on_change = left.set
    assert left.wait(60)
    assert pages.streams.open == 0


def test_a_page_that_is_closed_over_tls_leaves_no_trace_in_the_log(
    pages: Pages, secure: PageServer, tls: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    left = threading.Event()
    with closing(connect(secure, tls.ca)) as connection:
        connection.request("GET", "/events")
        with closing(connection.getresponse()) as stream:
            stream.readline()
            pages.streams._on_change = left.set
    assert left.wait(60)
    secure.stop()
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_one_address_beyond_loopback_can_t_take_every_thread(pages: Pages, tls: TlsFiles) -> None:
    address = next(iter(box_addresses()), None)
    if address is None or ":" in address:
        pytest.skip("this machine has no IPv4 address beyond loopback")
    server = pages.serve("0.0.0.0", tls, threads=6)
    server.start()
    try:
        with ExitStack() as silent:
            for _ in range(20):
                silent.enter_context(closing(socket.create_connection((address, server.port))))
            assert get(server, "/", tls.ca) == (200, b"hello")
    finally:
        server.stop()


def test_the_end_is_prompt_though_streams_are_open(pages: Pages) -> None:
    server = pages.serve()
    server.start()
    with ExitStack() as closing_all:
        for _ in range(20):
            closing_all.enter_context(open_stream(server))
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2.5


def test_the_end_is_prompt_though_a_client_doesn_t_read(pages: Pages) -> None:
    big = "x" * 10_000_000
    pages.app.add_url_rule("/big", "big", lambda: big)
    server = pages.serve()
    server.start()
    with closing(socket.create_connection(("127.0.0.1", server.port))) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /big HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert client.recv(10)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2.5


def test_a_new_certificate_is_shown_to_the_next_connection(pages: Pages, tmp_path: Path) -> None:
    box = BoxCertificates(tmp_path / "certificates")
    old, _ = box.ensure(["127.0.0.1"], datetime.now(UTC))
    server = pages.serve(tls=old)
    server.start()
    try:
        before = ssl.get_server_certificate(("127.0.0.1", server.port))
        renewed, is_new = box.ensure(["127.0.0.1", "box.local"], datetime.now(UTC))
        assert is_new
        server.renew(renewed)
        assert ssl.get_server_certificate(("127.0.0.1", server.port)) != before
        assert get(server, "/", renewed.ca)[0] == 200
    finally:
        server.stop()
