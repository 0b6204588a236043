"""`appliance ledger`: counting again."""

from __future__ import annotations

import click

from appliance.commands.context import Invocation, pass_invocation, print_json, told_faults
from appliance.doorkeeper.verify import verify as verify_ledger


@click.group()
def ledger() -> None:
    """The ledger of this node."""


@ledger.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_invocation
@told_faults
def verify(invocation: Invocation, *, as_json: bool) -> None:
    """Recount the ledger and hold it against the tallies; exit 1 at a difference. The door may be open meanwhile."""
