"""Metrics on loopback."""

from __future__ import annotations

import socket
import urllib.request
from contextlib import closing

import pytest
from prometheus_client import CollectorRegistry, Counter

from appliance.serving.exceptions import ServingError
from appliance.serving.metrics import start_metrics


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_registry_is_answered_on_loopback_until_stopped() -> None:
    registry = CollectorRegistry()
    Counter("doors_opened", "Doors.", registry=registry).inc(3)
    port = free_port()
    stop = start_metrics(port, registry)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        assert b"doors_opened_total 3.0" in answer.read()
    stop()
    with closing(socket.socket()) as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_that_is_taken_is_named() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServingError, match=str(port)):
            start_metrics(port, CollectorRegistry())
