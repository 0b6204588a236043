"""The command `appliance`: finds the settings, hands them to a subcommand, which is imported when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any, Final

import click

from appliance import __version__
from appliance.commands.context import Invocation
from appliance.settings import SettingsFault

_COMMANDS: Final = {
    "scan": "appliance.commands.processes:scan",
    "doorkeeper": "appliance.commands.processes:doorkeeper",
    "web": "appliance.commands.processes:web",
    "report": "appliance.commands.processes:report",
    "central": "appliance.commands.central:central",
    "roster": "appliance.connect.commands:roster",
    "tickets": "appliance.tickets.commands:tickets",
    "ledger": "appliance.commands.ledger:ledger",
    "staff": "appliance.commands.staff:staff",
    "decode": "appliance.scanner.commands:decode",
    "config": "appliance.commands.config:config",
    "doctor": "appliance.commands.doctor:doctor",
    "demo": "appliance.commands.demo:demo",
    "completion": "appliance.commands.completion:completion",
}


class _Lazy(click.Group):
    """Imports a subcommand when it is asked for: `appliance --help` and the shell's completion stay fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's)
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's)
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="appliance")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; else APPLIANCE_CONFIG's, else /etc/hub-appliance/appliance.toml.",
)
@click.pass_context
def appliance(ctx: click.Context, config_path: Path | None) -> None:
    """The box at the door of a hub: reads tickets, lets people in, counts, and reports.

    A box runs `scan`, `doorkeeper`, `web` and `report`, each as a systemd unit; the event's receiving side runs
    `central`. Everything else is for people. `appliance demo` shows it all on one machine.
    """
    ctx.obj = Invocation(config_path, dict(os.environ))


def main() -> Any:
    """The entry point: a fault in the settings is a sentence, not a traceback."""
    try:
        return appliance.main(standalone_mode=True)
    except SettingsFault as fault:
        click.echo(f"appliance: {fault}", err=True)
        sys.exit(2)
