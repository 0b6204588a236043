"""The demo's figures, read from the hubs' own files: what their pages show, summed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from appliance.domain.attendance import ENTRIES, EXITS, REFUSAL
from appliance.store.live import cursors, open_live, reporting
from appliance.store.opening import StoreFault
from appliance.store.reading import open_reader, snapshot


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of all hubs together. `rows` are ledger rows; `delivered` and `acknowledged` are how many of them got so far."""

    scans: int = 0
    admitted: int = 0
    refused: int = 0
    rows: int = 0
    delivered: int = 0
    acknowledged: int = 0


def of_hub(directory: Path) -> Figures:
    """One hub's. A hub that has written nothing yet has none."""
    try:
        with closing(open_reader(directory / "ledger.db")) as ledger:
            found = snapshot(ledger)
    except (StoreFault, sqlite3.Error):
        return Figures()
    admitted = sum(n for (_, _, what), n in found.tally.items() if what in (ENTRIES, EXITS))
    refused = sum(n for (_, _, what), n in found.tally.items() if what.startswith(REFUSAL))
    rows = sum(found.through.values())
    delivered = acknowledged = 0
    if (directory / "live" / "live.db").exists():
        with closing(open_live(directory / "live" / "live.db")) as live:
            state = reporting(live)
            acked = cursors(live, "central")
        acknowledged = sum(min(acked.get(log, 0), through) for log, through in found.through.items())
        delivered = max(state.sent if state else 0, acknowledged)
    return Figures(
        scans=admitted + refused,
        admitted=admitted,
        refused=refused,
        rows=rows,
        delivered=min(delivered, rows),
        acknowledged=acknowledged,
    )


def total(hubs: Sequence[Figures]) -> Figures:
    """The sum of several hubs'."""
    return Figures(**{field: sum(getattr(hub, field) for hub in hubs) for field in Figures.__struct_fields__})
