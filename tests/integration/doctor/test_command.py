"""`appliance doctor` as people and scripts call it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

LEVELS = {"ok": 0, "warning": 1, "fault": 2}
FEW_SECONDS = 30.0


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A box on which nothing runs."""
    path = tmp_path / "appliance.toml"
    (tmp_path / "state").mkdir()
    path.write_text(
        f'[paths]\nstate = "{tmp_path}/state"\nrun = "{tmp_path}/run"\n'
        f'[scanner]\nsources = ["folder:{tmp_path}"]\n[broker]\nhost = "127.0.0.1"\nport = 1\n'
        '[attendee]\nlisten = "127.0.0.1:1"\n[staff]\nlisten = "127.0.0.1:1"\n',
        encoding="utf-8",
    )
    return path


def doctor(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "appliance", "--config", str(config), "doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=FEW_SECONDS * 2)


def test_json_is_one_finding_a_line_and_the_exit_code_the_worst(config: Path) -> None:
    done = doctor(config, "--json")
    findings = [json.loads(text) for text in done.stdout.splitlines()]
    assert all(set(finding) == {"check", "level", "found", "do"} for finding in findings)
    assert done.returncode == max(LEVELS[finding["level"]] for finding in findings) == 2
    assert {"software", "clock", "disk", "database", "doorkeeper", "scan", "pages", "broker"} <= {
        finding["check"] for finding in findings
    }
    assert all(bool(finding["do"]) == (finding["level"] != "ok") for finding in findings)


def test_where_nothing_answers_it_still_takes_seconds_only(config: Path) -> None:
    began = time.monotonic()
    doctor(config)
    assert time.monotonic() - began < FEW_SECONDS


def test_a_person_reads_what_to_do(config: Path) -> None:
    text = doctor(config).stdout
    assert "FAULT   doorkeeper" in text
    assert "-> systemctl status appliance-doorkeeper" in text


def test_it_leaves_a_box_as_it_found_it(config: Path) -> None:
    doctor(config)
    assert list((config.parent / "state").iterdir()) == []
    assert not (config.parent / "run").exists()


def test_a_password_that_cannot_be_read_costs_the_brokers_check_alone(config: Path) -> None:
    config.write_text(config.read_text() + '[log]\nlevel = "info"\n')
    text = config.read_text().replace("port = 1\n", 'port = 1\npassword = "file:/no/such/secret"\n', 1)
    config.write_text(text)
    findings = [json.loads(line) for line in doctor(config, "--json").stdout.splitlines()]
    (broker,) = [finding for finding in findings if finding["check"] == "broker"]
    assert broker["level"] == "warning"
    assert "/no/such/secret" in broker["found"]
