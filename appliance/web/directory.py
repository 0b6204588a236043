"""A hub's staff: read from the ledger, written by the doorkeeper."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperClient, DoorkeeperRefused
from appliance.serving.exceptions import DirectoryUnavailable
from appliance.serving.members import RANK, Member
from appliance.store.opening import StoreFault, open_reader
from appliance.store.reading import staff_by_name


class HubDirectory:
    """A `StaffDirectory`.

    Opens ledger and socket for each question: the doorkeeper may have been restarted meanwhile, or have put another
    file in the ledger's place. A link is used up by asking: no old connection may break under it.
    """

    def __init__(self, *, ledger: Path, doorkeeper: Path) -> None:
        self._ledger = ledger
        self._doorkeeper = doorkeeper

    def redeem_link(self, token: str) -> Member | None:
        with self._client() as client:
            found = client.redeem_link(token)
        return None if found is None else Member(found.staff, found.name, found.role)

    def find(self, name: str) -> tuple[Member, str | None] | None:
        try:
            with closing(open_reader(self._ledger)) as connection:
                found = staff_by_name(connection, name)
        except (StoreFault, sqlite3.Error) as fault:
            raise DirectoryUnavailable(str(fault)) from fault
        if found is None or found.role not in RANK:
            return None
        return Member(found.id, found.name, found.role), found.password

    def set_password(self, staff: str, password_hash: str) -> None:
        with self._client() as client:
            client.set_password(staff, password_hash)

    @contextmanager
    def _client(self) -> Iterator[DoorkeeperClient]:
        try:
            with closing(DoorkeeperClient(self._doorkeeper)) as client:
                yield client
        except (DoorkeeperAway, DoorkeeperRefused) as fault:
            raise DirectoryUnavailable(str(fault)) from fault
