"""A process's figures for Prometheus, on loopback alone."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, start_http_server

from appliance.serving.exceptions import ServingError


def start_metrics(port: int, registry: CollectorRegistry) -> Callable[[], None]:
    """Answers `/metrics` on 127.0.0.1; returns what stops it. Raises ServingError if the port is taken."""
    try:
        server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    except OSError as fault:
        reason = f"can't answer metrics on 127.0.0.1:{port} ({fault}): set another port or 0 for none"
        raise ServingError(reason) from fault

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
