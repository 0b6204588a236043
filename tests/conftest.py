"""What holds for all tests."""

from __future__ import annotations

import os

import pytest

from tests.tools import SOAK


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Soak runs are by hand: `make soak`."""
    if SOAK:
        return
    left_out = pytest.mark.skip(reason="long: make soak")
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(left_out)


@pytest.fixture(autouse=True)
def _settings_of_the_shell_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own APPLIANCE_ variables must not decide a test."""
    for name in [name for name in os.environ if name.startswith("APPLIANCE_")]:
        monkeypatch.delenv(name)
