"""Rows for tests of the fold, written short."""

from __future__ import annotations

from typing import Any

from appliance.domain.row import LogId, NodeId, Nonce, Placed, Row
from appliance.domain.ticket import TicketId

Rows = list[Placed]


def row(kind: str, tick: int, nonce: str = "", *, log: str = "aaaa", offset: int = 0, **fields: Any) -> Placed:
    """One row of list `door`, ticket `T-1`, gate `north` unless told otherwise."""
    passage = {"list": "door", "gate": "north"} if kind != "annulment" else {}
    if kind in ("entry", "exit", "settlement"):
        passage["ticket"] = TicketId("T-1")
    if kind == "refusal":
        passage["reason"] = "invalid"
    if kind == "settlement":
        passage["as_"] = "left"
    named = Nonce(nonce or f"n-{kind}-{tick}-{log}")
    content = Row(
        kind=kind, tick=tick, node=NodeId("k2"), clock="synced", nonce=named, **{"at": "", **passage, **fields}
    )
    return Placed(LogId(log), offset or tick, content)


def annul(tick: int, annuls: str, **fields: Any) -> Placed:
    """The row that undoes the scan of the nonce `annuls`."""
    return row("annulment", tick, annuls=annuls, by="s7", **fields)
