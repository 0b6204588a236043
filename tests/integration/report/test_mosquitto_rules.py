"""The shipped Mosquitto configuration and its access rules, in a real Mosquitto."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from appliance.domain.wire import MAX_PAYLOAD_BYTES
from appliance.report.access import access_rules
from appliance.report.client import BrokerAddress
from appliance.report.trial import try_broker
from tests.integration.report.hub import NODE, TOPICS, Hub
from tests.integration.report.tiny_central import TinyCentral
from tests.ledgers import rows
from tests.mosquitto import STOP_SECONDS, Mosquitto, base_config

SHIPPED: Final = Path(__file__).parents[3] / "firmware-config" / "mosquitto" / "appliance.conf"
HUBS: Final = {"north": [("n1", "north-n1"), ("k2", "north-k2")], "south": [("n1", "south-n1")]}
LOGINS: Final = {name: f"secret-of-{name}" for name in ("central", "north-n1", "north-k2", "south-n1", "stranger")}
BASE: Final = TOPICS.base
SENTINEL: Final = "the end"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """The shipped configuration with this test's files and port, after the lines of Debian's own mosquitto.conf."""
    directory = tmp_path / "broker"
    shipped = SHIPPED.read_text(encoding="utf-8")
    for theirs, ours in {
        "listener 8883": "listener {port} 127.0.0.1",
        "/etc/mosquitto/appliance/passwords": str(directory / "passwords"),
        "/etc/mosquitto/appliance/acl": str(directory / "acl"),
        "/etc/mosquitto/appliance/broker": str(directory / "broker"),
    }.items():
        assert theirs in shipped
        shipped = shipped.replace(theirs, ours)
    config = "\n".join([*base_config(directory, persistence=True), shipped])
    acl = access_rules(TOPICS.root, TOPICS.event, HUBS, "central")
    with Mosquitto(directory, logins=LOGINS, acl=acl, tls=True, config=config) as running:
        yield running


class Client:
    """A login that publishes and remembers what it was sent."""

    def __init__(self, broker: Mosquitto, login: str, *subscriptions: str, client_id: str = "") -> None:
        self.got: list[tuple[str, bytes]] = []
        self.lost = threading.Event()
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._subscriptions = subscriptions
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv311)
        self._client.username_pw_set(login, LOGINS[login])
        self._client.tls_set(str(broker.ca))
        self._client.on_connect, self._client.on_subscribe = self._on_connect, lambda *_: self._ready.set()
        self._client.on_message, self._client.on_disconnect = self._on_message, lambda *_: self.lost.set()
        self._client.connect(broker.host, broker.port, keepalive=30)
        self._client.loop_start()
        assert self._ready.wait(STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        """Until the broker has it (it confirms what it throws away, too)."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(STOP_SECONDS)

    def got_before_the_end(self) -> list[str]:
        """The topics of all that came before the sentinel."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: any(payload == SENTINEL.encode() for _, payload in self.got), STOP_SECONDS
            )
            return [topic for topic, payload in self.got if payload != SENTINEL.encode()]

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        assert not code.is_failure, code
        client.subscribe([(topic, 1) for topic in self._subscriptions or ("nothing",)])

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.got.append((message.topic, message.payload))
            self._changed.notify_all()


@pytest.mark.parametrize(
    ("login", "topic"),
    [
        ("south-n1", f"{BASE}/n1/status"),
        ("south-n1", f"{BASE}/n1/checkins"),
        ("south-n1", f"{BASE}/n1/counts"),
        ("north-k2", f"{BASE}/n1/checkins"),
        ("stranger", f"{BASE}/n1/checkins"),
    ],
)
def test_what_a_login_says_in_the_name_of_another_node_never_reaches_central(
    broker: Mosquitto, login: str, topic: str
) -> None:
    # MQTT 3.1.1 can't say no to a publisher: the broker throws it away, and what was published later comes alone.
    with Client(broker, "central", f"{TOPICS.root}/{TOPICS.event}/+/+/+") as central:
        with Client(broker, login) as other:
            other.publish(topic, "forged", retain=True)
        with Client(broker, "north-n1") as node:
            node.publish(f"{BASE}/n1/status", SENTINEL)
        assert central.got_before_the_end() == []


@pytest.mark.parametrize("login", ["north-n1", "north-k2", "south-n1", "stranger"])
@pytest.mark.parametrize("what", ["acked", "command", "verdicts"])
def test_nobody_but_central_tells_a_hub_anything(broker: Mosquitto, login: str, what: str) -> None:
    reader = "north-n1" if login != "north-n1" else "north-k2"
    with Client(broker, reader, f"{BASE}/{what}") as node:
        with Client(broker, login) as other:
            other.publish(f"{BASE}/{what}", "forged", retain=True)
        with Client(broker, "central") as central:
            central.publish(f"{BASE}/{what}", SENTINEL)
        assert node.got_before_the_end() == []


@pytest.mark.parametrize("login", ["south-n1", "stranger"])
def test_another_hub_reads_nothing_of_this_one(broker: Mosquitto, login: str) -> None:
    with Client(broker, "central") as central:
        central.publish(f"{BASE}/acked", "for north", retain=True)
        central.publish(f"{TOPICS.root}/{TOPICS.event}/south/acked", "for south", retain=True)
    with Client(broker, "north-n1") as node:
        for what in ("status", "checkins", "counts"):
            node.publish(f"{BASE}/n1/{what}", "of north", retain=True)
    with Client(broker, login, f"{TOPICS.root}/#") as curious, Client(broker, "central") as central:
        central.publish(f"{TOPICS.root}/{TOPICS.event}/roster", "version")
        central.publish(f"{BASE}/command", "for north")
        # The broker confirms this after all that it had for the same client.
        curious.publish("nothing", SENTINEL)
        allowed = {f"{TOPICS.root}/{TOPICS.event}/{what}" for what in ("south/acked", "roster")}
        assert {topic for topic, _ in curious.got} == (allowed if login == "south-n1" else set())


def test_nobody_reads_what_central_reads_of_a_kiosk_but_its_counts(broker: Mosquitto) -> None:
    with Client(broker, "north-n1", f"{BASE}/#") as node, Client(broker, "north-k2") as kiosk:
        for what in ("status", "checkins", "stream", "health", "reply", "counts"):
            kiosk.publish(f"{BASE}/k2/{what}", "of the kiosk")
        with Client(broker, "central") as central:
            central.publish(f"{BASE}/acked", SENTINEL)
        assert node.got_before_the_end() == [f"{BASE}/k2/counts"]


def test_without_a_login_or_with_a_wrong_one_nobody_gets_in(broker: Mosquitto) -> None:
    for address_ in (address(broker, ""), address(broker, "north-n1")._replace(password="guessed")):
        fault = try_broker(address_, client_id="x")
        assert fault is not None
        assert fault.kind == "login"


def test_without_tls_nobody_gets_in(broker: Mosquitto) -> None:
    fault = try_broker(address(broker, "north-n1")._replace(tls=False), client_id="x")
    assert fault is not None


def test_nobody_can_throw_another_login_out_by_its_client_id(broker: Mosquitto) -> None:
    with (
        Client(broker, "north-n1", f"{BASE}/acked", client_id="the-same") as node,
        Client(broker, "south-n1", client_id="the-same"),
        Client(broker, "central") as central,
    ):
        central.publish(f"{BASE}/acked", SENTINEL)
        assert node.got_before_the_end() == []
        assert not node.lost.is_set()


def test_a_message_larger_than_the_wire_allows_does_not_get_through(broker: Mosquitto) -> None:
    with Client(broker, "central", f"{BASE}/n1/+") as central, Client(broker, "north-n1") as node:
        node.publish(f"{BASE}/n1/checkins", b"x" * (MAX_PAYLOAD_BYTES + 1))
        node.publish(f"{BASE}/n1/checkins", b"x" * MAX_PAYLOAD_BYTES)
        node.publish(f"{BASE}/n1/checkins", SENTINEL)
        assert len(central.got_before_the_end()) == 1


def test_a_hub_reports_over_tls_with_its_login_under_these_rules(tmp_path: Path, broker: Mosquitto) -> None:
    hub = Hub(tmp_path, broker, address=address(broker, "north-n1"))
    with TinyCentral(broker, TOPICS, login=("central", LOGINS["central"])) as central, hub:
        hub.ledger.add(rows(600), node=NODE)
        hub.wake()
        central.wait_for_rows(600)
        hub.wait_for_line(lambda line: line.acked == 600)
        hub.stop()
        central.wait_for(lambda c: c.statuses[-1].state == "stopped", "stopped")


def test_retained_figures_outlive_a_clean_restart_of_the_broker(broker: Mosquitto) -> None:
    with Client(broker, "north-n1") as node:
        node.publish(f"{BASE}/n1/counts", SENTINEL, retain=True)
    broker.stop()
    broker.start()
    with Client(broker, "central", f"{BASE}/n1/counts") as central:
        assert central.got_before_the_end() == []


def address(broker: Mosquitto, login: str) -> BrokerAddress:
    return BrokerAddress(broker.host, broker.port, login, LOGINS.get(login, ""), tls=True, tls_ca=broker.ca)
