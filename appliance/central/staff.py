"""Who may see the board: staff and their one-time login links in central's database. Tokens are stored as digests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from appliance.central.database import first_line, open_writer, shown
from appliance.central.exceptions import DatabaseUnusableError
from appliance.central.inbox import Inbox
from appliance.central.schema import LOGIN_LINKS, STAFF
from appliance.domain.clock import iso
from appliance.doorkeeper.protocol import Role
from appliance.serving.exceptions import DirectoryUnavailable
from appliance.serving.members import Member

LINK_MILLIS: Final = 24 * 3_600_000
WRITE_SECONDS: Final = 5.0


class LoginLink(NamedTuple):
    """A member's id and the token of `/login/<token>`, told once."""

    staff: str
    token: str


def add_staff(database_url: str, name: str, role: Role, *, token: str, now: int) -> LoginLink:
    """Add a member (an existing one gets the role) with a link that works once, for a day from `now` (ms).

    For the command line: opens the database by itself, central may be running. Raises DatabaseUnusableError.
    """
    engine = open_writer(database_url)
    try:
        with engine.begin() as connection:
            staff = _add(connection, name, role, now)
            connection.execute(delete(LOGIN_LINKS).where(LOGIN_LINKS.c.expires < now))
            connection.execute(
                insert(LOGIN_LINKS).values(digest=_digest(token), staff=staff, expires=now + LINK_MILLIS)
            )
    except SQLAlchemyError as fault:
        raise DatabaseUnusableError(f"{shown(engine.url)}: {first_line(fault)}") from fault
    finally:
        engine.dispose()
    return LoginLink(staff, token)


def _add(connection: Connection, name: str, role: Role, now: int) -> str:
    known = connection.execute(select(STAFF.c.id).where(STAFF.c.name == name)).scalar()
    if known is not None:
        connection.execute(update(STAFF).where(STAFF.c.id == known).values(role=role))
        return str(known)
    numbers = [int(staff[1:]) for staff in connection.execute(select(STAFF.c.id)).scalars()]
    staff = f"s{max(numbers, default=0) + 1}"
    connection.execute(insert(STAFF).values(id=staff, name=name, role=role, added=iso(now)))
    return staff


class CentralStaff:
    """serving's StaffDirectory. Reads by itself, has the recorder write."""

    def __init__(self, engine: Engine, inbox: Inbox, *, now: Callable[[], int]) -> None:
        self._engine = engine
        self._inbox = inbox
        self._now = now

    def redeem_link(self, token: str) -> Member | None:
        """Use a link up; None for one that is unknown, used or too old."""
        digest, now = _digest(token), self._now()

        def redeem(connection: Connection) -> Member | None:
            used = delete(LOGIN_LINKS).where(LOGIN_LINKS.c.digest == digest, LOGIN_LINKS.c.expires >= now)
            staff = connection.execute(used.returning(LOGIN_LINKS.c.staff)).scalar()
            found = connection.execute(select(STAFF).where(STAFF.c.id == staff)).mappings().first()
            return _member(found) if found is not None else None

        return cast("Member | None", self._write(redeem))

    def find(self, name: str) -> tuple[Member, str | None] | None:
        """The member of that name and their password's hash."""
        try:
            with self._engine.begin() as connection:
                found = connection.execute(select(STAFF).where(STAFF.c.name == name)).mappings().first()
        except SQLAlchemyError as fault:
            raise DirectoryUnavailable(f"central's database: {first_line(fault)}") from fault
        return (_member(found), found["password"]) if found is not None else None

    def set_password(self, staff: str, password_hash: str) -> None:
        """Keep a member's hash."""
        self._write(
            lambda connection: (
                connection.execute(update(STAFF).where(STAFF.c.id == staff).values(password=password_hash)).rowcount
            )
        )

    def _write(self, do: Callable[[Connection], Any]) -> Any:
        try:
            return self._inbox.run(do, timeout=WRITE_SECONDS)
        except (SQLAlchemyError, TimeoutError) as fault:
            raise DirectoryUnavailable(f"central's database: {first_line(fault)}") from fault


def _member(found: RowMapping) -> Member:
    return Member(found["id"], found["name"], found["role"])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
