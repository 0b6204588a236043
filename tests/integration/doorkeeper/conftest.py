"""A house with an open door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.doorkeeper.house import House, tickets


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A doorkeeper with twenty tickets."""
    with House(tmp_path) as opened:
        opened.bring(*tickets(20))
        yield opened
