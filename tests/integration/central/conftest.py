"""Central's database in each test's own directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.central.desk import Desk, sqlite_url


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(sqlite_url(tmp_path / "central.db"))
    yield made
    made.engine.dispose()
