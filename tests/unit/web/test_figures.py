"""The staff page's figures out of the ledger's."""

from __future__ import annotations

from typing import Any

from appliance.domain.attendance import fold
from appliance.domain.row import LogId, Placed, Row
from appliance.domain.ticket import TicketId
from appliance.web.figures import Gate, counts_of, gates_of, scans_of

LOG = LogId("3f2c91ab00d40e17")


def row(n: int, kind: str, **fields: Any) -> Placed:
    given = {"list": "door", "gate": "north", "ticket": f"T-{n}", **fields}
    if kind == "annulment":
        given = fields
    made = Row(
        kind=kind, tick=n, node="k1", at="2026-11-24T09:12:44.120Z", clock="synced", nonce=f"nonce-{n:04d}", **given
    )
    return Placed(LOG, n, made)


ROWS = [
    row(1, "entry"),
    row(2, "entry", gate="south"),
    row(3, "exit", ticket="T-1"),
    row(4, "refusal", reason="invalid", ticket=None, times=3),
    row(5, "refusal", reason="unpaid", gate="south"),
]


def test_counts_are_those_of_the_main_list_and_refusals_come_by_number() -> None:
    counts = counts_of(fold([*ROWS, row(9, "entry", list="workshop")]), "door")
    assert (counts.attendance, counts.entries, counts.exits, counts.occupancy) == (2, 2, 1, 1)
    assert counts.refused == 4
    assert list(counts.refusals.items()) == [("invalid", 3), ("unpaid", 1)]


def test_an_empty_ledger_counts_nothing() -> None:
    assert counts_of(fold([]), "door").occupancy == 0
    assert gates_of(fold([])) == []


def test_gates_have_a_line_each() -> None:
    assert gates_of(fold(ROWS)) == [Gate("north", 1, 1, 3), Gate("south", 1, 0, 1)]


def test_last_scans_carry_names_and_unknown_codes_none() -> None:
    rows = [(placed.offset, placed) for placed in reversed(ROWS)]
    lines = scans_of(rows, {TicketId("T-1"): ("Zoë \u202eBrandt", "Full event")})
    assert [line.seq for line in lines] == [5, 4, 3, 2, 1]
    assert (lines[-1].name, lines[-1].product) == ("Zoë Brandt", "Full event")
    assert (lines[1].ticket, lines[1].reason, lines[1].times) == ("", "invalid", 3)


def test_what_was_undone_is_marked() -> None:
    rows = [(6, row(6, "annulment", annuls="nonce-0002", by="s1")), *((p.offset, p) for p in reversed(ROWS))]
    undone = {line.seq for line in scans_of(rows, {}) if line.undone}
    assert undone == {2}


def test_a_kind_that_this_version_doesn_t_know_is_called_so() -> None:
    assert scans_of([(1, row(1, "teleport"))], {})[0].kind == "other"


def test_not_more_lines_than_asked_for() -> None:
    rows = [(n, row(n, "entry")) for n in range(100, 0, -1)]
    assert len(scans_of(rows, {}, most=30)) == 30
