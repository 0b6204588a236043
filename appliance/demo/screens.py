"""Somebody who looks at the attendee screen: takes its states as a browser does, tells it that verdicts were painted.

Without one the doorkeeper would rightly give every verdict again: a demo in which nobody opens the page still has
people before its doors.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

from appliance.serving.deadly import start_deadly

_TIMEOUT_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 0.3
_MAX_LINE: Final = 1024 * 1024


class DemoScreen:
    """One screen; its thread connects again whenever web is started again. `seen` gets each verdict once."""

    def __init__(self, page: str, seen: Callable[[dict[str, Any]], None] = lambda _verdict: None) -> None:
        self._seen = seen
        self._address = urlsplit(page).netloc
        self._stop = threading.Event()
        self._known: dict[str, None] = {}

    def try_start(self) -> bool:
        """Begin to look once the page answers; False while it doesn't."""
        try:
            connection = http.client.HTTPConnection(self._address, timeout=1.0)
            connection.request("GET", "/state.json")
            connection.getresponse().read()
            connection.close()
        except (OSError, http.client.HTTPException):
            return False
        start_deadly("demo-screen", self._run)
        return True

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError, http.client.HTTPException):
                for state in self._states():
                    self._take(state)
            self._stop.wait(_RETRY_SECONDS)

    def _states(self) -> Iterator[dict[str, Any]]:
        connection = http.client.HTTPConnection(self._address, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", "/events", headers={"Accept": "text/event-stream"})
            stream = connection.getresponse()
            while not self._stop.is_set() and (line := stream.readline(_MAX_LINE)):
                if line.startswith(b"data:") and line.strip() != b"data:":
                    yield json.loads(line[5:])["state"] or {}
        finally:
            connection.close()

    def _take(self, state: dict[str, Any]) -> None:
        for verdict in state.get("verdicts", ()):
            if verdict["nonce"] not in self._known:
                self._known[verdict["nonce"]] = None
                self._seen(verdict)
                self._tell(verdict["nonce"])
        while len(self._known) > 256:  # noqa: PLR2004 (any number well above what one state holds)
            del self._known[next(iter(self._known))]

    def _tell(self, nonce: str) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=_TIMEOUT_SECONDS)
        try:
            body = json.dumps({"nonce": nonce, "ms": -1.0})
            headers = {"Content-Type": "application/json", "Origin": f"http://{self._address}"}
            connection.request("POST", "/shown", body=body, headers=headers)
            connection.getresponse().read()
        finally:
            connection.close()
