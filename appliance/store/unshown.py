"""Verdicts on their way to a person, in ledger.db. Callers hold the transaction."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from appliance.domain.clock import Moment

AGAIN_MILLIS: Final = 30_000
"""How long a verdict that nobody saw is given again."""

_AWAIT: Final = (
    "INSERT INTO unshown (credential, nonce, at, boot) VALUES (?,?,?,?) ON CONFLICT (credential) DO UPDATE "
    "SET nonce = excluded.nonce, at = excluded.at, boot = excluded.boot, again = NULL WHERE ? OR at NOT BETWEEN ? AND ?"
)
_FIND: Final = "SELECT nonce, again FROM unshown WHERE credential = ? AND at BETWEEN ? AND ? AND (boot = ? OR ?)"
_GIVE: Final = "UPDATE unshown SET again = ? WHERE credential = ? AND nonce = ?"
_FORGET: Final = "DELETE FROM unshown WHERE nonce = ?1 OR again = ?1 OR at NOT BETWEEN ?2 AND ?3"


class Unshown(NamedTuple):
    """A verdict that nobody saw: its scan's nonce, and that of the scan to which it was given again, if it was."""

    nonce: str
    again: str | None


def await_shown(
    connection: sqlite3.Connection, credential: bytes, nonce: str, moment: Moment, boot: str, *, admitted: bool
) -> None:
    """The verdict on `nonce` is on its way. A refusal doesn't push an admission aside that nobody saw."""
    span = (moment.now - AGAIN_MILLIS, moment.now + AGAIN_MILLIS)
    connection.execute(_AWAIT, (credential, nonce, moment.now, boot, admitted, *span))


def unshown(connection: sqlite3.Connection, credential: bytes, moment: Moment, boot: str) -> Unshown | None:
    """The verdict on this credential that was given lately and that nobody saw.

    After a reboot the time since then is known by a synchronised clock alone.
    """
    values = (credential, moment.now - AGAIN_MILLIS, moment.now, boot, moment.synced)
    row = connection.execute(_FIND, values).fetchone()
    return Unshown(*row) if row else None


def give_again(connection: sqlite3.Connection, credential: bytes, nonce: str, to: str) -> None:
    """The verdict on `nonce` was given again, to the scan of the nonce `to`."""
    connection.execute(_GIVE, (to, credential, nonce))


def shown(connection: sqlite3.Connection, nonce: str, moment: Moment) -> None:
    """A person has seen the verdict on this nonce (given first or again). Those that are too old go too."""
    connection.execute(_FORGET, (nonce, moment.now - AGAIN_MILLIS, moment.now + AGAIN_MILLIS))
