"""What the doctor makes of what it finds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.doctor.clock import check_clock
from appliance.doctor.database import differences
from appliance.doctor.disk import mount_of
from appliance.doctor.door import judged as judged_door
from appliance.doctor.finding import Finding, exit_code, fault, warning, well
from appliance.doctor.sources import judged as judged_sources
from appliance.domain.attendance import Tally
from appliance.doorkeeper.protocol import DoorStanding
from appliance.serving.scan_link.protocol import SourceHealth, Sources

NOW = datetime(2026, 11, 24, 9, 12, tzinfo=UTC)
OK, WARNING, FAULT = well("a", "b"), warning("a", "b", "c"), fault("a", "b", "c")


@pytest.mark.parametrize(
    ("findings", "code"),
    [([], 0), ([OK, OK], 0), ([OK, WARNING], 1), ([WARNING, FAULT, OK], 2), ([FAULT, WARNING], 2)],
)
def test_the_worst_finding_is_the_exit_code(findings: list[Finding], code: int) -> None:
    assert exit_code(findings) == code


@pytest.mark.parametrize(
    ("now", "synced", "trusted", "level"),
    [
        (NOW, True, False, "ok"),
        (NOW, False, True, "ok"),
        (NOW, False, False, "warning"),
        (datetime(1970, 1, 1, tzinfo=UTC), False, False, "fault"),
        (datetime(1970, 1, 1, tzinfo=UTC), True, True, "fault"),
    ],
)
def test_a_clock_is_judged_by_who_keeps_it_and_by_what_it_shows(
    now: datetime, *, synced: bool, trusted: bool, level: str
) -> None:
    assert check_clock(now, synced=synced, trusted=trusted).level == level


MOUNTS = """\
22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw
23 22 0:5 / /proc rw - proc proc rw
30 22 179:3 / /var/lib rw - ext4 /dev/mmcblk0p3 ro,errors=remount-ro
31 22 179:4 / /mnt/a\\040disk ro - vfat /dev/sda1 rw
garbage
"""


@pytest.mark.parametrize(
    ("path", "point", "device", "read_only"),
    [
        ("/home/pi", "/", "179:2", False),
        ("/var/lib/hub-appliance", "/var/lib", "179:3", True),
        ("/var/library", "/", "179:2", False),
        ("/mnt/a disk/x", "/mnt/a disk", "179:4", True),
    ],
)
def test_a_path_lies_on_its_innermost_mount(path: str, point: str, device: str, *, read_only: bool) -> None:
    mount = mount_of(Path(path), MOUNTS)
    assert mount is not None
    assert (mount.point, mount.device, mount.read_only) == (Path(point), device, read_only)


def standing(**more: object) -> DoorStanding:
    given = {"id": 1, "node": "k1", "log": "3f2c", "rows": 9, "roster": 1, "tickets": 500, "clock": "synced"}
    return DoorStanding(**(given | more))


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (standing(), 0),
        (standing(tickets=0), 1),
        (standing(damage="page 3", history_since="2026-11-24T09:12:00.000Z"), 1),
        (standing(disk="database or disk is full"), 2),
    ],
)
def test_the_doorkeepers_own_words_are_judged(told: DoorStanding, code: int) -> None:
    assert exit_code(judged_door(told)) == code


@pytest.mark.parametrize(
    ("state", "code"), [("ok", 0), ("starting", 1), ("dark", 1), ("covered", 1), ("gone", 2), ("frozen", 2)]
)
def test_scans_own_words_of_its_sources_are_judged(state: str, code: int) -> None:
    health = SourceHealth(name="camera", kind="camera", state=state)
    assert exit_code(judged_sources(Sources(sources=[health]))) == code


def test_a_scan_without_any_source_is_a_fault() -> None:
    assert exit_code(judged_sources(Sources(sources=[]))) == 2


def test_each_tally_that_is_not_what_the_rows_say_is_named() -> None:
    stored = Tally({("door", "north", "entries"): 3, ("door", "", "attendance"): 2})
    counted = Tally({("door", "north", "entries"): 4, ("door", "", "attendance"): 2, ("door", "south", "exits"): 1})
    assert differences(stored, counted) == [
        "entries of door/north is 3, counted 4",
        "exits of door/south is 0, counted 1",
    ]
    assert differences(stored, stored) == []
