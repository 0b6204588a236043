"""A damaged ledger.db: the file is kept, every readable row goes into a new one under its old log id and offset.

Whenever the power goes in between, the next start goes on: the mark stands until the new file is in its place.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

from appliance.domain.attendance import fold
from appliance.domain.clock import Moment, iso
from appliance.domain.row import LogId, Placed
from appliance.store.carving import LOG_KEY, Log, carve_ledger, carve_logs, carve_rest
from appliance.store.holding import Left
from appliance.store.opening import SIDES, StoreFault, make_ledger, open_ledger, remove
from appliance.store.pages import Image, Value
from appliance.store.rows import move_tallies
from appliance.store.soundness import CHECKED_AT_START, mark_damaged, mark_of, open_sound
from appliance.store.wal import read_wal

log = logging.getLogger(__name__)

_REST: Final = ("meta", "rosters", "tickets", "staff", "login_links", "unshown")
_NEVER: Final = Left("", "")


class Opened(NamedTuple):
    """The writer's connection; `salvaged` says that the ledger starts a new log now."""

    connection: sqlite3.Connection
    salvaged: bool


def open_or_salvage(
    path: Path, *, now: Moment, left: Left = _NEVER, boot: str = "", checked: int = CHECKED_AT_START
) -> Opened:
    """Open ledger.db; salvage it first if it is damaged. StoreFault if neither can be.

    `now` dates the damage, `left` and `boot` are as in `open_sound`.
    """
    found = open_sound(path, left=left, boot=boot, checked=checked)
    if isinstance(found, sqlite3.Connection):
        return Opened(found, salvaged=False)
    log.error("ledger.db is damaged (%s): taking over what can be read", found)
    try:
        cut_off = mark_of(path).exists() and not path.exists()
        mark_damaged(path, found)
        kept = _set_aside(path, again=cut_off)
        make_ledger(path, lambda connection: _take_over(kept, connection, found, now))
        mark_of(path).unlink(missing_ok=True)
        return Opened(open_ledger(path), salvaged=True)
    except (sqlite3.Error, OSError) as fault:
        raise StoreFault(
            f"{path} is damaged ({found}) and what can be read of it could not be taken over ({fault}). Nothing is "
            "thrown away: make room on the disk and start again"
        ) from fault


def _set_aside(path: Path, *, again: bool) -> Path:
    """The damaged file under a name of its own; `again`: the one that an earlier start, cut off since, set aside."""
    number = 1
    while _at(path, number).exists():
        number += 1
    if again and number > 1:
        number -= 1
    for side in SIDES:
        old, kept = path.with_name(path.name + side), _at(path, number)
        if old.exists():
            old.rename(kept.with_name(kept.name + side))
    return _at(path, number)


def _at(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.damaged-{number}")


def _take_over(kept: Path, connection: sqlite3.Connection, why: str, now: Moment) -> None:
    with Image(kept, read_wal(kept).pages()) as image:
        taken = _take_rows(image, connection)
        cut = _take_rest(image, kept, connection)
    move_tallies(connection, fold(taken))
    gaps = len({(placed.log, placed.offset) for placed in _after_gaps(taken)})
    highest = max([placed.row.tick for placed in taken], default=0)
    rest = f"incomplete: {', '.join(cut)}" if cut else "the rest is whole"
    damage = f"{why}. {len(taken)} rows taken over, {gaps} gaps; {rest}. Kept as {kept.name}"
    since = now.at if now.synced else iso(max(now.now, highest))
    meta = [("history_since", since), ("damage", damage), ("highest_tick", str(highest))]
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?,?)", meta)
    log.error("ledger.db salvaged: %s", damage)


def _take_rows(image: Image, connection: sqlite3.Connection) -> list[Placed]:
    """Copy every log that has rows, and every readable ledger row."""
    logs = carve_logs(image)
    written: dict[tuple[int, int], Placed] = {}
    kept = sorted(carve_ledger(image, logs), key=lambda row: (row.seq, row.key))
    _write_logs(connection, {key: logs[key] for key in {row.key for row in kept}})
    seqs: set[int] = set()
    for seq, key, placed, body in kept:
        if (key, placed.offset) in written:
            continue
        row = placed.row
        connection.execute(
            "INSERT INTO ledger VALUES (?,?,?,?,?,?,?,?,?)",
            (
                None if seq in seqs else seq,
                key,
                placed.offset,
                row.kind,
                row.nonce,
                row.list,
                row.ticket,
                row.annuls,
                body,
            ),
        )
        seqs.add(seq)
        written[key, placed.offset] = placed
    return list(written.values())


def _write_logs(connection: sqlite3.Connection, logs: dict[int, Log]) -> None:
    # No boot: whatever boot this is, none of these logs is gone on with.
    connection.executemany(
        "INSERT OR IGNORE INTO logs VALUES (?,?,?,'',?)",
        [(key, of.name, of.node, of.begun) for key, of in logs.items()],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO meta VALUES (?,?)", [(f"{LOG_KEY}{key}", of.name) for key, of in logs.items()]
    )


def _take_rest(image: Image, kept: Path, connection: sqlite3.Connection) -> list[str]:
    """Copy roster, staff and sessions as far as they can be read; what of it may be incomplete."""
    scratch = kept.with_name(kept.name + ".scratch")
    remove(scratch)
    cut: list[str] = []
    try:
        image.write(scratch)
        with closing(sqlite3.connect(scratch, isolation_level=None)) as source:
            for table in _REST:
                if table == "tickets":
                    _mend_living(image, connection)
                _insert(connection, table, _readable(source, image, table, cut))
    finally:
        remove(scratch)
    _mend_roster(connection)
    return cut


def _readable(source: sqlite3.Connection, image: Image, table: str, cut: list[str]) -> Iterator[tuple[Value, ...]]:
    """The table's rows; where its tree is broken, what the pages still hold. Says so in `cut`."""
    try:
        yield from source.execute(f"SELECT * FROM {table}")  # noqa: S608 (names above)
    except sqlite3.Error as fault:
        log.warning("damaged ledger: table %s is not whole: %s", table, fault)
        cut.append(table)
        yield from carve_rest(image, table)


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[tuple[Value, ...]]) -> None:
    for row in rows:
        marks = ",".join("?" * len(row))
        # What can't stand beside what is there already, or refers to what is lost, is garbage or older.
        with suppress(sqlite3.IntegrityError):
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 (names above)


def _mend_living(image: Image, connection: sqlite3.Connection) -> None:
    """Where no roster is known to be the living one, that with the most tickets is."""
    if connection.execute("SELECT 1 FROM rosters WHERE state = 'living'").fetchone():
        return
    tickets = Counter(values[0] for values in carve_rest(image, "tickets"))
    if tickets:
        connection.execute(
            "INSERT OR REPLACE INTO rosters VALUES (?, 'living', 'salvaged', '', 0, '', 0)",
            (tickets.most_common(1)[0][0],),
        )


def _mend_roster(connection: sqlite3.Connection) -> None:
    """Let the rosters say how many tickets they really have, and forget those that were being written or swept."""
    connection.execute("DELETE FROM tickets WHERE roster NOT IN (SELECT id FROM rosters WHERE state = 'living')")
    connection.execute("DELETE FROM rosters WHERE state <> 'living'")
    connection.execute(
        "UPDATE rosters SET indexed = 0, rows = (SELECT count(*) FROM tickets WHERE roster = rosters.id)"
    )


def _after_gaps(rows: Iterable[Placed]) -> Iterable[Placed]:
    """Each row that stands after a gap in its log."""
    last: dict[LogId, int] = {}
    for placed in sorted(rows, key=lambda placed: (placed.log, placed.offset)):
        if placed.offset != last.get(placed.log, 0) + 1:
            yield placed
        last[placed.log] = placed.offset
