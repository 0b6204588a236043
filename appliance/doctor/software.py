"""The libraries that come as compiled code: whether this machine can load them."""

from __future__ import annotations

import importlib
import platform
import sqlite3
from collections.abc import Iterator
from typing import Final

from appliance.doctor.finding import Finding, fault, well

_LIBRARIES: Final = {
    "cv2": "make setup (or make install) again; OpenCV needs Debian's libgl1 and libglib2.0-0",
    "zxingcpp": "make setup (or make install) again",
    "numpy": "make setup (or make install) again",
    "cryptography": "make setup (or make install) again",
}
_HAND_SCANNERS: Final = {"evdev": "pip install evdev (needs gcc and python3-dev), or make install again"}


def check_software(*, hand_scanners: bool) -> Iterator[Finding]:
    """One finding a library that can't be loaded; else one for all."""
    wanted = _LIBRARIES | (_HAND_SCANNERS if hand_scanners else {})
    versions = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    broken = False
    for name, do in wanted.items():
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            broken = True
            yield fault("software", f"{name} can't be loaded: {error}", do)
        else:
            versions.append(f"{name} {getattr(module, '__version__', '')}".strip())
    if not broken:
        yield well("software", ", ".join(versions))
