"""Decoding's figures, held to what they must be."""

from __future__ import annotations

from tests.bench.decode import rows


def test_the_door_reads_what_people_hold_up_and_costs_little_while_nobody_comes() -> None:
    table = rows()
    print("\n".join(["", *(f"decode: {row.line()}" for row in table)]))
    assert not [row.line() for row in table if not row.holds]
