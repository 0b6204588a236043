"""The verdict, as tables: every reason, both directions."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.domain.admission import Admitted, Earlier, History, Refused, Rules, decide
from appliance.domain.row import REASONS
from appliance.domain.ticket import STATUSES, CheckinList, Millis, Ticket, TicketId

NOW = Millis(1_000_000)
ENTERED = Earlier("entry", "09:00", "north")
LEFT = Earlier("exit", "10:00", "south")
FRESH = History()
INSIDE = History(ENTERED, ENTERED)
OUTSIDE = History(LEFT, ENTERED)
ONLY_LEFT = History(LEFT, None)


def ticket(**fields: Any) -> Ticket:
    return Ticket(id=TicketId("T-1"), code="code", **fields)


def rules(**fields: Any) -> Rules:
    own = {name: fields.pop(name) for name in ("occupancy", "closed", "hub") if name in fields}
    return Rules(list=CheckinList(**fields), hub=own.pop("hub", "berlin"), **own)


def verdict(
    direction: str, known: Ticket | None = None, history: History = FRESH, at: Rules | None = None
) -> Admitted | Refused:
    return decide(known, history, at or rules(), direction=direction, now=NOW)  # type: ignore[arg-type]  # of the two


@pytest.mark.parametrize(
    ("known", "history", "at", "reason"),
    [
        (None, FRESH, rules(), "invalid"),
        (ticket(status="unpaid"), FRESH, rules(), "unpaid"),
        (ticket(status="blocked"), FRESH, rules(), "blocked"),
        (ticket(status="revoked"), FRESH, rules(), "revoked"),
        (ticket(status="canceled"), FRESH, rules(), "canceled"),
        (ticket(status="unapproved"), FRESH, rules(), "unapproved"),
        (ticket(hub="tokyo"), FRESH, rules(), "wrong_hub"),
        (ticket(product="Student"), FRESH, rules(products=frozenset({"VIP"})), "product"),
        (ticket(), FRESH, rules(products=frozenset({"VIP"})), "product"),
        (ticket(valid_from=NOW + 1), FRESH, rules(), "invalid_time"),
        (ticket(valid_until=NOW), FRESH, rules(), "invalid_time"),
        (ticket(), FRESH, rules(closed=True), "closed"),
        (ticket(), FRESH, rules(opens=NOW + 1), "closed"),
        (ticket(), FRESH, rules(closes=NOW), "closed"),
        (ticket(), INSIDE, rules(), "already_redeemed"),
        (ticket(), INSIDE, rules(reentry=False), "already_redeemed"),
        (ticket(), OUTSIDE, rules(reentry=False), "already_redeemed"),
        (ticket(), FRESH, rules(capacity=10, occupancy=10), "full"),
        (ticket(), FRESH, rules(capacity=10, occupancy=11), "full"),
        (ticket(), FRESH, rules(capacity=0), "full"),
        (ticket(), OUTSIDE, rules(capacity=10, occupancy=10), "full"),
        (ticket(), FRESH, rules(capacity=10, occupancy=10, multiple=True), "full"),
    ],
)
def test_fail__entry(known: Ticket | None, history: History, at: Rules, reason: str) -> None:
    refused = verdict("entry", known, history, at)
    assert isinstance(refused, Refused)
    assert refused.reason == reason
    assert refused.ticket == known


@pytest.mark.parametrize(
    ("known", "history", "at"),
    [
        (ticket(), FRESH, rules()),
        (ticket(hub="berlin"), FRESH, rules()),
        (ticket(product="VIP"), FRESH, rules(products=frozenset({"VIP", "Press"}))),
        (ticket(valid_from=NOW, valid_until=NOW + 1), FRESH, rules(opens=NOW, closes=NOW + 1)),
        (ticket(), OUTSIDE, rules()),
        (ticket(), ONLY_LEFT, rules()),
        (ticket(), ONLY_LEFT, rules(reentry=False)),
        (ticket(), INSIDE, rules(multiple=True)),
        (ticket(), OUTSIDE, rules(multiple=True, reentry=False)),
        (ticket(), FRESH, rules(capacity=10, occupancy=9)),
        (ticket(), INSIDE, rules(capacity=10, occupancy=10, multiple=True)),
    ],
)
def test_ok__entry(known: Ticket, history: History, at: Rules) -> None:
    assert verdict("entry", known, history, at) == Admitted("entry", known, multiple=at.list.multiple)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("history", [FRESH, INSIDE, OUTSIDE])
def test_ok__exit(status: Any, history: History) -> None:
    """Nobody is kept inside, whatever became of the order, the clock or the door."""
    known = ticket(status=status, hub="tokyo", valid_until=Millis(1))
    at = rules(closed=True, capacity=0, products=frozenset({"VIP"}), closes=Millis(1))
    assert verdict("exit", known, history, at) == Admitted("exit", known)


def test_fail__exit_of_an_unknown_code() -> None:
    assert verdict("exit", None) == Refused("invalid")


def test_a_used_ticket_names_the_entry_that_used_it() -> None:
    assert verdict("entry", ticket(), OUTSIDE, rules(reentry=False)) == Refused("already_redeemed", ticket(), ENTERED)


@pytest.mark.parametrize(
    ("known", "history", "at", "first"),
    [
        (ticket(status="canceled", hub="tokyo"), INSIDE, rules(closed=True), "canceled"),
        (ticket(hub="tokyo", product="x"), INSIDE, rules(products=frozenset({"VIP"})), "wrong_hub"),
        (ticket(product="x", valid_until=NOW), INSIDE, rules(products=frozenset({"VIP"})), "product"),
        (ticket(valid_until=NOW), INSIDE, rules(closed=True), "invalid_time"),
        (ticket(), INSIDE, rules(closed=True), "closed"),
        (ticket(), INSIDE, rules(capacity=1, occupancy=1), "already_redeemed"),
    ],
)
def test_of_several_reasons_the_one_that_a_person_would_ask_first_is_told(
    known: Ticket, history: History, at: Rules, first: str
) -> None:
    refused = verdict("entry", known, history, at)
    assert isinstance(refused, Refused)
    assert refused.reason == first


def test_every_status_but_valid_is_a_reason() -> None:
    assert set(STATUSES) - {"valid"} <= set(REASONS)
