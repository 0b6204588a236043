"""What stands between a hub and its broker, told apart and told in words."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.report.client import BrokerAddress, Link, Lost, Message, Opened
from appliance.report.faults import Fault
from appliance.report.trial import try_broker
from appliance.store.opening import StoreFault
from tests.integration.report.hub import TOPICS, Hub
from tests.integration.report.tiny_central import TinyCentral
from tests.ledgers import rows
from tests.mosquitto import STOP_SECONDS, Mosquitto, free_port, write_authority


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker", logins={"n1": "right"}, tls=True) as running:
        yield running


def right(broker: Mosquitto) -> BrokerAddress:
    return BrokerAddress(broker.host, broker.port, "n1", "right", tls=True, tls_ca=broker.ca)


def tried(address: BrokerAddress) -> Fault:
    fault = try_broker(address, client_id="x", topics=[TOPICS.acked])
    assert fault is not None
    return fault


def test_nothing_stands_in_the_way(broker: Mosquitto) -> None:
    assert try_broker(right(broker), client_id="x", topics=[TOPICS.acked]) is None


def test_a_wrong_password_is_told_as_one(broker: Mosquitto) -> None:
    fault = tried(right(broker)._replace(password="wrong"))
    assert fault.kind == "login"
    assert "refuses the login 'n1'" in fault.words
    assert "wrong" not in fault.words


def test_a_certificate_of_another_authority_is_told_as_one(broker: Mosquitto, tmp_path: Path) -> None:
    fault = tried(right(broker)._replace(tls_ca=write_authority(tmp_path, "other")))
    assert fault.kind == "certificate"
    assert "broker.ca" in fault.words


def test_a_certificate_for_another_name_is_told_as_one(broker: Mosquitto) -> None:
    fault = tried(right(broker)._replace(host="localhost"))
    assert fault.kind == "certificate"
    assert "broker.host" in fault.words


def test_an_expired_certificate_points_at_it_and_at_the_clock(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker", tls=True) as broker:
        broker.stop()
        ca = write_authority(tmp_path / "broker", "broker", expired=True)
        broker.start()
        fault = tried(BrokerAddress(broker.host, broker.port, tls_ca=ca))
    assert fault.kind == "certificate"
    assert "clock" in fault.words


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"])
def test_a_file_of_authorities_that_is_none_is_named(broker: Mosquitto, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "authorities.pem"
    if content is not None:
        path.write_text(content)
    fault = tried(right(broker)._replace(tls_ca=path))
    assert fault.kind == "authority"
    assert str(path) in fault.words


def test_a_name_that_does_not_resolve_is_told_as_one() -> None:
    fault = tried(BrokerAddress("no-such-host.invalid", 8883))
    assert fault.kind == "name"
    assert "no-such-host.invalid" in fault.words


@pytest.mark.parametrize("host", ["", "a" * 70 + ".example", "\udcff"])
def test_a_name_that_is_none_is_told_as_one(host: str) -> None:
    assert tried(BrokerAddress(host, 8883)).kind == "name"


def test_a_port_where_nothing_listens_is_told_as_one(broker: Mosquitto) -> None:
    fault = tried(right(broker)._replace(port=free_port()))
    assert fault.kind == "refused"


def test_tls_spoken_to_a_plain_port_is_told_as_such(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "plain") as broker:
        fault = tried(BrokerAddress(broker.host, broker.port, tls=True))
    assert "TLS port" in fault.words


def test_plain_mqtt_spoken_to_a_tls_port_is_told_as_such(broker: Mosquitto) -> None:
    fault = tried(right(broker)._replace(tls=False))
    assert fault.kind == "lost"
    assert "want TLS" in fault.words


@contextmanager
def peer(answer: bytes) -> Iterator[BrokerAddress]:
    """A listener that says `answer` to whoever connects, and no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def serve() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    held.append(connection)
                    connection.recv(1024)
                    connection.sendall(answer)
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield BrokerAddress(*server.getsockname(), tls=False)
        server.shutdown(socket.SHUT_RDWR)
        thread.join(STOP_SECONDS)
        for connection in held:
            connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"\x20\x02\x00\x00" + b"\x30\x03\x00\x05ab",
        b"\x20\x02\x00\x00" + b"\x32\x04\x00\x01\xff\x00",
        b"\x20\x01\x00",
        b"\x20\x02\x00\x63",
        b"\x20\x02\x00\x00" + b"\xff\xff\xff\xff\xff\xff",
        b"\x90\x00" * 50,
    ],
)
def test_what_is_no_mqtt_ends_the_connection_and_nothing_else(answer: bytes) -> None:
    with peer(answer) as address:
        link = Link(address, client_id="x")
        assert link.open(will=None) is None
        events = []
        while not any(isinstance(event, Lost) for event in events):
            events += link.turn(0.2)
            if Opened() in events:
                link.subscribe(["a"])
        assert not link.is_open
        link.release()


def test_another_service_that_keeps_the_connection_is_told_as_one() -> None:
    with peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
        fault = tried(address)
    assert fault.kind == "silent"
    assert "is it an MQTT broker?" in fault.words


def test_a_denied_subscription_is_told_as_one() -> None:
    # Mosquitto grants every subscription and filters what comes; others answer 0x80.
    with peer(b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x80") as address:
        fault = try_broker(address._replace(username="n1"), client_id="x", topics=[TOPICS.acked])
    assert fault is not None
    assert fault.kind == "denied"
    assert TOPICS.acked in fault.words


def test_the_password_is_in_no_representation(broker: Mosquitto) -> None:
    assert "right" not in repr(right(broker))
    assert "right" not in f"{right(broker)}"


def test_the_staff_page_is_told_what_is_wrong_and_when_it_is_over(tmp_path: Path, broker: Mosquitto) -> None:
    broker.stop()
    hub = Hub(tmp_path, broker, address=right(broker))
    hub.ledger.add(rows(3))
    with hub:
        assert "nothing listens" in hub.wait_for_line(lambda line: "listens" in line.fault).fault
        broker.write_logins({"n1": "right", "central": "right"})
        broker.start()
        hub.wait_for_line(lambda line: line.connected and not line.fault)
        with TinyCentral(broker, TOPICS, login=("central", "right")) as central:
            central.wait_for_rows(3)
        assert hub.metric("connection_faults_total", kind="refused") >= 1


def test_the_staff_page_is_told_that_the_login_is_refused(tmp_path: Path, broker: Mosquitto) -> None:
    with Hub(tmp_path, broker, address=right(broker)._replace(password="wrong")) as hub:
        assert "refuses the login" in hub.wait_for_line(lambda line: "login" in line.fault).fault


def test_a_second_report_for_the_same_node_does_not_start_until_the_first_has_ended(
    tmp_path: Path, broker: Mosquitto
) -> None:
    with Hub(tmp_path, broker, address=right(broker)) as hub:
        hub.wait_for_line(lambda line: line.connected)
        with pytest.raises(StoreFault, match="another report is running"):
            Hub(tmp_path, broker, address=right(broker)).start()
        hub.stop()
        hub.start()
        hub.wait_for_line(lambda line: line.connected)


def test_a_message_beyond_the_cap_is_thrown_away_unread(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        address = BrokerAddress(broker.host, broker.port, tls=False)
        link, other = Link(address, client_id="reader"), Link(address, client_id="writer")
        assert link.open(will=None) is None
        assert other.open(will=None) is None
        got = []
        while not got:
            for event in link.turn(0.1):
                if isinstance(event, Opened):
                    link.subscribe(["t"])
                elif isinstance(event, Message):
                    got.append(event)
                elif not isinstance(event, Lost):
                    for payload in (b"x" * 300_000, b"small"):
                        other.publish(Message("t", payload), retain=False)
            other.turn(0.0)
        assert got[0] == Message("t", b"small")
        assert link.oversized == 1
        link.release()
        other.release()
