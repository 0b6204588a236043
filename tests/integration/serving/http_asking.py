"""Asking a page server as a browser would, TLS or not."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path

from appliance.serving.server import PageServer


def connect(server: PageServer, ca: Path | None = None, *, timeout: float = 60.0) -> http.client.HTTPConnection:
    """A connection; TLS is checked against `ca`."""
    if ca is None:
        return http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    context = ssl.create_default_context(cafile=str(ca))
    return http.client.HTTPSConnection("127.0.0.1", server.port, timeout=timeout, context=context)


def get(server: PageServer, path: str = "/", ca: Path | None = None) -> tuple[int, bytes]:
    """(status, body)."""
    connection = connect(server, ca)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
