"""What else goes on at a ledger while people scan, each a process of its own.

`python -m tests.bench.ledger_traffic drain|poll DIRECTORY` reads until it is ended: `drain` as `report` does with a
backlog, `poll` as open staff pages do. `... import DIRECTORY N M` imports a roster of N tickets beside the M that are
scanned, and ends.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from appliance.domain.ticket import Ticket, TicketId
from appliance.domain.wire import MAX_BATCH_ROWS, batch_length, encode_batch
from appliance.doorkeeper.client import DoorkeeperClient
from appliance.store.opening import open_reader
from appliance.store.reading import bodies_after, last_rows, snapshot, ticket_names
from tests.integration.doorkeeper.house import bring, tickets


@contextmanager
def traffic(*arguments: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The process, ended with the block."""
    command = [sys.executable, "-m", "tests.bench.ledger_traffic", *arguments]
    with subprocess.Popen(command, env={**os.environ, **(environment or {})}) as process:
        try:
            yield process
        finally:
            process.terminate()


def drain(directory: Path) -> None:
    """All rows of all logs, in batches, over and over; the tallies four times a second."""
    with closing(open_reader(directory / "ledger.db")) as reader:
        last = 0.0
        while True:
            for log, through in snapshot(reader).through.items():
                offset = 0
                while offset < through:
                    found = bodies_after(reader, log, offset, through, MAX_BATCH_ROWS)
                    bodies = [body for _, body in found][: batch_length([body for _, body in found])]
                    encode_batch(log, offset + 1, bodies)
                    offset += len(bodies)
                    if time.monotonic() - last > 0.25:
                        last = time.monotonic()
                        snapshot(reader)
                    # Until the broker has taken it.
                    time.sleep(0.005)


def poll(directory: Path) -> None:
    """Tallies, last scans and their names, four times a second."""
    with closing(open_reader(directory / "ledger.db")) as reader:
        while True:
            snapshot(reader)
            ticket_names(reader, [placed.row.ticket for _, placed in last_rows(reader, 50) if placed.row.ticket])
            time.sleep(0.25)


def opaque_tickets(n: int, *, beside: int) -> list[Ticket]:
    """Tickets whose codes say nothing of their ids, and `beside` of those that are scanned, as an import sorts them."""
    codes = [hashlib.sha256(b"%d" % i).hexdigest()[:32] for i in range(n)]
    opaque = [Ticket(id=TicketId(f"N-{i}"), code=code, name="Ada") for i, code in enumerate(codes)]
    return sorted([*opaque, *tickets(beside)], key=lambda ticket: ticket.code)


def main(what: str, directory: Path, *rest: str) -> None:
    if what == "import":
        with DoorkeeperClient(directory / "d.sock", timeout=600) as client:
            bring(client, opaque_tickets(int(rest[0]), beside=int(rest[1])))
    else:
        {"drain": drain, "poll": poll}[what](directory)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
