"""`appliance tickets`: the command line of this room."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from appliance.domain.ticket import Ticket

if TYPE_CHECKING:
    from appliance.tickets.rendering import Format
    from appliance.tickets.sheet import Paper


class Wiring(Protocol):
    """What `ctx.obj` gives to this room."""

    def read_roster_file(self, file: Path) -> Sequence[Ticket] | None:
        """The tickets of a roster file; None after saying on stderr what is wrong with it."""


@click.group()
def tickets() -> None:
    """Ticket pictures and printable sheets."""


@tickets.command("render")
@click.argument("file", metavar="ROSTER_FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to, made if need be.",
)
@click.option("--png", "formats", flag_value="png", multiple=True, help="A PNG picture a ticket.")
@click.option("--svg", "formats", flag_value="svg", multiple=True, help="An SVG picture a ticket.")
@click.option(
    "--pdf", "formats", flag_value="pdf", multiple=True, help="Sheets to print (also if none of the three is said)."
)
@click.option(
    "--paper", type=click.Choice(["A4", "Letter"]), default="A4", show_default=True, help="Size of the sheets."
)
@click.option("--columns", type=click.IntRange(1, 6), default=3, show_default=True, help="Tickets across a sheet.")
@click.option("--rows", type=click.IntRange(1, 10), default=4, show_default=True, help="Tickets down a sheet.")
@click.option(
    "--all", "everything", is_flag=True, help="Also tickets that aren't valid (unpaid, canceled, blocked ...)."
)
@click.pass_obj
def render_command(
    wiring: Wiring,
    file: Path,
    out: Path,
    formats: tuple[Format, ...],
    paper: Paper,
    columns: int,
    rows: int,
    *,
    everything: bool,
) -> None:
    """Make QR pictures and printable sheets of the tickets in ROSTER_FILE (CSV or Excel .xlsx)."""
    from rich.console import Console
    from rich.progress import Progress

    from appliance.tickets.rendering import render
    from appliance.tickets.sheet import Layout

    found = wiring.read_roster_file(file)
    if found is None:
        sys.exit(1)
    chosen = [ticket for ticket in found if everything or ticket.status == "valid"]
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("Rendering")
        rendered = render(
            chosen,
            out,
            formats or ("pdf",),
            layout=Layout(paper, columns, rows),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for warning in rendered.warnings:
        click.echo(f"Warning: {warning}.", err=True)
    left_out = (
        f" ({len(found) - len(chosen)} that aren't valid left out: --all takes them too)"
        if len(found) > len(chosen)
        else ""
    )
    click.echo(f"{rendered.files} files for {len(chosen)} tickets in {out}{left_out}.")
