"""ledger.db as a file: what can't be done to its rows, migrations, readers, and who holds it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.store import roster
from appliance.store import rows as ledger_rows
from appliance.store.holding import Left, hold
from appliance.store.opening import (
    StoreDamaged,
    StoreFault,
    is_busy,
    is_damage,
    make_ledger,
    open_ledger,
    open_live,
    open_reader,
)
from appliance.store.reading import bodies_after, holes, last_rows, recount, rows_after, snapshot
from tests.ledgers import LOG, Ledger, rows


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as opened:
        opened.add(rows(60))
        yield opened


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("DELETE FROM ledger", "never deleted"),
        ("DELETE FROM ledger WHERE seq = 7", "never deleted"),
        ("UPDATE ledger SET body = body", "never changed"),
        ("UPDATE ledger SET ticket = 'T-1' WHERE seq = 1", "never changed"),
        (
            "INSERT INTO ledger (log, offset, kind, nonce, list, body) VALUES (1, 7, 'entry', 'n', 'door', x'00')",
            "UNIQUE",
        ),
        (
            "INSERT INTO ledger (log, offset, kind, nonce, list, body) VALUES (1, 0, 'entry', 'n', 'door', x'00')",
            "CHECK",
        ),
        (
            "INSERT INTO ledger (log, offset, kind, nonce, list, body) VALUES (9, 1, 'entry', 'n', 'door', x'00')",
            "FOREIGN",
        ),
    ],
)
def test_the_file_itself_refuses_what_must_never_happen(ledger: Ledger, statement: str, word: str) -> None:
    before = ledger.connection.execute("SELECT * FROM ledger").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match=word):
        ledger.connection.execute(statement)
    assert ledger.connection.execute("SELECT * FROM ledger").fetchall() == before


def test_a_commit_is_on_the_disk_when_it_returns(ledger: Ledger) -> None:
    assert ledger.connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert ledger.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_second_opening_migrates_nothing_and_keeps_all(ledger: Ledger) -> None:
    with closing(open_ledger(ledger.path)) as again:
        assert again.execute("SELECT count(*) FROM ledger").fetchone() == (60,)


def test_a_file_of_a_newer_version_is_left_alone(ledger: Ledger) -> None:
    ledger.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreFault, match="upgrade"):
        open_ledger(ledger.path)


def test_an_impossible_version_is_damage(ledger: Ledger) -> None:
    ledger.connection.execute("PRAGMA user_version = 123456789")
    with pytest.raises(StoreDamaged):
        open_ledger(ledger.path)


def test_a_new_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO meta VALUES ('a', 'b')")
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        make_ledger(path, fail)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_cannot_write_and_says_what_to_start(ledger: Ledger, tmp_path: Path) -> None:
    with closing(open_reader(ledger.path)) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM tallies")
    with pytest.raises(StoreFault, match="start the doorkeeper"):
        open_reader(tmp_path / "nowhere.db")


def test_a_damaged_live_file_is_thrown_away(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with closing(open_live(path)) as connection:
        connection.executemany("INSERT INTO cursors VALUES ('central', ?, 1)", [(f"{i:08x}" * 8,) for i in range(500)])
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[3 * 4096 :] = b"\xff" * (len(content) - 3 * 4096)
    path.write_bytes(content)
    with closing(open_live(path)) as connection:
        assert connection.execute("SELECT count(*) FROM cursors").fetchone() == (0,)


def test_one_process_holds_the_ledger_and_the_next_learns_how_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    first = hold(path)
    assert first.left == Left("", "")
    with pytest.raises(StoreFault, match="another doorkeeper"):
        hold(path)
    first.opened("boot-1")
    first.release()
    second = hold(path)
    assert second.left == Left("open", "boot-1")
    second.closed("boot-1")
    second.release()
    third = hold(path)
    assert third.left == Left("closed", "boot-1")
    third.release()


def test_reading_in_order_of_arrival_and_by_offset(ledger: Ledger) -> None:
    connection = ledger.connection
    assert [seq for seq, _ in rows_after(connection, 10, 5)] == [11, 12, 13, 14, 15]
    assert [seq for seq, _ in last_rows(connection, 3)] == [60, 59, 58]
    assert [offset for offset, _ in bodies_after(connection, LOG, 10, 13, 500)] == [11, 12, 13]
    assert bodies_after(connection, LOG, 10, 60, 2)[-1][0] == 12
    whole = snapshot(connection)
    assert whole.through == {LOG: 60}
    assert whole.seq == 60
    assert recount(connection) == (whole.tally, whole.tally)


def test_holes_are_named(ledger: Ledger) -> None:
    assert holes(ledger.connection) == []
    ledger.lose(1, 2)
    ledger.lose(30, 39)
    assert holes(ledger.connection) == [(LOG, 1, 2), (LOG, 30, 39)]


def test_a_row_that_cannot_be_read_is_damage(ledger: Ledger) -> None:
    ledger.damage(60, b'{"kind":"entr')
    with pytest.raises(StoreDamaged, match="ledger row") as fault:
        last_rows(ledger.connection, 1)
    assert is_damage(fault.value)


def test_a_text_that_is_none_is_damage(ledger: Ledger) -> None:
    ledger.connection.execute("INSERT INTO meta VALUES ('k', CAST(x'ff00fe' AS TEXT))")
    with pytest.raises(sqlite3.OperationalError) as fault:
        ledger.connection.execute("SELECT * FROM meta WHERE key = 'k'").fetchall()
    assert is_damage(fault.value)


def test_a_held_file_is_busy_and_not_damaged(ledger: Ledger) -> None:
    with closing(sqlite3.connect(ledger.path, isolation_level=None, timeout=0)) as other:
        ledger.connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as fault:
            other.execute("BEGIN IMMEDIATE")
        ledger.connection.execute("ROLLBACK")
    assert is_busy(fault.value)
    assert not is_damage(fault.value)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (ledger_rows._OF_TICKET.replace("?", "'x'"), "ledger_ticket"),
        (ledger_rows._OF_SCAN.replace("?", "'x'"), "ledger_nonce"),
        (ledger_rows._BY_NONCE % "'x','y'", "ledger_nonce"),
        (ledger_rows._BY_ANNULS % "'x','y'", "ledger_annuls"),
        ("SELECT max(offset) FROM ledger WHERE log = 1", "ledger_place"),
        (roster.BY_CODE.replace("?", "'x'"), "PRIMARY KEY (roster=? AND code=?)"),
        (roster.BY_ID.replace("?", "'x'"), "ticket_ids USING PRIMARY KEY (roster=? AND id=?)"),
    ],
)
def test_no_question_of_the_scan_path_reads_a_whole_table(ledger: Ledger, query: str, index: str) -> None:
    plan = " ".join(row[3] for row in ledger.connection.execute(f"EXPLAIN QUERY PLAN {query}"))
    assert index in plan
    assert "SCAN ledger" not in plan
    assert "SCAN tickets" not in plan
