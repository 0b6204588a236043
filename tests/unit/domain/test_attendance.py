"""The fold, rule by rule of the wire's contract."""

from __future__ import annotations

import itertools

import pytest

from appliance.domain.admission import Earlier, History
from appliance.domain.attendance import (
    ATTENDANCE,
    CONFLICTS,
    ENTRIES,
    EXITS,
    OCCUPANCY,
    REPEATED,
    UNKNOWN,
    UNVERIFIED,
    Tally,
    fold,
    history,
    moved,
)
from tests.unit.domain.folding import Rows, annul, row

REFUSED = "refusal:invalid"


def figures(rows: Rows) -> dict[str, int]:
    """The fold's figures, of whatever gate; the same in every order of arrival."""
    tally = fold(rows)
    for shuffled in itertools.islice(itertools.permutations(rows), 24):
        assert fold(shuffled) == tally
    return {what: n for (_, _, what), n in tally.items()}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], {}),
        ([row("entry", 1)], {ENTRIES: 1, ATTENDANCE: 1, OCCUPANCY: 1}),
        ([row("entry", 1), row("exit", 2)], {ENTRIES: 1, EXITS: 1, ATTENDANCE: 1}),
        ([row("exit", 1)], {EXITS: 1}),
        ([row("exit", 1), row("entry", 2)], {ENTRIES: 1, EXITS: 1, ATTENDANCE: 1, OCCUPANCY: 1}),
        (
            [row("entry", 1), row("exit", 2), row("entry", 3)],
            {ENTRIES: 2, EXITS: 1, ATTENDANCE: 1, OCCUPANCY: 1},
        ),
        ([row("entry", 1), row("entry", 2, ticket="T-2")], {ENTRIES: 2, ATTENDANCE: 2, OCCUPANCY: 2}),
        ([row("refusal", 1)], {REFUSED: 1}),
        ([row("refusal", 1, times=17), row("refusal", 2)], {REFUSED: 18}),
    ],
)
def test_entries_exits_attendance_and_occupancy(rows: Rows, expected: dict[str, int]) -> None:
    assert figures(rows) == expected


def test_lists_are_counted_apart_and_gates_too() -> None:
    tally = fold([row("entry", 1), row("entry", 2, list="vip", gate="south"), row("refusal", 3, gate="south")])
    assert tally == {
        ("door", "north", ENTRIES): 1,
        ("door", "", ATTENDANCE): 1,
        ("door", "", OCCUPANCY): 1,
        ("vip", "south", ENTRIES): 1,
        ("vip", "", ATTENDANCE): 1,
        ("vip", "", OCCUPANCY): 1,
        ("door", "south", REFUSED): 1,
    }


def test_equal_ticks_are_ordered_by_log() -> None:
    """The same on every node: `bbbb` comes after `aaaa`."""
    assert OCCUPANCY not in figures([row("exit", 5, log="bbbb"), row("entry", 5, log="aaaa")])
    assert figures([row("exit", 5, log="aaaa"), row("entry", 5, log="bbbb")])[OCCUPANCY] == 1


# -- nonces ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verified", "unverified", "expected"),
    [
        (row("entry", 1, "n"), row("refusal", 2, "n", unverified=True, log="bbbb"), {REFUSED: 1, UNVERIFIED: 1}),
        (
            row("refusal", 1, "n"),
            row("entry", 2, "n", unverified=True, log="bbbb"),
            {ENTRIES: 1, ATTENDANCE: 1, OCCUPANCY: 1, UNVERIFIED: 1},
        ),
        (
            row("entry", 9, "n"),
            row("entry", 2, "n", unverified=True, log="bbbb"),
            {ENTRIES: 1, ATTENDANCE: 1, OCCUPANCY: 1, UNVERIFIED: 1},
        ),
    ],
)
def test_of_a_late_answer_and_an_unverified_row_the_unverified_one_stands(
    verified: object, unverified: object, expected: dict[str, int]
) -> None:
    """It says what the door did; it is no alarm."""
    assert figures([verified, unverified]) == expected  # type: ignore[list-item]


def test_any_other_repeat_of_a_nonce_is_an_alarm_and_the_first_row_stands() -> None:
    rows = [row("entry", 5, "n", gate="south"), row("entry", 3, "n", log="bbbb"), row("refusal", 9, "n")]
    assert figures(rows) == {ENTRIES: 1, ATTENDANCE: 1, OCCUPANCY: 1, REPEATED: 2}
    assert fold(rows)["door", "north", ENTRIES] == 1


def test_two_unverified_rows_of_a_nonce_and_a_late_answer_are_one_alarm() -> None:
    rows = [row("entry", 1, "n"), row("entry", 2, "n", unverified=True), row("exit", 3, "n", unverified=True)]
    assert figures(rows) == {ENTRIES: 1, ATTENDANCE: 1, OCCUPANCY: 1, UNVERIFIED: 1, REPEATED: 1}


def test_a_gathered_unverified_refusal_counts_as_often_as_it_says() -> None:
    assert figures([row("refusal", 1, times=5, unverified=True)]) == {REFUSED: 5, UNVERIFIED: 5}


# -- annulments --------------------------------------------------------------------------------------------------------


def test_an_annulment_undoes_its_scan_in_whatever_order_they_come() -> None:
    assert figures([row("entry", 1, "n"), annul(2, "n")]) == {}
    assert figures([annul(1, "n"), row("entry", 2, "n")]) == {}
    assert figures([row("refusal", 1, "n", times=3), annul(2, "n")]) == {}


def test_all_rows_of_an_annulled_nonce_fall() -> None:
    rows = [row("entry", 1, "n"), row("refusal", 2, "n", unverified=True, log="bbbb"), annul(3, "n")]
    assert figures(rows) == {}


def test_an_annulled_exit_leaves_the_person_inside() -> None:
    assert figures([row("entry", 1), row("exit", 2, "n"), annul(3, "n")])[OCCUPANCY] == 1


def test_an_annulled_entry_lets_the_earlier_exit_stand() -> None:
    rows = [row("entry", 1), row("exit", 2), row("entry", 3, "n"), annul(4, "n")]
    assert figures(rows) == {ENTRIES: 1, EXITS: 1, ATTENDANCE: 1}


def test_an_annulment_cannot_be_annulled() -> None:
    assert figures([row("entry", 1, "n"), annul(2, "n", nonce="undo"), annul(3, "undo")]) == {}


def test_annulling_twice_is_annulling_once() -> None:
    assert figures([row("entry", 1, "n"), annul(2, "n"), annul(3, "n")]) == {}


def test_an_annulment_of_nothing_changes_nothing() -> None:
    assert figures([row("entry", 1), annul(2, "nobody")])[ENTRIES] == 1


# -- conflicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "conflicts"),
    [
        ([row("entry", 1), row("entry", 2)], 1),
        ([row("entry", 1), row("entry", 2), row("entry", 3)], 1),
        ([row("entry", 1), row("exit", 2), row("entry", 3)], 0),
        ([row("entry", 1), row("entry", 2), row("exit", 3)], 1),
        ([row("entry", 1), row("entry", 2, override="s7")], 0),
        ([row("entry", 1, override="s7"), row("entry", 2)], 1),
        ([row("entry", 1), row("entry", 2, multiple=True)], 0),
        ([row("entry", 1, multiple=True), row("entry", 2)], 1),
        ([row("entry", 1), row("entry", 2, list="vip")], 0),
        ([row("entry", 1), row("entry", 2, ticket="T-2")], 0),
        ([row("entry", 1), row("entry", 2, log="bbbb"), row("settlement", 3)], 0),
        ([row("settlement", 1), row("entry", 2), row("entry", 3)], 1),
        ([row("entry", 1), row("settlement", 2), row("entry", 3)], 1),
        ([row("entry", 1), row("entry", 2), row("settlement", 3), row("entry", 4)], 1),
        ([row("entry", 1), row("entry", 2), row("settlement", 3), row("entry", 4), row("settlement", 5)], 0),
        ([row("entry", 1), row("entry", 2), row("settlement", 3, ticket="T-2")], 1),
        ([row("entry", 1), row("entry", 2), row("settlement", 3, list="vip")], 1),
        ([row("entry", 1), row("entry", 2, "n"), annul(3, "n")], 0),
        ([row("entry", 1), row("exit", 2, "n"), row("entry", 3), annul(4, "n")], 1),
    ],
)
def test_two_entries_without_an_exit_between_are_a_conflict_until_it_is_settled(rows: Rows, conflicts: int) -> None:
    assert figures(rows).get(CONFLICTS, 0) == conflicts


def test_a_settlement_moves_nobody() -> None:
    assert figures([row("entry", 1), row("entry", 2), row("settlement", 3, as_="left")])[OCCUPANCY] == 1


# -- what isn't known --------------------------------------------------------------------------------------------------


def test_rows_of_unknown_kinds_are_passed_over_and_counted() -> None:
    rows = [row("entry", 1), row("blessing", 2), row("blessing", 3)]
    assert figures(rows) == {ENTRIES: 1, ATTENDANCE: 1, OCCUPANCY: 1, UNKNOWN: 2}


# -- moved and history -------------------------------------------------------------------------------------------------


def test_what_arrives_moves_the_tally_down_as_well_as_up() -> None:
    entry, undone = row("entry", 1, "n"), annul(2, "n")
    assert moved([], [entry]) == Tally(
        {("door", "north", ENTRIES): 1, ("door", "", ATTENDANCE): 1, ("door", "", OCCUPANCY): 1}
    )
    assert moved([entry], [undone]) == Tally(
        {("door", "north", ENTRIES): -1, ("door", "", ATTENDANCE): -1, ("door", "", OCCUPANCY): -1}
    )


def test_history_is_the_last_standing_passage_and_the_last_standing_entry() -> None:
    entered, left = row("entry", 1, "n", at="09:00"), row("exit", 2, "m", at="10:00", gate="south")
    assert history([]) == History()
    assert history([left, entered]) == History(Earlier("exit", "10:00", "south"), Earlier("entry", "09:00", "north"))
    assert history([left, entered, annul(3, "m")]).last == Earlier("entry", "09:00", "north")
    assert history([left, annul(3, "n"), entered]) == History(Earlier("exit", "10:00", "south"), None)
