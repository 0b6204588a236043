"""The lines of the link: commands from web to scan, events from scan to web."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Union

import msgspec

from appliance.domain.row import Passage, Reason
from appliance.doorkeeper.protocol import Verdict

MAX_COMMAND: Final = 4096
MAX_EVENT: Final = 256 * 1024
MAX_JPEG: Final = 180 * 1024
"""Bytes of one preview picture: as base64 it fits a line."""

SourceState = Literal["ok", "gone", "dark", "covered", "frozen", "starting"]
Hint = Literal["", "hold_still", "whole_code", "closer", "further", "light", "glare", "straighten", "one_at_a_time"]
"""What would help a code that is seen and not read."""

Short = Annotated[str, msgspec.Meta(max_length=200)]
Nonce = Annotated[str, msgspec.Meta(min_length=8, max_length=64)]


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", forbid_unknown_fields=True):
    pass


class Screen(_Command, frozen=True, kw_only=True, tag="screen"):
    """Events, please; and people look at so many pages of this connection now: they will say `Shown`."""

    pages: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 1


class Watch(_Command, frozen=True, kw_only=True, tag="watch"):
    """Events, please."""


class WantPreview(_Command, frozen=True, kw_only=True, tag="preview"):
    """Pictures of the camera, please, until this connection closes; nothing else."""


class Shown(_Command, frozen=True, kw_only=True, tag="shown"):
    """The verdict on this nonce has been painted on a visible page."""

    nonce: Nonce


class _Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="is"):
    pass


class VerdictEvent(_Event, frozen=True, kw_only=True, tag="verdict"):
    """What the doorkeeper answered; fields as in its `Verdict`. `seen_ms` is the frame's wall-clock time."""

    outcome: Literal["admitted", "refused"]
    nonce: Nonce
    at: Short
    direction: Passage = "entry"
    reason: Reason | None = None
    ticket: Short = ""
    name: Short = ""
    product: Short = ""
    earlier_at: Short = ""
    earlier_gate: Short = ""
    again: bool = False
    gate: Short = ""
    source: Short = ""
    seen_ms: float = 0.0


class SourceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One camera or scanner. `detail` is for staff: what was tried, what to do."""

    name: Short
    kind: Literal["camera", "scanner", "file"]
    state: SourceState
    since: Short = ""
    detail: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class Sources(_Event, frozen=True, kw_only=True, tag="sources"):
    """All sources as they are now; a connection gets it first."""

    sources: list[SourceHealth]
    hint: Hint = ""


class Deciding(_Event, frozen=True, kw_only=True, tag="deciding"):
    """A code was read, the doorkeeper is asked."""

    source: Short = ""


class Fault(_Event, frozen=True, kw_only=True, tag="fault"):
    """What keeps scan from its work; `what` empty: nothing any more. A connection gets the newest."""

    what: Literal["doorkeeper", "busy", ""]
    since: Short = ""


class PreviewFrame(_Event, frozen=True, kw_only=True, tag="preview"):
    """One JPEG; base64 on the line."""

    jpeg: bytes


Command = Union[Screen, Watch, WantPreview, Shown]  # noqa: UP007 (msgspec reads a tagged union)
Event = Union[VerdictEvent, Sources, Deciding, Fault, PreviewFrame]  # noqa: UP007 (as above)

DECODE_COMMAND: Final = msgspec.json.Decoder(Command)
DECODE_EVENT: Final = msgspec.json.Decoder(Event)


def verdict_event(verdict: Verdict, *, gate: str, source: str, seen_ms: float) -> VerdictEvent:
    """The doorkeeper's answer as the screens get it."""
    return VerdictEvent(
        outcome=verdict.outcome,
        nonce=verdict.nonce,
        at=verdict.at,
        direction=verdict.direction,
        reason=verdict.reason,
        ticket=verdict.ticket,
        name=verdict.name,
        product=verdict.product,
        earlier_at=verdict.earlier_at,
        earlier_gate=verdict.earlier_gate,
        again=verdict.again,
        gate=gate,
        source=source,
        seen_ms=seen_ms,
    )


def line(message: Command | Event) -> bytes:
    """As it goes over the socket."""
    return msgspec.json.encode(message) + b"\n"
