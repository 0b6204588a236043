"""The units: systemd takes them without a word, and what they expose stays small."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tools import needs

ROOT = Path(__file__).parents[3]
UNITS = sorted((ROOT / "systemd").glob("*.service"))
PROCESSES = ["central", "doorkeeper", "report", "scan", "web"]
MOST_EXPOSED = 1.5
HOSTS = Path("/usr/lib/systemd/system")


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A root directory as `make install` leaves it, as far as units look at it."""
    program = tmp_path / "opt/hub-appliance/bin/appliance"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    shutil.copytree(HOSTS, tmp_path / "usr/lib/systemd/system", symlinks=True)
    installed = tmp_path / "etc/systemd/system"
    installed.mkdir(parents=True)
    for unit in [*UNITS, ROOT / "systemd/appliance.target"]:
        shutil.copy(unit, installed)
    return tmp_path


def said_about(box: Path) -> str:
    """What `systemd-analyze verify` says: it exits with 0 at an unknown key, and only its stderr tells."""
    units = sorted((box / "etc/systemd/system").glob("appliance*"))
    done = subprocess.run(
        [needs("systemd-analyze"), "verify", "--man=no", f"--root={box}", *map(str, units)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_there_is_a_unit_for_each_process() -> None:
    assert [unit.stem for unit in UNITS] == [f"appliance-{process}" for process in PROCESSES]


def test_systemd_has_nothing_to_say_about_the_units(box: Path) -> None:
    assert said_about(box) == ""


@pytest.mark.parametrize(
    ("unit", "line", "says"),
    [
        ("appliance-web.service", "[Service]\nMemoryMaxx=1G", "Unknown key"),
        ("appliance-scan.service", "[Service]\nSystemCallFilter=no_such_call", "no_such_call"),
        ("appliance-report.service", "[Service]\nExecStartPre=/opt/no/such", "not executable"),
    ],
)
def test_systemd_would_say_what_is_wrong(box: Path, unit: str, line: str, says: str) -> None:
    """The check above isn't one that is always silent."""
    with (box / "etc/systemd/system" / unit).open("a") as file:
        file.write(f"\n{line}\n")
    assert says in said_about(box)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_exposes_little(unit: Path) -> None:
    done = subprocess.run(
        [
            needs("systemd-analyze"),
            "security",
            "--offline=true",
            f"--threshold={MOST_EXPOSED * 10:.0f}",
            "--no-pager",
            str(unit),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) <= MOST_EXPOSED
    assert done.returncode == 0


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_the_command_of_its_name_and_is_watched(unit: Path) -> None:
    text = unit.read_text()
    process = unit.stem.removeprefix("appliance-")
    lines = text.splitlines()
    assert f"ExecStart=/opt/hub-appliance/bin/appliance {process}" in lines
    assert f"User=hub-{process}" in lines
    assert {"Type=notify", "Restart=always", "StartLimitIntervalSec=0"} <= set(lines)
    assert re.search(r"^WatchdogSec=\d+$", text, re.MULTILINE)
    assert re.search(r"^MemoryMax=\S+$", text, re.MULTILINE)
    assert re.search(r"^TasksMax=\d+$", text, re.MULTILINE)


def test_every_user_and_group_of_a_unit_is_made() -> None:
    made = set(re.findall(r"^[ug] (\S+)", (ROOT / "systemd/hub-appliance.sysusers").read_text(), re.MULTILINE))
    of_debian = {"video", "input", "dialout"}
    for unit in UNITS:
        for names in re.findall(r"^(?:User|Group|SupplementaryGroups)=(.*)$", unit.read_text(), re.MULTILINE):
            assert set(names.split()) <= made | of_debian, unit.name


def test_only_scan_reaches_devices_and_only_the_doorkeepers_group_the_ledger() -> None:
    for unit in UNITS:
        lines = unit.read_text().splitlines()
        assert ("PrivateDevices=yes" in lines) == (unit.stem != "appliance-scan")
    scan = (ROOT / "systemd/appliance-scan.service").read_text().splitlines()
    assert {"PrivateNetwork=yes", "InaccessiblePaths=-/var/lib/hub-appliance", "DevicePolicy=closed"} <= set(scan)
