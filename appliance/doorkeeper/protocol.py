"""What is said on the doorkeeper's Unix socket: one JSON object a line, capped before it is read.

A client sends requests, each with an `id` of its own; answers carry it and may come in another order (a refusal
overtakes an admission that waits for the disk). A client that asked to `watch` also gets a `Written` line after every
commit.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Union

import msgspec

from appliance.domain.row import Passage, Reason
from appliance.domain.ticket import Ticket

MAX_LINE: Final = 1024 * 1024
MAX_SCAN_TEXT: Final = 4096
"""Characters of a presented text; sources cut longer ones, the doorkeeper refuses them."""
CHUNK_TICKETS: Final = 500

Whole = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
"""What every reader of JSON and the database take."""

Role = Literal["viewer", "staff", "lead", "technician"]


class Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag=str.lower, forbid_unknown_fields=True):
    """Any request; `id` comes back in its answer."""

    id: Whole


class Scan(Request, frozen=True, kw_only=True):
    """One presentation. The same nonce asked again gets the first answer."""

    text: Annotated[str, msgspec.Meta(max_length=MAX_SCAN_TEXT)]
    gate: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    nonce: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    direction: Passage = "entry"


class Shown(Request, frozen=True, kw_only=True):
    """The verdict on this nonce reached a person."""

    nonce: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]


class Watch(Request, frozen=True, kw_only=True):
    """Wake me after every commit."""


class Standing(Request, frozen=True, kw_only=True):
    """How is it going?"""


class RosterBegin(Request, frozen=True, kw_only=True):
    """Start a roster beside the living one."""

    source: Annotated[str, msgspec.Meta(max_length=200)]
    digest: Annotated[str, msgspec.Meta(max_length=64)]


class RosterChunk(Request, frozen=True, kw_only=True):
    """Some of its tickets."""

    roster: Whole
    tickets: Annotated[list[Ticket], msgspec.Meta(max_length=CHUNK_TICKETS)]


class RosterSwitch(Request, frozen=True, kw_only=True):
    """Make it the living one, if it has `rows` tickets."""

    roster: Whole
    rows: Whole


class RosterAbandon(Request, frozen=True, kw_only=True):
    """Forget it."""

    roster: Whole


class StaffAdd(Request, frozen=True, kw_only=True):
    """A new member of staff (or a new link for one that exists)."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
    role: Role


class LinkRedeem(Request, frozen=True, kw_only=True):
    """Use up a one-time login link's token."""

    token: Annotated[str, msgspec.Meta(max_length=100)]


class PasswordSet(Request, frozen=True, kw_only=True):
    """An argon2 hash, never the password."""

    staff: Annotated[str, msgspec.Meta(max_length=64)]
    hash: Annotated[str, msgspec.Meta(max_length=300, pattern=r"^\$argon2id\$")]


class SessionBegin(Request, frozen=True, kw_only=True):
    """A new reporting session, above every one that this ledger or the caller has seen; the term is at least `term`."""

    above: Whole = 0
    term: Annotated[int, msgspec.Meta(ge=1, lt=2**53)] = 1


class Annul(Request, frozen=True, kw_only=True):
    """Undo the scan of a nonce by a row of its own."""

    nonce: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    annuls: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


AnyRequest = Union[  # noqa: UP007 (msgspec reads a tagged union)
    Scan,
    Shown,
    Watch,
    Standing,
    RosterBegin,
    RosterChunk,
    RosterSwitch,
    RosterAbandon,
    StaffAdd,
    LinkRedeem,
    PasswordSet,
    SessionBegin,
    Annul,
]


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag=str.lower):
    """Any answer."""

    id: int


class Verdict(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a scan. `ticket`, `name`, `product` are empty for a code that nobody knows."""

    outcome: Literal["admitted", "refused"]
    direction: Passage = "entry"
    nonce: str
    """Of the scan that was decided: an earlier one's where the verdict is given `again`."""
    at: str
    reason: Reason | None = None
    ticket: str = ""
    name: str = ""
    product: str = ""
    earlier_at: str = ""
    earlier_gate: str = ""
    again: bool = False


class Done(Answer, frozen=True, kw_only=True):
    """It is so now; `number` where the request makes one (a roster's)."""

    number: int = 0


class DoorStanding(Answer, frozen=True, kw_only=True):
    """The doorkeeper's own health. `history_since` says from when its history is known, if not from the start."""

    node: str
    log: str
    rows: int
    roster: int
    tickets: int
    clock: str
    history_since: str = ""
    damage: str = ""
    disk: str = ""
    """What the last commit failed with, while it still does."""


class StaffLink(Answer, frozen=True, kw_only=True):
    """A one-time token, told once and stored as its digest."""

    staff: str
    token: str


class StaffMember(Answer, frozen=True, kw_only=True):
    """Who a redeemed link belongs to."""

    staff: str
    name: str
    role: Role


class Failed(Answer, frozen=True, kw_only=True):
    """Not done. `what` is for a person; `kind` for the client."""

    kind: Literal["request", "disk", "unknown", "busy"]
    what: str


class Written(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="written"):
    """A wake-up: something was committed. Never the data."""


AnyAnswer = Union[Verdict, Done, DoorStanding, StaffLink, StaffMember, Failed, Written]  # noqa: UP007 (as above)

DECODE_REQUEST: Final = msgspec.json.Decoder(AnyRequest)
DECODE_ANSWER: Final = msgspec.json.Decoder(AnyAnswer)
ENCODE: Final = msgspec.json.Encoder()
