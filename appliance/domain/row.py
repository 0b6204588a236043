"""A ledger row: what happened at the door, once written never changed. Its fields are the wire's (see wire.py)."""

from __future__ import annotations

from typing import Annotated, Final, Literal, NamedTuple, NewType, get_args

import msgspec

from appliance.domain.ticket import TicketId

LogId = NewType("LogId", str)
NodeId = NewType("NodeId", str)
Nonce = NewType("Nonce", str)

Reason = Literal[
    "invalid",
    "unpaid",
    "blocked",
    "revoked",
    "canceled",
    "invalid_time",
    "already_redeemed",
    "product",
    "rules",
    "ambiguous",
    "unapproved",
    "wrong_hub",
    "full",
    "closed",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

Passage = Literal["entry", "exit"]
KINDS: Final = frozenset({"entry", "exit", "refusal", "annulment", "settlement"})
SCAN_KINDS: Final = frozenset({"entry", "exit", "refusal"})
TICK_LIMIT: Final = 2**53

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Row(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, rename={"as_": "as"}):
    """One row, its fields named as on the wire; marks that don't hold are left out there.

    `tick` orders rows across ledgers (hybrid logical clock, ms); `at` (ISO 8601, UTC) is for people. Unknown fields are
    passed over: later versions add some. Which fields a kind needs is `flaw`'s to say.
    """

    kind: Name
    tick: Annotated[int, msgspec.Meta(ge=0, lt=TICK_LIMIT)]
    node: Name
    at: Annotated[str, msgspec.Meta(max_length=32)]
    clock: Annotated[str, msgspec.Meta(max_length=16)]
    nonce: Name
    ticket: Annotated[TicketId, msgspec.Meta(min_length=1, max_length=64)] | None = None
    list: Annotated[str, msgspec.Meta(max_length=64)] = ""
    gate: Annotated[str, msgspec.Meta(max_length=64)] = ""
    reason: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    annuls: Name | None = None
    by: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    override: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    multiple: bool = False
    unverified: bool = False
    times: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] = 1
    as_: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class Placed(NamedTuple):
    """A row with its identity: the log in which it was first written and its place there (from 1, without holes)."""

    log: LogId
    offset: int
    row: Row


def flaw(row: Row) -> str | None:
    """What a row of a known kind lacks, in a few words; None for a sound one, and for kinds that this reader doesn't
    know.
    """
    missing = [field for field in _NEEDS.get(row.kind, ()) if not getattr(row, field)]
    if missing:
        return f"{row.kind} without {', '.join(name.rstrip('_') for name in missing)}"
    if row.kind == "refusal" and row.reason not in REASONS:
        return f"unknown reason {row.reason!r}"
    if row.kind == "settlement" and row.as_ not in ("left", "error", "fraud"):
        return f"unknown settlement {row.as_!r}"
    return None


_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "entry": ("ticket", "list", "gate"),
    "exit": ("ticket", "list", "gate"),
    "refusal": ("reason", "list", "gate"),
    "annulment": ("annuls",),
    "settlement": ("ticket", "list", "as_"),
}
