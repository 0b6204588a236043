"""`appliance doctor`: what is well and what isn't."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Final

import click
from rich.console import Console
from rich.text import Text

from appliance.commands.context import Invocation, pass_invocation, print_json
from appliance.doctor.examination import examine
from appliance.doctor.finding import Finding, Level, exit_code

_MARKS: Final[dict[Level, tuple[str, str]]] = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "fault": ("FAULT", "bold red"),
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding.")
@pass_invocation
def doctor(invocation: Invocation, *, as_json: bool) -> None:
    """Look at everything that this box needs, say what to do.

    Run it as root on a box. Exits with 0 when all is well, 1 at a warning, 2 at a fault.
    """
    settings = invocation.settings
    findings: list[Finding] = []
    console = Console(soft_wrap=True, highlight=False)
    for finding in examine(
        invocation.loaded,
        ledger=invocation.ledger,
        live=invocation.live,
        doorkeeper_socket=invocation.doorkeeper_socket,
        scan_socket=invocation.scan_socket,
        certificates=settings.paths.state / "certificates",
        now=datetime.now(tz=UTC),
    ):
        findings.append(finding)
        if as_json:
            print_json(finding)
        else:
            console.print(_shown(finding))
    sys.exit(exit_code(findings))


def _shown(finding: Finding) -> Text:
    """One line; what to do on a second one."""
    mark, style = _MARKS[finding.level]
    text = Text.assemble((f"{mark:8}", style), (f"{finding.check:13}", "bold"), finding.found)
    if finding.do:
        text.append(f"\n{'':21}-> {finding.do}", style="italic")
    return text
