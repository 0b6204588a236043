"""What an import would change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.connect.difference import difference
from appliance.domain.ticket import Ticket, TicketId


def ticket(number: int, **fields: str) -> Ticket:
    return Ticket(TicketId(f"T-{number}"), fields.pop("code", f"code-{number}"), **fields)  # type: ignore[arg-type]  # a test's short hand


def test_tickets_are_counted_as_new_changed_gone_and_same() -> None:
    """Each ticket is one of four."""
    old = [ticket(1), ticket(2), ticket(3, name="Anna")]
    new = [ticket(2), ticket(3, name="Ana"), ticket(4, name="Bob")]
    found = difference(old, new)
    assert (found.new, found.changed, found.gone, found.same) == (1, 1, 1, 1)
    assert found.examples.changed[0].what == ("name",)
    assert found.examples.new[0].name == "Bob"
    assert not found.nothing


def test_a_ticket_whose_code_was_issued_anew_is_a_changed_one() -> None:
    """The id is the ticket; the code is only its key."""
    found = difference([ticket(1)], [ticket(1, code="other")])
    assert (found.changed, found.new, found.gone) == (1, 0, 0)


def test_examples_are_few_and_show_no_code() -> None:
    """Five of each, by id and name."""
    found = difference([], {str(n): ticket(n, code=f"secret-{n}") for n in range(100)})
    assert len(found.examples.new) == 5
    assert "secret" not in repr(found)


def test_the_same_roster_is_no_difference() -> None:
    """Then there is nothing to do."""
    assert difference(iter([ticket(1)]), iter([ticket(1)])).nothing


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_the_counts_add_up(old: set[int], new: set[int]) -> None:
    """Every old ticket is gone, changed or same, every new one is new, changed or same."""
    found = difference([ticket(n) for n in old], [ticket(n) for n in new])
    assert found.gone + found.changed + found.same == len(old)
    assert found.new + found.changed + found.same == len(new)
