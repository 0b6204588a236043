"""Deciding at the door: ticket, history and the list's rules in, one verdict out."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from appliance.domain.row import Passage, Reason
from appliance.domain.ticket import CheckinList, Millis, Ticket


class Earlier(NamedTuple):
    """A standing check-in of the same ticket on the same list."""

    kind: Passage
    at: str
    gate: str


class History(msgspec.Struct, frozen=True):
    """What is known of one ticket on one list: its last standing check-in, and its last standing entry."""

    last: Earlier | None = None
    entry: Earlier | None = None


class Rules(msgspec.Struct, frozen=True):
    """What holds at this door at this moment."""

    list: CheckinList
    hub: str
    occupancy: int = 0
    closed: bool = False


class Admitted(msgspec.Struct, frozen=True):
    """Let through; `multiple` marks a list that takes repeated entries."""

    kind: Passage
    ticket: Ticket
    multiple: bool = False


class Refused(msgspec.Struct, frozen=True):
    """Not let in; `ticket` is None for a code that nobody knows, `earlier` is the entry that used it up."""

    reason: Reason
    ticket: Ticket | None = None
    earlier: Earlier | None = None


def decide(
    ticket: Ticket | None, history: History, rules: Rules, *, direction: Passage, now: Millis
) -> Admitted | Refused:
    """The verdict on one presentation.

    The order of the checks is the order in which a person at the door would ask: is it a ticket, is it good, is it for
    here, is it for now, was it used, is there room. An exit is refused for an unknown code alone: nobody is kept inside
    because an order was cancelled meanwhile.
    """
    if ticket is None:
        return Refused("invalid")
    if direction == "exit":
        return Admitted("exit", ticket)
    reason = _ticket_refusal(ticket, rules, now) or _door_refusal(rules, now)
    if reason is not None:
        return Refused(reason, ticket)
    inside = history.last is not None and history.last.kind == "entry"
    # An exit alone (the entry was seen elsewhere, or annulled) uses nothing up.
    used = history.entry is not None and (inside or not rules.list.reentry)
    if used and not rules.list.multiple:
        return Refused("already_redeemed", ticket, history.entry)
    if rules.list.capacity is not None and rules.occupancy >= rules.list.capacity and not inside:
        return Refused("full", ticket)
    return Admitted("entry", ticket, multiple=rules.list.multiple)


def _ticket_refusal(ticket: Ticket, rules: Rules, now: Millis) -> Reason | None:
    if ticket.status != "valid":
        return ticket.status
    if ticket.hub and ticket.hub != rules.hub:
        return "wrong_hub"
    if rules.list.products and ticket.product not in rules.list.products:
        return "product"
    early = ticket.valid_from is not None and now < ticket.valid_from
    late = ticket.valid_until is not None and now >= ticket.valid_until
    return "invalid_time" if early or late else None


def _door_refusal(rules: Rules, now: Millis) -> Reason | None:
    early = rules.list.opens is not None and now < rules.list.opens
    late = rules.list.closes is not None and now >= rules.list.closes
    return "closed" if rules.closed or early or late else None
