"""A box's own figures: start to first verdict, memory, a camera with nothing in view, frame to painted verdict.

python -m tests.bench.box
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import tomli_w
from playwright.sync_api import sync_playwright

from appliance.demo.ports import free_ports
from appliance.demo.processes import Children
from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperClient
from appliance.scanner.drawn import draw_frame
from appliance.tickets.sample import sample_tickets, write_roster_csv
from tests.e2e.conftest import ARGUMENTS

PROCESSES: Final = ("doorkeeper", "report", "web", "scan")
WATCHED_SECONDS: Final = 20.0
VERDICTS: Final = 40
_STOP_SECONDS: Final = 60.0


class Box(NamedTuple):
    """What was measured."""

    start_seconds: float
    """From the first process's start to the first verdict that the doorkeeper can give."""
    start_all_seconds: float
    """To the attendee screen's camera picture."""
    memory: dict[str, float]
    """MiB of resident memory by process, while scanning 1280x720."""
    idle_share: float
    """Of one core: scan at 10 frames/s with nothing in view, less what reading the video takes."""
    to_screen: list[float]
    """Seconds from frame to painted verdict in Chromium, sorted."""

    def lines(self) -> list[str]:
        """For the table."""
        p95 = self.to_screen[int(len(self.to_screen) * 0.95)] * 1000 if self.to_screen else float("nan")
        parts = ", ".join(f"{name} {mib:.0f}" for name, mib in self.memory.items())
        half = self.to_screen[len(self.to_screen) // 2] * 1000 if self.to_screen else float("nan")
        return [
            (
                f"box: first possible verdict after {self.start_seconds:.2f} s (at most 3), "
                f"a picture on the page after {self.start_all_seconds:.2f} s"
            ),
            f"box: {sum(self.memory.values()):.0f} MiB RSS while scanning 1280x720 (at most 400): {parts}",
            f"box: camera at 10 frames/s, nothing in view: {self.idle_share:.1%} of a core (at most 10%)",
            (
                f"box: frame to verdict painted in Chromium p50 {half:.0f} ms, p95 {p95:.0f} ms (at most 150) "
                f"over {len(self.to_screen)} verdicts"
            ),
        ]


class _Machine:
    """One hub's processes with settings of the bench's own; broker there or not, the door doesn't care."""

    def __init__(self, directory: Path, source: str, ports: list[int]) -> None:
        self.directory = directory
        self.attendee, self.metrics_web = ports[0], ports[2]
        self.config = directory / "appliance.toml"
        self.config.write_bytes(tomli_w.dumps(_settings(directory, source, ports)).encode())
        self.children = Children(directory)

    def start(self, *names: str) -> None:
        for name in names:
            self.children.start(name, ["-m", "appliance", "--config", str(self.config), name])

    def import_roster(self, roster: Path) -> None:
        arguments = ["-m", "appliance", "--config", str(self.config), "roster", "import", str(roster), "--yes"]
        self.children.run("roster import", arguments)

    def door_answers(self) -> bool:
        try:
            with DoorkeeperClient(self.directory / "run" / "doorkeeper.sock", timeout=0.2) as client:
                client.standing()
        except DoorkeeperAway:
            return False
        return True

    def sees(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.attendee}/state.json", timeout=1) as answer:
                return b'"camera":true' in answer.read()
        except OSError:
            return False


def _settings(directory: Path, source: str, ports: list[int]) -> dict[str, dict[str, Any]]:
    return {
        "event": {"key": "bench"},
        "paths": {"state": str(directory), "run": str(directory / "run")},
        "scanner": {"sources": [source]},
        "attendee": {"listen": f"127.0.0.1:{ports[0]}"},
        "staff": {"listen": f"127.0.0.1:{ports[1]}"},
        "broker": {"host": "127.0.0.1", "port": ports[3]},
        "clock": {"trusted": True},
        "metrics": {"web": ports[2]},
        "log": {"level": "error"},
    }


def _until(condition: Any, what: str) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    waiting = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"never: {what}")
        waiting.wait(0.005)


@contextmanager
def _machine(directory: Path, source: str) -> Iterator[_Machine]:
    directory.mkdir(parents=True)
    with ExitStack() as last:
        with free_ports(4) as ports:
            machine = _Machine(directory, source, ports)
        last.callback(machine.children.stop)
        yield machine


def measure(directory: Path) -> Box:
    """All four, one after the other."""
    tickets = sample_tickets(500, hubs=("hub",), seed=3)
    roster = directory / "roster.csv"
    write_roster_csv(roster, tickets)
    people = _people(directory / "people", [ticket.code for ticket in tickets[: VERDICTS + 20]])
    with _machine(directory / "busy", f"folder:{people}?fps=0.5&loop=1") as machine:
        begun = time.monotonic()
        machine.start(*PROCESSES)
        _until(machine.door_answers, "the doorkeeper answers")
        start = time.monotonic() - begun
        _until(machine.sees, "the page has a picture")
        start_all = time.monotonic() - begun
        machine.import_roster(roster)
        to_screen = _to_screen(machine)
        memory = {name: _rss(machine.children.pid(name)) for name in PROCESSES}
    return Box(start, start_all, memory, _idle_share(directory), sorted(to_screen))


def _people(directory: Path, codes: list[str]) -> Path:
    """A picture every two seconds, in each somebody else's badge: nobody waits for another's verdict."""
    directory.mkdir()
    chance = np.random.default_rng(7)
    for number, code in enumerate(codes):
        cv2.imwrite(str(directory / f"{number:03}.jpg"), draw_frame("clean", code, chance))
    return directory


def _to_screen(machine: _Machine) -> list[float]:
    """Frame to paint, as the page measures and tells it, while a person looks at it in Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS, headless=True)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        seconds: list[float] = []

        def told(request: Any) -> None:
            if request.url.endswith("/shown") and (found := re.search(r'"ms":\s*([0-9.]+)', request.post_data or "")):
                seconds.append(float(found[1]) / 1000)

        page.goto(f"http://127.0.0.1:{machine.attendee}/")
        page.wait_for_selector("html[data-live=events]")
        page.on("request", told)
        deadline = time.monotonic() + 4 * VERDICTS
        while len(seconds) < VERDICTS and time.monotonic() < deadline:
            page.wait_for_timeout(200)
        browser.close()
    return seconds


def _idle_share(directory: Path) -> float:
    """CPU of scan with a video of an empty room, above what only reading the video at that pace costs."""
    video = directory / "room.avi"
    chance = np.random.default_rng(1)
    room = np.full((720, 1280, 3), 120, np.uint8)
    for _ in range(60):
        corner, size, colour = chance.integers(0, (1280, 720)), chance.integers(20, 300, 2), chance.integers(20, 230, 3)
        cv2.rectangle(room, corner.tolist(), (corner + size).tolist(), colour.tolist(), -1)
    room = cv2.GaussianBlur(room, (0, 0), 1.5)
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, (1280, 720))
    for _ in range(50):
        noise = chance.integers(0, 6, room.shape, np.uint8)
        writer.write(cv2.add(room, noise))
    writer.release()
    with _machine(directory / "idle", f"file:{video}?loop=1&fps=10") as machine:
        machine.start("doorkeeper", "web", "scan")
        _until(machine.sees, "the page has a picture")
        scan = _cpu_share(machine.children.pid("scan"))
    return max(scan - _read_share(video), 0.0)


def _read_share(video: Path) -> float:
    """The share of a core that taking the frames out of the video costs."""
    capture = cv2.VideoCapture(str(video))
    begun = time.process_time()
    frames = 0
    while capture.read()[0]:
        frames += 1
    return (time.process_time() - begun) / frames * 10


def _cpu_share(pid: int) -> float:
    before = _cpu(pid)
    begun = time.monotonic()
    threading.Event().wait(WATCHED_SECONDS)
    return (_cpu(pid) - before) / (time.monotonic() - begun)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _rss(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def main() -> None:
    """Print."""
    with tempfile.TemporaryDirectory() as directory:
        sys.stdout.write("\n".join(measure(Path(directory)).lines()) + "\n")


if __name__ == "__main__":
    main()
