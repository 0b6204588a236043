"""The write-ahead log stays small however long people scan, and what waits for the disk is told when it is there."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from appliance.doorkeeper.checkpointer import EMPTIED_FRAMES, MOVED_FRAMES, Checkpointer
from appliance.store.opening import open_ledger
from appliance.store.wal import length
from tests.integration.doorkeeper.house import STOP_SECONDS, House, meanwhile, tickets


def test_the_log_stays_small_while_people_scan_and_others_read(tmp_path: Path) -> None:
    """Each scan takes about seven frames: in all far more than the log may hold."""
    with House(tmp_path) as house:
        house.bring(*tickets(3000))

        def read(stop: threading.Event) -> None:
            with house.reader() as reader:
                while not stop.wait(0.002):
                    reader.execute("SELECT count(*) FROM (SELECT 1 FROM ledger LIMIT 500)").fetchone()

        client = house.client()
        longest = 0
        with meanwhile(read):
            for i in range(3000):
                client.shown(client.scan(f"code-{i}", gate="north", nonce=secrets.token_hex(8)).nonce)
                if i % 50 == 0:
                    longest = max(longest, length(house.ledger).frames)
        assert longest < 2 * EMPTIED_FRAMES + MOVED_FRAMES


def test_what_waits_for_the_disk_is_told_after_a_sync_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(open_ledger(path)) as connection:
        connection.execute("INSERT INTO meta VALUES ('a', 'b')")
        checkpointer = Checkpointer(path, put_between=lambda run: run(connection))
        told = threading.Event()
        checkpointer.touched(durable=False)
        checkpointer.after_sync(told.set)
        assert not told.is_set()
        thread = threading.Thread(target=checkpointer.run)
        thread.start()
        assert told.wait(STOP_SECONDS)
        checkpointer.stop()
        thread.join(STOP_SECONDS)
        assert not thread.is_alive()


def test_a_reader_that_stays_holds_no_scan_up(tmp_path: Path) -> None:
    """A page that hangs in the middle of a read keeps the log from being begun anew; scans go on."""
    with House(tmp_path) as house:
        house.bring(*tickets(1500))
        client = house.client(timeout=5)
        with closing(sqlite3.connect(house.ledger, isolation_level=None)) as hanging:
            hanging.execute("BEGIN")
            hanging.execute("SELECT count(*) FROM ledger").fetchone()
            for i in range(1200):
                assert client.scan(f"code-{i}", gate="north", nonce=secrets.token_hex(8)).outcome == "admitted"
            hanging.execute("COMMIT")
