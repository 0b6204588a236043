"""`appliance roster`: the command line of this room."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import tzinfo
from pathlib import Path
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

import click

from appliance.connect.columns import MEANINGS
from appliance.connect.difference import difference
from appliance.connect.encodings import CHOOSABLE
from appliance.connect.importing import RosterWriter, import_roster
from appliance.connect.roster_file import read_roster
from appliance.connect.telling import Teller
from appliance.domain.ticket import Ticket
from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperRefused


class EventSettings(Protocol):
    """The settings' `event`."""

    @property
    def key(self) -> str:
        """The secret that makes ids of codes; may be empty."""

    @property
    def timezone(self) -> str:
        """An IANA name."""


class AllSettings(Protocol):
    """The settings, as far as this room reads them."""

    @property
    def event(self) -> EventSettings:
        """What all hubs of an event share."""


class Wiring(Protocol):
    """What `ctx.obj` gives to this room."""

    @property
    def settings(self) -> AllSettings:
        """The effective settings."""

    def open_client(self) -> AbstractContextManager[RosterWriter]:
        """The doorkeeper's client; closed afterwards."""

    def living_tickets(self) -> AbstractContextManager[Iterable[Ticket]]:
        """The roster that the door goes by, read-only; nothing where there is no ledger yet."""


class Asked(NamedTuple):
    """The options of one import."""

    file: Path
    columns: dict[str, str]
    encoding: str | None
    allow_empty: bool
    yes: bool


@click.group()
def roster() -> None:
    """The tickets that the door knows."""


def _pairs(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for value in values:
        meaning, found, header = value.partition("=")
        if not found or meaning not in MEANINGS or not header.strip():
            message = f"{value!r}: write MEANING=HEADER, with one of {', '.join(MEANINGS)} as MEANING"
            raise click.BadParameter(message)
        chosen[meaning] = header
    return chosen


@roster.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Don't ask: import whatever the difference is.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and nothing else.")
@click.option(
    "--column",
    "columns",
    metavar="MEANING=HEADER",
    multiple=True,
    callback=_pairs,
    help="Which column means what, where its name doesn't say (code=..., name=..., may be repeated).",
)
@click.option("--encoding", type=click.Choice(CHOOSABLE), help="The file's encoding, where it can't be found out.")
@click.option("--allow-empty", is_flag=True, help="Take a file without tickets: the door then knows none.")
@click.pass_obj
def import_command(
    wiring: Wiring,
    file: Path,
    columns: dict[str, str],
    encoding: str | None,
    *,
    yes: bool,
    as_json: bool,
    allow_empty: bool,
) -> None:
    """Import a roster from FILE (CSV or Excel .xlsx), whole or not at all.

    Shows first what would change and asks. Exits with 1, and nothing changed, where a row is wrong or you say no.
    """
    asked = Asked(file, columns, encoding, allow_empty, yes)
    sys.exit(
        run_import(
            asked,
            event_key=wiring.settings.event.key.encode(),
            tz=ZoneInfo(wiring.settings.event.timezone),
            open_client=wiring.open_client,
            living_tickets=wiring.living_tickets,
            teller=Teller(as_json=as_json),
            confirm=_confirm,
        )
    )


def _confirm() -> bool:
    return sys.stdin.isatty() and click.confirm("Import it?", err=True)


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
