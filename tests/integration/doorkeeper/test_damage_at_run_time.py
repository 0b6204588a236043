"""Damage found while the door is open ends the process with a mark; the next start takes over what can be read."""

from __future__ import annotations

import random
import secrets
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperRefused
from appliance.store.opening import PAGE_BYTES, is_damage
from appliance.store.soundness import mark_of
from tests.integration.doorkeeper.house import STOP_SECONDS, House, counted_right, read_rows, tickets


def root_of(ledger: Path, name: str) -> int:
    with closing(sqlite3.connect(ledger)) as connection:
        return int(connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0])


def garble(ledger: Path, *pages: int) -> None:
    with ledger.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE_BYTES)
            file.write(random.Random(page).randbytes(PAGE_BYTES))


def test_damage_that_a_scan_meets_ends_the_process_and_the_next_start_salvages(tmp_path: Path) -> None:
    with House(tmp_path, checked_at_start=0) as house:
        house.bring(*tickets(30))
        client = house.client()
        for i in range(30):
            client.shown(client.scan(f"code-{i}", gate="north", nonce=secrets.token_hex(8)).nonce)
        house.close()
        whole = read_rows(house.ledger)
        garble(house.ledger, root_of(house.ledger, "ledger_nonce"))
        house.open()
        with suppress(DoorkeeperAway, DoorkeeperRefused):
            house.client(timeout=0.5).scan("code-1", gate="north", nonce=secrets.token_hex(8))
        fault = house.process.wait()
        assert fault is not None
        assert is_damage(fault)
        assert mark_of(house.ledger).exists()
        house.reopen()
        standing = house.client().standing()
        assert standing.history_since == "2026-10-28T00:00:00.000Z"
        assert "30 rows taken over" in standing.damage
        assert house.client().scan("code-1", gate="north", nonce=secrets.token_hex(8)).reason == "already_redeemed"
        rows = house.rows()
        assert rows[:30] == whole
        assert rows[30].log != rows[29].log
        counted_right(house.ledger)


def test_a_salvaged_ledger_never_goes_on_with_an_old_log_though_nothing_was_written_yet(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        house.bring(*tickets(5))
        house.client().scan("code-1", gate="north", nonce=secrets.token_hex(8))
        house.close()
        house.ledger.write_bytes(house.ledger.read_bytes() + b"x" * 100)
        garble(house.ledger, root_of(house.ledger, "tallies"))
        house.open()
        house.reopen()
        assert house.client().scan("code-2", gate="north", nonce=secrets.token_hex(8)).outcome == "admitted"
        first, second = house.rows()
        assert first.log != second.log
        assert second.offset == 1


def test_a_large_ledger_is_checked_beside_the_open_door(tmp_path: Path) -> None:
    with House(tmp_path, checked_at_start=10_000) as house:
        house.bring(*tickets(2000))
        house.client().scan("code-1", gate="north", nonce=secrets.token_hex(8))
        house.close()
        garble(house.ledger, house.ledger.stat().st_size // PAGE_BYTES)
        house.open()
        fault = house.process.wait()
        assert fault is not None
        assert is_damage(fault)
        house.reopen()
        standing = house.client().standing()
        assert standing.history_since
        # A page holds some hundred.
        assert standing.tickets > 1800


def test_a_large_sound_ledger_stays_open(tmp_path: Path) -> None:
    with House(tmp_path, checked_at_start=10_000) as house:
        house.bring(*tickets(2000))
        house.reopen()
        checker = next(thread for thread in house.process._others if thread.name == "checker")
        checker.join(STOP_SECONDS)
        assert house.client().standing().tickets == 2000
        assert house.process.fault is None


@pytest.mark.parametrize("side", ["", "-wal"])
def test_a_file_taken_away_after_a_kill_is_said(tmp_path: Path, side: str) -> None:
    from tests.integration.doorkeeper.house import OwnProcess, bring

    with OwnProcess(tmp_path) as door:
        from appliance.doorkeeper.client import DoorkeeperClient

        with DoorkeeperClient(door.socket, timeout=30) as client:
            bring(client, tickets(5))
            client.scan("code-1", gate="north", nonce=secrets.token_hex(8))
            door.kill()
            door.ledger.with_name(door.ledger.name + side).unlink()
            door.start()
            standing = client.standing()
            assert standing.history_since
            assert "is gone" in standing.damage
