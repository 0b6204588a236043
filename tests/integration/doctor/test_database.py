"""Real databases: sound, damaged, with wrong tallies."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.doctor.database import check_ledger, check_live, check_staff
from appliance.doctor.finding import exit_code
from appliance.store import staff
from appliance.store.live import Parked, replace_parked
from appliance.store.opening import open_live
from appliance.store.soundness import mark_damaged
from tests.ledgers import LOG, Ledger, rows


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with Ledger(path) as writer:
        writer.add(rows(50))
    return path


def test_a_sound_ledger_is_well_and_counted(ledger: Path) -> None:
    (finding,) = check_ledger(ledger)
    assert finding.level == "ok"
    assert "50 rows, tallies equal to a recount" in finding.found


def test_looking_at_a_ledger_changes_nothing_in_it(ledger: Path) -> None:
    before = ledger.read_bytes()
    list(check_ledger(ledger))
    list(check_staff(ledger))
    assert ledger.read_bytes() == before


def test_a_wrong_tally_is_a_fault_that_names_it(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE tallies SET n = n + 1 WHERE figure = 'entries' AND gate = 'north'")
    (finding,) = check_ledger(ledger)
    assert finding.level == "fault"
    assert "entries of door/north" in finding.found


def test_a_damaged_ledger_is_a_fault(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute("PRAGMA page_size").fetchone()[0]
    with ledger.open("r+b") as file:
        file.seek(page)
        file.write(b"\xff" * page * 3)
    assert exit_code(check_ledger(ledger)) == 2


def test_no_database_at_all_is_a_fault_when_it_is_something_else(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("a shopping list, and not a short one\n" * 200)
    (finding,) = check_ledger(path)
    assert finding.level == "fault"
    assert "restart the doorkeeper" in finding.do


def test_a_ledger_marked_as_damaged_is_a_fault_and_kept_copies_are_a_warning(ledger: Path) -> None:
    ledger.with_name("ledger.db.damaged-1").write_text("old")
    assert exit_code(check_ledger(ledger)) == 1
    mark_damaged(ledger, "page 3")
    assert exit_code(check_ledger(ledger)) == 2


def test_a_ledger_that_is_not_there_yet_is_a_warning(tmp_path: Path) -> None:
    assert exit_code(check_ledger(tmp_path / "ledger.db")) == 1
    assert exit_code(check_live(tmp_path / "live.db")) == 1
    assert list(tmp_path.iterdir()) == []


def test_rows_that_central_refused_are_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with closing(open_live(path)) as connection:
        assert exit_code(check_live(path)) == 0
        replace_parked(connection, "central", [Parked(LOG, 5, 7, "unknown kind of ticket id")])
    (finding,) = check_live(path)
    assert (finding.level, "refused 3 rows" in finding.found) == ("warning", True)


def test_a_hub_without_staff_is_a_warning(ledger: Path) -> None:
    (finding,) = check_staff(ledger)
    assert finding.level == "warning"
    with closing(sqlite3.connect(ledger)) as connection, connection:
        staff.add(connection, "Ada", "lead", "2026-11-24T09:12:44.120Z")
    (finding,) = check_staff(ledger)
    assert finding.level == "ok"
