"""`appliance report` in a process of its own, without settings and without a doorkeeper, to be killed.

python -m tests.integration.report.report_process '{"directory": "...", "host": "127.0.0.1", "port": 1883}'
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry

from appliance.domain.row import NodeId
from appliance.domain.wire import Topics
from appliance.report.builder import build_report
from appliance.report.client import BrokerAddress
from appliance.running import run_until_told, set_up_logging

ROOT: Final = Path(__file__).parents[3]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Where it finds things. Without a login and TLS."""

    directory: str
    host: str
    port: int
    event: str = "expo"
    hub: str = "north"
    node: str = "n1"
    probe_seconds: float = 0.5


def start_report(plan: Plan) -> subprocess.Popen[bytes]:
    """A new process; the caller ends it."""
    command = [sys.executable, "-m", "tests.integration.report.report_process", msgspec.json.encode(plan).decode()]
    return subprocess.Popen(command, cwd=ROOT)


def main(plan: Plan) -> int:
    """Until SIGTERM."""
    set_up_logging("error")
    directory = Path(plan.directory)
    process = build_report(
        ledger=directory / "ledger.db",
        live=directory / "live.db",
        socket=None,
        topics=Topics("hub/v1", plan.event, plan.hub),
        node=NodeId(plan.node),
        broker=BrokerAddress(plan.host, plan.port, tls=False),
        checkin_list="door",
        capacity=None,
        roles=("hub",),
        version="0",
        now=lambda: time.time_ns() // 1_000_000,
        synced=lambda: True,
        registry=CollectorRegistry(),
        probe_seconds=plan.probe_seconds,
    )
    return run_until_told(process)


if __name__ == "__main__":
    sys.exit(main(msgspec.json.decode(sys.argv[1], type=Plan)))
