"""One import as it was asked for: read, hold against the living roster, ask, write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import tzinfo
from pathlib import Path
from typing import NamedTuple

from appliance.connect.difference import difference
from appliance.connect.importing import RosterWriter, import_roster
from appliance.connect.roster_file import read_roster
from appliance.connect.telling import Teller
from appliance.domain.ticket import Ticket
from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperRefused


class Asked(NamedTuple):
    """The options of one import."""

    file: Path
    columns: dict[str, str]
    encoding: str | None
    allow_empty: bool
    yes: bool


def run_import(
    asked: Asked,
    *,
    event_key: bytes,
    tz: tzinfo,
    open_client: Callable[[], AbstractContextManager[RosterWriter]],
    living_tickets: Callable[[], AbstractContextManager[Iterable[Ticket]]],
    teller: Teller,
    confirm: Callable[[], bool],
) -> int:
    """The whole import; the exit code: 0 done (or nothing to do), 1 nothing changed."""
    with teller.progress("Reading", unit=False) as told:
        read = read_roster(
            asked.file,
            event_key=event_key,
            tz=tz,
            columns=asked.columns,
            encoding=asked.encoding,
            allow_empty=asked.allow_empty,
            progress=told,
        )
    if read.problems_total:
        teller.problems(read)
        return 1
    with living_tickets() as living:
        found = difference(living, read.tickets)
    teller.difference(found, read.notes)
    if found.nothing:
        teller.done(None, "the roster is this one already")
        return 0
    if not asked.yes and not confirm():
        teller.done(None, "not confirmed (scripts say --yes)")
        return 1
    try:
        with open_client() as client, teller.progress("Importing", unit=True) as told:
            done = import_roster(read.tickets, client, source=asked.file.name, progress=told)
    except (DoorkeeperAway, DoorkeeperRefused) as fault:
        teller.done(None, str(fault))
        return 1
    teller.done(done)
    return 0


def read_or_tell(file: Path, *, event_key: bytes, tz: tzinfo) -> list[Ticket] | None:
    """The tickets of a roster file, for other commands; None after naming on stderr every row that is wrong."""
    teller = Teller(as_json=False, to_stderr=True)
    with teller.progress("Reading", unit=False) as told:
        read = read_roster(file, event_key=event_key, tz=tz, progress=told)
    if read.problems_total:
        teller.problems(read)
        return None
    return read.tickets
