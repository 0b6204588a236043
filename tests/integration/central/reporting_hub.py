"""A hub as central sees it: what it publishes, and what it reads in `acked`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, Self

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from appliance.domain import wire
from appliance.domain.row import LogId, Placed, Row
from tests.integration.central.desk import EVENT, ROOT
from tests.ledgers import LOG
from tests.mosquitto import STOP_SECONDS, Mosquitto
from tests.unit.central.reported import counts

_ENCODE: Final = msgspec.json.Encoder()
_DECODE: Final = msgspec.json.Decoder(wire.Acked)


class ReportingHub:
    """One MQTT client. `will`: publish this status when the connection is lost."""

    def __init__(
        self, broker: Mosquitto, name: str = "berlin", *, node: str = "n1", login: str = "", will: bytes | None = None
    ) -> None:
        self.topics = wire.Topics(ROOT, EVENT, name)
        self._node = node
        self._changed = threading.Condition()
        self.said: list[wire.Acked] = []
        self._subscribed = False
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{name}-{node}", protocol=mqtt.MQTTv311)
        self._client.on_connect = lambda *_: self._client.subscribe(self.topics.acked, 1)
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        if login:
            self._client.username_pw_set(login, "secret")
        if broker.ca is not None:
            self._client.tls_set(str(broker.ca))
        if will is not None:
            self._client.will_set(self.topics.status(node), will, qos=1, retain=True)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect(broker.host, broker.port, keepalive=5)

    def __enter__(self) -> Self:
        self._client.loop_start()
        with self._changed:
            assert self._changed.wait_for(lambda: self._subscribed, STOP_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_subscribe(self, *_: object) -> None:
        with self._changed:
            self._subscribed = True
            self._changed.notify_all()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.said.append(_DECODE.decode(message.payload))
            self._changed.notify_all()

    def drop(self) -> None:
        """The connection is gone without a word: the broker speaks the will."""
        self._client.loop_stop()
        socket = self._client.socket()
        assert socket is not None
        socket.close()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Until the broker has it."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(STOP_SECONDS)

    def checkins(self, rows: Sequence[Row | bytes], first: int = 1, *, log: LogId = LOG) -> None:
        """One batch; bytes stand for a row as they are."""
        bodies = [row if isinstance(row, bytes) else _ENCODE.encode(row) for row in rows]
        self.publish(self.topics.checkins(self._node), wire.encode_batch(log, first, bodies))

    def counts(self, rows: Sequence[Placed], **changed: Any) -> None:
        """The snapshot of exactly these rows."""
        self.publish(self.topics.counts(self._node), _ENCODE.encode(counts(rows, **changed)), retain=True)

    def status(self, state: str, session: int = 1, **fields: Any) -> None:
        self.publish(self.topics.status(self._node), status(state, session, **fields), retain=True)

    def wait_acked(self, ok: Callable[[dict[LogId, wire.LogAcked]], bool]) -> wire.Acked:
        """The newest `acked` once it is as wanted."""
        with self._changed:
            found = self._changed.wait_for(lambda: self.said and ok(self.said[-1].logs), STOP_SECONDS)
            assert found, f"never acknowledged as wanted: {self.said[-1:]}"
            return self.said[-1]

    def wait_more(self, than: int) -> dict[LogId, wire.LogAcked]:
        """What the newest `acked` says once there are more than so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.said) > than, STOP_SECONDS)
            return self.said[-1].logs

    def wait_through(self, offset: int, log: LogId = LOG) -> wire.LogAcked:
        """What central says of a log once all up to `offset` is stored or refused, and nothing more."""
        return self.wait_acked(lambda logs: log in logs and logs[log].through == offset).logs[log]


def status(state: str, session: int = 1, **fields: Any) -> bytes:
    given = {"at": "2026-11-24T09:12:00.000Z", "roles": ("hub", "kiosk"), "version": "0.1.0", **fields}
    return _ENCODE.encode(wire.Status(state=state, session=session, **given))
