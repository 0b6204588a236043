"""Central's MQTT client: subscribes, hands every message to the inbox, publishes what the recorder says.

A clean session on purpose: what a broker would keep for us while we are away is old figures that look new, and rows
that every hub sends again anyway because nobody acknowledged them.
"""

from __future__ import annotations

import ssl
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from appliance.central.exceptions import CentralError
from appliance.central.inbox import BUSY, Connected, Disconnected, Dropped, Inbox, Message
from appliance.domain import wire

RECONNECT_SECONDS: Final = (1, 5)
ROOM_SECONDS: Final = 5.0
"""How long a message may wait for room in the inbox; less than the keepalive, so that the broker keeps us."""
KEEPALIVE_SECONDS: Final = 30
_MOST_WAITING: Final = 1000
_FAILURE: Final = 0x80


@dataclass(frozen=True)
class BrokerAddress:
    """Where the broker is and how to get in. `ca` is a PEM file; None: the system's authorities."""

    host: str
    port: int = 1883
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca: Path | None = None

    @property
    def shown(self) -> str:
        """The address without its password."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


class Receiver:
    """One client. `run` watches its thread, and returns after `stop`."""

    def __init__(
        self,
        broker: BrokerAddress,
        inbox: Inbox,
        *,
        root: str,
        event: str,
        now: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._inbox = inbox
        self._prefix = f"{root}/{event}/+/+/"
        self._now = now
        self._monotonic = monotonic
        self._stopping = False
        self._crowded = False
        self._refused = False
        self._client = self._new_client(f"central-{event}")

    def _new_client(self, client_id: str) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True, protocol=mqtt.MQTTv311
        )
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.reconnect_delay_set(*RECONNECT_SECONDS)
        client.max_queued_messages_set(_MOST_WAITING)
        if self._broker.username:
            client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls:
            client.tls_set_context(_trust(self._broker.ca))
        return client

    def run(self) -> None:
        """Connect, and connect again whenever the broker was away, until `stop`. Raises if paho's thread dies.

        Not `loop_forever` in a thread of ours: `publish` would then write to the socket from the recorder's thread
        while the loop writes too, and packets would be torn apart.
        """
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=KEEPALIVE_SECONDS)
        before = set(threading.enumerate())
        self._client.loop_start()
        for thread in set(threading.enumerate()) - before:
            if thread.name.startswith("paho-mqtt-client"):
                thread.join()
        if not self._stopping:
            raise CentralError("the MQTT client's thread has ended by itself; its traceback stands above")

    def stop(self) -> None:
        """Send what was published and say goodbye to the broker; within a second or so."""
        self._stopping = True
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a retained message with QoS 1. One that can't go now isn't kept: all go again at a connect."""
        if self._client.is_connected():
            self._client.publish(topic, payload, qos=1, retain=True)

    # paho's thread -----------------------------------------------------------------------------------------------

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._refused = reason.is_failure
        if self._refused:
            self._say_away(f"{self._broker.shown} refuses: {reason}")
            return
        # Subscribed first: a retained `acked` of ours must not overtake what a hub says of itself.
        client.subscribe([(self._prefix + what, 1) for what in ("status", "counts", "checkins")])
        self._inbox.put(Connected())

    def _on_connect_fail(self, _client: mqtt.Client, _data: Any) -> None:
        # paho calls this while it handles the fault, and doesn't hand it over.
        fault = sys.exception()
        self._say_away(f"{self._broker.shown} can't be reached" + (f": {fault}" if fault is not None else ""))

    def _on_disconnect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        # After a refusal the broker hangs up: that is not the news.
        if not self._stopping and not self._refused:
            self._say_away(f"{self._broker.shown} is away: {reason}")

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        if any(reason.value >= _FAILURE for reason in reasons):
            self._say_away(f"{self._broker.shown} does not let us subscribe to {self._prefix}#: check its access rules")

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self._inbox.put(Dropped("", "a topic that is not UTF-8"))
            return
        if len(message.payload) > wire.MAX_PAYLOAD_BYTES:
            text = f"{len(message.payload)} bytes: expected at most {wire.MAX_PAYLOAD_BYTES}"
            self._inbox.put(Dropped(topic, text))
            return
        taken = Message(topic, bytes(message.payload), message.retain, self._monotonic(), self._now())
        # Waiting is for the first one alone: the broker must hear from us meanwhile.
        room = self._inbox.put(taken, wait=0 if self._crowded else ROOM_SECONDS)
        if not room and not self._crowded:
            self._inbox.put(Dropped(topic, BUSY))
        self._crowded = not room

    def _say_away(self, why: str) -> None:
        self._inbox.put(Disconnected(self._now(), why))


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as fault:
        raise CentralError(f"{ca}: {fault}: expected a PEM file with the authority that signed the broker") from fault
