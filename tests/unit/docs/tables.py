"""What README and firmware-config/appliance.toml must say, made from the code.

`make docs-tables` prints README's tables, `make settings-file` writes the settings file.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click

import appliance
from appliance.domain.wire import Topics
from appliance.setting_sections import Settings
from appliance.settings import PREFIX, Described, described

_WIDTH = 120
_HEAD = f"""\
# Settings of the hub appliance: /etc/hub-appliance/appliance.toml. What is commented out shows the default.
#
# Each can also be given in the environment, which wins: [event] id is {PREFIX}EVENT_ID; lists are separated by blanks.
# `appliance config` shows what holds and where it comes from; a mistyped name is an error that says what was meant.
#
# Every process of the box reads this file, so write no secret into it, but where it is: "file:PATH", which only those
# who need it can read, or for the broker "credential:broker-password", which is root's file
# /etc/credstore/hub-appliance.broker-password.
"""


def settings_rows() -> Iterator[str]:
    """README's table of settings."""
    yield "| setting | default | what |"
    yield "| --- | --- | --- |"
    for one in described():
        yield f"| `{one.name}` | {_default(one)} | {one.doc} |"


def _default(one: Described) -> str:
    if one.secret:
        return "a secret; none" if not one.default else "a secret"
    return f"`{toml_value(one.default)}`"


class Metric(NamedTuple):
    """One line of a module's METRICS."""

    name: str
    kind: str
    what: str


def metrics() -> list[Metric]:
    """Every metric of every process: the METRICS of all modules."""
    found: list[Metric] = []
    for module in pkgutil.walk_packages(appliance.__path__, "appliance."):
        if module.name.endswith("__main__"):
            continue
        table = getattr(importlib.import_module(module.name), "METRICS", None)
        if table is not None:
            found += [Metric(*(str(part) for part in line[:3])) for line in table]
    return sorted(set(found))


def metrics_rows() -> Iterator[str]:
    """README's table of metrics."""
    yield "| metric | kind | what |"
    yield "| --- | --- | --- |"
    for metric in metrics():
        yield f"| `{metric.name}` | {metric.kind} | {metric.what} |"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its full name, as in `appliance roster import`."""
    from appliance.cli import appliance as root

    yield from _below("appliance", root, click.Context(root))


def _below(name: str, command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    if command.invoke_without_command:
        yield name, command
    for below in command.list_commands(context):
        found = command.get_command(context, below)
        assert found is not None
        yield from _below(f"{name} {below}", found, click.Context(found, parent=context, info_name=below))


def commands_rows() -> Iterator[str]:
    """README's table of commands."""
    yield "| command | does |"
    yield "| --- | --- |"
    for name, command in commands():
        pieces = command.collect_usage_pieces(click.Context(command))
        usage = " ".join([name, *(piece for piece in pieces if piece and piece != "[OPTIONS]")])
        usage = usage.replace("|", "\\|")
        yield f"| `{usage}` | {command.get_short_help_str(limit=200)} |"


def topics() -> dict[str, str]:
    """Each topic's address and what it carries."""
    text = (Path(appliance.__file__).parent / "domain" / "asyncapi.json").read_text(encoding="utf-8")
    channels: dict[str, Any] = json.loads(text)["channels"]
    base = Topics("{root}", "{event}", "{hub}").base
    return {
        one["address"].replace(base, "{base}"): f"{one['title']}. {one['description']}" for one in channels.values()
    }


def topics_rows() -> Iterator[str]:
    """README's table of topics."""
    yield "| topic | what |"
    yield "| --- | --- |"
    for address, what in topics().items():
        yield f"| `{address}` | {what} |"


def toml_value(value: object) -> str:
    """`value` as TOML writes it."""
    if isinstance(value, list):
        return f"[{', '.join(toml_value(one) for one in value)}]"
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False)
    return json.dumps(value)


def settings_file() -> Iterator[str]:
    """firmware-config/appliance.toml: every setting with its sentence, commented out, as it is by default."""
    yield from _HEAD.splitlines()
    section = ""
    for one in described():
        if one.section != section:
            section = one.section
            yield ""
            yield ""
            yield f"# {type(getattr(Settings(), section)).__doc__}"
            yield f"[{section}]"
        yield ""
        for line in textwrap.wrap(one.doc, _WIDTH - 2, break_long_words=False, break_on_hyphens=False):
            yield f"# {line}"
        yield f"#{one.key} = {toml_value(one.default)}"


def main(what: str = "readme") -> None:
    """Print."""
    if what == "toml":
        parts = [("", settings_file())]
    else:
        parts = [
            ("## Settings\n\n", settings_rows()),
            ("\n## Metrics\n\n", metrics_rows()),
            ("\n## Commands\n\n", commands_rows()),
            ("\n## Topics\n\n", topics_rows()),
        ]
    for heading, lines in parts:
        sys.stdout.write(heading + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])
