"""Sources looked at without scan."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from appliance.doctor.devices import check_source, hand_scanners, may

INPUT_DEVICES = """\
I: Bus=0019 Vendor=0000 Product=0001 Version=0000
N: Name="Power Button"
H: Handlers=kbd event0
B: EV=3

I: Bus=0003 Vendor=05e0 Product=1200 Version=0110
N: Name="Symbol Technologies, Inc, 2008 Symbol Bar Code Scanner"
H: Handlers=sysrq kbd leds event3
B: EV=120013

I: Bus=0003 Vendor=046d Product=c077 Version=0111
N: Name="Logitech USB Optical Mouse"
H: Handlers=mouse0 event1
"""


def status(mode: int, user: int, group: int) -> os.stat_result:
    return os.stat_result((stat.S_IFCHR | mode, 0, 0, 1, user, group, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("mode", "need", "user", "groups", "allowed"),
    [
        (0o660, 6, 994, {44}, True),
        (0o660, 6, 994, {29}, False),
        (0o640, 6, 994, {44}, False),
        (0o640, 4, 994, {44}, True),
        (0o604, 4, 994, {44}, False),
        (0o666, 6, 994, set(), True),
        (0o060, 4, 7, {44}, False),
        (0o000, 6, 0, set(), True),
    ],
)
def test_who_may_use_a_device_is_what_the_kernel_would_say(
    mode: int, need: int, user: int, groups: set[int], *, allowed: bool
) -> None:
    assert may(status(mode, user=7, group=44), need, user, groups) is allowed


def test_what_is_plugged_in_and_types_is_found_by_name(tmp_path: Path) -> None:
    devices = tmp_path / "devices"
    devices.write_text(INPUT_DEVICES)
    assert hand_scanners(devices) == ["Symbol Technologies, Inc, 2008 Symbol Bar Code Scanner"]


@pytest.fixture
def places(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    (tmp_path / "film.mp4").write_bytes(b"x")
    (tmp_path / "pictures").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o644)
    return tmp_path


@pytest.mark.parametrize(
    "source", ["file:{}/film.mp4", "folder:{}/pictures", "pipe:{}/pipe", "drawn:{}/film.mp4", "serial:/dev/null"]
)
def test_ok__a_source_that_is_there(places: Path, source: str) -> None:
    assert check_source(source.format(places)).level == "ok"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("v4l2:/dev/no-such-video", "No such file"),
        ("v4l2:/dev/null", "not a camera"),
        ("v4l2:{}/film.mp4", "not a device"),
        ("file:{}/none", "No such file"),
        ("file:{}/pictures", "not a file"),
        ("folder:{}/film.mp4", "not a directory"),
        ("pipe:{}/film.mp4", "named pipe"),
        ("hid:/dev/input/by-id/none", "No such file"),
        ("serial:/dev/ttyNONE", "No such file"),
        ("rtsp://127.0.0.1:1/stream", "does not answer"),
        ("rtsp://127.0.0.1:port/stream", "can't be read"),
        ("webcam:0", "unknown kind webcam"),
    ],
)
def test_fail__a_source_that_is_not(places: Path, source: str, says: str) -> None:
    finding = check_source(source.format(places))
    assert finding.level == "fault"
    assert says in finding.found
    assert finding.do


def test_a_password_in_a_cameras_address_is_not_repeated() -> None:
    with socket.create_server(("127.0.0.1", 0)) as camera:
        port = camera.getsockname()[1]
        finding = check_source(f"rtsp://admin:hunter2@127.0.0.1:{port}/stream")
    assert finding.level == "ok"
    assert "hunter2" not in finding.found
    assert "hunter2" not in check_source("rtsp://admin:hunter2@127.0.0.1:1/stream").found
    assert "hunter2" not in check_source("rtsp://admin:hunter2@127.0.0.1:port/stream").found
