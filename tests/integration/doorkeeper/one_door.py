"""A doorkeeper as a process: `python -m tests.integration.doorkeeper.one_door DIRECTORY CAPACITY`."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from prometheus_client import CollectorRegistry

from appliance.domain.row import NodeId
from appliance.domain.ticket import CheckinList
from appliance.doorkeeper.builder import build_doorkeeper
from appliance.doorkeeper.door import Door


def main(directory: Path, capacity: int) -> int:
    process = build_doorkeeper(
        ledger=directory / "ledger.db",
        socket=directory / "d.sock",
        node=NodeId("n1"),
        door=Door("berlin", CheckinList(capacity=capacity or None)),
        trusted_clock=True,
        registry=CollectorRegistry(),
    )
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=process.stop).start())
    process.start()
    sys.stdout.write("open\n")
    sys.stdout.flush()
    return 0 if process.wait() is None else 3


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
