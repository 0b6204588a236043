"""Payloads -> batches, snapshots, states, and what is wrong with them or with single rows. Pure; all are hostile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from appliance.domain import wire
from appliance.domain.clock import EARLIEST
from appliance.domain.row import TICK_LIMIT, LogId, Row, flaw

RefusalKind = Literal["refused", "ahead", "conflicting"]
Complaint = Literal["oversize", "malformed", "version", "topic", "crowded"]

MAX_REASON: Final = 120

_JSON_FAULTS: Final = (msgspec.MsgspecError, ValueError, RecursionError)


class Arrival(NamedTuple):
    """One row of a batch. `row` is None where `refusal` says why it isn't counted."""

    offset: int
    body: bytes
    row: Row | None
    refusal: tuple[RefusalKind, str] | None = None


class Batch(NamedTuple):
    """A readable batch: its rows have the offsets first to last."""

    log: LogId
    first: int
    last: int
    arrivals: list[Arrival]


class Unreadable(NamedTuple):
    """A message that was not taken, with why; `version` where that is the reason."""

    complaint: Complaint
    text: str
    version: int = 0


class _Envelope(msgspec.Struct):
    v: int


class _Oversize(msgspec.Struct):
    """A batch of any size: what is looked at when it is too large."""

    v: int
    log: wire.LogName
    first: int
    rows: list[msgspec.Raw]


_READ_BATCH: Final = msgspec.json.Decoder(wire.Checkins)
_READ_OVERSIZE: Final = msgspec.json.Decoder(_Oversize)
_READ_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_READ_COUNTS: Final = msgspec.json.Decoder(wire.Counts)
_READ_STATUS: Final = msgspec.json.Decoder(wire.Status)
_READ_ROW: Final = msgspec.json.Decoder(Row)


def read_batch(payload: bytes, *, now: int) -> Batch | Unreadable:
    """The batch in `payload`; `now` (ms) is what rows must not be far ahead of."""
    if len(payload) > wire.MAX_BATCH_BYTES:
        return _read_oversize(payload)
    try:
        batch = _READ_BATCH.decode(payload)
    except _JSON_FAULTS as fault:
        return _unreadable(payload, fault)
    if batch.v != wire.VERSION:
        return _other_version(batch.v)
    first = batch.first
    last = first + len(batch.rows) - 1
    if last >= TICK_LIMIT:
        return Unreadable("malformed", f"offsets up to {last}: expected less than {TICK_LIMIT}")
    # A reader whose own clock is wrong has no time to judge others by.
    limit = now + wire.AHEAD_MILLIS if now >= EARLIEST else TICK_LIMIT
    return Batch(batch.log, first, last, [_arrival(first + i, bytes(raw), limit) for i, raw in enumerate(batch.rows)])


def read_counts(payload: bytes) -> wire.Counts | Unreadable:
    """The snapshot in `payload`, with figures that a database can hold."""
    try:
        counts = _READ_COUNTS.decode(payload)
    except _JSON_FAULTS as fault:
        return _unreadable(payload, fault)
    if counts.v != wire.VERSION:
        return _other_version(counts.v)
    if any(not 0 <= n < TICK_LIMIT for n in _numbers(counts)):
        return Unreadable("malformed", f"a figure out of range: expected 0 to {TICK_LIMIT - 1}")
    return counts


def read_status(payload: bytes) -> wire.Status | Unreadable:
    """A node's last word in `payload`."""
    try:
        status = _READ_STATUS.decode(payload)
    except _JSON_FAULTS as fault:
        return _unreadable(payload, fault)
    if status.v != wire.VERSION:
        return _other_version(status.v)
    if status.state not in ("online", "stopped", "offline"):
        return Unreadable("malformed", "unknown state: expected online, stopped or offline")
    return status


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two bodies say the same; spaces and the order of fields don't count."""
    if one == other:
        return True
    try:
        return bool(msgspec.json.decode(one) == msgspec.json.decode(other))
    except _JSON_FAULTS:
        return False


def _numbers(counts: wire.Counts) -> Iterator[int]:
    yield from (counts.term, counts.session, counts.n, *counts.through.values())
    yield from (counts.attendance, counts.entries, counts.exits, counts.occupancy, counts.capacity or 0)
    yield from (counts.unverified, counts.conflicts, *counts.refusals.values())
    for gate in counts.gates.values():
        yield from (gate.entries, gate.exits)
    for figures in counts.lists.values():
        yield from (figures.attendance, figures.entries, figures.exits, figures.occupancy)


def _arrival(offset: int, body: bytes, limit: int) -> Arrival:
    try:
        row = _READ_ROW.decode(body)
    except _JSON_FAULTS as fault:
        return Arrival(offset, body, None, ("refused", _short(fault)))
    if b"\\u0000" in body or b"\0" in body:
        return Arrival(offset, body, None, ("refused", "a NUL character"))
    if (lacks := flaw(row)) is not None:
        return Arrival(offset, body, None, ("refused", lacks[:MAX_REASON]))
    if row.tick > limit:
        return Arrival(offset, body, None, ("ahead", "tick is more than an hour ahead of central's time"))
    return Arrival(offset, body, row)


def _read_oversize(payload: bytes) -> Batch | Unreadable:
    # A single row that fits no batch would block all rows behind it for ever: it is refused under its own offset.
    text = f"{len(payload)} bytes: expected at most {wire.MAX_BATCH_BYTES} for a batch"
    try:
        batch = _READ_OVERSIZE.decode(payload)
    except _JSON_FAULTS:
        return Unreadable("oversize", text)
    if batch.v != wire.VERSION or len(batch.rows) != 1 or not 0 < batch.first < TICK_LIMIT:
        return Unreadable("oversize", text)
    refusal: tuple[RefusalKind, str] = ("refused", f"a row of {len(batch.rows[0])} bytes fits no batch")
    return Batch(batch.log, batch.first, batch.first, [Arrival(batch.first, bytes(batch.rows[0]), None, refusal)])


def _unreadable(payload: bytes, fault: Exception) -> Unreadable:
    try:
        envelope = _READ_ENVELOPE.decode(payload)
    except _JSON_FAULTS:
        return Unreadable("malformed", _short(fault))
    return _other_version(envelope.v) if envelope.v != wire.VERSION else Unreadable("malformed", _short(fault))


def _other_version(version: int) -> Unreadable:
    known = min(max(version, -TICK_LIMIT), TICK_LIMIT)
    return Unreadable("version", f"version {known}: this central knows {wire.VERSION}", known)


def _short(fault: Exception) -> str:
    return str(fault).replace("\n", " ")[:MAX_REASON]
