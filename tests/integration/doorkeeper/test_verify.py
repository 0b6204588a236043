"""`appliance ledger verify`: the tallies held against a recount."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.doorkeeper.verify import Difference, Hole, verify
from appliance.store.opening import StoreFault
from tests.integration.doorkeeper.house import House
from tests.ledgers import LOG, Ledger, rows


def test_a_ledger_at_work_agrees(house: House) -> None:
    client = house.client()
    for i in range(10):
        client.scan(f"code-{i}", gate="north", nonce=secrets.token_hex(8))
    found = verify(house.ledger)
    assert found.agrees
    assert (found.rows, found.differences, found.holes) == (10, [], [])
    assert found.counted["door", "", "attendance"] == 10


def test_a_tally_that_differs_and_rows_that_are_missing_are_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Ledger(path) as ledger:
        ledger.add(rows(50))
        ledger.lose(10, 12)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE tallies SET n = n + 5 WHERE figure = 'entries' AND gate = 'south'")
        connection.execute("INSERT INTO tallies VALUES ('door', 'west', 'exits', 1)")
    found = verify(path)
    assert not found.agrees
    assert found.holes == [Hole(LOG, 10, 12)]
    assert Difference(("door", "west", "exits"), 1, 0) in found.differences
    assert any(one.figure == ("door", "south", "entries") for one in found.differences)


def test_a_ledger_that_is_not_there_says_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="start the doorkeeper"):
        verify(tmp_path / "ledger.db")
