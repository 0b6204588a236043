"""One connection to the broker to see whether it works, for those who look for what is wrong."""

from __future__ import annotations

import time
from collections.abc import Sequence

from appliance.report.client import CONNECT_SECONDS, BrokerAddress, Link, Lost, Opened, Subscribed
from appliance.report.faults import Fault


def try_broker(address: BrokerAddress, *, client_id: str, topics: Sequence[str] = ()) -> Fault | None:
    """Connect, log in and subscribe once; what stands in the way, or None. Takes a few seconds at most.

    Not while the reporting is connected (live.db says so, and then there is nothing to find out): a broker that takes
    logins for client ids would throw it out.
    """
    link = Link(address, client_id=client_id)
    try:
        fault = link.open(will=None)
        deadline = time.monotonic() + 2 * CONNECT_SECONDS
        while fault is None and time.monotonic() < deadline:
            for event in link.turn(0.5):
                match event:
                    case Opened() if topics:
                        link.subscribe(topics)
                    case Opened() | Subscribed():
                        return None
                    case Lost(fault):
                        return fault
                    case _:
                        pass
        return fault or Fault("silent", f"{address.host}:{address.port} does not answer")
    finally:
        link.release()
