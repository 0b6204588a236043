"""Real brokers, pages, certificates and sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.doctor.broker import check_broker, check_reporting
from appliance.doctor.certificates import check_authorities, check_page_certificates
from appliance.doctor.door import check_door
from appliance.doctor.pages import check_page
from appliance.doctor.sources import ask_scan, check_sources
from appliance.domain.wire import Topics
from appliance.report.client import BrokerAddress
from appliance.serving.certificates import BoxCertificates
from appliance.serving.scan_link.protocol import SourceHealth, Sources, line
from appliance.serving.server import PageServer
from appliance.store.holding import hold_reporting
from appliance.store.live import Reporting, keep_reporting, open_live
from tests.mosquitto import Mosquitto, free_port, write_authority

NOW = datetime(2026, 11, 24, 9, 12, tzinfo=UTC)
TOPICS = Topics("hub/v1", "event", "hub")


def test_a_broker_that_takes_the_login_is_well(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, logins={"k1": "secret"}, tls=True) as broker:
        address = BrokerAddress(broker.host, broker.port, "k1", "secret", True, broker.ca)
        finding = check_broker(address, TOPICS, node="k1")
    assert finding.level == "ok", finding.found


def test_what_is_wrong_with_a_broker_is_told_apart(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker", logins={"k1": "secret"}, tls=True) as broker:
        host, port, ca = broker.host, broker.port, broker.ca
        other = write_authority(tmp_path, "other")
        wrong = {
            "does not resolve": BrokerAddress("no-such-host.invalid", port, "k1", "secret", True, ca),
            "nothing listens": BrokerAddress(host, free_port(), "k1", "secret", True, ca),
            "isn't trusted": BrokerAddress(host, port, "k1", "secret", True, other),
            "refuses the login": BrokerAddress(host, port, "k1", "wrong", True, ca),
        }
        for says, address in wrong.items():
            finding = check_broker(address, TOPICS, node="k1")
            assert finding.level == "fault"
            assert says in f"{finding.found}: {finding.do}"
            assert finding.do
            assert "secret" not in finding.found


def test_a_report_that_is_connected_is_believed_and_one_that_was_killed_is_not(tmp_path: Path) -> None:
    live = tmp_path / "live.db"
    assert check_reporting(live) is None
    held = hold_reporting(live)
    assert held is not None
    with held, closing(open_live(live)) as connection:
        keep_reporting(connection, Reporting(False, "2026-11-24T09:00:00.000Z", 0, 0, 7, "", []))
        assert check_reporting(live) is None
        keep_reporting(connection, Reporting(True, "2026-11-24T09:12:00.000Z", 0, 0, 7, "", []))
        finding = check_reporting(live)
    assert finding is not None
    assert finding.level == "ok"
    assert "since 2026-11-24T09:12:00.000Z, 7 rows wait" in finding.found
    assert check_reporting(live) is None


@contextmanager
def page(status: str) -> Iterator[PageServer]:
    def app(_environ: object, start_response: object) -> list[bytes]:
        start_response(status, [("Content-Length", "0")])  # type: ignore[operator]  # WSGI's
        return [b""]

    server = PageServer(app, "127.0.0.1", 0)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("status", "level"), [("200 OK", "ok"), ("302 Found", "ok"), ("404 Not Found", "ok"), ("500 Oh", "warning")]
)
def test_a_page_that_answers_is_well_unless_it_broke(status: str, level: str) -> None:
    with page(status) as server:
        assert check_page("staff page", "127.0.0.1", server.port, loopback=True).level == level


def test_a_page_that_does_not_answer_is_a_fault() -> None:
    assert check_page("staff page", "0.0.0.0", free_port(), loopback=False).level == "fault"


def test_certificates_are_judged_by_their_time_and_names(tmp_path: Path) -> None:
    BoxCertificates(tmp_path).ensure(["hub.local", "192.0.2.7"], NOW)

    def level(names: list[str], now: datetime) -> str:
        (finding,) = check_page_certificates(tmp_path, names=names, now=now)
        return finding.level

    assert level(["hub.local", "192.0.2.7"], NOW) == "ok"
    assert level(["hub.local", "192.0.2.8"], NOW) == "warning"
    assert level(["hub.local"], NOW + timedelta(days=800)) == "warning"
    assert level(["hub.local"], NOW + timedelta(days=900)) == "fault"
    assert level(["hub.local"], NOW - timedelta(days=30)) == "fault"
    assert level(["hub.local"], datetime(1970, 1, 1, tzinfo=UTC)) == "fault"


def test_a_certificate_that_is_missing_or_damaged_is_a_fault(tmp_path: Path) -> None:
    (finding,) = check_page_certificates(tmp_path, names=[], now=NOW)
    assert (finding.level, "does not exist" in finding.found) == ("fault", True)
    (tmp_path / "pages.pem").write_text("-----BEGIN CERTIFICATE-----\nnonsense")
    (finding,) = check_page_certificates(tmp_path, names=[], now=NOW)
    assert finding.level == "fault"


def test_the_brokers_authority_must_be_certificates_that_hold(tmp_path: Path) -> None:
    ca = BoxCertificates(tmp_path / "ca").ensure(["broker"], NOW)[0].ca
    assert [finding.level for finding in check_authorities(ca, now=NOW)] == ["ok"]
    (tmp_path / "empty").write_text("")
    assert [finding.level for finding in check_authorities(tmp_path / "empty", now=NOW)] == ["fault"]
    assert [finding.level for finding in check_authorities(tmp_path / "none", now=NOW)] == ["fault"]


def test_a_doorkeeper_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (finding,) = check_door(tmp_path / "doorkeeper.sock")
    assert finding.level == "fault"
    assert "systemctl status appliance-doorkeeper" in finding.do


@contextmanager
def scan_that_says(path: Path, *words: bytes) -> Iterator[None]:
    """The smallest scan: says its words to whoever connects, then waits until they hang up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with closing(connection):
                for word in words:
                    connection.sendall(word)
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(60)
        assert not thread.is_alive()


def test_scan_is_asked_for_its_sources(tmp_path: Path) -> None:
    path = tmp_path / "scan.sock"
    told = Sources(sources=[SourceHealth(name="door camera", kind="camera", state="covered", since="09:12")])
    text = line(told)
    with scan_that_says(path, text[:10], text[10:]):
        findings = list(check_sources(["v4l2:/dev/video0"], path))
    assert [finding.level for finding in findings] == ["ok", "warning"]
    assert "door camera is covered since 09:12" in findings[1].found


def test_garbage_from_scans_socket_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "scan.sock"
    with scan_that_says(path, b"\xff\x00 not JSON\n"):
        assert ask_scan(path) is None


def test_without_scan_each_source_is_looked_at(tmp_path: Path) -> None:
    findings = list(check_sources(["v4l2:/dev/no-such-video", f"folder:{tmp_path}"], tmp_path / "scan.sock"))
    assert [finding.check for finding in findings] == ["scan", "sources", "sources"]
    assert findings[0].level == "fault"
