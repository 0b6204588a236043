"""A hub node's reporting for tests: built as the command builds it, on a ledger that the test writes."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Self

from prometheus_client import CollectorRegistry

from appliance.domain.row import NodeId
from appliance.domain.wire import Topics
from appliance.report.builder import ReportProcess, build_report
from appliance.report.client import BrokerAddress
from appliance.store.live import Reporting, open_live, reporting
from tests.ledgers import Ledger
from tests.mosquitto import STOP_SECONDS, Mosquitto

TOPICS: Final = Topics("hub/v1", "expo", "north")
NODE: Final = NodeId("n1")


class Wake:
    """Wakes the reporting as the doorkeeper's announcements do."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls = 0

    def __call__(self) -> None:
        with self._changed:
            self._calls += 1
            self._changed.notify_all()

    def wakeups(self, stop: threading.Event) -> Iterator[None]:
        seen = 0
        while not stop.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._calls > seen, 0.2)  # noqa: B023 (called at once)
                seen = self._calls
            yield None


class Hub:
    """ledger.db with its writer, live.db, and a reporting that starts and stops."""

    def __init__(
        self,
        directory: Path,
        broker: Mosquitto,
        *,
        address: BrokerAddress | None = None,
        session: int = 17,
        **settings: Any,
    ) -> None:
        self.directory = directory
        self.ledger = Ledger(directory / "ledger.db", session=session)
        self.wake = Wake()
        self.registry = CollectorRegistry()
        self._address = address or BrokerAddress(broker.host, broker.port, tls=False)
        self._settings = settings
        self.process: ReportProcess | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.ledger.close()

    def start(self) -> None:
        self.registry = CollectorRegistry()
        settings: dict[str, Any] = {
            "ledger": self.directory / "ledger.db",
            "live": self.directory / "live.db",
            "socket": None,
            "topics": TOPICS,
            "node": NODE,
            "broker": self._address,
            "checkin_list": "door",
            "capacity": 400,
            "roles": ("hub", "kiosk"),
            "version": "0.1.0",
            "now": lambda: time.time_ns() // 1_000_000,
            "synced": lambda: True,
            "registry": self.registry,
            "wakeups": self.wake.wakeups,
            "probe_seconds": 0.5,
        } | self._settings
        self.process = build_report(**settings)
        self.process.start()

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()
            assert self.process.fault is None, self.process.fault
            self.process = None

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"appliance_report_{name}", labels) or 0.0

    def line(self) -> Reporting | None:
        with closing(open_live(self.directory / "live.db")) as connection:
            return reporting(connection)

    def wait_for_line(self, condition: Callable[[Reporting], bool]) -> Reporting:
        """The staff page's line, as soon as it is so: looked at as the staff page does."""
        until = time.monotonic() + STOP_SECONDS
        tick = threading.Event()
        with closing(open_live(self.directory / "live.db")) as connection:
            while time.monotonic() < until:
                line = reporting(connection)
                if line is not None and condition(line):
                    return line
                tick.wait(0.02)  # SQLite tells nobody of a change.
        raise AssertionError(f"the line never came to it: {line}")


def cursors(directory: Path) -> dict[str, int]:
    """What live.db remembers."""
    with closing(sqlite3.connect(directory / "live.db")) as connection:
        return dict(connection.execute("SELECT log, acked FROM cursors WHERE destination = 'central'"))
