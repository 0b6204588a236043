"""A roster into the doorkeeper: written beside the living one in short chunks, switched at once, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, Protocol

import msgspec

from appliance.domain.ticket import Ticket
from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperRefused

CHUNK_TICKETS: Final = 500
CHUNK_BYTES: Final = 256 * 1024
"""Of a chunk's JSON: a quarter of a line on the doorkeeper's socket, and a short transaction beside an open door."""
MAX_SOURCE: Final = 200


class RosterWriter(Protocol):
    """The doorkeeper's client, as far as an import needs it."""

    def roster_begin(self, source: str, digest: str) -> int:
        """A new roster's number."""

    def roster_chunk(self, roster: int, tickets: list[Ticket]) -> None:
        """Some of its tickets."""

    def roster_switch(self, roster: int, rows: int) -> None:
        """Make it the living one."""

    def roster_abandon(self, roster: int) -> None:
        """Forget it."""


class Imported(msgspec.Struct, frozen=True):
    """What was done."""

    roster: int
    rows: int
    digest: str


def digest_of(tickets: Sequence[Ticket]) -> str:
    """SHA-256 (hex) over the tickets by code: the same for the same roster, whatever file it was in."""
    digest = hashlib.sha256()
    encode = msgspec.json.Encoder().encode
    for ticket in sorted(tickets, key=lambda ticket: ticket.code):
        digest.update(encode(ticket))
        digest.update(b"\n")
    return digest.hexdigest()


def import_roster(
    tickets: Sequence[Ticket], client: RosterWriter, *, source: str, progress: Callable[[int, int], None]
) -> Imported:
    """Write all tickets and switch to them.

    Whatever stops it, Ctrl-C too, the living roster stays and what was written is forgotten; the exception goes on.
    """
    # In the order of the table's key: a chunk then touches few pages of the disk.
    tickets = sorted(tickets, key=lambda ticket: ticket.code)
    digest = digest_of(tickets)
    roster = client.roster_begin(source[:MAX_SOURCE], digest)
    try:
        done = 0
        for chunk in chunks(tickets):
            client.roster_chunk(roster, chunk)
            done += len(chunk)
            progress(done, len(tickets))
        client.roster_switch(roster, len(tickets))
    except BaseException:
        with suppress(DoorkeeperAway, DoorkeeperRefused):  # It forgets what was staged when it starts again, too.
            client.roster_abandon(roster)
        raise
    return Imported(roster, len(tickets), digest)


def chunks(tickets: Sequence[Ticket]) -> Iterator[list[Ticket]]:
    """At most `CHUNK_TICKETS` tickets and about `CHUNK_BYTES` of JSON at a time."""
    encode = msgspec.json.Encoder().encode
    chunk: list[Ticket] = []
    size = 0
    for ticket in tickets:
        weight = len(encode(ticket))
        if chunk and (len(chunk) == CHUNK_TICKETS or size + weight > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(ticket)
        size += weight
    if chunk:
        yield chunk
