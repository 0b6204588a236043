"""One MQTT 3.1.1 connection, driven by its caller's loop in one thread: nothing happens outside `turn`.

paho's own queue is never relied on: it discards the newest when it is full and keeps nothing across a connection. Each
connection gets a client of its own, so that nothing of an old one is sent again behind the caller's back.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, cast

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from appliance.domain.wire import IN_FLIGHT_BATCHES, KEEPALIVE_SECONDS, MAX_PAYLOAD_BYTES
from appliance.report.faults import Fault, authority_fault, connect_fault, denied_fault, refused_fault
from appliance.report.tls import TlsContext

CONNECT_SECONDS: Final = 5.0
"""For the TCP connection (each address), the TLS handshake and the broker's answer, each."""
_WINDOW: Final = IN_FLIGHT_BATCHES + 12
"""Messages that may be without a PUBACK: more than the drainer ever has, so that nothing waits in paho's queue."""
_BROKEN: Final = (struct.error, ValueError, IndexError, KeyError, paho.WebsocketConnectionError)
"""What paho raises on packets that break the protocol."""


class BrokerAddress(NamedTuple):
    """Where the broker is and how to log in. Without `tls_ca` the system's authorities are trusted."""

    host: str
    port: int = 8883
    username: str = ""
    password: str = ""
    tls: bool = True
    tls_ca: Path | None = None

    def __repr__(self) -> str:
        """Without the password: this ends up in logs."""
        return f"BrokerAddress({self.username}@{self.host}:{self.port}, tls={self.tls}, tls_ca={self.tls_ca})"


class Message(NamedTuple):
    """What is published, or what came."""

    topic: str
    payload: bytes


class Opened(NamedTuple):
    """The broker took the login."""


class Subscribed(NamedTuple):
    """The broker granted what was asked for last; what is retained there comes too."""


class Confirmed(NamedTuple):
    """The broker has the message that `publish` gave this number."""

    mid: int


class Lost(NamedTuple):
    """The connection is gone or didn't come about. `open` makes the next one."""

    fault: Fault


class Woken(NamedTuple):
    """Somebody called `wake`."""


Event = Opened | Subscribed | Message | Confirmed | Lost | Woken


class Link:
    """A connection to the broker that the caller opens, turns and closes. Other threads may call `wake` alone."""

    def __init__(self, address: BrokerAddress, *, client_id: str) -> None:
        self._address = address
        self._client_id = client_id
        self._client: paho.Client | None = None
        self._events: list[Event] = []
        self._answer_by = 0.0
        self._asked: dict[int, list[str]] = {}
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self.oversized = 0
        """Messages thrown away unread."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, or one that waits for the broker's answer."""
        return self._client is not None

    def wake(self) -> None:
        """End the current or next `turn` at once."""
        with contextlib.suppress(BlockingIOError):  # Plenty of them are waiting already.
            self._wake_writer.send(b"\0")

    def open(self, *, will: Message | None) -> Fault | None:
        """Connect: blocks for a few seconds, or as long as the resolver does. `Opened` comes by `turn`."""
        address = self._address
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=True,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_SECONDS
        client.max_inflight_messages_set(_WINDOW)
        if address.username:
            client.username_pw_set(address.username, address.password)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        tls = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
        if address.tls:
            try:
                tls.trust(address.tls_ca)
            except OSError as fault:
                return authority_fault(fault, address.tls_ca or Path("the system's authorities"))
            client.tls_set_context(tls)
        self._listen(client)
        try:
            client.connect(address.host, address.port, keepalive=KEEPALIVE_SECONDS)
        except OSError as fault:
            tls.hang_up()
            return connect_fault(fault, host=address.host, port=address.port, tls=address.tls)
        except ValueError as fault:  # A name that IDNA can't encode.
            return Fault("name", f"{address.host!r} is no name of a host ({fault}): check broker.host")
        self._client = client
        self._answer_by = time.monotonic() + CONNECT_SECONDS
        return None

    def turn(self, timeout: float) -> list[Event]:
        """Send and receive what there is, waiting for something at most `timeout` seconds; what happened, in order."""
        self._wait(0.0 if self._events else timeout)
        if self._client is not None:
            self._work(self._client)
        events, self._events = self._events, []
        return events

    def subscribe(self, needed: Sequence[str], *, wanted: Sequence[str] = ()) -> None:
        """Ask for these topics (QoS 1). `Subscribed` follows, or `Lost` where the broker denies one that is needed."""
        if self._client is not None:
            _, mid = self._client.subscribe([(topic, 1) for topic in (*needed, *wanted)])
            self._asked[mid or 0] = list(needed)

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Ask for these topics no longer."""
        if self._client is not None:
            self._client.unsubscribe(list(topics))

    def publish(self, message: Message, *, retain: bool) -> int:
        """Send (QoS 1). The number that `Confirmed` will name; 0 without a connection (it is lost then)."""
        if self._client is None:
            return 0
        sent = self._client.publish(message.topic, message.payload, qos=1, retain=retain)
        return sent.mid if sent.rc == paho.MQTT_ERR_SUCCESS else 0

    def close(self) -> None:
        """Say goodbye: the broker forgets the will. Whatever waits is dropped."""
        client, self._client = self._client, None
        if client is not None:
            self._deafen(client)
            client.disconnect()
            _hang_up(client)
        self._events, self._asked = [], {}

    def release(self) -> None:
        """Close, for good."""
        self.close()
        self._wake_reader.close()
        self._wake_writer.close()

    def _wait(self, timeout: float) -> None:
        client = self._client
        sock = cast("socket.socket | None", client.socket()) if client is not None else None
        if client is None or sock is None:
            readable, _, _ = select.select([self._wake_reader], [], [], timeout)
        else:
            # What TLS has decrypted already, select can't see.
            timeout = 0.0 if isinstance(sock, ssl.SSLSocket) and sock.pending() else timeout
            wanting = [sock] if client.want_write() else []
            readable, _, _ = select.select([self._wake_reader, sock], wanting, [], timeout)
        if self._wake_reader in readable:
            self._wake_reader.recv(4096)
            self._events.append(Woken())

    def _work(self, client: paho.Client) -> None:
        try:
            client.loop_read()
            if client.want_write():
                client.loop_write()
            client.loop_misc()
        except _BROKEN as fault:
            self._lose(Fault("lost", f"{self._where} breaks the MQTT protocol ({type(fault).__name__}: {fault})"))
        if self._client is not None and self._answer_by and time.monotonic() > self._answer_by:
            self._lose(self._unanswered())

    def _unanswered(self) -> Fault:
        return Fault("silent", f"{self._where} took the connection and does not answer: is it an MQTT broker?")

    @property
    def _where(self) -> str:
        return f"{self._address.host}:{self._address.port}"

    def _lose(self, fault: Fault) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        self._deafen(client)
        _hang_up(client)
        self._asked = {}
        self._events.append(Lost(fault))

    def _listen(self, client: paho.Client) -> None:
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe

    def _deafen(self, client: paho.Client) -> None:
        client.on_connect = client.on_disconnect = client.on_message = client.on_publish = client.on_subscribe = None

    def _on_connect(
        self, _client: paho.Client, _data: object, _flags: object, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._answer_by = 0.0
        if code.is_failure:
            address = self._address
            number = _CONNACK_NUMBERS.get(code.value, code.value)
            self._lose(refused_fault(number, host=address.host, port=address.port, username=address.username))
        else:
            self._events.append(Opened())

    def _on_disconnect(
        self, _client: paho.Client, _data: object, _flags: object, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if self._answer_by and code == _KEEPALIVE_OVER:
            self._lose(self._unanswered())
        elif self._answer_by:
            hint = "is it the TLS port?" if self._address.tls else "does it want TLS?"
            self._lose(Fault("lost", f"{self._where} hung up at once: {hint}"))
        else:
            self._lose(Fault("lost", f"the connection to {self._where} broke ({code}): it is made again"))

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if len(message.payload) > MAX_PAYLOAD_BYTES:
            self.oversized += 1
        else:
            self._events.append(Message(message.topic, bytes(message.payload)))

    def _on_publish(
        self, _client: paho.Client, _data: object, mid: int, _code: ReasonCode, _properties: Properties
    ) -> None:
        self._events.append(Confirmed(mid))

    def _on_subscribe(
        self, _client: paho.Client, _data: object, mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        topics = self._asked.pop(mid, [])
        denied = [topic for topic, code in zip(topics, codes, strict=False) if code.is_failure]
        if denied:
            self._lose(denied_fault(denied, username=self._address.username))
        else:
            self._events.append(Subscribed())


def _hang_up(client: paho.Client) -> None:
    sock = client.socket()
    if sock is not None:
        sock.close()


_KEEPALIVE_OVER: Final = ReasonCode(PacketTypes.DISCONNECT, "Keep alive timeout")
_CONNACK_NUMBERS: Final[Mapping[int, int]] = {132: 1, 133: 2, 136: 3, 134: 4, 135: 5}
"""paho names MQTT 3.1.1's CONNACK codes by those of MQTT 5."""
