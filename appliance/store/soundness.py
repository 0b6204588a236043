"""Whether ledger.db can be trusted, and the mark that says that it can't."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from appliance.store.holding import Left
from appliance.store.opening import StoreDamaged, StoreFault, is_damage, open_ledger, sync_directory
from appliance.store.wal import committed_frames, read_wal

CHECKED_AT_START: Final = 64 * 1024 * 1024
"""Bytes of a file that is checked whole before the door opens (0.3 s); larger ones are checked beside the open door."""
_TOLD: Final = 200


def mark_damaged(path: Path, why: str) -> None:
    """Leave word for the next start that `path` is damaged."""
    mark = mark_of(path)
    with mark.open("w", encoding="utf-8") as file:
        file.write(why)
        file.flush()
        os.fsync(file.fileno())
    sync_directory(mark)


def mark_of(path: Path) -> Path:
    """The file whose being there says that `path` must be salvaged."""
    return path.with_name(path.name + ".damaged")


def open_sound(path: Path, *, left: Left, boot: str, checked: int = CHECKED_AT_START) -> sqlite3.Connection | str:
    """The writer's connection to a sound (or new) ledger.db; otherwise why it must be salvaged.

    `left`: the last holder's word; `boot`: this boot of the machine. Files larger than `checked` bytes aren't read
    whole.
    """
    why = _foretold(path, left)
    if why:
        return why
    try:
        why = _found(path, left, boot, checked) if path.exists() else ""
        return why or open_ledger(path)
    except StoreDamaged as fault:
        return str(fault)[:_TOLD]
    except sqlite3.Error as fault:
        # A file of ours on which a migration can't run isn't what we left, whatever SQLite calls it.
        if not is_damage(fault) and getattr(fault, "sqlite_errorcode", 0) != sqlite3.SQLITE_ERROR:
            raise StoreFault(
                f"{path} can't be opened: {fault}. Look at the disk (`df`, `dmesg`) and who holds the file"
            ) from fault
        return str(fault)[:_TOLD]


def _foretold(path: Path, left: Left) -> str:
    """What can be told before SQLite touches the file, which would mend it without a word."""
    if mark_of(path).exists():
        return mark_of(path).read_text(encoding="utf-8", errors="replace")[:_TOLD] or "unreadable"
    if not path.exists():
        return "ledger.db is gone" if left.state or not read_wal(path).is_empty else ""
    if path.stat().st_size == 0:
        return "ledger.db is empty"
    if left.state == "open" and not path.with_name(path.name + "-wal").exists():
        return "the write-ahead log is gone"
    return ""


def _found(path: Path, left: Left, boot: str, checked: int) -> str:
    """What a look at the file and its log finds, on a connection that can't change them."""
    wal = read_wal(path)
    committed = committed_frames(path, wal) if left.boot == boot else 0
    address = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        # By its first read SQLite finds out how much of the log it takes.
        connection.execute("SELECT max(seq) FROM ledger").fetchone()
        connection.execute("SELECT count(*) FROM tallies").fetchone()
        found = quick_check(connection) if path.stat().st_size <= checked else ""
    return wal.loss(committed, intact=committed_frames(path, wal)) or found


def quick_check(connection: sqlite3.Connection) -> str:
    """What is wrong with the file, in a few words; empty if nothing. Reads all of it."""
    found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    return "" if found == ["ok"] else "; ".join(found)[:_TOLD]
