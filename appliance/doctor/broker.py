"""The broker: name, port, TLS, login and access rules, each told apart."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from appliance.doctor.finding import Finding, fault, well
from appliance.domain.wire import Topics
from appliance.report.client import BrokerAddress
from appliance.report.trial import try_broker
from appliance.store.holding import is_reporting
from appliance.store.live import Reporting, reporting
from appliance.store.opening import StoreFault, open_reader


def check_reporting(live: Path) -> Finding | None:
    """That `report` runs and is connected, as it says itself; None where it isn't: the broker is to be tried then."""
    state: Reporting | None = None
    if is_reporting(live):
        with suppress(sqlite3.Error, StoreFault), closing(open_reader(live)) as connection:
            state = reporting(connection)
    if state is None or not state.connected:
        return None
    return well("broker", f"report is connected since {state.since}, {state.waiting} rows wait for central")


def check_broker(address: BrokerAddress, topics: Topics, *, node: str) -> Finding:
    """Connect, log in, and read what central has acknowledged; a few seconds at most."""
    found = try_broker(address, client_id=f"{node}-doctor-{secrets.token_hex(4)}", topics=[topics.acked])
    if found is None:
        how = "TLS" if address.tls else "no TLS"
        return well("broker", f"{address.host}:{address.port} takes the login and lets it read {topics.acked} ({how})")
    what, _, do = found.words.rpartition(": ")
    return fault("broker", what or found.words, do if what else "look at the broker's log")
