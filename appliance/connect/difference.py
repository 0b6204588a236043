"""What an import would change, before it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from appliance.domain.ticket import Ticket

EXAMPLES: Final = 5


class Example(msgspec.Struct, frozen=True):
    """One of the tickets, by what may be shown of it: never its code."""

    id: str
    name: str
    what: tuple[str, ...] = ()
    """The fields that changed."""


class Examples(msgspec.Struct, frozen=True):
    """The first few of each kind."""

    new: tuple[Example, ...] = ()
    changed: tuple[Example, ...] = ()
    gone: tuple[Example, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """Tickets, counted. A ticket is known again by its id, so that one whose code was issued anew is a changed one."""

    new: int
    changed: int
    gone: int
    same: int
    examples: Examples = Examples()

    @property
    def nothing(self) -> bool:
        """Whether both rosters are the same."""
        return not (self.new or self.changed or self.gone)


def difference(
    old: Mapping[str, Ticket] | Iterable[Ticket], new: Mapping[str, Ticket] | Iterable[Ticket]
) -> Difference:
    """From the `old` roster (read once, never held) to the `new` one."""
    left = {ticket.id: ticket for ticket in _tickets(new)}
    same = changed = gone = 0
    changes: list[Example] = []
    losses: list[Example] = []
    for was in _tickets(old):
        now = left.pop(was.id, None)
        if now is None:
            gone += 1
            _keep(losses, was, ())
        elif now == was:
            same += 1
        else:
            changed += 1
            _keep(
                changes,
                now,
                tuple(field for field in Ticket.__struct_fields__ if getattr(now, field) != getattr(was, field)),
            )
    news: list[Example] = []
    for ticket in left.values():
        if len(news) == EXAMPLES:
            break
        _keep(news, ticket, ())
    return Difference(len(left), changed, gone, same, Examples(tuple(news), tuple(changes), tuple(losses)))


def _tickets(roster: Mapping[str, Ticket] | Iterable[Ticket]) -> Iterable[Ticket]:
    return roster.values() if isinstance(roster, Mapping) else roster


def _keep(examples: list[Example], ticket: Ticket, what: tuple[str, ...]) -> None:
    if len(examples) < EXAMPLES:
        examples.append(Example(ticket.id, ticket.name, what))
