"""`appliance demo`: the whole event on one machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.option("--seconds", type=click.IntRange(1, 86400), help="End by itself after so many seconds, and count again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: addresses, a line a second, sums.")
@click.option(
    "--directory", type=click.Path(path_type=Path, file_okay=False), help="Write everything here and keep it."
)
@click.option(
    "--tickets", type=click.IntRange(10, 100_000), default=500, show_default=True, help="Tickets of the sample event."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed draws the same people.")
@click.option(
    "--fps", type=click.IntRange(2, 30), default=10, show_default=True, help="Pictures a second of each camera."
)
@click.option("--browser/--no-browser", default=None, help="Open the pages; the default is to do so on a desktop.")
def demo(
    seconds: int | None,
    directory: Path | None,
    tickets: int,
    seed: int,
    fps: int,
    *,
    as_json: bool,
    browser: bool | None,
) -> None:
    """Run an event of two hubs on this machine, live.

    Every process runs as on a real box; only the broker (embedded) and the cameras (drawn) are the demo's own. With
    --seconds it ends by itself and exits with 0 only if every ledger row has been acknowledged and all recounts agree.
    """
    from appliance.demo.processes import DemoFault
    from appliance.demo.story import Demo
    from appliance.demo.telling import JsonTelling, TerminalTelling
    from appliance.tickets.sample import sample_tickets, write_roster_csv

    telling = JsonTelling() if as_json else TerminalTelling(browser=browser)
    story = Demo(
        directory=directory,
        keep=as_json or directory is not None,
        tickets=sample_tickets(tickets, seed=seed),
        write_roster=write_roster_csv,
        telling=telling,
        fps=fps,
        seed=seed,
    )
    try:
        sys.exit(story.run(seconds))
    except DemoFault as fault:
        click.echo(f"appliance demo: {fault}", err=True)
        sys.exit(1)
