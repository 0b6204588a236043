"""`kill -9` at random points while several clients scan: a row for each green that was told, none doubled."""

from __future__ import annotations

import os
import random
import secrets
import threading
from pathlib import Path
from typing import Final

import pytest

from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperClient, DoorkeeperRefused
from tests.integration.doorkeeper.house import OwnProcess, bring, counted_right, meanwhile, read_rows, tickets

ROUNDS: Final = 20
SOAK_ROUNDS: Final = int(os.environ.get("SOAK_ROUNDS", "1000"))
CLIENTS: Final = 4
TICKETS: Final = 4000


class Scanner:
    """Scans tickets, copies and garbage, asks the same nonce again when the doorkeeper dies; keeps what it was told."""

    def __init__(self, door: OwnProcess, number: int, seed: int) -> None:
        self._client = DoorkeeperClient(door.socket, timeout=30)
        self._chance = random.Random(f"{seed}-{number}")
        self.green: dict[str, str] = {}
        """Ticket by the nonce of the scan that was recorded."""
        self.shown: set[str] = set()

    def __call__(self, stop: threading.Event) -> None:
        with self._client:
            while not stop.is_set():
                self._scan()

    def _scan(self) -> None:
        code = f"code-{self._chance.randrange(TICKETS)}" if self._chance.random() < 0.9 else secrets.token_hex(4)
        try:
            verdict = self._client.scan(code, gate="north", nonce=secrets.token_hex(8))
        except (DoorkeeperAway, DoorkeeperRefused) as fault:
            raise AssertionError(f"the doorkeeper did not come back: {fault}") from fault
        if verdict.outcome == "admitted":
            assert verdict.nonce not in self.shown, "a verdict that was shown came again"
            self.green[verdict.nonce] = verdict.ticket
        if self._chance.random() < 0.8:
            self._client.shown(verdict.nonce)
            self.shown.add(verdict.nonce)


def rounds(directory: Path, n: int, seed: int) -> None:
    chance = random.Random(seed)
    green: dict[str, str] = {}
    with OwnProcess(directory) as door:
        with DoorkeeperClient(door.socket, timeout=30) as client:
            bring(client, tickets(TICKETS))
        scanners = [Scanner(door, number, seed) for number in range(CLIENTS)]
        life = threading.Event()

        def scan_on(stop: threading.Event) -> None:
            threads = [threading.Thread(target=run, args=(scanner, stop)) for scanner in scanners]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        faults: list[BaseException] = []

        def run(scanner: Scanner, stop: threading.Event) -> None:
            try:
                scanner(stop)
            except BaseException as fault:  # noqa: BLE001 (raised below)
                faults.append(fault)

        with meanwhile(scan_on):
            for _ in range(n):
                life.wait(chance.uniform(0.0, 0.25))
                door.kill()
                door.start()
                assert not faults, faults
        assert not faults, faults
        for scanner in scanners:
            green |= scanner.green
    tally = counted_right(door.ledger)
    written = {placed.row.nonce: placed.row.ticket for placed in read_rows(door.ledger) if placed.row.kind == "entry"}
    assert green.items() <= written.items()
    assert len(green) > n
    assert tally["door", "", "attendance"] == tally["door", "", "occupancy"] == len(written)


def test_twenty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    rounds(tmp_path, ROUNDS, seed=secrets.randbelow(1 << 30))


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_a_thousand_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    rounds(tmp_path, SOAK_ROUNDS, seed=secrets.randbelow(1 << 30))


def test_a_nonce_asked_before_the_kill_gets_its_answer_after_it(tmp_path: Path) -> None:
    with OwnProcess(tmp_path) as door, DoorkeeperClient(door.socket, timeout=30) as client:
        bring(client, tickets(10))
        first = client.scan("code-1", gate="north", nonce="nonce-of-one")
        door.kill()
        door.start()
        again = client.scan("code-1", gate="north", nonce="nonce-of-one")
        assert (again.outcome, again.at, again.again) == (first.outcome, first.at, False)
    assert len(read_rows(door.ledger)) == 1


@pytest.mark.parametrize("shown", [True, False])
def test_a_green_outlives_the_kill_and_is_given_again_only_if_nobody_saw_it(tmp_path: Path, shown: bool) -> None:
    with OwnProcess(tmp_path) as door, DoorkeeperClient(door.socket, timeout=30) as client:
        bring(client, tickets(10))
        first = client.scan("code-1", gate="north", nonce=secrets.token_hex(8))
        if shown:
            client.shown(first.nonce)
        door.kill()
        door.start()
        verdict = client.scan("code-1", gate="north", nonce=secrets.token_hex(8))
        assert (verdict.outcome, verdict.again) == (("refused", False) if shown else ("admitted", True))
