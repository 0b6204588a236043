"""A source of `scanner.sources` looked at from outside: there, of the right kind, for the user that `scan` runs as."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import socket
import stat
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from appliance.doctor.finding import Finding, fault, warning, well

_SECONDS: Final = 5.0
_USER: Final = "hub-scan"
_GROUPS: Final = ("video", "input", "dialout")
"""What appliance-scan.service adds to its user."""
_QUERYCAP: Final = 0x80685600
"""VIDIOC_QUERYCAP of linux/videodev2.h: fills struct v4l2_capability, 104 bytes."""
_CAPTURE: Final = 0x00000001 | 0x00001000
_PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_PLUGGED: Final = ("Bus=0003", "Bus=0005")
"""USB and Bluetooth: power buttons are keyboards too."""
_PLUG: Final = "plug it in; `ls /dev/video* /dev/input/by-id /dev/serial/by-id` shows what there is"


def check_source(source: str) -> Finding:
    """One finding for one source as it stands in the settings."""
    kind, _, where = source.partition(":")
    look = _LOOKS.get(kind)
    if look is None:
        return fault("sources", f"{source}: unknown kind {kind}", f"one of {', '.join(f'{one}:' for one in _LOOKS)}")
    return look(source, where)


def _device(source: str, path: Path, *, need: int) -> Finding | None:
    """What is wrong with a device file, or None."""
    try:
        found = path.stat()
    except OSError as error:
        return fault("sources", f"{source}: {error.strerror}", _PLUG)
    if not stat.S_ISCHR(found.st_mode):
        return fault("sources", f"{source}: not a device", _PLUG)
    if not may(found, need, *_scan_identity()):
        group = _name(found.st_gid)
        return fault(
            "sources", f"{source}: not for {_USER} (it is {group}'s)", f"a udev rule that gives it to {_GROUPS[0]}"
        )
    return None


def may(found: os.stat_result, need: int, user: int, groups: set[int]) -> bool:
    """Whether a user may do what the bits `need` (4 read, 2 write) say."""
    if user == 0:
        return True
    shift = 6 if found.st_uid == user else 3 if found.st_gid in groups else 0
    return (found.st_mode >> shift) & need == need


def _scan_identity() -> tuple[int, set[int]]:
    """Scan's user and groups on a box; else those of whoever asks."""
    try:
        user = pwd.getpwnam(_USER)
    except KeyError:
        return os.geteuid(), {os.getegid(), *os.getgroups()}
    groups = set(os.getgrouplist(_USER, user.pw_gid))
    for name in _GROUPS:
        try:
            groups.add(grp.getgrnam(name).gr_gid)
        except KeyError:
            continue
    return user.pw_uid, groups


def _name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def _v4l2(source: str, where: str) -> Finding:
    wrong = _device(source, Path(where), need=6)
    if wrong is not None:
        return wrong
    try:
        descriptor = os.open(where, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            answer = fcntl.ioctl(descriptor, _QUERYCAP, bytes(104))
        finally:
            os.close(descriptor)
    except OSError as error:
        return fault("sources", f"{source}: {error.strerror}: not a camera, or a broken one", _PLUG)
    card = answer[16:48].split(b"\0")[0].decode(errors="replace")
    capabilities, of_device = struct.unpack_from("=II", answer, 84)
    if not (of_device or capabilities) & _CAPTURE:
        do = "a camera has several: take one that `v4l2-ctl --list-devices` shows first for it"
        return fault("sources", f"{source}: {card} gives no pictures here", do)
    return well("sources", f"{source}: {card}")


def _rpicam(source: str, _where: str) -> Finding:
    for program in ("rpicam-hello", "libcamera-hello"):
        try:
            told = subprocess.run(  # noqa: S603 (one of the two names above)
                [program, "--list-cameras"],
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                text=True,
                errors="replace",
            )
        except FileNotFoundError:
            continue
        except (OSError, subprocess.TimeoutExpired) as error:
            return fault("sources", f"{source}: {program} does not answer: {error}", "dmesg | grep -i imx; reboot")
        cameras = [text.strip() for text in told.stdout.splitlines() if text.lstrip()[:1].isdigit()]
        if cameras:
            return well("sources", f"{source}: {cameras[0][:120]}")
        return fault("sources", f"{source}: no camera found", "look at the ribbon cable; firmware-config/config.txt")
    return fault("sources", f"{source}: rpicam-hello is not installed", "apt-get install rpicam-apps-lite")


def _network(source: str, _where: str) -> Finding:
    do = "look at the camera's address and network; scan needs firmware-config/scan-network.conf for it"
    try:
        url = urlsplit(source)
        port = url.port or _PORTS[url.scheme]
        shown = f"{url.scheme}://{url.hostname}:{port}"
        with socket.create_connection((url.hostname or "", port), timeout=_SECONDS):
            return well("sources", f"{shown} takes connections")
    except ValueError as error:
        return fault("sources", f"an address that can't be read: {error}", "scanner.sources in the settings")
    except OSError as error:
        return fault("sources", f"{shown} does not answer: {error.strerror or error}", do)


def _file(source: str, where: str) -> Finding:
    return _there(source, Path(where), Path.is_file, "a file")


def _folder(source: str, where: str) -> Finding:
    return _there(source, Path(where), Path.is_dir, "a directory")


def _pipe(source: str, where: str) -> Finding:
    return _there(source, Path(where), Path.is_fifo, "a named pipe (mkfifo)")


def _there(source: str, path: Path, is_right: Callable[[Path], bool], expected: str) -> Finding:
    do = "scanner.sources in the settings"
    try:
        found = path.stat()
    except OSError as error:
        return fault("sources", f"{source}: {error.strerror}", do)
    if not is_right(path):
        return fault("sources", f"{source}: not {expected}", do)
    if not may(found, 4, *_scan_identity()):
        return fault("sources", f"{source}: not readable for {_USER}", f"chmod a+r {path}")
    return well("sources", f"{source}: there")


def _hid(source: str, where: str) -> Finding:
    if where != "auto":
        return _device(source, Path(where), need=4) or well("sources", f"{source}: there")
    keyboards = hand_scanners(Path("/proc/bus/input/devices"))
    if not keyboards:
        return warning("sources", f"{source}: no keyboard or hand scanner is plugged in", _PLUG)
    return well("sources", f"{source}: {', '.join(keyboards[:5])}")


def hand_scanners(devices: Path) -> list[str]:
    """Names of what is plugged in and types (keyboards and hand scanners), from /proc/bus/input/devices."""
    try:
        text = devices.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found: list[str] = []
    for block in text.split("\n\n"):
        lines = {part[0]: part[3:] for part in block.splitlines() if part[1:3] == ": "}
        handlers = lines.get("H", "").replace("=", " ").split()
        if "kbd" in handlers and lines.get("I", "").startswith(_PLUGGED):
            found.append(lines.get("N", "").removeprefix("Name=").strip('"'))
    return found


def _serial(source: str, where: str) -> Finding:
    return _device(source, Path(where), need=6) or well("sources", f"{source}: there")


_LOOKS: Final[dict[str, Callable[[str, str], Finding]]] = {
    "v4l2": _v4l2,
    "rpicam": _rpicam,
    "rtsp": _network,
    "rtsps": _network,
    "http": _network,
    "https": _network,
    "file": _file,
    "folder": _folder,
    "hid": _hid,
    "serial": _serial,
    "pipe": _pipe,
    "drawn": _file,
}
