"""The one thread that writes central's database: takes what waits, commits it at once, acknowledges, shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError, StatementError

from appliance.central import store
from appliance.central.alarms import AlarmKind, Alarms
from appliance.central.blackboard import Blackboard, Posted, posted_hub
from appliance.central.books import HubBook
from appliance.central.database import first_line
from appliance.central.due import Due
from appliance.central.inbox import BUSY, Connected, Disconnected, Dropped, Errand, Inbox, Item, Message
from appliance.central.intake import Intake
from appliance.central.live import LiveHub
from appliance.central.metrics import CentralMetrics
from appliance.domain import wire
from appliance.domain.clock import iso

BATCHES_A_COMMIT: Final = 10
"""Half of what a hub has in flight, so that it goes on sending while these are stored."""
MESSAGES_A_COMMIT: Final = 500
ACKED_SECONDS: Final = 0.1
POST_SECONDS: Final = 0.2
IDLE_SECONDS: Final = 1.0
SNAPSHOT_SECONDS: Final = 5.0
"""How often snapshots are kept in the database: only for a central that starts while the broker has lost them."""
RETRY_SECONDS: Final = 1.0

_AWAY: Final = (OperationalError, InterfaceError)
_NOT_TAKEN: Final = (IntegrityError, DataError, StatementError, ValueError, OverflowError)


class Recorder:
    """`publish(topic, payload)` sends a retained message with QoS 1; `now` in ms, `monotonic` in s."""

    def __init__(
        self,
        engine: Engine,
        inbox: Inbox,
        blackboard: Blackboard,
        metrics: CentralMetrics,
        *,
        publish: Callable[[str, bytes], None],
        root: str,
        event: str,
        now: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._blackboard = blackboard
        self._metrics = metrics
        self._publish = publish
        self._root = root
        self._event = event
        self._now = now
        self._monotonic = monotonic
        self._alarms = Alarms()
        self._books: dict[str, HubBook] = {}
        self._live: dict[str, LiveHub] = {}
        self._acks = Due(ACKED_SECONDS)
        self._snapshots = Due(SNAPSHOT_SECONDS)
        self._posted_at = -POST_SECONDS
        self._changed = True
        self._books_stale = False
        self._broker_away: str | None = "not connected yet"
        self._broker_since: float | None = None
        self._database_away: str | None = None

    def run(self) -> None:
        """Until the inbox is closed. What it took last is stored and acknowledged."""
        self._load()
        self._post()
        while True:
            items = self._inbox.take(limit=MESSAGES_A_COMMIT, wait=self._patience())
            for messages in _groups(items):
                self._handle(messages)
                self._acknowledge()
                if self._inbox.closed and self._database_away is not None:
                    break
            self._acknowledge()
            self._keep_snapshots()
            if self._monotonic() - self._posted_at >= (POST_SECONDS if self._changed else IDLE_SECONDS):
                self._post()
            if self._inbox.closed:
                return

    def _load(self) -> None:
        with self._engine.begin() as connection:
            self._books = store.load_books(connection)
            self._live = store.load_live(connection)
        for name, book in self._books.items():
            self._live.setdefault(name, LiveHub(name))
            for kind, n in book.refusals.items():
                if n:
                    self._alarms.sound(kind, name, f"{n} rows", now=self._now(), times=n)

    def _patience(self) -> float:
        now = self._monotonic()
        waits = [IDLE_SECONDS, self._acks.wait(now), self._snapshots.wait(now)]
        if self._changed:
            waits.append(self._posted_at + POST_SECONDS - now)
        return max(0.0, min(waits))

    # What comes --------------------------------------------------------------------------------------------------

    def _handle(self, items: Sequence[Item]) -> None:
        self._changed = True
        match items[0]:
            case Message():
                self._store([item for item in items if isinstance(item, Message)])
            case Errand() as errand:
                self._do(errand)
            case Connected():
                self._broker_away, self._broker_since = None, self._monotonic()
                self._alarms.still("broker", "")
                self._acks.all_now(self._books)
            case Disconnected(wall, why):
                if self._broker_away is None or self._broker_since is None:
                    self._broker_since = self._monotonic()
                self._broker_away = why
                self._alarms.sound("broker", "", why, now=wall)
            case Dropped(topic, why):
                address = wire.read_topic(topic, root=self._root, event=self._event)
                kind: AlarmKind = "dropped" if why == BUSY else "unreadable"
                if why != BUSY:
                    self._metrics.add("unreadable", complaint="oversize")
                self._alarms.sound(kind, address.hub if address else "", f"{topic[:120]}: {why}", now=self._now())

    def _do(self, errand: Errand) -> None:
        if not errand.done.set_running_or_notify_cancel():
            return
        try:
            with self._engine.begin() as connection:
                result = errand.do(connection)
        except Exception as fault:  # noqa: BLE001 (it is the asker's)
            errand.done.set_exception(fault)
        else:
            errand.done.set_result(result)

    def _store(self, messages: Sequence[Message]) -> None:
        """Until they are stored: rows are only forgotten when the process ends, and then their hub has them."""
        while True:
            try:
                self._transact(messages)
            except _AWAY as fault:
                self._say_database_away(fault)
                if self._inbox.wait_closed(RETRY_SECONDS):
                    return
            except _NOT_TAKEN:
                # The books were read anew: alone, each message that isn't itself the trouble finds its place.
                for message in messages:
                    self._store_alone(message)
                return
            else:
                if self._database_away is not None:
                    self._database_away = None
                    self._alarms.still("database", "")
                return

    def _store_alone(self, message: Message) -> None:
        try:
            self._transact([message])
        except _NOT_TAKEN as fault:
            self._alarms.sound("unstorable", "", f"{message.topic[:120]}: {first_line(fault)}", now=self._now())
        except _AWAY as fault:
            # Nothing of it is acknowledged: its hub sends it again.
            self._say_database_away(fault)

    def _say_database_away(self, fault: Exception) -> None:
        self._database_away = first_line(fault)
        self._alarms.sound("database", "", self._database_away, now=self._now())
        self._post()

    def _transact(self, messages: Sequence[Message]) -> None:
        began = self._monotonic()
        intake: Intake | None = None
        try:
            with self._engine.begin() as connection:
                if self._books_stale:
                    self._books = store.load_books(connection)
                    self._books_stale = False
                intake = Intake(
                    connection, self._books, self._live, root=self._root, event=self._event, now=self._now()
                )
                for message in messages:
                    intake.take(message)
                intake.finish()
        except Exception:
            self._books_stale = True
            if intake is not None:
                intake.restore()
            raise
        self._metrics.observe("commit_seconds", self._monotonic() - began)
        self._tell(intake)

    def _tell(self, intake: Intake) -> None:
        now = self._now()
        for hub in intake.touched:
            self._acks.want(hub)
        for hub in intake.snapshots:
            self._snapshots.want(hub)
        for kind, hub, text in intake.notes:
            self._alarms.sound(kind, hub, text, now=now)
        for hub, comparison in intake.compared:
            self._live[hub].comparison = comparison
            self._metrics.add("comparisons", hub=hub, outcome=comparison.outcome)
            if comparison.outcome == "different":
                self._alarms.sound("difference", hub, comparison.text, now=now)
            elif comparison.outcome == "equal":
                self._alarms.still("difference", hub)
        for (name, hub, label), n in intake.counted.items():
            self._count(name, hub, label, n)

    def _count(self, name: str, hub: str, label: str, n: int) -> None:
        match name:
            case "unreadable":
                self._metrics.add(name, n, complaint=label)
            case "rows_refused":
                self._metrics.add(name, n, hub=hub, kind=label)
            case _:
                self._metrics.add(name, n, hub=hub)

    # What goes ---------------------------------------------------------------------------------------------------

    def _acknowledge(self) -> None:
        # Stale books run ahead of what is stored: nothing of them may be acknowledged.
        if self._broker_away is not None or self._books_stale:
            return
        for hub in self._acks.due(self._monotonic()):
            acked = wire.Acked(at=iso(self._now()), logs=self._books[hub].acked())
            self._publish(wire.Topics(self._root, self._event, hub).acked, msgspec.json.encode(acked))
            self._metrics.add("acked", hub=hub)

    def _keep_snapshots(self) -> None:
        hubs = self._snapshots.due(self._monotonic())
        if not hubs or self._database_away is not None:
            return
        try:
            with self._engine.begin() as connection:
                for hub in hubs:
                    if (snapshot := self._live[hub].snapshot) is not None:
                        counts, node, since = snapshot
                        payload = msgspec.json.encode(counts)
                        store.set_counts(connection, self._books[hub].id, node, payload, since.wall or 0)
        except _AWAY as fault:
            self._say_database_away(fault)

    def _post(self) -> None:
        monotonic, wall = self._monotonic(), self._now()
        alarms = self._alarms.sounding(now=wall)
        hubs = self._blackboard.read().hubs
        if not self._books_stale:
            hubs = tuple(posted_hub(book, self._live[name]) for name, book in sorted(self._books.items()))
        self._blackboard.post(
            Posted(monotonic, hubs, alarms, self._broker_away, self._broker_since, self._database_away)
        )
        for hub in hubs:
            name = hub.live.name
            self._metrics.set("hub_live", hub.live.state(monotonic=monotonic, wall=wall) == "live", hub=name)
            if hub.waiting is not None:
                self._metrics.set("waiting_rows", hub.waiting, hub=name)
        self._metrics.set("broker_connected", self._broker_away is None)
        self._metrics.set("alarms", len(alarms))
        self._posted_at, self._changed = monotonic, False


def _groups(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Messages that go into one transaction; anything else by itself."""
    group: list[Item] = []
    batches = 0
    for item in items:
        if not isinstance(item, Message):
            if group:
                yield group
            yield [item]
            group, batches = [], 0
            continue
        group.append(item)
        batches += item.topic.endswith("/checkins")
        if batches == BATCHES_A_COMMIT:
            yield group
            group, batches = [], 0
    if group:
        yield group
