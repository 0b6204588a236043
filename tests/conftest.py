"""What holds for all tests."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tests.tools import IN_CI, SOAK


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Soak runs are by hand: `make soak`."""
    if SOAK:
        return
    left_out = pytest.mark.skip(reason="long: make soak")
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(left_out)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing is skipped for the want of a tool or a right, however a test asks for it."""
    report = yield
    if IN_CI and report.skipped and not item.get_closest_marker("soak") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _settings_of_the_shell_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own APPLIANCE_ variables must not decide a test."""
    for name in [name for name in os.environ if name.startswith("APPLIANCE_")]:
        monkeypatch.delenv(name)
