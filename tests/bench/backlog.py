"""A backlog: 100,000 rows of a ledger through a real Mosquitto into central's database, until `acked` has them.

python -m tests.bench.backlog [ROWS]
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any, Final, NamedTuple

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from appliance.domain.wire import Acked, Status, Topics
from tests.bench.central_process import Plan as CentralPlan
from tests.bench.central_process import start_central
from tests.integration.report.report_process import Plan, start_report
from tests.ledgers import LOG, Ledger, rows
from tests.mosquitto import Mosquitto

ROWS: Final = 100_000
TARGET: Final = 20_000.0
"""Rows a second."""
_TOPICS: Final = Topics("hub/v1", "expo", "north")
_WAIT_SECONDS: Final = 300.0


class Backlog(NamedTuple):
    """Rows a second from `status` online to central's `acked`, those of a bare executemany, RSS of `report` in KiB."""

    rows: int
    per_second: float
    bare_per_second: float
    rss_before: int
    rss_after: int
    rss_peak: int
    report_cpu: float
    """Seconds of CPU that `report` took."""

    def lines(self) -> list[str]:
        """For the table."""
        rate = f"{self.rows} rows at {self.per_second:.0f}/s to central's acked (at least {TARGET:.0f})"
        bare = f"bare executemany {self.bare_per_second:.0f}/s, ratio {self.bare_per_second / self.per_second:.1f}"
        memory = f"RSS {self.rss_before} KiB before, {self.rss_after} after, {self.rss_peak} at most"
        return [f"backlog: {rate}; {bare}", f"backlog: report's {memory}; {self.report_cpu:.2f} s of CPU"]


def measure(directory: Path, n: int = ROWS) -> Backlog:
    """Write the ledger, start broker, central and report on it, and wait."""
    bodies = _write_ledger(directory / "ledger.db", n)
    bare = _bare_rate(directory / "bare.db", bodies)
    with Mosquitto(directory / "broker") as broker, _ears(broker) as ears:
        central = start_central(CentralPlan(directory=str(directory), host=broker.host, port=broker.port))
        with _ended(central):
            broker.wait_for("central-expo")
            report = start_report(Plan(directory=str(directory), host=broker.host, port=broker.port, probe_seconds=30))
            with _ended(report):
                began = ears.wait_online()
                before = _memory(report.pid)
                seconds = ears.wait_acked(n) - began
                after = _memory(report.pid)
                cpu = _cpu(report.pid)
    return Backlog(n, n / seconds, bare, before["VmRSS"], after["VmRSS"], after["VmHWM"], cpu)


class _Ears:
    """Hears `status` and `acked`, and when."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._online = 0.0
        self._acked = (0, 0.0)

    def hear(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        now = time.monotonic()
        with self._changed:
            if message.topic == _TOPICS.acked:
                word = msgspec.json.decode(message.payload, type=Acked).logs.get(LOG)
                self._acked = (word.through if word else 0, now)
            elif msgspec.json.decode(message.payload, type=Status).state == "online" and not self._online:
                self._online = now
            self._changed.notify_all()

    def wait_online(self) -> float:
        with self._changed:
            assert self._changed.wait_for(lambda: self._online > 0, _WAIT_SECONDS)
            return self._online

    def wait_acked(self, n: int) -> float:
        with self._changed:
            assert self._changed.wait_for(lambda: self._acked[0] >= n, _WAIT_SECONDS), self._acked
            return self._acked[1]


@contextmanager
def _ears(broker: Mosquitto) -> Iterator[_Ears]:
    ears = _Ears()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="ears", protocol=mqtt.MQTTv311)
    client.on_message = ears.hear
    client.connect(broker.host, broker.port)
    client.subscribe([(_TOPICS.acked, 1), (f"{_TOPICS.base}/+/status", 1)])
    client.loop_start()
    try:
        yield ears
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def _ended(process: Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _write_ledger(path: Path, n: int) -> list[bytes]:
    with Ledger(path, session=1) as ledger:
        ledger.add_many(rows(n))
        ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return [body for (body,) in ledger.connection.execute("SELECT body FROM ledger ORDER BY seq")]


def _bare_rate(path: Path, bodies: list[bytes]) -> float:
    """Rows a second of one executemany into an indexed table, in one transaction, on the same disk."""
    values = [(1, offset, body) for offset, body in enumerate(bodies, 1)]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE bare (log INTEGER, offset INTEGER, body BLOB, PRIMARY KEY (log, offset))")
        began = time.monotonic()
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO bare VALUES (?,?,?)", values)
        connection.execute("COMMIT")
        return len(values) / (time.monotonic() - began)


def _memory(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest}


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        for line in measure(Path(directory), int(sys.argv[1]) if len(sys.argv) > 1 else ROWS).lines():
            print(line)


if __name__ == "__main__":
    main()
