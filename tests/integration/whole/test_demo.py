"""`appliance demo`, as a script and as a person use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

STOP_SECONDS = 120


def start(*arguments, **options):
    command = [sys.executable, "-m", "appliance", "demo", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def processes_below(directory):
    """Processes that were started with settings below `directory`."""
    found = []
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = cmdline.read_bytes()
        except OSError:
            continue
        if str(directory).encode() in words and int(cmdline.parent.name) != os.getpid():
            found.append(words)
    return found


def test_a_script_gets_addresses_then_a_line_a_second_then_sums_that_agree(tmp_path):
    demo = start("--seconds", "12", "--json", "--directory", str(tmp_path / "demo"))
    told, wrong = demo.communicate(timeout=STOP_SECONDS)
    assert demo.returncode == 0, wrong
    first, *seconds, last = [json.loads(line) for line in told.splitlines()]
    assert first["broker"].startswith("mqtt://")
    assert len(first["pages"]["attendee"]) == len(first["pages"]["staff"]) == 2
    assert all("/login/" in page for page in [*first["pages"]["staff"], first["pages"]["central"]])
    assert [one["second"] for one in seconds] == list(range(1, 13))
    assert all(Path(directory, "ledger.db").exists() for directory in first["directories"])
    sums = last["sums"]
    assert sums["ok"]
    assert sums["scans"] == sums["admitted"] + sums["refused"] > 0
    assert sums["acknowledged"] == sums["rows"]
    assert processes_below(tmp_path) == []


def test_ctrl_c_ends_every_process_of_it_and_two_demos_do_not_meet(tmp_path):
    demos = [start("--json", "--directory", str(tmp_path / name)) for name in ("one", "two")]
    firsts = [json.loads(demo.stdout.readline()) for demo in demos]
    pages = [page for first in firsts for page in first["pages"]["attendee"]]
    assert len(set(pages)) == 4
    for demo in demos:
        demo.send_signal(signal.SIGINT)
    for demo in demos:
        _, wrong = demo.communicate(timeout=STOP_SECONDS)
        assert (demo.returncode, wrong) == (0, "")
    assert processes_below(tmp_path) == []
