"""Tools that tests need beyond Python: missing at home is a skip that says so, missing in CI is a failure."""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest

IN_CI: Final = os.environ.get("CI") == "true"
SOAK: Final = os.environ.get("SOAK") == "1"
"""`make soak`: the long runs with their large sizes."""
_PACKAGES: Final = {
    "mosquitto": "mosquitto",
    "mosquitto_passwd": "mosquitto",
    "mosquitto_sub": "mosquitto-clients",
    "chromium": "chromium",
    "systemd-analyze": "systemd",
    "cc": "gcc",
    "pdftotext": "poppler-utils",
}


def find(*names: str) -> str | None:
    """The path of the first of these programs that is installed; /usr/sbin is looked in too."""
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return next((path for name in names if (path := shutil.which(name, path=places))), None)


def needs(*names: str) -> str:
    """The path of the program that goes by one of these names. Without it: a skip, in CI a failure."""
    path = find(*names)
    if path is None:
        word = f"{names[0]} is not installed: apt-get install {_PACKAGES.get(names[0], names[0])}"
        if IN_CI:
            pytest.fail(word)
        pytest.skip(word)
    return path


def needs_root() -> None:
    """A skip for those who aren't root (CI is)."""
    if os.geteuid() != 0:
        if IN_CI:
            pytest.fail("CI runs as root, for the tests that change users")
        pytest.skip("needs root")
