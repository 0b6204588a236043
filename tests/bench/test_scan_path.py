"""The scan path's figures, held to what they must be."""

from __future__ import annotations

from tests.bench.scan_path import rows


def test_a_scan_costs_little_more_than_the_disk_whatever_else_goes_on() -> None:
    table = rows()
    print("\n".join(["", *(f"scan path: {row.line()}" for row in table)]))
    assert not [row.line() for row in table if not row.holds]
