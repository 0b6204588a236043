"""Builds slow_disk.c and says how to run a process on such a disk."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.tools import needs


def slow_disk(directory: Path, millis: int = 30) -> dict[str, str]:
    """The environment in which a process's syncs take `millis` longer. Compiled into `directory`."""
    library = directory / "slow_disk.so"
    source = Path(__file__).with_name("slow_disk.c")
    if not library.exists():
        flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Werror"]
        subprocess.run([needs("cc"), *flags, "-o", str(library), str(source), "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "SLOW_DISK_MILLIS": str(millis)}
