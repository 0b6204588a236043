"""Opening a database file: pragmas, migrations, and the faults that mean damage."""

from __future__ import annotations

import importlib.resources
import sqlite3
from pathlib import Path
from typing import Final, Literal

BUSY_MILLIS: Final = 2000
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

Schema = Literal["ledger", "live"]


class StoreFault(Exception):
    """A database that can't be used; says which file and what to do."""


def is_damage(fault: sqlite3.Error) -> bool:
    """Whether `fault` says that the file's content is broken, rather than busy, full or out of reach."""
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def open_ledger(path: Path) -> sqlite3.Connection:
    """The writer's connection to ledger.db, migrated. The file is made if it is missing.

    synchronous=FULL: a commit returns when the rows are on the disk. No automatic checkpoint: that is the checkpointer's,
    off the scan path.
    """
    connection = _open(path, "FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    migrate(connection, "ledger", path)
    return connection


def open_live(path: Path) -> sqlite3.Connection:
    """A connection to live.db, migrated. A damaged file is thrown away: nothing in it must outlive the power."""
    try:
        return _live(path)
    except sqlite3.DatabaseError as fault:
        if not is_damage(fault):
            raise
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _live(path)


def _live(path: Path) -> sqlite3.Connection:
    connection = _open(path, "OFF")
    migrate(connection, "live", path)
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection; StoreFault if the file isn't there yet."""
    if not path.exists():
        raise StoreFault(f"{path} does not exist yet: start the doorkeeper, which makes it")
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLIS}")
    connection.execute("PRAGMA query_only = 1")
    return connection


def _open(path: Path, synchronous: str) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLIS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def migrate(connection: sqlite3.Connection, schema: Schema, path: Path) -> None:
    """Bring `connection` to the newest version, one numbered file at a time, each whole or not at all."""
    directory = importlib.resources.files("appliance.store") / "migrations" / schema
    steps = sorted((int(entry.name.removesuffix(".sql")), entry) for entry in directory.iterdir() if entry.name.endswith(".sql"))
    have = connection.execute("PRAGMA user_version").fetchone()[0]
    if have > steps[-1][0]:
        raise StoreFault(f"{path} was written by a newer version ({have}; this one knows {steps[-1][0]}): upgrade the appliance")
    for number, entry in steps:
        if number > have:
            script = entry.read_text(encoding="utf-8")
            try:
                # Another process may have been faster: looked at again under the lock, by the script's own first statement.
                connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
            except sqlite3.Error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if connection.execute("PRAGMA user_version").fetchone()[0] < number:
                    raise
