"""Builds the process of `appliance scan`: wiring only."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from appliance.domain.clock import iso
from appliance.domain.row import Passage
from appliance.doorkeeper.client import DoorkeeperClient
from appliance.doorkeeper.protocol import Verdict
from appliance.scanner.health import Health, Look
from appliance.scanner.listening import ScannerLook
from appliance.scanner.presentation import Presentations
from appliance.scanner.sources import FrameSource, LineSource, open_source
from appliance.scanner.station import Station
from appliance.serving.deadly import start_deadly
from appliance.serving.scan_link.server import ScanLinkServer

METRICS = (
    ("appliance_scan_verdicts_total", "counter", "Verdicts told to the screens, by outcome."),
    (
        "appliance_scan_undecided_total",
        "counter",
        "Presentations that could not be decided (doorkeeper away, disk full).",
    ),
    ("appliance_scan_verdict_seconds", "histogram", "From the frame or the typed line to the verdict."),
    ("appliance_scan_frames", "gauge", "Frames looked at since the start, by source."),
    ("appliance_scan_source_ok", "gauge", "1 while the source sees something, by source."),
)
_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.3, 1.0, 5.0)
ASK_SECONDS = 5.0


class ScanProcess:
    """The threads of `appliance scan`: one a source, asking, telling, health, the link. One that dies ends it."""

    def __init__(
        self,
        *,
        looks: Sequence[Look],
        station: Station,
        health: Health,
        link: ScanLinkServer,
        close: Callable[[], None],
    ) -> None:
        self._looks, self._station, self._health, self._link, self._close = looks, station, health, link, close
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.fault: BaseException | None = None

    def start(self) -> None:
        """Begin to look."""
        self._link.start()
        bodies: list[tuple[str, Callable[[], None]]] = [
            ("ask", self._station.ask),
            ("tell-shown", self._station.tell_shown),
            ("health", lambda: self._health.run(self._stop)),
        ]
        bodies += [(f"look-{look.name}", lambda look=look: look.run(self._stop)) for look in self._looks]  # type: ignore[misc]  # bound now
        self._threads = [start_deadly(name, body, dies=self._died) for name, body in bodies]

    def stop(self) -> None:
        """End cleanly: what was asked is told."""
        self._stop.set()
        self._station.stop()
        for look in self._looks:
            look.source.close()
        for thread in self._threads:
            thread.join(ASK_SECONDS)
        self._link.stop()
        self._close()

    def alive(self) -> bool:
        """Whether its work goes on, for systemd's watchdog."""
        return self._health.alive()

    def _died(self, fault: BaseException) -> None:
        self.fault = fault


class _Counts:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._verdicts = Counter(METRICS[0][0].removesuffix("_total"), METRICS[0][2], ["outcome"], registry=registry)
        self._undecided = Counter(METRICS[1][0].removesuffix("_total"), METRICS[1][2], registry=registry)
        self._seconds = Histogram(METRICS[2][0], METRICS[2][2], registry=registry, buckets=_BUCKETS)

    def verdict(self, verdict: Verdict, seconds: float) -> None:
        self._verdicts.labels(verdict.outcome).inc()
        self._seconds.observe(seconds)

    def fault(self) -> None:
        self._undecided.inc()


def build_scan(
    *,
    sources: Sequence[str],
    gone_after: float,
    doorkeeper: Path,
    socket: Path,
    gate: str,
    direction: Passage,
    registry: CollectorRegistry,
    open_one: Callable[[str], FrameSource | LineSource] = open_source,
) -> ScanProcess:
    """Open every source and put the kiosk's flow around them. SourceFault for a setting that can't mean a source."""
    opened = [open_one(url) for url in sources]
    link = ScanLinkServer(socket, on_shown=lambda nonce: station.shown(nonce))
    asks, tells = (DoorkeeperClient(doorkeeper, timeout=ASK_SECONDS) for _ in range(2))
    station = Station(
        doorkeeper=asks,
        doorkeeper_shown=tells,
        link=link,
        gate=gate,
        direction=direction,
        new_nonce=_new_nonce,
        iso_now=_iso_now,
        counts=_Counts(registry),
    )
    looks = _looks(opened, gone_after, station, link)
    frames = Gauge(METRICS[3][0], METRICS[3][2], ["source"], registry=registry)
    fine = Gauge(METRICS[4][0], METRICS[4][2], ["source"], registry=registry)
    for look in looks:
        frames.labels(look.name).set_function(lambda look=look: look.frames)  # type: ignore[misc]  # bound now
        fine.labels(look.name).set_function(lambda look=look: float(look.source.state == "ok"))  # type: ignore[misc]  # as above

    def close() -> None:
        asks.close()
        tells.close()

    return ScanProcess(
        looks=looks,
        station=station,
        health=Health(looks, link=link, iso_now=_iso_now),
        link=link,
        close=close,
    )


def _looks(
    opened: Sequence[FrameSource | LineSource], gone_after: float, station: Station, link: ScanLinkServer
) -> list[Look]:
    """The first camera's picture is the one that people aim by."""
    looks: list[Look] = []
    shows_preview = True
    for source, name in zip(opened, _different([source.name for source in opened]), strict=True):
        if source.kind == "scanner":
            looks.append(ScannerLook(source, name=name, station=station))
            continue
        # Not above: a box with hand scanners alone needs no OpenCV in its memory.
        import cv2

        from appliance.scanner.decoding import Decoder
        from appliance.scanner.looking import CameraLook

        # OpenCV's pool of threads waits busily, and each source has a thread of its own.
        cv2.setNumThreads(1)

        look = CameraLook(
            source,
            name=name,
            decoder=Decoder(),
            presentations=Presentations(gone_after=gone_after),
            station=station,
            link=link,
            shows_preview=shows_preview,
        )
        shows_preview = False
        looks.append(look)
    return looks


def _different(names: Sequence[str]) -> list[str]:
    """Two cameras of one kind get numbers."""
    return [
        name if names.count(name) == 1 else f"{name} {names[: number + 1].count(name)}"
        for number, name in enumerate(names)
    ]


def _new_nonce() -> str:
    """Begins with the time, so that the ledger's index by nonce grows at its end (a random one costs a page a row)."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(8)}"


def _iso_now() -> str:
    return iso(time.time_ns() // 1_000_000)
