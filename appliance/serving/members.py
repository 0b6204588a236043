"""Who may see what: members of staff, their roles, and where they are kept."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from appliance.doorkeeper.protocol import Role

RANK: Final[dict[Role, int]] = {"viewer": 0, "staff": 1, "lead": 2, "technician": 3}
"""A role may do all that a lower one may."""


class Member(msgspec.Struct, frozen=True):
    """One person on staff."""

    id: str
    name: str
    role: Role


class StaffDirectory(Protocol):
    """Keeps the staff. A hub's is written by its doorkeeper, central's stands in its own database.

    Every method may raise DirectoryUnavailable.
    """

    def redeem_link(self, token: str) -> Member | None:
        """Uses a one-time link's token up; None for one that is unknown, used or too old."""

    def find(self, name: str) -> tuple[Member, str | None] | None:
        """The member of that name and their password's argon2 hash, if they have set one."""

    def set_password(self, staff: str, password_hash: str) -> None:
        """Keeps the hash for the member with that id."""
