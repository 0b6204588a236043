"""`appliance config`: the effective settings and where each comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from appliance.commands.context import Invocation, pass_invocation, print_json
from appliance.scanner.sources import masked
from appliance.settings import MASKED, Described, described


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a setting.")
@pass_invocation
def config(invocation: Invocation, *, as_json: bool) -> None:
    """Show the effective settings and where each comes from.

    Secrets are masked.
    """
    loaded = invocation.loaded
    table = Table("setting", "value", "from", box=None, header_style="bold")
    for one in described():
        value = _shown(one, getattr(getattr(loaded.settings, one.section), one.key))
        source = loaded.sources[one.name]
        if as_json:
            print_json({"setting": one.name, "value": value, "source": source})
        else:
            table.add_row(one.name, str(value), source, style=None if source != "default" else "dim")
    if not as_json:
        Console(soft_wrap=True).print(table)


def _shown(one: Described, value: Any) -> Any:
    if one.secret:
        return MASKED if value else ""
    if one.name == "scanner.sources":
        # A network camera's address may hold its login.
        return [masked(source) for source in value]
    return str(value) if isinstance(value, Path) else value
