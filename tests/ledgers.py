"""Ledgers for tests and benches, written as the doorkeeper writes them but without one."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from appliance.domain.attendance import fold, moved
from appliance.domain.clock import iso
from appliance.domain.row import LogId, NodeId, Nonce, Placed, Row
from appliance.domain.ticket import TicketId
from appliance.store.opening import open_ledger
from appliance.store.rows import ENCODE, append, move_tallies, touching

START: Final = 1_795_511_564_120
"""2026-11-24T09:12:44.120Z"""
LOG: Final = LogId("3f2c91ab00d40e17")
_BULK: Final = 5000


def rows(n: int, *, start: int = 1, node: str = "k2", gates: Sequence[str] = ("north", "south")) -> Iterator[Row]:
    """`n` rows of a day at the door: entries, exits, refusals of known and unknown codes, an annulment now and then.

    The same arguments give the same rows; `start` is the number of the first one.
    """
    for i in range(start, start + n):
        ticket = TicketId(f"T-{(i * 7919) % 100_003:06d}")
        passage: dict[str, Any] = {"ticket": ticket, "list": "door", "gate": gates[i % len(gates)]}
        match i % 20:
            case 7:
                fields = {**passage, "kind": "refusal", "reason": "invalid", "ticket": None}
            case 13:
                fields = {**passage, "kind": "refusal", "reason": "already_redeemed"}
            case 17:
                fields = {**passage, "kind": "exit"}
            case 19 if i > start + 1:
                fields = {"kind": "annulment", "annuls": _nonce(node, i - 1), "by": "s7"}
            case _:
                fields = {**passage, "kind": "entry"}
        tick = START + i * 7
        yield Row(tick=tick, node=NodeId(node), at=iso(tick), clock="synced", nonce=_nonce(node, i), **fields)


def _nonce(node: str, i: int) -> Nonce:
    return Nonce(f"nonce-{node}-{i:09d}")


class Ledger:
    """A ledger.db with the writer's connection."""

    def __init__(self, path: Path, *, session: int = 0, term: int = 1) -> None:
        self.path = path
        self.connection: sqlite3.Connection = open_ledger(path)
        if session:
            self.set_session(session, term)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    def set_session(self, session: int, term: int = 1) -> None:
        """As after the reporting session of this number began."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?,?)", [("session", str(session)), ("term", str(term))]
        )

    def last_offset(self, log: LogId = LOG) -> int:
        """The highest offset of a log; 0 for one that isn't there."""
        query = "SELECT coalesce(max(offset), 0) FROM ledger JOIN logs ON logs.id = ledger.log WHERE logs.log = ?"
        return int(self.connection.execute(query, (log,)).fetchone()[0])

    def add(self, new: Iterable[Row], *, log: LogId = LOG, node: str = "n1") -> int:
        """Append rows one by one, each with its tallies, in one transaction. The log's last offset then."""
        self.connection.execute("BEGIN IMMEDIATE")
        key = self._key(log, node)
        for offset, row in enumerate(new, self.last_offset(log) + 1):
            placed = Placed(log, offset, row)
            change = moved(touching(self.connection, [placed]), [placed])
            append(self.connection, key, offset, row)
            move_tallies(self.connection, change)
        self.connection.execute("COMMIT")
        return self.last_offset(log)

    def add_many(self, new: Iterable[Row], *, log: LogId = LOG, node: str = "n1") -> int:
        """Append rows that touch nothing in the file, in bulk: 100,000 in two seconds. The log's last offset then."""
        key = self._key(log, node)
        placed = (Placed(log, offset, row) for offset, row in enumerate(new, self.last_offset(log) + 1))
        counted: list[Placed] = []
        self.connection.execute("BEGIN IMMEDIATE")
        while some := list(itertools.islice(placed, _BULK)):
            insert_rows(self.connection, key, some)
            counted += some
        move_tallies(self.connection, fold(counted))
        self.connection.execute("COMMIT")
        return self.last_offset(log)

    def lose(self, first: int, last: int, *, log: LogId = LOG) -> None:
        """Take rows out, as after the salvage of a damaged file. The tallies stay."""
        self.connection.executescript(
            "DROP TRIGGER ledger_keeps_rows;"
            f"DELETE FROM ledger WHERE log = {self._key(log, '')} AND offset BETWEEN {first} AND {last};"
            "CREATE TRIGGER ledger_keeps_rows BEFORE DELETE ON ledger BEGIN "
            "SELECT RAISE(ABORT, 'ledger rows are never deleted'); END;"
        )

    def damage(self, offset: int, body: bytes, *, log: LogId = LOG) -> None:
        """Put other bytes in a row's place, as a bad block would."""
        self.connection.executescript("DROP TRIGGER IF EXISTS ledger_keeps_content")
        self.connection.execute(
            "UPDATE ledger SET body = ? WHERE log = ? AND offset = ?", (body, self._key(log, ""), offset)
        )

    def _key(self, log: LogId, node: str) -> int:
        self.connection.execute(
            "INSERT OR IGNORE INTO logs (log, node, boot, begun) VALUES (?,?,?,?)",
            (log, node, f"boot-{log}", iso(START)),
        )
        return int(self.connection.execute("SELECT id FROM logs WHERE log = ?", (log,)).fetchone()[0])


def insert_rows(connection: sqlite3.Connection, key: int, some: Sequence[Placed]) -> None:
    """A bare executemany of rows into the log with this key; the caller holds the transaction."""
    connection.executemany(
        "INSERT INTO ledger (log, offset, kind, nonce, list, ticket, annuls, body) VALUES (?,?,?,?,?,?,?,?)",
        [(key, at, row.kind, row.nonce, row.list, row.ticket, row.annuls, ENCODE.encode(row)) for _, at, row in some],
    )
