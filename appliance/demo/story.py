"""The demo from its start to its sums."""

from __future__ import annotations

import json
import logging
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from appliance.demo.figures import Figures, of_hub, total
from appliance.demo.layout import PORTS, DemoPlan, HubPlan, write_plan
from appliance.demo.ports import free_ports
from appliance.demo.processes import Children, DemoFault
from appliance.demo.screens import DemoScreen
from appliance.domain.ticket import Ticket
from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperClient
from appliance.store.opening import StoreFault

log = logging.getLogger(__name__)

READY_SECONDS: Final = 60.0
"""By then every process serves, also on a slow machine; the demo says which one didn't."""
ACKNOWLEDGED_SECONDS: Final = 60.0


class Addresses(NamedTuple):
    """What people and scripts open. Staff and central are login links that work once."""

    broker: str
    attendee: list[str]
    staff: list[str]
    central: str
    directories: list[str]


class Telling(Protocol):
    """Who is told: a terminal or a script."""

    def started(self, addresses: Addresses) -> None:
        """All serve."""

    def second(self, elapsed: int, figures: Figures, hubs: dict[str, Figures]) -> None:
        """Once a second."""

    def sums(self, result: dict[str, Any]) -> None:
        """At the end."""

    def stop(self) -> None:
        """Whatever happened: no more will be told."""


class Demo:
    """One demo. `told` ends it; `sample` writes the event."""

    def __init__(
        self,
        *,
        directory: Path | None,
        keep: bool,
        tickets: Sequence[Ticket],
        write_roster: Callable[[Path, Sequence[Ticket]], None],
        telling: Telling,
        fps: int,
        seed: int,
    ) -> None:
        self._directory = directory or Path(tempfile.mkdtemp(prefix="hub-appliance-demo-"))
        self._directory.mkdir(parents=True, exist_ok=True)
        self._keep = keep
        self._tickets = tickets
        self._write_roster = write_roster
        self._telling = telling
        self._fps = fps
        self._seed = seed
        self._told = threading.Event()
        self._children = Children(self._directory)
        self._screens: list[DemoScreen] = []

    def run(self, seconds: int | None) -> int:
        """Until Ctrl-C, or `seconds` and then the sums; 0 only when all is acknowledged and recounts agree."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._told.set())
        try:
            roster = self._directory / "roster.csv"
            self._write_roster(roster, self._tickets)
            with free_ports(PORTS) as ports:
                plan = write_plan(self._directory, ports, self._tickets, roster, fps=self._fps, seed=self._seed)
                addresses = self._start(plan)
            if addresses is None:
                return 0
            self._telling.started(addresses)
            self._watch(plan, seconds)
            return 0 if self._told.is_set() else self._finish(plan)
        finally:
            self._telling.stop()
            for screen in self._screens:
                screen.stop()
            self._children.stop()
            if not self._keep:
                shutil.rmtree(self._directory, ignore_errors=True)

    # -- starting --------------------------------------------------------------------------------------------------

    def _start(self, plan: DemoPlan) -> Addresses | None:
        """Everything, each as its unit starts it; None if somebody ended the demo meanwhile."""
        self._children.start("broker", ["-m", "appliance.demo.broker", str(plan.broker)])
        self._appliance("central", plan.central_config, "central")
        for hub in plan.hubs:
            self._appliance(f"{hub.id}-doorkeeper", hub.config, "doorkeeper")
        for hub in plan.hubs:
            if not self._until(f"{hub.id}-doorkeeper", lambda hub=hub: door_answers(hub)):  # type: ignore[misc]  # bound now
                return None
            self._command(f"{hub.id}: roster", hub.config, "roster", "import", str(plan.roster), "--yes", "--json")
        staff: list[str] = []
        for hub in plan.hubs:
            for process in ("web", "report", "scan"):
                self._appliance(f"{hub.id}-{process}", hub.config, process)
            staff.append(self._link(hub.config, "staff", "add", "Demo", "--role", "technician", "--json"))
        attendee = [f"http://127.0.0.1:{hub.attendee_port}/" for hub in plan.hubs]
        for hub, page in zip(plan.hubs, attendee, strict=True):
            screen = DemoScreen(page)
            self._screens.append(screen)
            if not self._until(f"{hub.id}-web", screen.try_start):
                return None
        if not self._until("central", lambda: _port_answers(plan.central_port)):
            return None
        central = self._link(plan.central_config, "central", "staff", "add", "Demo", "--role", "technician", "--json")
        user, password = plan.central_login
        broker = f"mqtt://{user}:{password}@127.0.0.1:{plan.broker_port}"
        return Addresses(broker, attendee, staff, central, [str(hub.directory) for hub in plan.hubs])

    def _appliance(self, name: str, config: Path, *arguments: str) -> None:
        self._children.start(name, ["-m", "appliance", "--config", str(config), *arguments])

    def _command(self, what: str, config: Path, *arguments: str) -> str:
        return self._children.run(what, ["-m", "appliance", "--config", str(config), *arguments])

    def _link(self, config: Path, *arguments: str) -> str:
        link: str = json.loads(self._command("staff", config, *arguments))["link"]
        return link

    def _until(self, name: str, ready: Callable[[], bool]) -> bool:
        """Wait until `name` serves; False if somebody ended the demo. DemoFault with its last words if it doesn't."""
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            self._children.revive()
            if time.monotonic() > deadline:
                raise DemoFault(f"{name} does not answer; it said:\n{self._children.told(name)}")
            if self._told.wait(0.05):
                return False
        return True

    # -- running ---------------------------------------------------------------------------------------------------

    def _watch(self, plan: DemoPlan, seconds: int | None) -> None:
        begun = time.monotonic()
        elapsed = 0
        while seconds is None or elapsed < seconds:
            elapsed += 1
            if self._told.wait(max(begun + elapsed - time.monotonic(), 0)):
                return
            self._children.revive()
            hubs = {hub.id: of_hub(hub.directory) for hub in plan.hubs}
            self._telling.second(elapsed, total(list(hubs.values())), hubs)

    def _finish(self, plan: DemoPlan) -> int:
        """Close the doors, let everything be acknowledged, count again."""
        names = [hub.id for hub in plan.hubs]
        self._children.stop([f"{hub}-scan" for hub in names])
        self._children.stop([f"{hub}-doorkeeper" for hub in names])
        deadline = time.monotonic() + ACKNOWLEDGED_SECONDS
        while (figures := total([of_hub(hub.directory) for hub in plan.hubs])).acknowledged < figures.rows:
            self._children.revive()
            if time.monotonic() > deadline or self._told.wait(0.1):
                break
        self._children.stop()
        ledgers = [self._agrees(hub.config, "ledger", "verify", "--json") for hub in plan.hubs]
        central = self._agrees(plan.central_config, "central", "recount", "--json")
        acknowledged = figures.acknowledged == figures.rows
        good = acknowledged and central and all(ledgers)
        result = {field: getattr(figures, field) for field in Figures.__struct_fields__}
        result |= {"restarts": self._children.restarts}
        result |= {
            "all_acknowledged": acknowledged,
            "ledgers_agree": all(ledgers),
            "central_agrees": central,
            "ok": good,
        }
        self._telling.sums(result)
        return 0 if good else 1

    def _agrees(self, config: Path, *arguments: str) -> bool:
        try:
            self._command(" ".join(arguments), config, *arguments)
        except DemoFault as fault:
            log.error("%s", fault)  # noqa: TRY400 (a sentence, not a traceback)
            return False
        return True


def door_answers(hub: HubPlan) -> bool:
    """Whether this hub's doorkeeper serves."""
    try:
        with DoorkeeperClient(hub.directory / "run" / "doorkeeper.sock", timeout=0.5) as client:
            client.standing()
    except (DoorkeeperAway, StoreFault):
        return False
    return True


def _port_answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True
