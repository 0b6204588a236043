"""The sample event."""

from __future__ import annotations

import msgspec

from appliance.domain.ticket import STATUSES, Ticket
from appliance.tickets.sample import sample_tickets


def test_the_same_seed_gives_the_same_tickets() -> None:
    """A demo can be told by its seed."""
    assert sample_tickets(60) == sample_tickets(60)
    assert sample_tickets(60, seed=2) != sample_tickets(60)


def test_it_has_every_status_both_hubs_and_names_in_many_scripts() -> None:
    """Among them some that are past, and some for every hub."""
    tickets = sample_tickets()
    assert len(tickets) == len({ticket.code for ticket in tickets}) == len({ticket.id for ticket in tickets}) == 500
    assert {ticket.status for ticket in tickets} == set(STATUSES)
    assert {ticket.hub for ticket in tickets} == {"", "hamburg", "osaka"}
    assert any(ticket.valid_until for ticket in tickets)
    letters = "".join(ticket.name for ticket in tickets)
    assert all(
        first <= max(c for c in letters if c <= last)
        for first, last in (("ぁ", "ヿ"), ("一", "鿿"), ("ء", "ي"), ("À", "ÿ"))
    )
    assert sum(ticket.status == "valid" for ticket in tickets) > 400
    assert (tickets[0].id, tickets[499].id) == ("T-000001", "T-000500")


def test_its_tickets_are_tickets() -> None:
    """Within all limits."""
    assert msgspec.convert(msgspec.to_builtins(sample_tickets(100)), list[Ticket]) == sample_tickets(100)
