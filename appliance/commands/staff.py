"""`appliance staff`: who may see the staff page."""

from __future__ import annotations

from typing import cast

import click

from appliance.commands.context import Invocation, pass_invocation, print_json, told_faults
from appliance.doorkeeper.protocol import Role
from appliance.setting_checks import page_address


@click.group()
def staff() -> None:
    """Staff of this hub."""


@staff.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["viewer", "staff", "lead", "technician"]),
    default="staff",
    show_default=True,
    help="What they may do; each may all that those before it may.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_invocation
@told_faults
def add(invocation: Invocation, name: str, role: str, *, as_json: bool) -> None:
    """Add NAME (or give them a new role) and print a login link that works once, for a day."""
    link = invocation.open_client().staff_add(name, cast("Role", role))
    address = f"{page_address(invocation.settings.staff.listen, invocation.settings.staff.names)}/login/{link.token}"
    if as_json:
        print_json({"staff": link.staff, "name": name, "role": role, "link": address})
    else:
        click.echo(f"{name} ({role}) is {link.staff}. Open this once, within a day:\n{address}")
