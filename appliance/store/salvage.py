"""A damaged ledger.db: the file is kept, every readable row goes into a new one under its old log id and offset."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from appliance.domain.attendance import fold
from appliance.domain.row import LogId, Placed
from appliance.store.opening import StoreFault, is_damage, open_ledger
from appliance.store.rows import DECODE_ROW, move_tallies

log = logging.getLogger(__name__)

CHECKED_AT_START: Final = 64 * 1024 * 1024
"""Bytes of a file that is checked whole before the door opens (0.3 s); larger ones are trusted until a read fails."""
_STRIDE: Final = 4096
_PAGE_COUNT: Final = slice(28, 32)


class Opened(NamedTuple):
    """The writer's connection; `salvaged` says that the ledger starts a new log now."""

    connection: sqlite3.Connection
    salvaged: bool


def mark_damaged(path: Path, why: str) -> None:
    """Leave word for the next start that `path` is damaged."""
    _mark(path).write_text(why, encoding="utf-8")


def _mark(path: Path) -> Path:
    return path.with_name(path.name + ".damaged")


def open_or_salvage(path: Path, *, at: str) -> Opened:
    """Open ledger.db; salvage it first if it is damaged. `at`: the time to say when history became uncertain."""
    why = _damage(path)
    if not why:
        return Opened(open_ledger(path), salvaged=False)
    log.error("ledger.db is damaged (%s): taking over what can be read", why)
    kept = _set_aside(path)
    connection = open_ledger(path)
    _take_over(kept, connection, why, at)
    _mark(path).unlink(missing_ok=True)
    return Opened(connection, salvaged=True)


def _damage(path: Path) -> str:
    """Why `path` must be salvaged; empty for a sound (or missing) one."""
    if not path.exists():
        return "ledger.db is gone" if _mark(path).exists() else ""
    if _mark(path).exists():
        return _mark(path).read_text(encoding="utf-8", errors="replace")[:200] or "unreadable"
    try:
        connection = open_ledger(path)
        try:
            return _check(connection, path)
        finally:
            connection.close()
    except (sqlite3.DatabaseError, StoreFault) as fault:
        if isinstance(fault, StoreFault) or not is_damage(fault):
            raise
        return str(fault)


def _check(connection: sqlite3.Connection, path: Path) -> str:
    if path.stat().st_size > CHECKED_AT_START:
        connection.execute("SELECT max(seq) FROM ledger").fetchone()
        connection.execute("SELECT count(*) FROM tallies").fetchone()
        return ""
    found = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    return "" if found == ["ok"] else "; ".join(found)[:200]


def _set_aside(path: Path) -> Path:
    """Rename the damaged file and its log to a name of their own."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        old = path.with_name(path.name + suffix)
        if old.exists():
            old.rename(kept.with_name(kept.name + suffix))
    return kept


def _take_over(kept: Path, connection: sqlite3.Connection, why: str, at: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    taken: list[Placed] = []
    complete = False
    if kept.exists():
        for source in _ways_in(kept, connection):
            with source:
                try:
                    taken = _take_rows(source, connection)
                    complete = _take_rest(source, connection)
                except sqlite3.DatabaseError as fault:
                    log.warning("damaged ledger: %s", fault)
                    continue
            break
    move_tallies(connection, fold(taken))
    holes = sum(1 for _ in _holes(taken))
    damage = f"{why}. {len(taken)} rows taken over, {holes} gaps; {'the rest is whole' if complete else 'roster or staff incomplete'}. Kept as {kept.name}"
    meta = [("history_since", at), ("damage", damage), ("highest_tick", str(max([placed.row.tick for placed in taken], default=0)))]
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?,?)", meta)
    connection.execute("COMMIT")
    log.error("ledger.db salvaged: %s", damage)


def _ways_in(kept: Path, fresh: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """The damaged file as it is; then a copy whose first page is a fresh database's (tables stand where migrations put them)."""
    connection = sqlite3.connect(kept, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        connection.execute("SELECT 1 FROM ledger LIMIT 1").fetchone()
    except sqlite3.DatabaseError:
        connection.close()
    else:
        yield connection
        connection.close()
    patched = kept.with_name(kept.name + "-patched")
    page = fresh.execute("PRAGMA page_size").fetchone()[0]
    fresh.execute("COMMIT")
    fresh.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    fresh_path = Path(fresh.execute("PRAGMA database_list").fetchone()[2])
    first = bytearray(fresh_path.read_bytes()[:page])
    fresh.execute("BEGIN IMMEDIATE")
    content = kept.read_bytes()
    first[_PAGE_COUNT] = (len(content) // page).to_bytes(4, "big")
    first[32:40] = bytes(8)
    patched.write_bytes(bytes(first) + content[page:])
    connection = sqlite3.connect(patched, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
        for suffix in ("", "-wal", "-shm"):
            patched.with_name(patched.name + suffix).unlink(missing_ok=True)


def _take_rows(source: sqlite3.Connection, connection: sqlite3.Connection) -> list[Placed]:
    """Copy every log and every readable ledger row."""
    logs = {row[0]: row for row in _readable(source, "logs", "id", "id, log, node, boot, begun")}
    taken: list[Placed] = []
    for seq, key, offset, kind, nonce, of, ticket, annuls, body in _readable(
        source, "ledger", "seq", "seq, log, offset, kind, nonce, list, ticket, annuls, body"
    ):
        try:
            row = DECODE_ROW.decode(body)
        except (msgspec.DecodeError, TypeError):
            continue
        if key not in logs or (row.kind, row.nonce, row.list, row.ticket) != (kind, nonce, of, ticket):
            continue
        if not connection.execute("SELECT 1 FROM logs WHERE id = ?", (key,)).fetchone():
            connection.execute("INSERT INTO logs VALUES (?,?,?,?,?)", logs[key])
        written = connection.execute(
            "INSERT OR IGNORE INTO ledger VALUES (?,?,?,?,?,?,?,?,?)", (seq, key, offset, kind, nonce, of, ticket, annuls, body)
        ).rowcount
        if written:
            taken.append(Placed(LogId(logs[key][1]), offset, row))
    return taken


def _take_rest(source: sqlite3.Connection, connection: sqlite3.Connection) -> bool:
    """Copy roster, staff and sessions as far as they can be read; whether all of it could."""
    whole = True
    for table in ("rosters", "tickets", "staff", "login_links", "meta", "unshown"):
        try:
            for row in source.execute(f"SELECT * FROM {table}"):  # noqa: S608 (names above)
                marks = ",".join("?" * len(row))
                connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)  # noqa: S608 (names above)
        except sqlite3.DatabaseError as fault:
            log.warning("damaged ledger: table %s is cut short: %s", table, fault)
            whole = False
    return whole


def _readable(source: sqlite3.Connection, table: str, key: str, fields: str) -> Iterator[tuple[Any, ...]]:
    """All rows of a table that can be read, by halving the ranges that can't."""
    highest = _highest(source, table, key)
    for first in range(1, highest + 1, _STRIDE):
        yield from _range(source, table, key, fields, first, min(first + _STRIDE - 1, highest))


def _range(source: sqlite3.Connection, table: str, key: str, fields: str, first: int, last: int) -> Iterable[tuple[Any, ...]]:
    try:
        query = f"SELECT {fields} FROM {table} NOT INDEXED WHERE {key} BETWEEN ? AND ? ORDER BY {key}"  # noqa: S608 (names above)
        return source.execute(query, (first, last)).fetchall()
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        if first == last:
            return []
        middle = (first + last) // 2
        return [
            *_range(source, table, key, fields, first, middle),
            *_range(source, table, key, fields, middle + 1, last),
        ]


def _highest(source: sqlite3.Connection, table: str, key: str) -> int:
    """The highest key of a table; where its last page is broken, the nearest power of two above what answers."""
    try:
        return int(source.execute(f"SELECT coalesce(max({key}), 0) FROM {table}").fetchone()[0])  # noqa: S608 (names above)
    except sqlite3.DatabaseError:
        size: int = source.execute("PRAGMA page_count").fetchone()[0]
        # A row takes at least 32 bytes, so no table holds more of them than this.
        return size * 128


def _holes(rows: Iterable[Placed]) -> Iterator[tuple[LogId, int]]:
    """(log, offset) of each row that stands after a gap."""
    last: dict[LogId, int] = {}
    for placed in sorted(rows, key=lambda placed: (placed.log, placed.offset)):
        if placed.offset != last.get(placed.log, 0) + 1:
            yield placed.log, placed.offset
        last[placed.log] = placed.offset
