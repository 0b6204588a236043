"""The disk under the ledger: room, whether and how fast it can be written, what errors the kernel has seen."""

from __future__ import annotations

import errno
import os
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from appliance.doctor.finding import Finding, fault, warning, well

_MIB: Final = 1024 * 1024
LITTLE: Final = 1024 * _MIB
"""Bytes of room below which it is time to look: a busy day's ledger takes a tenth of it."""
TOO_LITTLE: Final = 100 * _MIB
SLOW_MILLIS: Final = 120.0
"""A card's ordinary fdatasync takes 5 to 100 ms."""
TOO_SLOW_MILLIS: Final = 1000.0
_TRIES: Final = 5
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs", "overlay"})


class Mount(NamedTuple):
    """The mount that a path lies on; `device` as in /sys/dev/block."""

    point: Path
    device: str
    kind: str
    read_only: bool


def mount_of(path: Path, mountinfo: str) -> Mount | None:
    """The innermost mount in /proc/self/mountinfo's text that holds `path` (absolute, resolved)."""
    found: Mount | None = None
    for line in mountinfo.splitlines():
        left, separator, right = line.partition(" - ")
        fields, super_fields = left.split(), right.split()
        if not separator or len(fields) < 6 or len(super_fields) < 3:  # noqa: PLR2004 (proc(5))
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        if path.is_relative_to(point) and (found is None or len(point.parts) >= len(found.point.parts)):
            options = {*fields[5].split(","), *super_fields[2].split(",")}
            found = Mount(point, fields[2], super_fields[0], "ro" in options)
    return found


def check_disk(
    state: Path, *, mountinfo: Path = Path("/proc/self/mountinfo"), sys: Path = Path("/sys")
) -> Iterator[Finding]:
    """The disk under `state`."""
    if not state.is_dir():
        yield fault("disk", f"{state} does not exist", "systemd-tmpfiles --create, or start the doorkeeper")
        return
    mount = mount_of(state.resolve(), mountinfo.read_text(encoding="utf-8", errors="replace"))
    if mount is not None and mount.read_only:
        do = "the kernel does this after disk errors (`dmesg`): save /var/lib/hub-appliance, replace the card"
        yield fault("disk", f"{mount.point} is mounted read-only: nobody can be let in", do)
        return
    yield _room(state)
    if mount is not None and mount.kind in _IN_MEMORY:
        yield warning(
            "disk", f"{state} lies on {mount.kind}, which may be lost with the power", "set paths.state to a real disk"
        )
    if mount is not None:
        yield from _errors(mount, sys)
    yield _writing(state)


def _room(state: Path) -> Finding:
    stat = os.statvfs(state)
    free = stat.f_bavail * stat.f_frsize
    found = f"{_size(free)} free of {_size(stat.f_blocks * stat.f_frsize)}"
    do = "remove what isn't needed (`du -xh / | sort -h`, `journalctl --vacuum-size=50M`)"
    if stat.f_files and not stat.f_favail:
        return fault("disk", f"no file can be made any more (inodes are used up); {found}", do)
    if free < TOO_LITTLE:
        return fault("disk", found, do)
    return warning("disk", found, do) if free < LITTLE else well("disk", found)


def _size(count: int) -> str:
    return f"{count / _MIB / 1024:.1f} GiB" if count >= 1024 * _MIB else f"{count / _MIB:.0f} MiB"


def _errors(mount: Mount, sys: Path) -> Iterator[Finding]:
    """What ext4 remembers of errors since the last fsck."""
    device = (sys / "dev" / "block" / mount.device).resolve().name
    try:
        count = int((sys / "fs" / "ext4" / device / "errors_count").read_text())
    except (OSError, ValueError):
        return
    if count:
        yield fault(
            "disk",
            f"the file system on {device} has seen {count} errors",
            "save /var/lib/hub-appliance, replace the card; `dmesg | grep EXT4` tells more",
        )


def _writing(state: Path) -> Finding:
    try:
        millis = durable_write_millis(state)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            return warning("disk", f"not tried whether {state} can be written: {error.strerror}", "run this as root")
        return fault("disk", f"{state} can't be written: {error.strerror}", "make room, or replace the card (`dmesg`)")
    found = f"a durable write takes {millis:.1f} ms"
    do = "each admission waits for one: use a better card (A2) or an SSD, and look who else writes (`iotop`)"
    if millis > TOO_SLOW_MILLIS:
        return fault("disk", found, do)
    return warning("disk", found, do) if millis > SLOW_MILLIS else well("disk", found)


def durable_write_millis(directory: Path) -> float:
    """How long writing 4 KiB and fdatasync take: the median of a few, in ms."""
    took: list[float] = []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        for _ in range(_TRIES):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)
