"""Rows, refusals and tallies in central's database. Callers hold the transaction; only the recorder's thread writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Table,
    Text,
    any_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from appliance.central.arrivals import RefusalKind, Unreadable, read_counts, read_status
from appliance.central.books import HubBook, LogBook
from appliance.central.live import LiveHub, Since
from appliance.central.schema import HUBS, LOGS, NODES, PARKED, REFUSED, ROWS, TALLIES
from appliance.central.spans import Held, Span, spans
from appliance.domain.attendance import GROUP_KINDS, Group, Tally, group_of
from appliance.domain.row import LogId, Placed, Row

MAX_PARKED: Final = 200
_DECODE_ROW: Final = msgspec.json.Decoder(Row)
_ENCODE: Final = msgspec.json.Encoder()


class NewRow(NamedTuple):
    """A row that is counted, with the key of its log and its body as it came."""

    log: int
    placed: Placed
    body: bytes


class NewRefusal(NamedTuple):
    """A row that isn't counted."""

    log: int
    offset: int
    kind: RefusalKind
    reason: str
    body: bytes


class Stored(NamedTuple):
    """A row or a refusal that is in the database; `kind` is None for a counted row."""

    offset: int
    body: bytes
    kind: RefusalKind | None


# Reading the whole state --------------------------------------------------------------------------------------------


def load_books(connection: Connection) -> dict[str, HubBook]:
    """The books of all hubs as they stand in the database."""
    books = {name: HubBook(key, name) for key, name in connection.execute(select(HUBS.c.id, HUBS.c.name))}
    by_id = {book.id: book for book in books.values()}
    logs: dict[int, tuple[HubBook, LogBook]] = {}
    for key, hub, name, through in connection.execute(select(LOGS.c.id, LOGS.c.hub, LOGS.c.log, LOGS.c.through)):
        log = LogBook(key, Held(through))
        by_id[hub].logs[LogId(name)] = log
        logs[key] = by_id[hub], log
    for hub, *figure, n in connection.execute(
        select(TALLIES.c.hub, TALLIES.c.list, TALLIES.c.gate, TALLIES.c.figure, TALLIES.c.n).where(TALLIES.c.n != 0)
    ):
        by_id[hub].tally[figure[0], figure[1], figure[2]] = n
    _load_refused(connection, logs)
    _load_beyond(connection, [log for _, log in logs.values()])
    return books


def _load_refused(connection: Connection, logs: dict[int, tuple[HubBook, LogBook]]) -> None:
    for key, offset, kind, reason in connection.execute(
        select(REFUSED.c.log, REFUSED.c.offset, REFUSED.c.kind, REFUSED.c.reason).order_by(REFUSED.c.id)
    ):
        book, log = logs[key]
        book.refusals[kind] += 1
        log.refuse(offset, reason)


def _load_beyond(connection: Connection, logs: Iterable[LogBook]) -> None:
    for log in logs:
        beyond: set[int] = set()
        for table in (ROWS, REFUSED):
            query = select(table.c.offset).where(table.c.log == log.id, table.c.offset > log.held.through)
            beyond.update(connection.execute(query).scalars())
        if beyond:
            log.held = Held(log.held.through, spans(sorted(beyond)))


def load_live(connection: Connection) -> dict[str, LiveHub]:
    """What each hub last said of itself, as far as it was kept."""
    live: dict[str, LiveHub] = {}
    names: dict[int, str] = {}
    for key, name, payload, at, node in connection.execute(
        select(HUBS.c.id, HUBS.c.name, HUBS.c.counts, HUBS.c.counts_at, HUBS.c.counts_node)
    ):
        names[key] = name
        hub = live[name] = LiveHub(name)
        if payload is not None and not isinstance(counts := read_counts(payload), Unreadable):
            hub.take_counts(node, counts, Since(None, at or None))
    for key, node, payload, at in connection.execute(
        select(NODES.c.hub, NODES.c.node, NODES.c.status, NODES.c.status_at)
    ):
        if not isinstance(status := read_status(payload), Unreadable):
            live[names[key]].take_status(node, status, Since(None, at or None))
    return live


def hub_rows(connection: Connection, hub: int) -> Iterator[Placed]:
    """All counted rows of a hub, log by log, in the order of their offsets."""
    query = (
        select(LOGS.c.log, ROWS.c.offset, ROWS.c.body)
        .join(LOGS, LOGS.c.id == ROWS.c.log)
        .where(LOGS.c.hub == hub)
        .order_by(ROWS.c.log, ROWS.c.offset)
    )
    for log, offset, body in connection.execution_options(yield_per=5000).execute(query):
        yield Placed(LogId(log), offset, _DECODE_ROW.decode(body))


def count_rows(connection: Connection, hub: int) -> int:
    """How many counted rows of a hub are in the table."""
    return int(connection.execute(select(func.count()).select_from(ROWS).where(ROWS.c.hub == hub)).scalar_one())


def stored_within(connection: Connection, log: int, span: Span) -> dict[int, list[Stored]]:
    """What is in the database at these offsets of a log: the counted row first, then refusals by age."""
    found: dict[int, list[Stored]] = {}
    first, last = span
    rows = select(ROWS.c.offset, ROWS.c.body).where(ROWS.c.log == log, ROWS.c.offset.between(first, last))
    for offset, body in connection.execute(rows):
        found[offset] = [Stored(offset, body, None)]
    refused = (
        select(REFUSED.c.offset, REFUSED.c.body, REFUSED.c.kind)
        .where(REFUSED.c.log == log, REFUSED.c.offset.between(first, last))
        .order_by(REFUSED.c.id)
    )
    for offset, body, kind in connection.execute(refused):
        found.setdefault(offset, []).append(Stored(offset, body, kind))
    return found


# Rows that touch each other -----------------------------------------------------------------------------------------


def touching(connection: Connection, hub: int, arrived: Sequence[Placed]) -> list[Placed]:
    """All rows of the hub that `attendance.moved` must see beside `arrived`, which aren't stored yet.

    Those that share a nonce with an arrived row, annul one or are annulled by one; then all entries, exits and
    settlements of the tickets among these and the arrived; then what shares the nonces of those or annuls them. What a
    row outside counts for can't change, so it would count the same before and after.
    """
    nonces = {placed.row.nonce for placed in arrived} | {placed.row.annuls for placed in arrived if placed.row.annuls}
    shared = _of_nonces(connection, hub, nonces)
    groups = {group for placed in (*arrived, *shared.values()) if (group := group_of(placed)) is not None}
    grouped = _of_groups(connection, hub, groups)
    siblings = _of_nonces(connection, hub, {placed.row.nonce for placed in grouped.values()} - nonces)
    return list((shared | grouped | siblings).values())


_Found = dict[tuple[LogId, int], Placed]


def _of_nonces(connection: Connection, hub: int, nonces: set[str]) -> _Found:
    found = _select(connection, nonces, ROWS.c.nonce, ROWS.c.hub == hub)
    return found | _select(connection, nonces, ROWS.c.annuls, ROWS.c.annuls.is_not(None), ROWS.c.hub == hub)


def _of_groups(connection: Connection, hub: int, groups: set[Group]) -> _Found:
    tickets = {ticket for _, ticket in groups}
    # Written out, not as parameters: that is how the planner knows its partial index.
    kinds = ROWS.c.kind.in_([literal_column(f"'{kind}'") for kind in sorted(GROUP_KINDS)])
    found = _select(connection, tickets, ROWS.c.ticket, ROWS.c.hub == hub, ROWS.c.ticket.is_not(None), kinds)
    return {place: placed for place, placed in found.items() if group_of(placed) in groups}


def _select(connection: Connection, values: set[str], column: Column[Any], *where: ColumnElement[bool]) -> _Found:
    """The rows whose `column` is among `values`, which go over as one parameter: thousands of them cost much more."""
    if not values:
        return {}
    among: ColumnElement[bool]
    if connection.dialect.name == "sqlite":
        among = column.in_(select(func.json_each(bindparam("some")).table_valued("value").c.value))
        some: object = _ENCODE.encode(sorted(values)).decode()
    else:
        among = column == any_(bindparam("some", type_=ARRAY(Text)))
        some = list(values)
    query = select(LOGS.c.log, ROWS.c.offset, ROWS.c.body).join(LOGS, LOGS.c.id == ROWS.c.log).where(among, *where)
    decode = _DECODE_ROW.decode
    found = connection.execute(query, {"some": some}).all()
    return {(log, offset): Placed(log, offset, decode(body)) for log, offset, body in found}


# Writing ------------------------------------------------------------------------------------------------------------


def add_hub(connection: Connection, name: str) -> int:
    """The key of a new hub."""
    return int(
        connection.execute(
            insert(HUBS).values(name=name, counts_at=0, counts_node="").returning(HUBS.c.id)
        ).scalar_one()
    )


def add_log(connection: Connection, hub: int, log: LogId) -> int:
    """The key of a new log of a hub."""
    return int(connection.execute(insert(LOGS).values(hub=hub, log=log, through=0).returning(LOGS.c.id)).scalar_one())


def add_rows(connection: Connection, hub: int, rows: Sequence[NewRow]) -> None:
    """Store rows that aren't there yet."""
    # Handed to the driver as they are: a dict a row through SQLAlchemy takes twice the time, and this is the hot path.
    values = [
        (hub, log, at, row.tick, row.kind, row.nonce, row.list, row.ticket, row.annuls, body)
        for log, (_, at, row), body in rows
    ]
    columns = 'hub, log, "offset", tick, kind, nonce, list, ticket, annuls, body'
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(values[0]))
        connection.exec_driver_sql(f"INSERT INTO rows ({columns}) VALUES ({marks})", values)  # noqa: S608
        return
    kinds = ("bigint",) * 4 + ("text",) * 5 + ("bytea",)
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    statement = f"INSERT INTO rows ({columns}) SELECT * FROM unnest({arrays})"  # noqa: S608
    connection.exec_driver_sql(statement, tuple(list(column) for column in zip(*values, strict=True)))


def add_refusals(connection: Connection, refusals: Sequence[NewRefusal], now: int) -> None:
    """Keep rows that aren't counted."""
    connection.execute(insert(REFUSED), [{**refusal._asdict(), "at": now} for refusal in refusals])


def drop_refusal(connection: Connection, log: int, offset: int) -> None:
    """The row at this place arrived again and is counted now."""
    connection.execute(
        delete(REFUSED).where(REFUSED.c.log == log, REFUSED.c.offset == offset, REFUSED.c.kind != "conflicting")
    )


def move_tally(connection: Connection, hub: int, change: Tally) -> None:
    """Add `change` to the stored tallies of a hub."""
    if change:
        statement = _upsert(connection, TALLIES, ["hub", "list", "gate", "figure"], {"n": TALLIES.c.n})
        connection.execute(
            statement,
            [
                {"hub": hub, "list": checkin_list, "gate": gate, "figure": figure, "n": n}
                for (checkin_list, gate, figure), n in change.items()
            ],
        )


def set_through(connection: Connection, logs: Iterable[LogBook]) -> None:
    """Write how far each log has come."""
    for log in logs:
        connection.execute(update(LOGS).where(LOGS.c.id == log.id).values(through=log.held.through))


def set_counts(connection: Connection, hub: int, node: str, payload: bytes, at: int) -> None:
    """Keep the hub's latest snapshot, the node that sent it, and when (ms)."""
    connection.execute(update(HUBS).where(HUBS.c.id == hub).values(counts=payload, counts_at=at, counts_node=node))


def set_status(connection: Connection, hub: int, node: str, payload: bytes, at: int) -> None:
    """Keep a node's last word as it came."""
    statement = _upsert(connection, NODES, ["hub", "node"], {"status": None, "status_at": None})
    connection.execute(statement, {"hub": hub, "node": node, "status": payload, "status_at": at})


def park(connection: Connection, topic: str, version: int, payload: bytes, now: int) -> None:
    """Keep a message of an unknown version; the oldest ones make room."""
    key = connection.execute(
        insert(PARKED).values(topic=topic, version=version, at=now, payload=payload).returning(PARKED.c.id)
    ).scalar_one()
    connection.execute(delete(PARKED).where(PARKED.c.id <= key - MAX_PARKED))


def _upsert(connection: Connection, table: Table, key: list[str], changed: dict[str, Column[Any] | None]) -> Insert:
    """An insert, or a change of the row with this key: adds to the column that `changed` names; None sets it."""
    statement = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    moves = {
        name: statement.excluded[name] if added is None else added + statement.excluded[name]
        for name, added in changed.items()
    }
    return statement.on_conflict_do_update(index_elements=key, set_=moves)
