"""A clock that starts in 1970, is synchronised later, and jumps: rows say so, and ticks rise whatever it does."""

from __future__ import annotations

import itertools
import secrets
from pathlib import Path

from tests.integration.doorkeeper.house import NOON, Clocks, House, counted_right, tickets

HOUR = 3_600_000


def test_rows_are_marked_and_ordered_whatever_the_clock_does(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.clocks = Clocks(5_000, synced=False)
    with house:
        house.bring(*tickets(20))
        client = house.client()

        def scan(i: int) -> str:
            house.clocks.pass_by(1000)
            client.shown(client.scan(f"code-{i}", gate="north", nonce=secrets.token_hex(8)).nonce)
            return client.standing().clock

        said = [scan(0), scan(1)]
        house.clocks.wall, house.clocks.synced = NOON, True
        said += [scan(2), scan(3)]
        house.clocks.wall += 2 * HOUR
        said += [scan(4), scan(5)]
        house.clocks.wall -= 4 * HOUR
        said += [scan(6)]
        house.clocks.wall += 2 * HOUR
        said += [scan(7)]
        expected = ["unsynced"] * 2 + ["synced"] * 2 + ["unsynced"] * 3 + ["synced"]
        assert said == expected
        rows = [placed.row for placed in house.rows()]
        assert [row.clock for row in rows] == expected
        assert [row.tick for row in rows[:2]] == [1, 2]
        assert all(after.tick > before.tick for before, after in itertools.pairwise(rows))
        assert rows[4].at == "2026-10-28T00:00:03.000Z"
        counted_right(house.ledger)


def test_after_a_reboot_at_1970_ticks_go_on_above_those_of_the_ledger(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        house.bring(*tickets(5))
        house.client().scan("code-1", gate="north", nonce=secrets.token_hex(8))
        house.clocks = Clocks(0, synced=False)
        house.reopen("boot-2")
        house.client().scan("code-2", gate="north", nonce=secrets.token_hex(8))
        first, second = (placed.row for placed in house.rows())
        assert second.tick == first.tick + 1
        assert (second.at, second.clock) == (first.at, "unsynced")


def test_a_clock_that_was_synchronised_anew_between_two_scans_is_believed(tmp_path: Path) -> None:
    """The clock is looked at once a second, or a loss of synchronisation between two scans would go unnoticed."""
    with House(tmp_path) as house:
        house.bring(*tickets(5))
        client = house.client()
        client.scan("code-1", gate="north", nonce=secrets.token_hex(8))
        house.clocks.synced = False
        while client.standing().clock != "unsynced":
            pass
        house.clocks.wall += 2 * HOUR
        house.clocks.synced = True
        client.scan("code-2", gate="north", nonce=secrets.token_hex(8))
        assert [placed.row.clock for placed in house.rows()] == ["synced", "synced"]
