"""Central's storing side without a broker: messages into a real database, one transaction a call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from appliance.central import store
from appliance.central.books import HubBook
from appliance.central.database import open_writer
from appliance.central.inbox import Message
from appliance.central.intake import Intake
from appliance.central.live import LiveHub
from appliance.domain import wire
from appliance.domain.attendance import Tally, fold
from appliance.domain.row import LogId, Placed, Row
from tests.ledgers import LOG, START
from tests.unit.central.reported import counts

ROOT: Final = "hub/v1"
EVENT: Final = "conf"
NOW: Final = START + 3_600_000
_ENCODE: Final = msgspec.json.Encoder()


class Desk:
    """A database and the books over it, as the recorder has them."""

    def __init__(self, url: str) -> None:
        self.engine = open_writer(url)
        self.books: dict[str, HubBook] = {}
        self.live: dict[str, LiveHub] = {}
        self.reload()

    def reload(self) -> None:
        """As after a restart."""
        with self.engine.begin() as connection:
            self.books = store.load_books(connection)
            self.live = store.load_live(connection)

    def take(self, *messages: Message, now: int = NOW) -> Intake:
        """One transaction."""
        with self.engine.begin() as connection:
            intake = Intake(connection, self.books, self.live, root=ROOT, event=EVENT, now=now)
            for message in messages:
                intake.take(message)
            intake.finish()
        return intake

    def recount(self, hub: str = "berlin") -> Tally:
        """A fold of what is in the table."""
        with self.engine.begin() as connection:
            return fold(store.hub_rows(connection, self.books[hub].id))

    def stored_tally(self, hub: str = "berlin") -> Tally:
        """The tallies in the table."""
        with self.engine.begin() as connection:
            return store.load_books(connection)[hub].tally

    def acked(self, hub: str = "berlin", log: LogId = LOG) -> wire.LogAcked:
        """What central says of a log."""
        return self.books[hub].acked()[log]


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def message(what: str, payload: bytes, *, hub: str = "berlin", node: str = "n1", **fields: Any) -> Message:
    """As it comes from the broker."""
    given = {"retained": False, "monotonic": 1000.0, "wall": NOW, **fields}
    return Message(f"{ROOT}/{EVENT}/{hub}/{node}/{what}", payload, **given)


def checkins(rows: Sequence[Row | bytes], first: int = 1, *, log: LogId = LOG, hub: str = "berlin") -> Message:
    """A batch; bytes stand for a row as they are."""
    bodies = [row if isinstance(row, bytes) else _ENCODE.encode(row) for row in rows]
    return message("checkins", wire.encode_batch(log, first, bodies), hub=hub)


def snapshot(
    rows: Iterable[Placed], *, n: int = 1, term: int = 1, session: int = 1, hub: str = "berlin", **changed: Any
) -> Message:
    """The counts that a hub would send of exactly these rows."""
    return message("counts", _ENCODE.encode(counts(rows, n=n, term=term, session=session, **changed)), hub=hub)
