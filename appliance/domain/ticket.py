"""A ticket (the right sold) and the check-in list that says where it is valid."""

from __future__ import annotations

from typing import Annotated, Final, Literal, NewType, get_args

import msgspec

TicketId = NewType("TicketId", str)
Millis = NewType("Millis", int)
"""Milliseconds since 1970-01-01 UTC."""
Instant = Annotated[Millis, msgspec.Meta(ge=0, lt=2**53)]
"""A time as a roster says it; no database takes larger numbers."""

Status = Literal["valid", "unpaid", "blocked", "revoked", "canceled", "unapproved"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
"""All but `valid` are also the reason of the refusal."""

MAX_CODE: Final = 1024
"""Characters of a credential. A version 40 QR code can hold more; no ticketing system issues it."""


class Ticket(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One row of the roster.

    `id` goes over the wire and has no meaning to a stranger; `code`, the opaque QR text, and `name` never leave the
    hub.
    """

    id: Annotated[TicketId, msgspec.Meta(min_length=1, max_length=64)]
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CODE)]
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    product: Annotated[str, msgspec.Meta(max_length=100)] = ""
    status: Status = "valid"
    hub: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """The hub it was sold for; empty: any."""
    valid_from: Instant | None = None
    valid_until: Instant | None = None


class CheckinList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which tickets are valid at a door, and how often."""

    id: str = "door"
    products: frozenset[str] = frozenset()
    """Empty: every product."""
    multiple: bool = False
    """A ticket may enter again without having left (pretix: allow multiple entries)."""
    reentry: bool = True
    """A ticket may enter again after an exit (pretix: allow entry after exit)."""
    capacity: int | None = None
    opens: Millis | None = None
    closes: Millis | None = None
