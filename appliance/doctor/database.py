"""ledger.db and live.db, read and never written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from appliance.doctor.finding import Finding, fault, warning, well
from appliance.domain.attendance import Tally
from appliance.store.opening import StoreFault, is_damage
from appliance.store.reading import open_reader, recount
from appliance.store.soundness import mark_of, quick_check

CHECKED_BYTES: Final = 64 * 1024 * 1024
"""A larger file isn't read whole here; `appliance ledger verify` does."""
RECOUNTED_ROWS: Final = 50_000
_VERIFY: Final = "appliance ledger verify"


def check_ledger(path: Path) -> Iterator[Finding]:
    """Whether it opens, is whole, and its tallies are what its rows say; damaged copies that lie around."""
    yield from _damaged(path)
    if not path.exists():
        yield warning("database", f"{path} does not exist yet", "start the doorkeeper, which makes it")
        return
    try:
        with closing(open_reader(path)) as connection:
            yield from _content(path, connection)
    except (StoreFault, sqlite3.Error, OSError) as error:
        if isinstance(error, sqlite3.Error) and is_damage(error):
            do = "restart the doorkeeper: it takes over what can be read, and says so"
        else:
            do = "run this as root, with the doorkeeper running"
        yield fault("database", f"{path} can't be read: {error}", do)


def _damaged(path: Path) -> Iterator[Finding]:
    if mark_of(path).exists():
        yield fault(
            "database", f"{path} is marked as damaged", "restart the doorkeeper: it takes over what can be read"
        )
    copies = sorted(copy.name for copy in path.parent.glob(f"{path.name}.damaged-*") if copy.suffix[-1:].isdigit())
    if copies:
        yield warning(
            "database",
            f"{len(copies)} damaged earlier copies are kept: {', '.join(copies[-3:])}",
            f"save them from {path.parent} and remove them; a card that damages files wants to be replaced",
        )


def _content(path: Path, connection: sqlite3.Connection) -> Iterator[Finding]:
    rows = connection.execute("SELECT count(*) FROM ledger").fetchone()[0]
    size = path.stat().st_size
    if size > CHECKED_BYTES:
        yield well("database", f"{rows} rows; too large to be read whole here ({_VERIFY} does)")
        return
    broken = quick_check(connection)
    if broken:
        yield fault(
            "database", f"{path} is damaged: {broken}", "restart the doorkeeper: it takes over what can be read"
        )
        return
    if rows > RECOUNTED_ROWS:
        yield well("database", f"whole, {rows} rows; not recounted here ({_VERIFY} does)")
        return
    different = differences(*recount(connection))
    if different:
        yield fault("database", f"tallies differ from a recount of {rows} rows: {'; '.join(different[:3])}", _VERIFY)
    else:
        yield well("database", f"whole, {rows} rows, tallies equal to a recount")


def differences(stored: Tally, counted: Tally) -> list[str]:
    """Each figure that isn't what the rows say."""
    found: list[str] = []
    for key in sorted({*stored, *counted}):
        of, gate, what = key
        ours, theirs = stored.get(key, 0), counted.get(key, 0)
        if ours != theirs:
            found.append(f"{what} of {of or '-'}/{gate or '-'} is {ours}, counted {theirs}")
    return found


def check_live(path: Path) -> Iterator[Finding]:
    """Rows that central has refused or not acknowledged."""
    if not path.exists():
        yield warning("database", f"{path} does not exist yet", "start web and report, which make it")
        return
    try:
        with closing(open_reader(path)) as connection:
            parked = connection.execute("SELECT coalesce(sum(last - first + 1), 0) FROM parked").fetchone()[0]
    except (StoreFault, sqlite3.Error) as error:
        do = "restart web and report: they make it anew" if _broken(error) else "run this as root"
        yield warning("database", f"{path} can't be read: {error}", do)
        return
    if parked:
        yield warning("reporting", f"central has refused {parked} rows", "the staff page says which and why")


def _broken(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and is_damage(error)


def check_staff(path: Path) -> Iterator[Finding]:
    """Whether anybody can log in."""
    if not path.exists():
        return
    try:
        with closing(open_reader(path)) as connection:
            count, leads = connection.execute(
                "SELECT count(*), coalesce(sum(role IN ('lead', 'technician')), 0) FROM staff"
            ).fetchone()
    except (StoreFault, sqlite3.Error):
        return
    if count:
        yield well("staff", f"{count} members, {leads} of them leads or technicians")
    else:
        yield warning("staff", "nobody can log in to the staff page", "appliance staff add NAME --role lead")
