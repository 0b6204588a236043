"""The broker: name, port, TLS, login and access rules, each told apart."""

from __future__ import annotations

import secrets

from appliance.doctor.finding import Finding, fault, well
from appliance.domain.wire import Topics
from appliance.report.client import BrokerAddress
from appliance.report.trial import try_broker


def check_broker(address: BrokerAddress, topics: Topics, *, node: str) -> Finding:
    """Connect, log in, and read what central has acknowledged; a few seconds at most."""
    found = try_broker(address, client_id=f"{node}-doctor-{secrets.token_hex(4)}", topics=[topics.acked])
    if found is None:
        how = "TLS" if address.tls else "no TLS"
        return well("broker", f"{address.host}:{address.port} takes the login and lets it read {topics.acked} ({how})")
    what, _, do = found.words.rpartition(": ")
    return fault("broker", what or found.words, do if what else "look at the broker's log")
