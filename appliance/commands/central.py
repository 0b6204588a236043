"""`appliance central`: the receiving side, its recount, its staff."""

from __future__ import annotations

import secrets
import sys
import time
from pathlib import Path
from typing import cast

import click
from prometheus_client import CollectorRegistry

from appliance.central.exceptions import CentralError
from appliance.commands.context import Invocation, fail, pass_invocation, print_json, run_process
from appliance.doorkeeper.protocol import Role
from appliance.setting_checks import page_address, read_listen


@click.group(invoke_without_command=True)
@click.pass_context
def central(ctx: click.Context) -> None:
    """Receive, count, acknowledge and show what hubs report."""
    if ctx.invoked_subcommand is None:
        sys.exit(_run(cast("Invocation", ctx.obj)))


def _run(invocation: Invocation) -> int:
    from appliance.central.builder import build_central
    from appliance.central.receiver import BrokerAddress

    invocation.need("broker.password")
    settings = invocation.settings
    registry = CollectorRegistry()
    broker = settings.broker
    host, port = read_listen(settings.central.listen)
    try:
        process = build_central(
            database_url=settings.central.database,
            broker=BrokerAddress(
                broker.host,
                broker.port,
                broker.username,
                broker.password,
                broker.tls,
                Path(broker.ca) if broker.ca else None,
            ),
            root=broker.root,
            event=settings.event.id,
            host=host,
            port=port,
            state=settings.central.state,
            registry=registry,
            names=settings.central.names,
            language=settings.event.language.split(",")[0].strip(),
            title=settings.event.name or settings.event.id,
        )
    except CentralError as fault:
        fail(str(fault))
    return run_process(process, settings.log.level, registry, settings.metrics.central)


@central.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_invocation
def recount(invocation: Invocation, *, as_json: bool) -> None:
    """Recount all stored rows and hold it against the tallies; exit 1 at a difference. Central may run meanwhile."""
    from appliance.central.recount import exit_code, lines
    from appliance.central.recount import recount as count_again

    try:
        result = count_again(invocation.settings.central.database)
    except CentralError as fault:
        fail(str(fault))
    if as_json:
        print_json(result)
    else:
        for line in lines(result):
            click.echo(line)
    sys.exit(exit_code(result))


@central.group()
def staff() -> None:
    """Who may see the board."""


@staff.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["viewer", "staff", "lead", "technician"]),
    default="viewer",
    show_default=True,
    help="What they may do; a viewer sees the board.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_invocation
def add(invocation: Invocation, name: str, role: str, *, as_json: bool) -> None:
    """Add NAME (or give them a new role) and print a login link that works once, for a day."""
    from appliance.central.staff import add_staff

    settings = invocation.settings.central
    try:
        link = add_staff(
            settings.database,
            name,
            cast("Role", role),
            token=secrets.token_urlsafe(24),
            now=time.time_ns() // 1_000_000,
        )
    except CentralError as fault:
        fail(str(fault))
    address = f"{page_address(settings.listen, settings.names)}/login/{link.token}"
    if as_json:
        print_json({"staff": link.staff, "name": name, "role": role, "link": address})
    else:
        click.echo(f"{name} ({role}) is {link.staff}. Open this once, within a day:\n{address}")
