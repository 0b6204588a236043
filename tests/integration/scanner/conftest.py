"""Sources opened for one test, and closed after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from appliance.scanner.sources import FrameSource, LineSource, open_source


@pytest.fixture
def opened() -> Iterator[Callable[[str], FrameSource | LineSource]]:
    """`open_source`, closed afterwards."""
    sources = []

    def open_one(url: str) -> FrameSource | LineSource:
        sources.append(open_source(url))
        return sources[-1]

    yield open_one
    for source in sources:
        source.close()
