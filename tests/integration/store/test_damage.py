"""Damage to ledger.db really done: what can be read is taken over under its log and offset, and nothing is silent."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from appliance.domain.clock import Moment
from appliance.domain.row import LogId, NodeId
from appliance.domain.ticket import CheckinList, Millis, Ticket, TicketId
from appliance.doorkeeper.recorder import Recorder
from appliance.store import roster, staff
from appliance.store.holding import Left
from appliance.store.opening import PAGE_BYTES, StoreFault, open_ledger, remove
from appliance.store.reading import holes, recount
from appliance.store.salvage import Opened, open_or_salvage
from appliance.store.soundness import mark_damaged, mark_of
from tests.ledgers import LOG, START, Ledger, rows

ROWS: Final = 900
TICKETS: Final = 800
NOW: Final = Moment(Millis(START + 86_400_000), synced=True)
BOOT: Final = "boot-of-now"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of a busy day, with roster and staff, closed."""
    path = tmp_path_factory.mktemp("sound") / "ledger.db"
    fill(path)
    return path


def fill(path: Path) -> None:
    with Ledger(path, session=17, term=3) as ledger:
        connection = ledger.connection
        connection.execute("BEGIN")
        number = roster.begin(connection, "tickets.csv", "d1", NOW.at)
        roster.add(connection, number, [ticket(i) for i in range(TICKETS)])
        roster.switch(connection, number, TICKETS)
        staff.add(connection, "Ada", "lead", NOW.at)
        connection.execute("COMMIT")
        ledger.add(rows(ROWS))
        ledger.add(rows(200, node="k9"), log=LogId("aa11"), node="k9")


def ticket(i: int) -> Ticket:
    return Ticket(id=TicketId(f"T-{i:06d}"), code=f"code-{i:06d}" + "x" * (i % 7 * 200), name="Ada Lovelace")


@pytest.fixture
def damaged(sound: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    path = tmp_path / "ledger.db"
    path.write_bytes(sound.read_bytes())
    return path


def bodies(path: Path | sqlite3.Connection) -> dict[tuple[str, int], bytes]:
    query = "SELECT logs.log, offset, body FROM ledger JOIN logs ON logs.id = ledger.log"
    if isinstance(path, sqlite3.Connection):
        return {(log, offset): body for log, offset, body in path.execute(query)}
    with closing(sqlite3.connect(path)) as connection:
        return {(log, offset): body for log, offset, body in connection.execute(query)}


def salvage(path: Path, left: Left = Left("", "")) -> Opened:  # noqa: B008 (a constant)
    return open_or_salvage(path, now=NOW, left=left, boot=BOOT)


def held_against(opened: Opened, whole: dict[tuple[str, int], bytes], lost_pages: int) -> None:
    """Every row is as it was, few are missing, the tallies are those of the rows, and the file says what happened."""
    assert opened.salvaged
    connection = opened.connection
    found = bodies(connection)
    assert found.items() <= whole.items()
    per_page = PAGE_BYTES // 200
    assert len(found) >= len(whole) - lost_pages * per_page
    stored, counted = recount(connection)
    assert stored == counted
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    assert meta["history_since"] == NOW.at
    assert f"{len(found)} rows taken over" in meta["damage"]
    assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def next_row_is_in_a_new_log(connection: sqlite3.Connection, boot: str) -> None:
    recorder = Recorder(connection, node=NodeId("n1"), boot=boot)
    with recorder.transaction(durable=True):
        placed = recorder.write(
            NOW, kind="refusal", reason="invalid", list="door", gate="north", nonce="nonce-after-all"
        )
    assert placed.log not in (LOG, "aa11")
    assert placed.offset == 1
    stored, counted = recount(connection)
    assert stored == counted


@pytest.mark.parametrize("seed", range(36))
def test_garbage_over_random_pages_costs_only_what_stood_there(damaged: Path, sound: Path, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(damaged.read_bytes())
    pages = len(content) // PAGE_BYTES
    hit = {1} if seed < 4 else set()
    hit |= set(
        chance.sample(range(2, pages + 1), chance.choice([0, 1, 2, 5]) if seed < 4 else chance.choice([1, 2, 5, 12]))
    )
    for page in hit:
        length = chance.choice([PAGE_BYTES, PAGE_BYTES, 512])
        at = (page - 1) * PAGE_BYTES + (chance.randrange(PAGE_BYTES - length) if length < PAGE_BYTES else 0)
        content[at : at + length] = chance.randbytes(length)
    damaged.write_bytes(content)
    with closing(salvaged_or_unharmed(damaged, sound, bytes(content), hit)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)


def salvaged_or_unharmed(damaged: Path, sound: Path, content: bytes, hit: set[int]) -> sqlite3.Connection:
    """Garbage within a row's own text can't be told from a text; all other damage is found at the start."""
    opened = salvage(damaged)
    if not opened.salvaged:
        return opened.connection
    held_against(opened, bodies(sound), len(hit))
    kept = damaged.with_name("ledger.db.damaged-1")
    assert kept.read_bytes() == content
    assert not mark_of(damaged).exists()
    next_row_is_in_a_new_log(opened.connection, f"boot-{LOG}")
    return opened.connection


def test_whole_pages_of_garbage_are_always_found(damaged: Path, sound: Path) -> None:
    pages = damaged.stat().st_size // PAGE_BYTES
    whole = damaged.read_bytes()
    for page in range(1, pages + 1, 31):
        content = bytearray(whole)
        content[(page - 1) * PAGE_BYTES : page * PAGE_BYTES] = random.Random(page).randbytes(PAGE_BYTES)
        remove(damaged)
        damaged.write_bytes(content)
        opened = salvage(damaged)
        with closing(opened.connection):
            held_against(opened, bodies(sound), 1)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_file_cut_short_gives_what_its_pages_hold(damaged: Path, sound: Path, share: float) -> None:
    content = damaged.read_bytes()
    damaged.write_bytes(content[: int(len(content) * share)])
    opened = salvage(damaged)
    with closing(opened.connection):
        held_against(opened, bodies(sound), len(content) // PAGE_BYTES)
        next_row_is_in_a_new_log(opened.connection, BOOT)


@pytest.mark.parametrize("content", [b"", b"this is no database\n" * 500, bytes(40_000)])
def test_a_file_that_is_no_database_is_kept_and_said_so(damaged: Path, content: bytes) -> None:
    damaged.write_bytes(content)
    opened = salvage(damaged)
    with closing(opened.connection):
        held_against(opened, {}, 0)
    assert damaged.with_name("ledger.db.damaged-1").read_bytes() == content


def test_another_sqlite_database_in_its_place_is_not_written_into(damaged: Path) -> None:
    damaged.unlink()
    with closing(sqlite3.connect(damaged)) as other:
        other.execute("CREATE TABLE photos (name TEXT)")
        other.commit()
    opened = salvage(damaged)
    with closing(opened.connection):
        held_against(opened, {}, 0)
    with closing(sqlite3.connect(damaged.with_name("ledger.db.damaged-1"))) as kept:
        assert kept.execute("SELECT name FROM sqlite_schema").fetchall() == [("photos",)]


@pytest.mark.parametrize("state", ["open", "closed"])
def test_a_ledger_that_is_gone_is_told_from_one_that_never_was(tmp_path: Path, state: str) -> None:
    with closing(open_or_salvage(tmp_path / "new.db", now=NOW).connection) as connection:
        assert not connection.execute("SELECT 1 FROM meta").fetchall()
    opened = salvage(tmp_path / "ledger.db", Left(state, BOOT))  # type: ignore[arg-type]  # of the two
    with closing(opened.connection):
        held_against(opened, {}, 0)


def test_roster_and_staff_outlive_damage_elsewhere(damaged: Path) -> None:
    content = bytearray(damaged.read_bytes())
    with closing(sqlite3.connect(damaged)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'ledger'").fetchone()
    content[(page - 1) * PAGE_BYTES : page * PAGE_BYTES] = bytes(PAGE_BYTES)
    damaged.write_bytes(content)
    with closing(salvage(damaged).connection) as connection:
        assert list(roster.read_tickets(connection)) == sorted(
            (ticket(i) for i in range(TICKETS)), key=lambda t: t.code
        )
        assert connection.execute("SELECT name, role FROM staff").fetchall() == [("Ada", "lead")]
        assert dict(connection.execute("SELECT key, value FROM meta"))["session"] == "17"
        assert "the rest is whole" in dict(connection.execute("SELECT key, value FROM meta"))["damage"]


def test_a_roster_with_a_broken_root_is_read_from_its_leaves(damaged: Path) -> None:
    content = bytearray(damaged.read_bytes())
    with closing(sqlite3.connect(damaged)) as connection:
        roots = [
            page
            for (page,) in connection.execute("SELECT rootpage FROM sqlite_schema WHERE name IN ('tickets', 'rosters')")
        ]
    for page in roots:
        content[(page - 1) * PAGE_BYTES : page * PAGE_BYTES] = random.Random(page).randbytes(PAGE_BYTES)
    damaged.write_bytes(content)
    with closing(salvage(damaged).connection) as connection:
        living = roster.living(connection)
        assert living is not None
        found = list(roster.read_tickets(connection))
        # What stood on the inner page itself is gone.
        assert TICKETS - 20 <= len(found) == living.rows <= TICKETS
        assert {one.id: one for one in found}.items() <= {f"T-{i:06d}": ticket(i) for i in range(TICKETS)}.items()
        assert "tickets" in dict(connection.execute("SELECT key, value FROM meta"))["damage"]


def test_the_names_of_the_logs_stand_in_two_places(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    recorder = Recorder(open_ledger(path), node=NodeId("n1"), boot=BOOT)
    with closing(recorder.connection):
        with recorder.transaction(durable=True):
            written = recorder.write(NOW, kind="refusal", reason="invalid", list="door", gate="a", nonce="nonce-0001")
        roots = recorder.connection.execute("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'logs'").fetchall()
    content = bytearray(path.read_bytes())
    for (page,) in roots:
        content[(page - 1) * PAGE_BYTES : page * PAGE_BYTES] = random.Random(page).randbytes(PAGE_BYTES)
    path.write_bytes(content)
    with closing(salvage(path).connection) as connection:
        assert list(bodies(connection)) == [(written.log, 1)]


def test_a_mark_left_at_run_time_has_the_file_salvaged_however_sound_it_looks(damaged: Path, sound: Path) -> None:
    mark_damaged(damaged, "database disk image is malformed")
    opened = salvage(damaged)
    with closing(opened.connection):
        held_against(opened, bodies(sound), 0)
        assert len(bodies(opened.connection)) == ROWS + 200
        assert holes(opened.connection) == []


def test_a_salvage_cut_off_by_the_power_goes_on_at_the_next_start(damaged: Path, sound: Path) -> None:
    mark_damaged(damaged, "malformed")
    damaged.rename(damaged.with_name("ledger.db.damaged-1"))
    damaged.with_name("ledger.db.new").write_bytes(b"half of it")
    opened = salvage(damaged, Left("open", BOOT))
    with closing(opened.connection):
        held_against(opened, bodies(sound), 0)
        assert len(bodies(opened.connection)) == ROWS + 200
    assert not damaged.with_name("ledger.db.damaged-2").exists()


def test_damage_a_second_time_keeps_both_files(damaged: Path) -> None:
    for number in (1, 2):
        mark_damaged(damaged, f"for the {number}. time")
        salvage(damaged).connection.close()
        assert damaged.with_name(f"ledger.db.damaged-{number}").exists()
    with closing(sqlite3.connect(damaged)) as connection:
        assert len(bodies(connection)) == ROWS + 200


def test_a_full_disk_while_salvaging_throws_nothing_away(
    damaged: Path, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A directory where the new file would be written stands for a disk that takes no more.
    mark_damaged(damaged, "malformed")
    blocked = damaged.with_name("ledger.db.damaged-1.scratch")
    blocked.mkdir()
    with pytest.raises(StoreFault, match="make room"):
        salvage(damaged)
    blocked.rmdir()
    opened = salvage(damaged, Left("open", BOOT))
    with closing(opened.connection):
        held_against(opened, bodies(sound), 0)


def test_a_sound_ledger_is_opened_as_it_is(damaged: Path) -> None:
    opened = salvage(damaged, Left("closed", BOOT))
    with closing(opened.connection):
        assert not opened.salvaged
        assert "history_since" not in dict(opened.connection.execute("SELECT key, value FROM meta"))


def test_rows_are_dated_by_the_ledger_where_the_clock_knows_nothing(damaged: Path) -> None:
    mark_damaged(damaged, "malformed")
    opened = open_or_salvage(damaged, now=Moment(Millis(5000), synced=False))
    with closing(opened.connection):
        assert dict(opened.connection.execute("SELECT key, value FROM meta"))["history_since"].startswith(
            "2026-11-24T09:12"
        )


def test_the_door_knows_after_salvage_who_is_inside(damaged: Path) -> None:
    mark_damaged(damaged, "malformed")
    with closing(sqlite3.connect(damaged)) as connection:
        before = connection.execute("SELECT * FROM tallies WHERE n <> 0 ORDER BY 1, 2, 3").fetchall()
    with closing(salvage(damaged).connection) as connection:
        assert connection.execute("SELECT * FROM tallies WHERE n <> 0 ORDER BY 1, 2, 3").fetchall() == before
    assert CheckinList().id == "door"
