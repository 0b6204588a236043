"""Who is told of the demo: a person at a terminal, or a script that reads JSON."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Any

import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from appliance.demo.figures import Figures
from appliance.demo.story import Addresses


class JsonTelling:
    """One JSON object a line on stdout, and nothing else."""

    def started(self, addresses: Addresses) -> None:
        """The addresses."""
        pages = {"attendee": addresses.attendee, "staff": addresses.staff, "central": addresses.central}
        self._say({"broker": addresses.broker, "pages": pages, "directories": addresses.directories})

    def second(self, elapsed: int, figures: Figures, hubs: dict[str, Figures]) -> None:
        """One line a second."""
        self._say({"second": elapsed, **msgspec.structs.asdict(figures), "hubs": hubs})

    def sums(self, result: dict[str, Any]) -> None:
        """The last line."""
        self._say({"sums": result})

    def stop(self) -> None:
        """Nothing is held."""

    def _say(self, value: object) -> None:
        sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
        sys.stdout.flush()


class TerminalTelling:
    """Addresses, then one live line. Opens the pages on a desktop (`browser` None: if there is one)."""

    def __init__(self, *, browser: bool | None) -> None:
        self._console = Console()
        self._browser = (
            browser if browser is not None else bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        )
        self._live: Live | None = None

    def started(self, addresses: Addresses) -> None:
        """The addresses; each login link works once."""
        rows = [("attendee screen", page) for page in addresses.attendee]
        rows += [("staff page", page) for page in addresses.staff] + [("central board", addresses.central)]
        self._console.print("\nTwo hubs are open. Ctrl-C ends it.\n", style="bold")
        for what, page in rows:
            self._console.print(f"  {what:16} [link={page}]{page}[/link]", highlight=False, soft_wrap=True)
        self._console.print()
        if self._browser:
            for _, page in rows:
                webbrowser.open(page)
        self._live = Live(console=self._console, refresh_per_second=4, transient=False)
        self._live.start()

    def second(self, elapsed: int, figures: Figures, hubs: dict[str, Figures]) -> None:  # noqa: ARG002 (the line shows the sums)
        """The one live line."""
        if self._live is not None:
            self._live.update(
                Text.assemble(
                    (f"{elapsed:4d} s  ", "dim"),
                    f"scans {figures.scans}  ",
                    (f"admitted {figures.admitted}  ", "green"),
                    (f"refused {figures.refused}  ", "red"),
                    f"delivered {figures.delivered}  acknowledged {figures.acknowledged} of {figures.rows}",
                )
            )

    def sums(self, result: dict[str, Any]) -> None:
        """The recount's result."""
        self.stop()
        verdict = (
            "[green]everything is acknowledged, all recounts agree[/]"
            if result["ok"]
            else f"[red]something differs: {result}[/]"
        )
        self._console.print(
            f"{result['scans']} scans, {result['admitted']} admitted, {result['refused']} refused: {verdict}"
        )

    def stop(self) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None
