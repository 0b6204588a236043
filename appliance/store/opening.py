"""Opening a database file: pragmas, migrations, and the faults that mean damage."""

from __future__ import annotations

import importlib.resources
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

BUSY_MILLIS: Final = 2000
PAGE_BYTES: Final = 4096
"""Of every file made here; salvage counts on it when a file's own header can't be read."""
SIDES: Final = ("", "-wal", "-shm")
"""A database and its companions, by what their names end with."""

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UNREADABLE: Final = frozenset({10 | 1 << 8, 10 | 33 << 8})
"""SQLITE_IOERR_READ and SQLITE_IOERR_CORRUPTFS: a bad sector, or a file system that has lost it."""
_UNDECODABLE: Final = "Could not decode to UTF-8"
"""What Python's sqlite3 says, without a code, of a text that isn't one."""

_VERSIONS: Final = 10_000
"""No appliance will ever have had so many."""

Schema = Literal["ledger", "live"]


class StoreFault(Exception):
    """A database that can't be used; says which file and what to do."""


class StoreDamaged(StoreFault):
    """What was read can't have been written by us."""


def is_damage(fault: BaseException) -> bool:
    """Whether `fault` says that a file's content is broken, rather than busy, full or out of reach."""
    if isinstance(fault, StoreDamaged):
        return True
    code = getattr(fault, "sqlite_errorcode", 0) or 0
    return (
        code & 0xFF in _DAMAGE
        or code in _UNREADABLE
        or (isinstance(fault, sqlite3.Error) and _UNDECODABLE in str(fault))
    )


def is_busy(fault: BaseException) -> bool:
    """Whether `fault` says that somebody else holds the file."""
    return (getattr(fault, "sqlite_errorcode", 0) or 0) & 0xFF == sqlite3.SQLITE_BUSY


def open_ledger(path: Path) -> sqlite3.Connection:
    """The writer's connection to ledger.db, migrated. The file is made if it is missing.

    synchronous=FULL: a commit returns when the rows are on the disk. No automatic checkpoint: that is the
    checkpointer's, off the scan path.
    """
    if not path.exists():
        make_ledger(path)
    connection = _open(path, "FULL")
    try:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        migrate(connection, "ledger", path)
    except BaseException:
        connection.close()
        raise
    return connection


def make_ledger(path: Path, fill: Callable[[sqlite3.Connection], None] | None = None) -> None:
    """A new ledger.db, filled by `fill` in one transaction: there whole or not at all, whenever the power goes."""
    beside = path.with_name(path.name + ".new")
    remove(beside)
    connection = _open(beside, "FULL")
    try:
        migrate(connection, "ledger", beside)
        if fill is not None:
            connection.execute("BEGIN IMMEDIATE")
            fill(connection)
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        remove(beside)
        raise
    connection.close()
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.rename(path)
    sync_directory(path)


def remove(path: Path) -> None:
    """Delete a database with its companions."""
    for side in SIDES:
        path.with_name(path.name + side).unlink(missing_ok=True)


def sync_directory(path: Path) -> None:
    """Make what was renamed or made beside `path` outlive the power."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def open_live(path: Path) -> sqlite3.Connection:
    """A connection to live.db, migrated. A damaged file is thrown away: nothing in it must outlive the power."""
    try:
        return _live(path)
    except (sqlite3.DatabaseError, StoreDamaged) as fault:
        if not is_damage(fault):
            raise
        remove(path)
        return _live(path)


def _live(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # SQLite would make it for its maker alone to write; web and report, two users on a box, both do (if the umask lets
    # them). What keeps this from working, SQLite says too.
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660))
    connection = _open(path, "OFF")
    try:
        migrate(connection, "live", path)
        _check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreDamaged(f"{path}: {found}")


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection; StoreFault if the file isn't there yet.

    A salvage puts another file in its place: whoever keeps a connection looks at the file's inode now and then.
    """
    if not path.exists():
        raise StoreFault(f"{path} does not exist yet: start the doorkeeper, which makes it")
    address = f"{path.resolve().as_uri()}?mode=ro"
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLIS}")
    connection.execute("PRAGMA query_only = 1")
    return connection


def _open(path: Path, synchronous: str) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLIS}")
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, schema: Schema, path: Path) -> None:
    """Bring `connection` to the newest version, one numbered file at a time, each whole or not at all."""
    directory = importlib.resources.files("appliance.store") / "migrations" / schema
    steps = sorted(
        (int(entry.name.removesuffix(".sql")), entry) for entry in directory.iterdir() if entry.name.endswith(".sql")
    )
    have = _version(connection)
    if not 0 <= have < _VERSIONS:
        raise StoreDamaged(f"{path} says that its version is {have}")
    if have > steps[-1][0]:
        raise StoreFault(
            f"{path} was written by a newer version ({have}; this one knows {steps[-1][0]}): upgrade the appliance"
        )
    for number, entry in steps:
        if number > have:
            script = entry.read_text(encoding="utf-8")
            try:
                # Another process may have been faster: then the script fails at its first statement.
                connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
            except sqlite3.Error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if _version(connection) < number:
                    raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
