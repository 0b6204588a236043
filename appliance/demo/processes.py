"""The demo's child processes: started in order, ended together, none left whatever happens to the demo itself."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None)
STRIKES: Final = 5
"""Ends one after the other, each within `YOUNG_SECONDS` of its start: starting it once more won't help."""
YOUNG_SECONDS: Final = 3.0
STOP_SECONDS: Final = 2.0
"""After this the demo doesn't ask any more: all is over 3 s after Ctrl-C."""


class DemoFault(Exception):
    """A process of the demo didn't do what it must; says which and what it printed."""


class Children:
    """Processes by name, each with a log file in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._arguments: dict[str, Sequence[str]] = {}
        self._started: dict[str, float] = {}
        self._strikes: dict[str, int] = {}
        self.restarts = 0

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start `python ARGUMENTS` as a child that doesn't get the terminal's Ctrl-C, and dies with this process."""
        self._arguments[name] = arguments
        self._started[name] = time.monotonic()
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 (our own interpreter)
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 (one system call, made before the fork's threads matter)
                env={key: value for key, value in os.environ.items() if not key.startswith("APPLIANCE_")},
            )

    def log(self, name: str) -> Path:
        """Where `name` writes."""
        return self._directory / f"{name}.log"

    def run(self, name: str, arguments: Sequence[str]) -> str:
        """Run a command of the appliance to its end; what it printed."""
        done = subprocess.run(  # noqa: S603 (our own interpreter)
            [sys.executable, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120
        )
        if done.returncode != 0:
            raise DemoFault(f"{name}: {done.stderr.decode(errors='replace').strip() or done.returncode}")
        return done.stdout.decode()

    def revive(self) -> None:
        """Start again what has ended though nobody asked it to, as systemd does. DemoFault when that doesn't help."""
        for name, process in list(self._running.items()):
            if process.poll() is None:
                continue
            self.restarts += 1
            young = time.monotonic() - self._started[name] < YOUNG_SECONDS
            self._strikes[name] = self._strikes.get(name, 0) + 1 if young else 0
            if self._strikes[name] >= STRIKES:
                raise DemoFault(f"{name} ends again and again; it said:\n{self.told(name)}")
            self.start(name, self._arguments[name])

    def names(self) -> list[str]:
        """All that run."""
        return list(self._running)

    def pid(self, name: str) -> int:
        """The process id of one that runs."""
        return self._running[name].pid

    def told(self, name: str) -> str:
        """The last lines of its log."""
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-8:])

    def stop(self, names: Sequence[str] | None = None, seconds: float = STOP_SECONDS) -> None:
        """End these (or all) at once, the hard way past `seconds`."""
        ending = {name: self._running.pop(name) for name in list(self._running) if names is None or name in names}
        for process in ending.values():
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        for process in ending.values():
            try:
                process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
