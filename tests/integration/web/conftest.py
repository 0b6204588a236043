"""A staff room for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.web.staff_room import StaffRoom


@pytest.fixture
def room(tmp_path: Path) -> Iterator[StaffRoom]:
    with StaffRoom(tmp_path) as made:
        yield made
