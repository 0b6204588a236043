"""The disk full, the database held: no green without a row, red at once, and the door recovers by itself."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance.doorkeeper.client import DoorkeeperClient, DoorkeeperRefused
from appliance.doorkeeper.protocol import Verdict
from tests.bench.slow_disk import slow_disk
from tests.integration.doorkeeper.house import STOP_SECONDS, House, OwnProcess, bring, counted_right, read_rows, tickets
from tests.tools import needs_root

SLOW_MILLIS = 400
AT_ONCE_SECONDS = 1.0
"""A held database makes a green wait for two seconds; a red may not even wait for half of that."""


@contextmanager
def held(ledger: Path) -> Iterator[None]:
    """Another process's write transaction."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def scan(client: DoorkeeperClient, code: str, nonce: str = "") -> Verdict:
    return client.scan(code, gate="north", nonce=nonce or secrets.token_hex(8))


def test_while_another_process_holds_the_database_red_comes_at_once_and_green_fails_with_a_word(house: House) -> None:
    client, other = house.client(), house.client()
    client.shown(scan(client, "code-1").nonce)
    with held(house.ledger):
        failed: list[DoorkeeperRefused] = []

        def green() -> None:
            with pytest.raises(DoorkeeperRefused) as refused:
                scan(other, "code-2", "nonce-of-2")
            failed.append(refused.value)

        waiting = threading.Thread(target=green)
        waiting.start()
        began = time.monotonic()
        refused = scan(client, "code-1")
        client.shown(refused.nonce)
        assert refused.reason == "already_redeemed"
        assert scan(client, "nobody").reason == "invalid"
        assert time.monotonic() - began < AT_ONCE_SECONDS
        assert waiting.is_alive()
        waiting.join(STOP_SECONDS)
        assert [fault.kind for fault in failed] == ["busy"]
        assert client.standing().disk
    assert scan(other, "code-2", "nonce-of-2").outcome == "admitted"
    assert client.standing().disk == ""
    reasons = [placed.row.reason for placed in house.rows()]
    assert sorted(map(str, reasons)) == ["None", "None", "already_redeemed", "invalid"]
    counted_right(house.ledger)


def test_refusals_told_meanwhile_are_written_when_the_database_is_free_though_nobody_scans(house: House) -> None:
    client = house.client()
    with held(house.ledger):
        for i in range(5):
            assert scan(client, f"nobody-{i}").reason == "invalid"
        # The writer has tried and failed: its fault is told.
        while not client.standing().disk:
            wait_a_moment()
    stop = threading.Event()
    for _ in client.watch(stop):
        if len(read_rows(house.ledger)) == 5:
            stop.set()
    counted_right(house.ledger)


def wait_a_moment() -> None:
    """The doorkeeper tells of no failed commit: it is asked again."""
    threading.Event().wait(0.05)


def test_green_waits_for_the_disk_and_red_does_not(tmp_path: Path) -> None:
    slow = slow_disk(tmp_path, SLOW_MILLIS)
    with OwnProcess(tmp_path, environment=slow) as door, DoorkeeperClient(door.socket, timeout=STOP_SECONDS) as client:
        bring(client, tickets(10))
        for i in range(3):
            began = time.monotonic()
            green = scan(client, f"code-{i}")
            waited = time.monotonic() - began
            assert waited >= SLOW_MILLIS / 1000
            client.shown(green.nonce)
            began = time.monotonic()
            assert scan(client, f"code-{i}").reason == "already_redeemed"
            assert scan(client, "nobody").reason == "invalid"
            assert time.monotonic() - began < SLOW_MILLIS / 1000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 14 MB: 8 of them are the write-ahead log's from the start."""
    needs_root()
    directory = tmp_path / "small"
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=14m", "tmpfs", str(directory)], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def fill(directory: Path) -> Path:
    """Take all the room that is left."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return ballast


def is_green(client: DoorkeeperClient, code: str) -> bool:
    """Whether it was admitted; False where the disk took no row."""
    try:
        return scan(client, code).outcome == "admitted"
    except DoorkeeperRefused as refused:
        return refused.kind != "disk"


def test_on_a_full_disk_nobody_is_let_in_without_a_row_and_the_door_recovers_by_itself(small_disk: Path) -> None:
    with House(small_disk) as house:
        house.bring(*tickets(6000))
        client = house.client()
        client.shown(scan(client, "code-0").nonce)
        ballast = fill(small_disk)
        told_of = {f"code-{i}": is_green(client, f"code-{i}") for i in range(1, 3000)}
        green = {"code-0"} | {code for code, admitted in told_of.items() if admitted}
        assert len(told_of) - len(green) > 5
        assert "full" in client.standing().disk
        told = [scan(client, text) for text in ("code-0", "nobody", "code-0", "nobody else")]
        assert [verdict.reason for verdict in told] == ["already_redeemed", "invalid", "already_redeemed", "invalid"]
        ballast.unlink()
        stop = threading.Event()
        for _ in client.watch(stop):
            if {verdict.nonce for verdict in told} <= {placed.row.nonce for placed in read_rows(house.ledger)}:
                stop.set()
        assert client.standing().disk == ""
        assert scan(client, "code-5999").outcome == "admitted"
        entries = {
            str(placed.row.ticket).replace("T-", "code-") for placed in house.rows() if placed.row.kind == "entry"
        }
        assert green | {"code-5999"} == entries
        counted_right(house.ledger)


def test_a_doorkeeper_that_starts_on_a_full_disk_tells_its_reds(small_disk: Path) -> None:
    with House(small_disk) as house:
        house.bring(*tickets(10))
        scan(house.client(), "code-1")
        house.close()
        ballast = fill(small_disk)
        # What a start must have is the log's index, 32 KB.
        with ballast.open("r+b") as file:
            file.truncate(ballast.stat().st_size - 100_000)
        house.open()
        client = house.client()
        assert scan(client, "nobody").reason == "invalid"
        ballast.unlink()
        assert scan(client, "code-2").outcome == "admitted"
        house.settled()
        counted_right(house.ledger)


def test_a_doorkeeper_that_starts_while_the_database_is_held_serves_when_it_is_free(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        bring(house.client(), tickets(5))
        house.close()
        with held(house.ledger):
            house.open()
            assert scan(house.client(), "nobody").reason == "invalid"
        assert scan(house.client(), "code-1").outcome == "admitted"
