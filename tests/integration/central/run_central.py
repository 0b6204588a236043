"""Central in a process of its own: python run_central.py DATABASE_URL BROKER_PORT STATE_DIRECTORY."""

from __future__ import annotations

import sys
from pathlib import Path

from prometheus_client import CollectorRegistry

from appliance.central.builder import build_central
from appliance.central.receiver import BrokerAddress
from appliance.domain.ticket import Millis

ROOT, EVENT = "hub/v1", "conf"
NOW = 1_795_511_564_120 + 3_600_000

if __name__ == "__main__":
    process = build_central(
        database_url=sys.argv[1],
        broker=BrokerAddress("127.0.0.1", int(sys.argv[2])),
        root=ROOT,
        event=EVENT,
        host="127.0.0.1",
        port=0,
        state=Path(sys.argv[3]),
        registry=CollectorRegistry(),
        now=lambda: Millis(NOW),
    )
    process.start()
    if not process.wait_until(lambda posted: posted.broker_away is None, 60):
        sys.exit(1)
    print("serving", flush=True)
    process.wait()
    sys.exit(1)
