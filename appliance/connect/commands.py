"""`appliance roster`: the command line of this room."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import click

from appliance.connect.columns import MEANINGS
from appliance.connect.encodings import CHOOSABLE
from appliance.connect.importing import RosterWriter
from appliance.domain.ticket import Ticket


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
    from appliance.connect.asking import Asked, run_import
    from appliance.connect.telling import Teller

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
