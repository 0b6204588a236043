"""Central's figures for Prometheus. This table is all of them."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

METRICS: Final = (
    ("appliance_central_rows_total", "counter", "Rows stored and counted, by hub."),
    ("appliance_central_rows_again_total", "counter", "Rows that arrived once more and changed nothing, by hub."),
    ("appliance_central_rows_refused_total", "counter", "Rows kept but not counted, by hub and why."),
    ("appliance_central_batches_total", "counter", "Batches read, by hub."),
    ("appliance_central_unreadable_total", "counter", "Messages that were not taken, by why."),
    ("appliance_central_comparisons_total", "counter", "Snapshots held against the rows, by hub and outcome."),
    ("appliance_central_acked_total", "counter", "Acknowledgements published, by hub."),
    ("appliance_central_commit_seconds", "histogram", "From taking messages to the durable commit."),
    ("appliance_central_waiting_rows", "gauge", "Rows of a hub's snapshot that are not stored yet."),
    ("appliance_central_hub_live", "gauge", "1 while a hub's figures are fresh."),
    ("appliance_central_broker_connected", "gauge", "1 while the broker is there."),
    ("appliance_central_alarms", "gauge", "Alarms that sound."),
)
_PREFIX: Final = "appliance_central_"
_LABELS: Final = {
    "rows": ["hub"],
    "rows_again": ["hub"],
    "rows_refused": ["hub", "kind"],
    "batches": ["hub"],
    "unreadable": ["complaint"],
    "comparisons": ["hub", "outcome"],
    "acked": ["hub"],
    "waiting_rows": ["hub"],
    "hub_live": ["hub"],
}


class CentralMetrics:
    """All of METRICS in `registry`, by their names without `appliance_central_` and `_total`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for name, kind, text in METRICS:
            short = name.removeprefix(_PREFIX).removesuffix("_total")
            labels = _LABELS.get(short, [])
            if kind == "counter":
                self._counters[short] = Counter(f"{_PREFIX}{short}", text, labels, registry=registry)
            elif kind == "gauge":
                self._gauges[short] = Gauge(f"{_PREFIX}{short}", text, labels, registry=registry)
            else:
                self._histograms[short] = Histogram(f"{_PREFIX}{short}", text, labels, registry=registry)

    def add(self, name: str, n: int = 1, **labels: str) -> None:
        """Move a counter."""
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(n)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, name: str, value: float) -> None:
        """Note a duration (s)."""
        self._histograms[name].observe(value)
