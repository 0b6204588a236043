"""File names of hostile ticket ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.tickets.file_names import FileNames


@pytest.mark.parametrize("ticket_id", ["T-000001", "ABCDE-1", "a.b_c", "7", "x" * 64])
def test_ok__a_harmless_id_is_its_own_name(ticket_id: str) -> None:
    """So that people find the picture."""
    assert FileNames().stem(ticket_id) == ticket_id


@pytest.mark.parametrize(
    "ticket_id",
    [
        "../../etc/passwd", "/etc/passwd", "..", ".", ".hidden", "-rf", "a/b", "a\\b", "a\0b", "con", "NUL.txt", "a.",
        "チケット", "a b", "x" * 65, "%2e%2e", "~root", "$(reboot)", "a\nb", "\u202eb", "\ud800",
    ],
)  # fmt: skip
def test_fail__a_hostile_id_gets_a_name_of_what_is_left_and_a_digest(ticket_id: str) -> None:
    """Nothing leads out of the folder, no device, no option, no hidden file."""
    stem = FileNames().stem(ticket_id)
    assert stem != ticket_id
    assert stem.isascii()
    assert not set(stem) & set('/\\:*?"<>|\0 \n.')
    assert stem[0] not in ".-"


@given(st.lists(st.text(min_size=1, max_size=64), unique=True, max_size=30))
def test_no_two_tickets_share_a_name(ids: list[str]) -> None:
    """Not even where upper and lower case are one."""
    names = FileNames()
    stems = [names.stem(one).casefold() for one in ids]
    assert len(set(stems)) == len(ids)


def test_ids_that_differ_in_case_alone_get_two_files() -> None:
    """Memory sticks know no case."""
    names = FileNames()
    assert names.stem("t-1").casefold() != names.stem("T-1").casefold()
    assert names.stem("t-1") == "t-1"
