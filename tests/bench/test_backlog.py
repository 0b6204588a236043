"""The backlog's figures, held to what they must be."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.bench.backlog import TARGET, measure

FLAT_KIB: Final = 8 * 1024


def test_a_backlog_reaches_central_fast_enough_and_the_reporting_stays_small(tmp_path: Path) -> None:
    found = measure(tmp_path)
    print("\n".join(["", *found.lines()]))
    assert found.per_second >= TARGET
    assert found.rss_peak - found.rss_before <= FLAT_KIB
