"""One transaction's messages -> rows stored, tallies moved, snapshots compared. What it notes is said later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from appliance.central import store
from appliance.central.alarms import AlarmKind
from appliance.central.arrivals import (
    Arrival,
    Batch,
    RefusalKind,
    Unreadable,
    read_batch,
    read_counts,
    read_status,
    same_content,
)
from appliance.central.books import MAX_HUBS, MAX_ISLANDS, MAX_LOGS, HubBook, LogBook, moved_by
from appliance.central.comparison import Comparison, compare
from appliance.central.inbox import Message
from appliance.central.live import LiveHub, Since, said_at
from appliance.central.spans import Held
from appliance.domain import attendance, wire
from appliance.domain.row import LogId, Placed

_CONFLICT: Final = "other content than what came first under this log and offset"


class Note(NamedTuple):
    """An alarm to sound once the transaction is there."""

    kind: AlarmKind
    hub: str
    text: str


class Intake:
    """Takes messages in their order.

    `books` and `live` run ahead of the commit: after a rollback the caller loads the books anew and calls `restore`.
    """

    def __init__(
        self,
        connection: Connection,
        books: dict[str, HubBook],
        live: dict[str, LiveHub],
        *,
        root: str,
        event: str,
        now: int,
    ) -> None:
        self._connection = connection
        self._books = books
        self._live = live
        self._root = root
        self._event = event
        self._now = now
        self._arrived: dict[str, list[store.NewRow]] = {}
        self._refused: list[store.NewRefusal] = []
        self._moved: dict[int, LogBook] = {}
        self._pending: dict[str, list[wire.Counts]] = {}
        self.touched: set[str] = set()
        self.snapshots: set[str] = set()
        self.notes: list[Note] = []
        self.compared: list[tuple[str, Comparison]] = []
        self.counted: Counter[tuple[str, str, str]] = Counter()
        """(metric, hub, its further label) for metrics.py."""

    def take(self, message: Message) -> None:
        """One message, whatever is in it."""
        address = wire.read_topic(message.topic, root=self._root, event=self._event)
        if address is None or address.what not in ("status", "checkins", "counts"):
            self._complain(message, "", Unreadable("topic", "a topic that no hub may have"))
            return
        if len(message.payload) > wire.MAX_PAYLOAD_BYTES:
            text = f"{len(message.payload)} bytes: expected at most {wire.MAX_PAYLOAD_BYTES}"
            self._complain(message, address.hub, Unreadable("oversize", text))
            return
        book = self._book(address.hub)
        if book is None:
            self._complain(message, "", Unreadable("crowded", f"more than {MAX_HUBS} hubs"))
            return
        take = {"status": self._status, "checkins": self._checkins, "counts": self._counts}[address.what]
        if (wrong := take(message, address, book)) is not None:
            self._complain(message, address.hub, wrong)

    def finish(self) -> None:
        """What is left to write before the commit."""
        for book in self._books.values():
            self._flush(book)
        store.set_through(self._connection, self._moved.values())

    def restore(self) -> None:
        """The transaction is lost: its snapshots wait again."""
        for hub, pending in self._pending.items():
            self._live[hub].pending = pending

    # One kind of message each: what is wrong with it, or None ----------------------------------------------------

    def _status(self, message: Message, address: wire.Address, book: HubBook) -> Unreadable | None:
        status = read_status(message.payload)
        if isinstance(status, Unreadable):
            return status
        # A will is written when its session begins: its time says nothing of when it was spoken.
        since = _since(message, status.at, status.clock if status.state != "offline" else "")
        if self._live[book.name].take_status(address.node, status, since):
            store.set_status(self._connection, book.id, address.node, message.payload, since.wall or 0)
        return None

    def _counts(self, message: Message, address: wire.Address, book: HubBook) -> Unreadable | None:
        counts = read_counts(message.payload)
        if isinstance(counts, Unreadable):
            return counts
        hub = self._live[book.name]
        if hub.take_counts(address.node, counts, _since(message, counts.at, counts.clock)):
            self.snapshots.add(book.name)
            self._compare(book, hub)
        elif not message.retained:
            text = f"{address.node} sends figures of term {counts.term}, session {counts.session}, which is over"
            self.notes.append(Note("outdated", book.name, text))
        return None

    def _checkins(self, message: Message, address: wire.Address, book: HubBook) -> Unreadable | None:
        batch = read_batch(message.payload, now=self._now)
        self.touched.add(book.name)
        if isinstance(batch, Unreadable):
            return batch
        log = self._log(book, batch.log)
        if log is None:
            return Unreadable("crowded", f"more than {MAX_LOGS} logs")
        if len(log.held.beyond) >= MAX_ISLANDS and log.held.would_split(batch.first, batch.last):
            return Unreadable("crowded", f"more than {MAX_ISLANDS} holes in log {batch.log}")
        hub = self._live[book.name]
        hub.take_rows(_since(message, "", ""))
        self._place(book, log, batch)
        self._compare(book, hub)
        self.counted["batches", address.hub, ""] += 1
        return None

    # Rows --------------------------------------------------------------------------------------------------------

    def _place(self, book: HubBook, log: LogBook, batch: Batch) -> None:
        book.use(log)
        follows = log.held.follows(batch.first)
        arrivals = batch.arrivals if follows else self._sift(book, log, batch)
        rows = self._arrived.setdefault(book.name, [])
        for offset, body, row, refusal in arrivals:
            if row is not None:
                rows.append(store.NewRow(log.id, Placed(batch.log, offset, row), body))
            elif refusal is not None:
                self._refuse(book, log, Arrival(offset, body, row), *refusal)
        log.held.add(batch.first, batch.last)
        self._moved[log.id] = log
        self.counted["rows_again", book.name, ""] += len(batch.arrivals) - len(arrivals)

    def _sift(self, book: HubBook, log: LogBook, batch: Batch) -> list[Arrival]:
        """What of a batch is new; the rest is held against what came first."""
        held = [arrival for arrival in batch.arrivals if log.held.holds(arrival.offset)]
        if not held:
            return batch.arrivals
        self._flush(book)
        known = store.stored_within(self._connection, log.id, (held[0].offset, held[-1].offset))
        again = {
            arrival.offset for arrival in held if not self._is_new(book, log, arrival, known.get(arrival.offset, []))
        }
        return [arrival for arrival in batch.arrivals if arrival.offset not in again]

    def _is_new(self, book: HubBook, log: LogBook, arrival: Arrival, known: Sequence[store.Stored]) -> bool:
        if not known:
            return True
        first = known[0]
        if not any(same_content(one.body, arrival.body) for one in known):
            self._refuse(book, log, arrival, "conflicting", _CONFLICT)
        elif first.kind is not None and arrival.row is not None and same_content(first.body, arrival.body):
            # Refused when it came first, sound by what central knows now: a newer version, or time has passed.
            store.drop_refusal(self._connection, log.id, arrival.offset)
            log.forgive(arrival.offset)
            book.refusals[first.kind] -= 1
            return True
        return False

    def _refuse(self, book: HubBook, log: LogBook, arrival: Arrival, kind: RefusalKind, reason: str) -> None:
        self._refused.append(store.NewRefusal(log.id, arrival.offset, kind, reason, arrival.body))
        log.refuse(arrival.offset, reason)
        book.refusals[kind] += 1
        self.counted["rows_refused", book.name, kind] += 1
        self.notes.append(Note(kind, book.name, f"offset {arrival.offset}: {reason}"))

    def _flush(self, book: HubBook) -> None:
        """Write the hub's rows that wait and move its tallies by them."""
        if self._refused:
            store.add_refusals(self._connection, self._refused, self._now)
            self._refused = []
        rows = self._arrived.pop(book.name, None)
        if not rows:
            return
        placed = [row.placed for row in rows]
        before = store.touching(self._connection, book.id, placed)
        store.add_rows(self._connection, book.id, rows)
        change = attendance.moved(before, placed)
        store.move_tally(self._connection, book.id, change)
        book.tally = moved_by(book.tally, change)
        self.counted["rows", book.name, ""] += len(rows)
        if change["", "", attendance.REPEATED] > 0:
            text = f"{book.tally['', '', attendance.REPEATED]} rows repeat another scan's nonce"
            self.notes.append(Note("repeated", book.name, text))

    def _compare(self, book: HubBook, hub: LiveHub) -> None:
        """Hold the snapshots that are of exactly the rows stored by now against the tallies of exactly these rows."""
        if not hub.pending:
            return
        self._pending.setdefault(hub.name, list(hub.pending))
        due = hub.due(book.reached())
        missing = book.missing()
        if due:
            self._flush(book)
        for counts in due:
            self.compared.append((hub.name, compare(counts, book.tally, book.refusals, missing=missing, now=self._now)))

    # Hubs and logs that are new ----------------------------------------------------------------------------------

    def _book(self, name: str) -> HubBook | None:
        book = self._books.get(name)
        if book is None and len(self._books) < MAX_HUBS:
            book = self._books[name] = HubBook(store.add_hub(self._connection, name), name)
            self._live.setdefault(name, LiveHub(name))
            # So that a hub hears of a central that has forgotten it, whatever the broker kept.
            self.touched.add(name)
        return book

    def _log(self, book: HubBook, name: LogId) -> LogBook | None:
        log = book.logs.get(name)
        if log is None and len(book.logs) < MAX_LOGS:
            log = book.logs[name] = LogBook(store.add_log(self._connection, book.id, name), Held())
        return log

    def _complain(self, message: Message, hub: str, wrong: Unreadable) -> None:
        if wrong.complaint == "version":
            store.park(self._connection, message.topic[:200], wrong.version, message.payload, self._now)
        self.counted["unreadable", "", wrong.complaint] += 1
        kind: AlarmKind = wrong.complaint if wrong.complaint in ("version", "crowded") else "unreadable"
        self.notes.append(Note(kind, hub, f"{message.topic[:120]}: {wrong.text}"))


def _since(message: Message, at: str, clock: str) -> Since:
    if message.retained:
        return Since(None, said_at(at, clock, wall=message.wall))
    return Since(message.monotonic, message.wall)
