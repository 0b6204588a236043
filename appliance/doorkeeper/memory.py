"""What the doorkeeper keeps in mind between a verdict and the disk, and between the disk and a person's eyes.

The socket's thread and the writer's both come here: each operation on a dictionary is atomic, and a lost memory costs a
read, never a row.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, TypeVar

from appliance.doorkeeper.asker import Asker
from appliance.doorkeeper.protocol import Verdict

_REMEMBERED: Final = 16_384
_V = TypeVar("_V")


class Memory:
    """Bounded; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._given: OrderedDict[str, Verdict] = OrderedDict()
        self._handed: OrderedDict[str, Asker] = OrderedDict()
        self._given_again: OrderedDict[str, str] = OrderedDict()
        self._shown: OrderedDict[str, None] = OrderedDict()

    def give(self, nonce: str, verdict: Verdict) -> Verdict:
        """Keep the answer to the scan of `nonce` whose row isn't on the disk yet (or is another's)."""
        _keep(self._given, nonce, verdict)
        return verdict

    def given(self, nonce: str) -> Verdict | None:
        """The answer to the scan of `nonce`, if it is kept here."""
        return self._given.get(nonce)

    def give_again(self, nonce: str, to: str) -> None:
        """The verdict on `nonce` was given again, to the scan of the nonce `to`, whatever the disk knows of that."""
        _keep(self._given_again, nonce, to)

    def hand(self, nonce: str, asker: Asker) -> None:
        """The verdict on `nonce` goes to `asker`, who will show it."""
        _keep(self._handed, nonce, asker)

    def shown(self, nonce: str) -> None:
        """A person has seen the verdict on `nonce`, whatever the disk knows of that."""
        _keep(self._shown, nonce, None)
        self._handed.pop(nonce, None)

    def is_shown(self, nonce: str) -> bool:
        """Whether a person has seen it."""
        return nonce in self._shown

    def may_be_given_again(self, nonce: str, asker: Asker, to: str) -> bool:
        """Whether the verdict on `nonce` may go to the scan `to`: nobody saw it, nobody else is about to show it (two
        copies of a ticket get one green), and no other scan got it again.
        """
        handed = self._handed.get(nonce)
        free = handed is None or handed is asker or handed.is_gone
        return free and nonce not in self._shown and self._given_again.get(nonce, to) == to


def _keep(kept: OrderedDict[str, _V], nonce: str, value: _V) -> None:
    kept[nonce] = value
    if len(kept) > _REMEMBERED:
        kept.popitem(last=False)
