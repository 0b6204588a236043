"""What one process at a time may do: write ledger.db (each leaves word for the next of how it went), and report."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal, NamedTuple, cast

from appliance.store.opening import StoreFault


class Left(NamedTuple):
    """What the last holder left word of: nothing (there was none), that it had the ledger open, that it closed it."""

    state: Literal["", "open", "closed"]
    boot: str


class Hold:
    """The lock, and the word in it. `left` is the last holder's."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        state, _, boot = file.read(200).decode("ascii", "replace").strip().partition(" ")
        self.left = (
            Left(cast("Literal['open', 'closed']", state), boot) if state in ("open", "closed") else Left("", "")
        )

    def opened(self, boot: str) -> None:
        """The ledger is open: from here on its write-ahead log must be found where it is."""
        self._say(f"open {boot}")

    def closed(self, boot: str) -> None:
        """Nothing is written any more: the write-ahead log may go."""
        self._say(f"closed {boot}")

    def release(self) -> None:
        """Let another process have it."""
        self._file.close()

    def _say(self, word: str) -> None:
        # One write of a fixed length, so that no moment leaves it empty. On a full disk the next holder knows less.
        with suppress(OSError):
            os.pwrite(self._file.fileno(), f"{word:<80}\n".encode("ascii", "replace"), 0)


def hold(ledger: Path) -> Hold:
    """Hold `ledger` for this process alone; StoreFault while another does."""
    file = _locked(ledger.with_name(ledger.name + ".lock"))
    if file is None:
        raise StoreFault(f"{ledger} is held by another doorkeeper: stop it first")
    return Hold(file)


def hold_reporting(live: Path) -> IO[bytes] | None:
    """Report for the node of `live` alone, until what is returned is closed; StoreFault while another process does.

    None where the directory can't be written: two that report are a nuisance, none is worse.
    """
    try:
        file = _locked(_reporting_lock(live))
    except OSError:
        return None
    if file is None:
        raise StoreFault(f"another report is running for {live.parent}: stop it first")
    return file


def is_reporting(live: Path) -> bool:
    """Whether a process reports for the node of `live` now."""
    try:
        with _reporting_lock(live).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _reporting_lock(live: Path) -> Path:
    return live.with_name("report.lock")


def _locked(path: Path) -> IO[bytes] | None:
    """The file, made if need be, locked until it is closed or the process ends; None while another has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640), "r+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
