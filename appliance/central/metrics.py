"""Central's figures for Prometheus. This table is all of them."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metric(NamedTuple):
    """One line of the table; a counter's name gets `_total`."""

    name: str
    type: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


METRICS: Final = (
    Metric("appliance_central_rows", "counter", "Rows stored and counted.", ("hub",)),
    Metric("appliance_central_rows_again", "counter", "Rows that arrived once more and changed nothing.", ("hub",)),
    Metric("appliance_central_rows_refused", "counter", "Rows kept but not counted, by why.", ("hub", "kind")),
    Metric("appliance_central_batches", "counter", "Batches read.", ("hub",)),
    Metric("appliance_central_unreadable", "counter", "Messages that were not taken, by why.", ("complaint",)),
    Metric(
        "appliance_central_comparisons", "counter", "Snapshots held against the rows, by outcome.", ("hub", "outcome")
    ),
    Metric("appliance_central_acked", "counter", "Acknowledgements published.", ("hub",)),
    Metric("appliance_central_commit_seconds", "histogram", "From taking messages to the durable commit."),
    Metric("appliance_central_waiting_rows", "gauge", "Rows of a hub's snapshot not stored yet.", ("hub",)),
    Metric("appliance_central_hub_live", "gauge", "1 while a hub's figures are fresh.", ("hub",)),
    Metric("appliance_central_broker_connected", "gauge", "1 while the broker is there."),
    Metric("appliance_central_alarms", "gauge", "Alarms that sound."),
)


class CentralMetrics:
    """The metrics of METRICS in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for metric in METRICS:
            if metric.type == "counter":
                self._counters[metric.name] = Counter(metric.name, metric.help, metric.labels, registry=registry)
            elif metric.type == "gauge":
                self._gauges[metric.name] = Gauge(metric.name, metric.help, metric.labels, registry=registry)
            else:
                self._histograms[metric.name] = Histogram(metric.name, metric.help, metric.labels, registry=registry)

    def add(self, name: str, n: int = 1, **labels: str) -> None:
        """Move a counter; `name` without `appliance_central_`."""
        counter = self._counters[f"appliance_central_{name}"]
        (counter.labels(**labels) if labels else counter).inc(n)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[f"appliance_central_{name}"]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, name: str, value: float) -> None:
        """Note a duration (s)."""
        self._histograms[f"appliance_central_{name}"].observe(value)
