"""What `appliance roster import` says: words for people, or one JSON object a line for scripts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from appliance.connect.csv_rows import Progress as Told
from appliance.connect.difference import Difference, Example
from appliance.connect.importing import Imported
from appliance.connect.problems import BadRow, clip
from appliance.connect.roster_file import RosterRead

_SHOWN_TO_PEOPLE: Final = 50


def _line(key: str, value: object) -> None:
    click.echo(msgspec.json.encode({key: value}).decode())


class Teller:
    """Says each thing once, in the form that was asked for. Progress and questions go to stderr."""

    def __init__(self, *, as_json: bool, to_stderr: bool = False) -> None:
        self._json = as_json
        self._stderr = to_stderr

    def problems(self, read: RosterRead) -> None:
        """Every bad row that was kept, and how many there are."""
        if self._json:
            for problem in read.problems:
                _line("problem", problem)
            if read.problems_total > len(read.problems):
                _line("problems", {"shown": len(read.problems), "total": read.problems_total})
            return
        for problem in read.problems[:_SHOWN_TO_PEOPLE]:
            self._say(_sentence(problem))
        more = read.problems_total - min(len(read.problems), _SHOWN_TO_PEOPLE)
        if more:
            self._say(f"… and {more} more; --json names the first 1000.")
        self._say(
            f"{read.problems_total} {'problem' if read.problems_total == 1 else 'problems'}: nothing was changed."
        )

    def _say(self, sentence: str) -> None:
        click.echo(sentence, err=self._stderr)

    def difference(self, found: Difference, notes: list[str]) -> None:
        """What would change."""
        if self._json:
            _line("difference", {**msgspec.to_builtins(found), "notes": notes})
            return
        for note in notes:
            click.echo(f"  {clip(note, 1000)}")
        click.echo(f"new {found.new}, changed {found.changed}, gone {found.gone}, same {found.same}")
        for sign, examples in (("+", found.examples.new), ("~", found.examples.changed), ("-", found.examples.gone)):
            for example in examples:
                click.echo(f"  {sign} {_shown(example)}")

    def done(self, done: Imported | None, why: str = "") -> None:
        """What was done; None: nothing, and `why`."""
        if self._json:
            _line("done", msgspec.to_builtins(done) if done else {"roster": None, "rows": 0, "why": why})
        elif done:
            click.echo(f"The door now goes by this roster: {done.rows} tickets.")
        else:
            click.echo(f"Nothing was changed: {why}" + ("" if why.endswith(("?", ".")) else "."))

    @contextmanager
    def progress(self, what: str, *, unit: bool) -> Iterator[Told]:
        """A bar on stderr where a person looks at it; `unit`: with numbers."""
        if self._json or not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()]
        if unit:
            columns.insert(2, MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def _sentence(problem: BadRow) -> str:
    where = [f"line {problem.line}"] if problem.line else []
    where += [f'column "{problem.column}"'] if problem.column else []
    return f"{', '.join(where) or 'the file'}: found {problem.found or 'nothing'}; expected {problem.expected}"


def _shown(example: Example) -> str:
    what = f" ({', '.join(example.what)})" if example.what else ""
    return f"{clip(example.id)}  {clip(example.name)}{what}"
