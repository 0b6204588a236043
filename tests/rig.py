"""A whole event with a real Mosquitto: two hubs and central, every process real, started again when it ends."""

from __future__ import annotations

import os
import re
import signal
import threading
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from appliance.demo.figures import of_hub, total
from appliance.demo.layout import EVENT, PORTS, ROOT, write_plan
from appliance.demo.ports import free_ports
from appliance.demo.processes import Children, DemoFault
from appliance.demo.screens import DemoScreen
from appliance.demo.story import door_answers
from appliance.report.access import access_rules
from appliance.tickets.sample import sample_tickets, write_roster_csv
from tests.mosquitto import Mosquitto

STOP_SECONDS: Final = 60.0


class Rig:
    """Hubs `hamburg` and `osaka`; `greens` are the nonces of all verdicts that a screen showed green."""

    def __init__(self, directory: Path, *, seed: int, tickets: int = 500) -> None:
        self.directory = directory
        self.greens: set[str] = set()
        self._changed = threading.Condition()
        self._verdicts = 0
        self._known = sample_tickets(tickets, seed=seed)
        directory.mkdir(parents=True, exist_ok=True)
        roster = directory / "roster.csv"
        write_roster_csv(roster, self._known)
        with free_ports(PORTS) as ports:
            self.plan = write_plan(directory, ports, self._known, roster, fps=10, seed=seed)
        self.children = Children(directory)
        self.screens: list[DemoScreen] = []
        self.broker = Mosquitto(directory / "mosquitto", logins=self._logins(), acl=self._acl())

    def _logins(self) -> dict[str, str]:
        configs = [*(hub.config for hub in self.plan.hubs), self.plan.central_config]
        brokers = [tomllib.loads(config.read_text())["broker"] for config in configs]
        return {broker["username"]: broker["password"] for broker in brokers}

    def _acl(self) -> str:
        return access_rules(ROOT, EVENT, {hub.id: [("k1", f"{hub.id}-k1")] for hub in self.plan.hubs}, "central")

    def __enter__(self) -> Self:
        self.broker.start()
        for config in (*(hub.config for hub in self.plan.hubs), self.plan.central_config):
            text = config.read_text().replace(f"port = {self.plan.broker_port}", f"port = {self.broker.port}")
            # A scan that is started again sees other people than before.
            config.write_text(re.sub(r"seed=\d+", "seed=0", text))
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self) -> None:
        self.start("central", self.plan.central_config, "central")
        for hub in self.plan.hubs:
            self.start(f"{hub.id}-doorkeeper", hub.config, "doorkeeper")
        for hub in self.plan.hubs:
            self.until(lambda hub=hub: door_answers(hub), f"{hub.id}'s doorkeeper answers")
            self.command(hub.config, "roster", "import", str(self.plan.roster), "--yes")
            for process in ("web", "report", "scan"):
                self.start(f"{hub.id}-{process}", hub.config, process)
        for hub in self.plan.hubs:
            screen = DemoScreen(f"http://127.0.0.1:{hub.attendee_port}/", self._seen)
            self.screens.append(screen)
            self.until(screen.try_start, f"{hub.id}'s screen answers")

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for screen in self.screens:
            screen.stop()
        self.children.stop()
        self.broker.kill()

    def start(self, name: str, config: Path, *arguments: str) -> None:
        """Start a process of the appliance, and again whenever it ends."""
        self.children.start(name, ["-m", "appliance", "--config", str(config), *arguments])

    def command(self, config: Path, *arguments: str) -> str:
        """What a command prints; DemoFault where it exits with anything but 0."""
        return self.children.run(" ".join(arguments), ["-m", "appliance", "--config", str(config), *arguments])

    def _seen(self, verdict: dict[str, Any]) -> None:
        with self._changed:
            self._verdicts += 1
            if verdict["kind"] in ("admitted", "exit"):
                self.greens.add(verdict["nonce"])
            self._changed.notify_all()

    def until_verdicts(self, more: int) -> None:
        """Until screens have shown `more` further verdicts; processes that ended meanwhile are started again."""
        goal = self._verdicts + more
        self.until(lambda: self._verdicts >= goal, f"{more} more verdicts on the screens")

    def until(self, condition: Callable[[], bool], what: str, seconds: float = STOP_SECONDS) -> None:
        """Wait for `condition`, looking ten times a second and at each verdict."""
        for _ in range(int(seconds * 10)):
            self.children.revive()
            if condition():
                return
            with self._changed:
                self._changed.wait(0.1)
        logs = "\n".join(
            f"{path.name}: {path.read_text(errors='replace')[-600:]}" for path in self.directory.glob("*.log")
        )
        raise TimeoutError(f"never: {what}\n{logs}")

    def kill(self, name: str) -> None:
        """kill -9, `broker` among them."""
        if name == "broker":
            self.broker.kill()
            self.broker.start()
        else:
            with suppress(ProcessLookupError):
                os.kill(self.children.pid(name), signal.SIGKILL)

    def names(self) -> list[str]:
        """Everything that can be killed."""
        return ["broker", *self.children.names()]

    def close_doors(self) -> None:
        """No more scans; every row acknowledged."""
        hubs = [hub.id for hub in self.plan.hubs]
        self.children.stop([f"{hub}-scan" for hub in hubs], seconds=STOP_SECONDS)
        self.children.stop([f"{hub}-doorkeeper" for hub in hubs], seconds=STOP_SECONDS)

        def acknowledged() -> bool:
            figures = total([of_hub(hub.directory) for hub in self.plan.hubs])
            return figures.acknowledged == figures.rows

        self.until(acknowledged, "all rows acknowledged")

    def recounts_agree(self) -> None:
        """DemoFault where a tally differs from its recount, at a hub or at central."""
        for hub in self.plan.hubs:
            self.command(hub.config, "ledger", "verify", "--json")
        self.command(self.plan.central_config, "central", "recount", "--json")


__all__ = ["DemoFault", "Rig"]
