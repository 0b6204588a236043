"""A flood of unknown codes: 30 rows a minute, then one that counts the rest."""

from __future__ import annotations

from appliance.doorkeeper.flood import Gathered, UnknownCodes

MINUTE = 60_000


def test_thirty_of_a_minute_get_a_row_each_and_the_rest_one_together() -> None:
    codes = UnknownCodes()
    rows = [codes.is_row("north", at) for at in range(0, 50_000, 500)]
    assert rows == [True] * 30 + [False] * 70
    assert codes.due(MINUTE - 1) == []
    assert codes.due(MINUTE) == [Gathered("north", 70)]
    assert codes.due(2 * MINUTE) == []


def test_each_gate_is_gathered_apart() -> None:
    codes = UnknownCodes()
    for _ in range(30):
        assert codes.is_row("north", 0)
    for gate in ("north", "south", "south"):
        assert not codes.is_row(gate, 1)
    assert codes.rest() == [Gathered("north", 1), Gathered("south", 2)]
    assert codes.rest() == []


def test_the_next_minute_has_thirty_rows_of_its_own() -> None:
    codes = UnknownCodes()
    for minute in range(3):
        at = minute * MINUTE
        gathered = codes.due(at)
        assert gathered == ([Gathered("north", 10)] if minute else [])
        assert [codes.is_row("north", at + i) for i in range(40)].count(True) == 30


def test_a_quiet_door_gathers_nothing() -> None:
    codes = UnknownCodes()
    assert codes.due(0) == []
    assert codes.is_row("north", 0)
    assert codes.due(10 * MINUTE) == []
