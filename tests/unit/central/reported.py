"""Rows and snapshots as a hub has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from appliance.domain import wire
from appliance.domain.attendance import fold
from appliance.domain.row import LogId, Placed, Row
from tests.ledgers import LOG


def counts(rows: Iterable[Placed], *, n: int = 1, term: int = 1, session: int = 1, **changed: Any) -> wire.Counts:
    rows = list(rows)
    through: dict[LogId, int] = {}
    for log, offset, _ in rows:
        through[log] = max(offset, through.get(log, 0))
    fields = {"through": through, "at": "2026-11-24T09:12:00.000Z", **wire.figures(fold(rows), list="door"), **changed}
    return wire.Counts(term=term, session=session, n=n, **fields)


def placed(rows: Sequence[Row], first: int = 1, log: LogId = LOG) -> list[Placed]:
    return [Placed(log, first + i, row) for i, row in enumerate(rows)]
