"""The command `appliance`: finds the settings, hands them to a subcommand, which is imported when it is called."""

from __future__ import annotations

import importlib
import os
import sqlite3
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
        return _with_config(command)


_CONFIG_HELP: Final = "Settings file; else APPLIANCE_CONFIG's, else /etc/hub-appliance/appliance.toml."
_CONFIG_FILE: Final = click.Path(path_type=Path, dir_okay=False)


def _with_config(command: click.Command) -> click.Command:
    """`command`, and all below it, with `--config` of its own: people write it before the subcommand or after it."""
    if not any(parameter.name == "config_path" for parameter in command.params):
        option = click.Option(
            ["--config", "config_path"],
            type=_CONFIG_FILE,
            metavar="FILE",
            help=_CONFIG_HELP,
            expose_value=False,
            callback=_take_config,
        )
        command.params.append(option)
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _with_config(below)
    return command


def _take_config(ctx: click.Context, _option: click.Parameter, config_path: Path | None) -> None:
    if config_path is not None:
        ctx.obj = Invocation(config_path, dict(os.environ))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="appliance")
@click.option("--config", "config_path", type=_CONFIG_FILE, help=_CONFIG_HELP)
@click.pass_context
def appliance(ctx: click.Context, config_path: Path | None) -> None:
    """The box at the door of a hub: reads tickets, lets people in, counts, and reports.

    A box runs `scan`, `doorkeeper`, `web` and `report`, each as a systemd unit; the event's receiving side runs
    `central`. Everything else is for people. `appliance demo` shows it all on one machine.
    """
    ctx.obj = Invocation(config_path, dict(os.environ))


def main() -> Any:
    """The entry point: a fault in the settings, or a file that can't be used, is a sentence, not a traceback."""
    try:
        return appliance.main(standalone_mode=True)
    except SettingsFault as fault:
        click.echo(f"appliance: {fault}", err=True)
        sys.exit(2)
    except OSError as fault:
        what = f"{fault.filename}: {fault.strerror}" if fault.filename and fault.strerror else str(fault)
        click.echo(f"appliance: {what}: check that the path is right and that this user may use it", err=True)
        sys.exit(1)
    except sqlite3.Error as fault:
        click.echo(f"appliance: a database can't be used ({fault}): `appliance doctor` looks at each", err=True)
        sys.exit(1)
