"""The whole of `appliance scan` beside a real doorkeeper: what pipes type reaches the screens."""

from __future__ import annotations

import threading

import pytest
from prometheus_client import CollectorRegistry

from appliance.domain.row import NodeId
from appliance.domain.ticket import CheckinList, Ticket
from appliance.doorkeeper.builder import build_doorkeeper
from appliance.doorkeeper.client import DoorkeeperClient
from appliance.doorkeeper.door import Door
from appliance.scanner.builder import build_scan
from appliance.serving.scan_link import Fault, ScanLink, Screen, Shown, Sources, VerdictEvent

STOP_SECONDS = 60


class Page:
    """Takes what a screen takes, and tells that it was shown."""

    def __init__(self, socket):
        self.events = []
        self._changed = threading.Condition()
        self.link = ScanLink(socket, hello=[Screen(pages=1)], on_event=self._take)
        self.link.start()

    def _take(self, event):
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()
        if isinstance(event, VerdictEvent):
            self.link.send(Shown(nonce=event.nonce))

    def wait_for(self, wanted):
        """The first event that `wanted` likes."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(wanted, self.events)), STOP_SECONDS), self.events
            return next(event for event in self.events if wanted(event))

    def verdicts(self):
        return [event for event in self.events if isinstance(event, VerdictEvent)]


class Kiosk:
    """A doorkeeper and scan with two pipes, in this process but over their real sockets."""

    def __init__(self, directory):
        self.directory = directory
        self.door = self._doorkeeper()
        self.pipes = [directory / "one", directory / "two"]
        self.scan = build_scan(
            sources=[f"pipe:{pipe}" for pipe in self.pipes],
            gone_after=1.0,
            doorkeeper=directory / "door.sock",
            socket=directory / "scan.sock",
            gate="north",
            direction="entry",
            registry=CollectorRegistry(),
        )
        self.scan.start()
        self.page = Page(directory / "scan.sock")
        self.page.wait_for(lambda event: isinstance(event, Sources))

    def _doorkeeper(self):
        door = build_doorkeeper(
            ledger=self.directory / "ledger.db",
            socket=self.directory / "door.sock",
            node=NodeId("k1"),
            door=Door("hub", CheckinList()),
            trusted_clock=True,
            registry=CollectorRegistry(),
        )
        door.start()
        return door

    def restart_door(self):
        self.door = self._doorkeeper()

    def type(self, text, pipe=0):
        with self.pipes[pipe].open("a", encoding="utf-8") as file:
            file.write(text)

    def stop(self):
        self.page.link.stop()
        self.scan.stop()
        self.door.stop()


@pytest.fixture
def kiosk(tmp_path):
    made = Kiosk(tmp_path)
    with DoorkeeperClient(tmp_path / "door.sock") as client:
        roster = client.roster_begin("test", "")
        client.roster_chunk(roster, [Ticket(id=f"T-{n}", code=f"CODE-{n}", name=f"Name {n}") for n in range(9)])
        client.roster_switch(roster, 9)
    yield made
    made.stop()


def test_what_two_sources_type_gets_its_verdict_each_on_every_screen(kiosk):
    kiosk.type("CODE-1\n")
    first = kiosk.page.wait_for(lambda event: isinstance(event, VerdictEvent) and event.ticket == "T-1")
    kiosk.type("CODE-2\r\nnobody's\n", pipe=1)
    unknown = kiosk.page.wait_for(lambda event: isinstance(event, VerdictEvent) and event.reason == "invalid")
    assert (first.outcome, first.name, first.gate) == ("admitted", "Name 1", "north")
    assert unknown.outcome == "refused"
    assert {event.source for event in kiosk.page.verdicts()} == {"one", "two"}


def test_while_the_doorkeeper_is_away_the_screens_say_so_and_the_next_scan_after_it_is_back_is_decided(kiosk):
    kiosk.door.stop()
    kiosk.type("CODE-3\n")
    kiosk.page.wait_for(lambda event: isinstance(event, Fault) and event.what == "doorkeeper")
    kiosk.restart_door()
    kiosk.type("CODE-4\n")
    kiosk.page.wait_for(lambda event: isinstance(event, VerdictEvent) and event.ticket == "T-4")
    kiosk.page.wait_for(lambda event: isinstance(event, Fault) and not event.what)


def test_a_verdict_that_a_screen_has_shown_is_not_given_a_second_time(kiosk):
    kiosk.type("CODE-5\n")
    kiosk.page.wait_for(lambda event: isinstance(event, VerdictEvent) and event.ticket == "T-5")
    kiosk.type("CODE-6\n")
    kiosk.page.wait_for(lambda event: isinstance(event, VerdictEvent) and event.ticket == "T-6")
    kiosk.type("CODE-5\n")
    again = kiosk.page.wait_for(lambda event: isinstance(event, VerdictEvent) and event.reason == "already_redeemed")
    assert (again.ticket, again.again) == ("T-5", False)
    assert again.earlier_gate == "north"


@pytest.mark.parametrize(
    "text", ["x" * 5000, "\x00\x01\x02", "\x1b[31mred", "'; DROP TABLE ledger; --", "%s%n" * 400, "🎟" * 900]
)
def test_hostile_texts_are_refused_and_the_door_goes_on(kiosk, text):
    kiosk.type(text + "\n")
    kiosk.type("CODE-7\n")
    kiosk.page.wait_for(lambda event: isinstance(event, VerdictEvent) and event.ticket == "T-7")
    assert all(event.outcome == "refused" for event in kiosk.page.verdicts() if event.ticket != "T-7")
