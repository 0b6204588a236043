"""Real disks: full, read-only, in memory."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.doctor.disk import check_disk, durable_write_millis
from appliance.doctor.finding import exit_code
from tests.tools import needs_root

MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB of its own."""
    needs_root()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", tmp_path], check=True)
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_a_disk_with_little_room_is_a_fault_before_it_is_full(small_disk: Path) -> None:
    found = list(check_disk(small_disk))
    assert found[0].level == "fault"
    assert "4 MiB free of 4 MiB" in found[0].found


def test_a_full_disk_can_not_be_written(small_disk: Path) -> None:
    with (small_disk / "filler").open("wb") as file:
        file.write(bytes(4 * MIB))
    assert any("can't be written: No space left" in finding.found for finding in check_disk(small_disk))


def test_a_disk_in_memory_is_a_warning(small_disk: Path) -> None:
    assert any("lost with the power" in finding.found for finding in check_disk(small_disk))


def test_a_read_only_disk_is_a_fault(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    (finding,) = check_disk(small_disk)
    assert finding.level == "fault"
    assert "read-only" in finding.found


def test_errors_that_ext4_remembers_are_a_fault(tmp_path: Path) -> None:
    sys = tmp_path / "sys"
    (sys / "devices" / "mmcblk0p2").mkdir(parents=True)
    (sys / "dev" / "block").mkdir(parents=True)
    (sys / "dev" / "block" / "179:2").symlink_to(sys / "devices" / "mmcblk0p2")
    (sys / "fs" / "ext4" / "mmcblk0p2").mkdir(parents=True)
    count = sys / "fs" / "ext4" / "mmcblk0p2" / "errors_count"
    mounts = tmp_path / "mountinfo"
    mounts.write_text("22 1 179:2 / / rw - ext4 /dev/root rw\n")
    count.write_text("3\n")
    assert any("has seen 3 errors" in finding.found for finding in check_disk(tmp_path, mountinfo=mounts, sys=sys))
    count.write_text("0\n")
    assert not any("errors" in finding.found for finding in check_disk(tmp_path, mountinfo=mounts, sys=sys))


def test_a_missing_directory_is_a_fault_that_says_so(tmp_path: Path) -> None:
    found = list(check_disk(tmp_path / "none"))
    assert exit_code(found) == 2
    assert "does not exist" in found[0].found


def test_trying_the_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    assert durable_write_millis(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []
