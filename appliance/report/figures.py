"""The figures of `report` for Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

METRICS: Final = (
    ("appliance_report_connected", "gauge", "1 while the broker has taken the login and the subscriptions."),
    ("appliance_report_rows_waiting", "gauge", "Ledger rows that central has not acknowledged."),
    ("appliance_report_rows_refused", "gauge", "Ledger rows that central refused and that are parked."),
    ("appliance_report_batches_in_flight", "gauge", "Batches sent of which central has said nothing."),
    ("appliance_report_acked_timestamp_seconds", "gauge", "When central's last acknowledgement came (0: never)."),
    ("appliance_report_rows_sent_total", "counter", "Rows handed to the broker, those sent again included."),
    ("appliance_report_batches_sent_total", "counter", "Batches handed to the broker."),
    ("appliance_report_published_total", "counter", "Snapshots of a retained topic handed to the broker, by topic."),
    ("appliance_report_acknowledgements_total", "counter", "Messages on acked: taken, malformed or version."),
    ("appliance_report_connection_faults_total", "counter", "Connections that failed or broke, by kind."),
    ("appliance_report_ledger_faults_total", "counter", "Times that the ledger could not be read."),
    ("appliance_report_rows_unreadable_total", "counter", "Rows of the ledger that are no JSON, sent as null."),
)
"""(name, type, what it says)."""

_LABELS: Final = {
    "appliance_report_published_total": "topic",
    "appliance_report_acknowledgements_total": "outcome",
    "appliance_report_connection_faults_total": "kind",
}


class Figures:
    """All of `METRICS`, by their names without `appliance_report_`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauges: dict[str, Gauge] = {}
        self._counters: dict[str, Counter] = {}
        for name, kind, text in METRICS:
            short = name.removeprefix("appliance_report_")
            labels = [_LABELS[name]] if name in _LABELS else []
            if kind == "gauge":
                self._gauges[short] = Gauge(name, text, labels, registry=registry)
            else:
                self._counters[short] = Counter(name.removesuffix("_total"), text, labels, registry=registry)

    def set(self, name: str, value: float) -> None:
        """A gauge's value."""
        self._gauges[name].set(value)

    def add(self, name: str, n: float = 1, *, of: str = "") -> None:
        """Raise a counter; `of` is its label, where it has one."""
        counter = self._counters[name]
        (counter.labels(of) if of else counter).inc(n)
