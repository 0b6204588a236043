"""The smallest central that keeps WIRE's promises: stores batches, acknowledges them, compares each snapshot.

Written by hand, apart from the real one, so that the hub's side is held to the contract and not to a colleague.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from appliance.domain import wire
from appliance.domain.attendance import fold
from appliance.domain.row import LogId, Placed, Row
from appliance.report.spans import united, without
from tests.mosquitto import STOP_SECONDS, Mosquitto

Rows = dict[LogId, dict[int, bytes]]
_MOST_COMPARED: Final = 50_000
"""Rows; a soak's many would be folded again and again."""
_AT: Final = "2026-11-24T09:12:00.000Z"


class TinyCentral:
    """Connects in `__enter__`. What came is in `rows`, `refused`, `batches`, `counts`, `statuses`."""

    def __init__(
        self,
        broker: Mosquitto,
        topics: wire.Topics,
        *,
        refuse: Callable[[bytes], str | None] = lambda _: None,
        login: tuple[str, str] | None = None,
        says_seen: bool = True,
        rows: Rows | None = None,
    ) -> None:
        self._broker, self._topics, self._refuse, self._login = broker, topics, refuse, login
        self.says_seen = says_seen
        self.silent = False
        """Whether it takes rows and says nothing."""
        self.rows: Rows = rows or {}
        self.refused: dict[LogId, dict[int, str]] = {}
        self.batches: list[tuple[LogId, int, int]] = []
        self.counts: list[wire.Counts] = []
        self.statuses: list[wire.Status] = []
        self.compared: list[bool] = []
        """Of each snapshot that was of exactly the rows held: whether the figures were the same."""
        self._changed = threading.Condition()
        self._client: mqtt.Client | None = None

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def connect(self) -> None:
        """Be there (again)."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="tiny-central", protocol=mqtt.MQTTv311)
        client.reconnect_delay_set(0.05, 0.1)
        if self._login is not None:
            client.username_pw_set(*self._login)
        if self._broker.ca is not None:
            client.tls_set(str(self._broker.ca))
        client.on_connect, client.on_message, client.on_subscribe = (
            self._on_connect,
            self._on_message,
            self._on_subscribe,
        )
        self._subscribed = threading.Event()
        self._client = client
        client.connect_async(self._broker.host, self._broker.port, keepalive=5)
        client.loop_start()
        assert self._subscribed.wait(STOP_SECONDS)

    def leave(self) -> None:
        """Be away; what is sent meanwhile is lost."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None

    def backup(self) -> Rows:
        """What is stored now."""
        with self._changed:
            return {log: dict(rows) for log, rows in self.rows.items()}

    def wait_for(self, condition: Callable[[TinyCentral], bool], what: str) -> None:
        """Until `condition` holds."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), STOP_SECONDS), f"never: {what}"

    def wait_for_rows(self, n: int) -> None:
        """Until `n` rows are stored or refused."""
        self.wait_for(lambda central: central.held >= n, f"{n} rows, there are {self.held}")

    @property
    def held(self) -> int:
        """Rows stored or refused."""
        return sum(map(len, self.rows.values())) + sum(map(len, self.refused.values()))

    def say(self, payload: bytes) -> None:
        """Anything on `acked`."""
        assert self._client is not None
        self._client.publish(self._topics.acked, payload, qos=1, retain=True).wait_for_publish(STOP_SECONDS)

    def acknowledge(self) -> None:
        """What is held."""
        logs = {log: self._word(log) for log in self.rows.keys() | self.refused.keys()}
        if self._client is not None:
            acked = wire.Acked(at=_AT, logs={log: word for log, word in logs.items() if word.through or word.seen})
            self._client.publish(self._topics.acked, msgspec.json.encode(acked), qos=1, retain=True)

    def _word(self, log: LogId) -> wire.LogAcked:
        refused = self.refused.get(log, {})
        held = united((offset, offset) for offset in self.rows.get(log, {}).keys() | refused.keys())
        if not held:
            return wire.LogAcked(0)
        through = held[0][1] if held[0][0] == 1 else 0
        missing = without([(through + 1, held[-1][1])], held)
        told = [(offset, offset, reason) for offset, reason in sorted(refused.items())]
        return wire.LogAcked(through, missing, told, held[-1][1] if self.says_seen else 0)

    # paho's thread ---------------------------------------------------------------------------------------------------

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        assert not code.is_failure, code
        client.subscribe([(f"{self._topics.base}/+/{what}", 1) for what in ("status", "counts", "checkins")])

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, _mid: Any, _codes: Any, _properties: Any) -> None:
        with self._changed:
            self.acknowledge()
        self._subscribed.set()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            match message.topic.rsplit("/", 1)[1]:
                case "status":
                    self.statuses.append(msgspec.json.decode(message.payload, type=wire.Status))
                case "counts":
                    self.counts.append(msgspec.json.decode(message.payload, type=wire.Counts))
                    self._compare()
                case _:
                    self._store(message.payload)
                    self._compare()
                    if not self.silent:
                        self.acknowledge()
            self._changed.notify_all()

    def _store(self, payload: bytes) -> None:
        assert len(payload) <= wire.MAX_BATCH_BYTES
        batch = msgspec.json.decode(payload, type=wire.Checkins)
        self.batches.append((batch.log, batch.first, batch.first + len(batch.rows) - 1))
        for offset, raw in enumerate(batch.rows, batch.first):
            body = bytes(raw)
            reason = self._refuse(body)
            if reason is not None:
                self.refused.setdefault(batch.log, {})[offset] = reason
            else:
                known = self.rows.setdefault(batch.log, {}).setdefault(offset, body)
                assert known == body, "other content under the same place"

    def _compare(self) -> None:
        if not self.counts or self.held > _MOST_COMPARED:
            return
        counts = self.counts[-1]
        if {log: len(rows) for log, rows in self.rows.items()} != counts.through or counts.n == self._last_compared:
            return
        self._last_compared = counts.n
        rows = [
            Placed(log, offset, msgspec.json.decode(body, type=Row))
            for log, held in self.rows.items()
            for offset, body in held.items()
        ]
        ours = wire.figures(fold(rows), list=counts.list)
        self.compared.append(all(getattr(counts, name) == value for name, value in ours.items()))

    _last_compared = -1


def password_of(login: str) -> str:
    """What tests give each login."""
    return f"secret-of-{login}"


def state_of(directory: Path) -> tuple[Path, Path]:
    """(ledger.db, live.db) of a test's box."""
    return directory / "ledger.db", directory / "live.db"
