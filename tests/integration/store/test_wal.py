"""The write-ahead log damaged: SQLite drops what stands behind a broken frame without a word; we don't."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from appliance.domain.clock import Moment
from appliance.domain.ticket import Millis
from appliance.store.holding import Left
from appliance.store.opening import SIDES
from appliance.store.reading import recount
from appliance.store.salvage import open_or_salvage
from appliance.store.wal import committed_frames, length, make_room, read_wal
from tests.ledgers import START, Ledger, rows

FRAME: Final = 24 + 4096
NOW: Final = Moment(Millis(START), synced=True)
KILLED: Final = Left("open", "boot")
ROWS: Final = 120


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A ledger as a killed process leaves it: everything is in the write-ahead log."""
    with Ledger(tmp_path / "living" / "ledger.db") as ledger:
        for row in rows(ROWS):
            ledger.add([row])
        path = tmp_path / "ledger.db"
        for side in SIDES:
            shutil.copy(ledger.path.with_name("ledger.db" + side), path.with_name("ledger.db" + side))
    return path


def wal_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def count(connection: sqlite3.Connection) -> int:
    stored, counted = recount(connection)
    assert stored == counted
    return int(connection.execute("SELECT count(*) FROM ledger").fetchone()[0])


def test_all_frames_of_a_killed_ledger_are_sound(killed: Path) -> None:
    wal = read_wal(killed)
    frames = list(wal.frames())
    assert all(frame.sound for frame in frames)
    assert len(frames) == committed_frames(killed, wal) == length(killed).frames > ROWS
    assert wal.loss(len(frames)) == ""
    opened = open_or_salvage(killed, now=NOW, left=KILLED, boot="boot")
    with closing(opened.connection):
        assert not opened.salvaged
        assert count(opened.connection) == ROWS


@pytest.mark.parametrize("seed", range(24))
def test_a_broken_frame_is_noticed_and_the_frames_behind_it_are_taken_over(killed: Path, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(wal_of(killed).read_bytes())
    frames = len(content) // FRAME
    number = frames - 1 - seed if seed < 3 else chance.randrange(frames)
    at = 32 + number * FRAME + chance.choice([0, 24, 24 + 2000])
    size = chance.choice([8, 200, FRAME, 3 * FRAME])
    content[at : at + size] = chance.randbytes(len(content[at : at + size]))
    wal_of(killed).write_bytes(content)
    opened = open_or_salvage(killed, now=NOW, left=KILLED, boot="boot")
    with closing(opened.connection):
        assert opened.salvaged
        # At most what only the broken frames held is lost: later frames hold all but the last row once more.
        assert count(opened.connection) >= ROWS - 4
        damage = dict(opened.connection.execute("SELECT key, value FROM meta"))["damage"]
        assert damage.startswith("the write-ahead log")
    assert wal_of(killed.with_name("ledger.db.damaged-1")).read_bytes() == content


def test_a_broken_header_is_noticed_and_the_frames_are_taken_over(killed: Path) -> None:
    content = bytearray(wal_of(killed).read_bytes())
    content[:32] = random.Random(1).randbytes(32)
    wal_of(killed).write_bytes(content)
    opened = open_or_salvage(killed, now=NOW, left=KILLED, boot="boot")
    with closing(opened.connection):
        assert opened.salvaged
        assert count(opened.connection) >= ROWS - 1


def test_a_log_that_is_gone_is_noticed(killed: Path) -> None:
    wal_of(killed).unlink()
    opened = open_or_salvage(killed, now=NOW, left=KILLED, boot="boot")
    with closing(opened.connection):
        assert opened.salvaged
        assert "is gone" in dict(opened.connection.execute("SELECT key, value FROM meta"))["damage"]


def test_a_log_cut_short_within_one_boot_is_noticed(killed: Path) -> None:
    content = wal_of(killed).read_bytes()
    wal_of(killed).write_bytes(content[: len(content) // 2])
    opened = open_or_salvage(killed, now=NOW, left=KILLED, boot="boot")
    with closing(opened.connection):
        assert opened.salvaged
        assert "lost" in dict(opened.connection.execute("SELECT key, value FROM meta"))["damage"]


@pytest.mark.parametrize("torn", [4096, 24, 10])
def test_a_commit_that_the_power_cut_short_is_no_damage(killed: Path, torn: int) -> None:
    """After a reboot the index says nothing, and the last frames may be half written: they were promised to nobody."""
    content = wal_of(killed).read_bytes()
    wal_of(killed).write_bytes(content[:-torn])
    opened = open_or_salvage(killed, now=NOW, left=Left("open", "an earlier boot"), boot="boot")
    with closing(opened.connection):
        assert not opened.salvaged
        assert count(opened.connection) == ROWS - 1


def test_a_last_frame_that_never_reached_the_disk_is_no_damage(killed: Path) -> None:
    content = bytearray(wal_of(killed).read_bytes())
    content[-4096:] = bytes(4096)
    wal_of(killed).write_bytes(content)
    opened = open_or_salvage(killed, now=NOW, left=Left("open", "an earlier boot"), boot="boot")
    with closing(opened.connection):
        assert not opened.salvaged


def test_frames_left_from_before_the_log_began_anew_are_no_damage(tmp_path: Path) -> None:
    with Ledger(tmp_path / "living" / "ledger.db") as ledger:
        for row in rows(ROWS):
            ledger.add([row])
        long = length(ledger.path)
        ledger.connection.execute("PRAGMA wal_checkpoint(RESTART)")
        ledger.add(rows(3, start=ROWS + 1))
        short = length(ledger.path)
        assert short.frames < long.frames
        assert short.salts != long.salts
        wal = read_wal(ledger.path)
        assert sum(frame.sound for frame in wal.frames()) == short.frames == committed_frames(ledger.path, wal)
        assert wal.loss(short.frames) == ""
        assert "lost" in wal.loss(short.frames + 1)


def test_room_made_in_the_log_is_no_damage_and_holds_no_frames(killed: Path) -> None:
    before = length(killed)
    make_room(killed)
    assert wal_of(killed).stat().st_size > 8_000_000
    assert length(killed) == before
    assert read_wal(killed).loss(before.frames) == ""
    opened = open_or_salvage(killed, now=NOW, left=KILLED, boot="boot")
    with closing(opened.connection):
        assert not opened.salvaged
        assert count(opened.connection) == ROWS
