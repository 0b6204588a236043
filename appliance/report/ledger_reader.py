"""The ledger as `report` reads it: figures and rows in the order of their offsets, from a file that may be replaced."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from appliance.domain.row import LogId, NodeId
from appliance.domain.wire import MAX_BATCH_ROWS, MAX_PAYLOAD_BYTES, Checkins, batch_length, encode_batch
from appliance.report.drain import Slice
from appliance.report.figures import Figures
from appliance.report.spans import Span
from appliance.store.opening import StoreFault
from appliance.store.reading import Snapshot, bodies_after, newest_log, open_reader, snapshot

_UNREADABLE: Final = b"null"
"""Sent in the place of a row that is no JSON (a bad block): central refuses it, under its own offset, alone."""
_READ: Final = msgspec.json.Decoder(Checkins)
_LOG_NAME: Final = re.compile(r"[0-9a-f]{4,64}")
_T = TypeVar("_T")


class LedgerUnreadable(Exception):
    """The ledger can't be read at the moment; says why."""


class Batch(NamedTuple):
    """Rows that follow each other, first to last, ready to be published."""

    first: int
    last: int
    payload: bytes


class Reading(NamedTuple):
    """What stands at the start of a slice: offsets that the ledger lacks, then a batch. Either may be None."""

    hole: Span | None
    batch: Batch | None


class LedgerReader:
    """A read-only connection, opened when it is needed and again when the doorkeeper put another file in its place."""

    def __init__(self, path: Path, *, node: NodeId, figures: Figures) -> None:
        self._path, self._node, self._figures = path, node, figures
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0)

    def look(self) -> tuple[Snapshot, LogId]:
        """The figures as of now, and the log that this node writes (empty before its first row)."""
        found, log = self._read(lambda connection: (snapshot(connection), newest_log(connection, self._node)))
        # A log whose name is broken can't be told to anyone; it must not cost the others.
        sound = {name: offset for name, offset in found.through.items() if _LOG_NAME.fullmatch(name)}
        return found._replace(through=sound), log

    def read(self, some: Slice, *, max_bytes: int) -> Reading:
        """The first batch of a slice, of at most `max_bytes` unless the slice is `whole` or a single row has more."""
        found = self._read(lambda c: bodies_after(c, some.log, some.after, some.until, MAX_BATCH_ROWS))
        if not found:
            return Reading((some.after + 1, some.until), None)
        first = found[0][0]
        hole = (some.after + 1, first - 1) if first > some.after + 1 else None
        bodies = [body for at, (offset, body) in enumerate(found) if offset == first + at]
        bodies = bodies[: batch_length(bodies)]
        if not some.whole:
            bodies = bodies[: _fitting(bodies, max_bytes)]
        if len(bodies[0]) > MAX_PAYLOAD_BYTES - 1024:
            # No broker takes it. It stays missing at central, which says so.
            return Reading((some.after + 1, first), None)
        return Reading(hole, Batch(first, first + len(bodies) - 1, self._encode(some.log, first, bodies)))

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _encode(self, log: LogId, first: int, bodies: list[bytes]) -> bytes:
        payload = encode_batch(log, first, bodies)
        if not _is_sound(payload, len(bodies)):
            sound = [body if _is_sound(encode_batch(log, first, [body]), 1) else _UNREADABLE for body in bodies]
            self._figures.add("rows_unreadable_total", sum(body is _UNREADABLE for body in sound))
            payload = encode_batch(log, first, sound)
        return payload

    def _read(self, ask: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            return ask(self._open())
        except (sqlite3.Error, StoreFault, OSError, ValueError) as fault:
            self.close()
            raise LedgerUnreadable(f"{self._path}: {fault}") from fault

    def _open(self) -> sqlite3.Connection:
        # A damaged file is moved aside and a new one made in its place: the open one is the old one then.
        stat = os.stat(self._path) if self._path.exists() else None  # noqa: PTH116 (one call less)
        file = (stat.st_dev, stat.st_ino) if stat is not None else (0, 0)
        if self._connection is None or file != self._file:
            self.close()
            self._connection = open_reader(self._path)
            self._file = file
        return self._connection


def _fitting(bodies: list[bytes], max_bytes: int) -> int:
    """How many of `bodies` make at most `max_bytes`; at least 1."""
    total = 0
    for n, body in enumerate(bodies):
        total += len(body) + 1
        if total > max_bytes:
            return max(n, 1)
    return len(bodies)


def _is_sound(payload: bytes, rows: int) -> bool:
    """Whether a batch is JSON of this many rows, as every receiver will see it."""
    try:
        payload.decode()
        return len(_READ.decode(payload).rows) == rows
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
