"""`appliance ledger`: counting again."""

from __future__ import annotations

import sys
from typing import Any

import click

from appliance.commands.context import Invocation, pass_invocation, print_json, told_faults
from appliance.doorkeeper.verify import Verification
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
    found = verify_ledger(invocation.ledger)
    if as_json:
        print_json(_as_json(found))
    else:
        _tell(found)
    sys.exit(0 if found.agrees else 1)


def _as_json(found: Verification) -> dict[str, Any]:
    figures = [
        {
            "list": of,
            "gate": gate,
            "figure": what,
            "tally": found.stored[of, gate, what],
            "recount": found.counted[of, gate, what],
        }
        for of, gate, what in sorted(found.stored.keys() | found.counted.keys())
    ]
    holes = [{"log": hole.log, "first": hole.first, "last": hole.last} for hole in found.holes]
    return {"agrees": found.agrees, "rows": found.rows, "figures": figures, "holes": holes}


def _tell(found: Verification) -> None:
    for of, gate, what in sorted(found.stored.keys() | found.counted.keys()):
        stored, counted = found.stored[of, gate, what], found.counted[of, gate, what]
        mark = "" if stored == counted else "   DIFFERS"
        click.echo(f"{of or '-':12} {gate or '(list)':12} {what:28} tally {stored:8d}   recount {counted:8d}{mark}")
    for hole in found.holes:
        click.echo(f"log {hole.log}: rows {hole.first} to {hole.last} are missing (lost with a damaged file)")
    click.echo(f"{found.rows} rows: {'tallies and recount agree' if found.agrees else 'TALLIES AND RECOUNT DIFFER'}")
