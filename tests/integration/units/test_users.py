"""Who may do what with ledger.db and live.db, tried with real users as systemd/ lays them out.

The users' processes are forked from this one rather than started: its Python and its checkout may lie where they can't
enter.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from appliance.store.opening import open_ledger, open_live, open_reader
from tests.tools import needs_root

DOORKEEPER, WEB, REPORT, SCAN = 61001, 61002, 61003, 61004
LEDGER_GROUP, OTHER_GROUP = 61010, 61011
STOP_SECONDS = 60.0


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state directory as tmpfiles.d and the processes' first start make it."""
    needs_root()
    for directory in [tmp_path, *tmp_path.parents]:
        if any(part.startswith("pytest-of-") for part in directory.parts):
            directory.chmod(0o711)
    state = tmp_path / "state"
    state.mkdir()
    (state / "live").mkdir()
    open_ledger(state / "ledger.db").close()
    before = os.umask(0o007)
    open_live(state / "live" / "live.db").close()
    os.umask(before)
    for path, mode in ((state, 0o2750), (state / "ledger.db", 0o640), (state / "live", 0o2770)):
        os.chown(path, DOORKEEPER, LEDGER_GROUP)
        path.chmod(mode)
    # Its mode is as `open_live` made it.
    os.chown(state / "live" / "live.db", REPORT, LEDGER_GROUP)
    return state


def fork(body: Callable[[Connection], None], near: Connection, far: Connection) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=body, args=(far,), daemon=True)
    with warnings.catch_warnings():
        # It holds no lock that another thread of this process might have.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    far.close()
    return process


def become(user: int, group: int, umask: int = 0o007) -> None:
    os.umask(umask)
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)


def outcome(user: int, group: int, what: Callable[[], object]) -> str:
    """What `what` returned to this user, or what it died of."""

    def body(far: Connection) -> None:
        become(user, group)
        try:
            far.send(str(what()))
        except (OSError, sqlite3.Error) as fault:
            far.send(f"{type(fault).__name__}: {fault}")

    near, far = multiprocessing.Pipe()
    with closing(near):
        process = fork(body, near, far)
        assert near.poll(STOP_SECONDS)
        said: str = near.recv()
        process.join(STOP_SECONDS)
    return said


@contextmanager
def doorkeeper(state: Path) -> Iterator[tuple[BaseProcess, Callable[[str], None]]]:
    """A process that holds the ledger open; (it, write)."""

    def body(far: Connection) -> None:
        # As root: SQLite gives the files beside ledger.db to its owner, whoever opens it.
        connection = open_ledger(state / "ledger.db")
        become(DOORKEEPER, LEDGER_GROUP, 0o027)
        far.send("open")
        while key := far.recv():
            connection.execute("INSERT INTO meta VALUES (?, ?)", (key, key))
            far.send("written")

    near, far = multiprocessing.Pipe()
    process = fork(body, near, far)

    def write(key: str) -> None:
        near.send(key)
        assert near.poll(STOP_SECONDS)
        assert near.recv() == "written"

    try:
        assert near.poll(STOP_SECONDS)
        assert near.recv() == "open"
        yield process, write
    finally:
        process.kill()
        process.join(STOP_SECONDS)
        near.close()


def count(state: Path) -> str:
    with closing(open_reader(state / "ledger.db")) as connection:
        return str(connection.execute("SELECT count(*) FROM meta").fetchone()[0])


def delete_rows(state: Path) -> object:
    with closing(sqlite3.connect(state / "ledger.db")) as connection:
        return connection.execute("DELETE FROM meta")


def test_its_group_reads_what_the_doorkeeper_writes(state: Path) -> None:
    with doorkeeper(state) as (_, write):
        before = int(outcome(WEB, LEDGER_GROUP, lambda: count(state)))
        write("one")
        assert outcome(WEB, LEDGER_GROUP, lambda: count(state)) == str(before + 1)
        assert outcome(REPORT, LEDGER_GROUP, lambda: count(state)) == str(before + 1)


@pytest.mark.parametrize(
    "attempt",
    [
        delete_rows,
        lambda state: (state / "ledger.db").open("ab"),
        lambda state: (state / "ledger.db-wal").open("ab"),
        lambda state: (state / "ledger.db-shm").open("ab"),
        lambda state: (state / "ledger.db").unlink(),
        lambda state: (state / "ledger.db-wal").rename(state / "live" / "stolen"),
        lambda state: (state / "ledger.db.damaged").write_text("really"),
    ],
    ids=[
        "delete rows",
        "write the file",
        "write its log",
        "write its index",
        "remove it",
        "take its log away",
        "call it damaged",
    ],
)
def test_its_group_can_do_nothing_to_the_ledger(state: Path, attempt: Callable[[Path], object]) -> None:
    with doorkeeper(state) as (_, write):
        write("one")
        said = outcome(WEB, LEDGER_GROUP, lambda: attempt(state))
    assert "denied" in said or "readonly" in said


def test_its_group_still_reads_when_the_doorkeeper_was_killed(state: Path) -> None:
    with doorkeeper(state) as (process, write):
        write("one")
        before = outcome(WEB, LEDGER_GROUP, lambda: count(state))
        process.kill()
        process.join(STOP_SECONDS)
        assert outcome(WEB, LEDGER_GROUP, lambda: count(state)) == before


def test_nobody_else_reads_the_ledger(state: Path) -> None:
    with doorkeeper(state):
        assert "denied" in outcome(SCAN, OTHER_GROUP, lambda: (state / "ledger.db").read_bytes())


def test_web_and_report_both_write_live_db_whoever_made_it(state: Path) -> None:
    def move_cursor() -> str:
        with closing(sqlite3.connect(state / "live" / "live.db", isolation_level=None)) as connection:
            connection.execute("INSERT OR REPLACE INTO cursors VALUES ('central', '3f2c', 1)")
        return "written"

    for user in (REPORT, WEB, REPORT):
        assert outcome(user, LEDGER_GROUP, move_cursor) == "written"
