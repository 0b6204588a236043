"""Central in a process of its own, with a database in a directory and a broker without logins.

python -m tests.bench.central_process '{"directory": "...", "host": "127.0.0.1", "port": 1883}'
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry

from appliance.central.builder import build_central
from appliance.central.receiver import BrokerAddress
from appliance.running import run_until_told, set_up_logging

ROOT: Final = Path(__file__).parents[2]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Where it finds things."""

    directory: str
    host: str
    port: int
    event: str = "expo"


def start_central(plan: Plan) -> subprocess.Popen[bytes]:
    """A new process; the caller ends it."""
    command = [sys.executable, "-m", "tests.bench.central_process", msgspec.json.encode(plan).decode()]
    return subprocess.Popen(command, cwd=ROOT)


def main(plan: Plan) -> int:
    """Until SIGTERM."""
    set_up_logging("error")
    directory = Path(plan.directory)
    process = build_central(
        database_url=f"sqlite:///{directory / 'central.db'}",
        broker=BrokerAddress(plan.host, plan.port),
        root="hub/v1",
        event=plan.event,
        host="127.0.0.1",
        port=0,
        state=directory / "central",
        registry=CollectorRegistry(),
    )
    return run_until_told(process)


if __name__ == "__main__":
    sys.exit(main(msgspec.json.decode(sys.argv[1], type=Plan)))
