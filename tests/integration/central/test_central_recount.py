"""Counting again from the rows, beside the stored tallies."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from appliance.central.exceptions import DatabaseUnusableError
from appliance.central.recount import exit_code, lines, recount
from appliance.central.schema import TALLIES
from tests.integration.central.desk import Desk, checkins, message, sqlite_url
from tests.ledgers import LOG, rows

ROWS = list(rows(200))


def test_it_agrees_and_says_what_is_missing_refused_and_parked(desk: Desk, database_url: str) -> None:
    weighing = msgspec.structs.replace(ROWS[3], kind="weighing")
    desk.take(
        checkins([*ROWS[:3], weighing, b"{}", *ROWS[5:50]]),
        checkins(ROWS[59:], 60),
        checkins([ROWS[0]], 2),
        checkins(ROWS[:20], hub="oslo"),
        message("status", b'{"v":2}'),
    )
    result = recount(database_url)
    assert exit_code(result) == 0
    berlin, oslo = result.hubs
    assert (berlin.hub, berlin.rows, berlin.through) == ("berlin", 190, {LOG: 50})
    assert (berlin.missing, berlin.refused, berlin.conflicting, berlin.unknown) == (9, 1, 1, 1)
    assert (oslo.rows, oslo.missing, result.parked) == (20, 0, 1)
    said = "\n".join(lines(result))
    for words in (
        "berlin: agrees, 190 rows",
        "9 rows missing",
        "1 rows refused",
        "oslo: agrees",
        "1 messages of unknown",
    ):
        assert words in said
    assert msgspec.json.decode(msgspec.json.encode(result))["hubs"][0]["agrees"] is True


def test_a_tally_that_is_not_that_of_the_rows_is_named_with_both_values(desk: Desk, database_url: str) -> None:
    desk.take(checkins(ROWS))
    entries = desk.stored_tally()["door", "north", "entries"]
    with desk.engine.begin() as connection:
        connection.execute(
            update(TALLIES).where(TALLIES.c.figure == "entries", TALLIES.c.gate == "north").values(n=entries + 5)
        )
    result = recount(database_url)
    assert exit_code(result) == 1
    said = "\n".join(lines(result))
    assert "berlin: DIFFERS" in said
    assert f"entries of list 'door', gate 'north': stored {entries + 5}, recount {entries}" in said


def test_it_reads_one_state_while_central_writes(desk: Desk, database_url: str) -> None:
    desk.take(checkins(ROWS[:100]))
    with desk.engine.begin() as connection:
        connection.execute(update(TALLIES).values(n=0))
        assert exit_code(recount(database_url)) == 0
        connection.rollback()


def test_an_empty_central_agrees_and_says_that_nobody_has_reported(desk: Desk, database_url: str) -> None:
    assert desk.books == {}
    result = recount(database_url)
    assert (exit_code(result), list(lines(result))) == (0, ["no hub has reported yet"])


def test_without_a_database_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusableError, match="does not exist"):
        recount(sqlite_url(tmp_path / "central.db"))
