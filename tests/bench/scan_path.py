"""The scan path, from decoded text in one process to the durable verdict back from the doorkeeper's, as ratios.

python -m tests.bench.scan_path
"""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from appliance.doorkeeper.client import DoorkeeperClient
from tests.bench.bare_insert import BareInsert
from tests.bench.ledger_traffic import traffic
from tests.bench.slow_disk import slow_disk
from tests.integration.doorkeeper.house import OwnProcess, bring, tickets
from tests.ledgers import Ledger
from tests.ledgers import rows as ledger_rows

FEW: Final = 1_000
MANY: Final = 1_000_000
BACKLOG: Final = 100_000
IMPORTED: Final = 100_000
ROUNDS: Final = 7
A_ROUND: Final = 120


class Row(NamedTuple):
    """One line of the table: a ratio and what it may be at most."""

    what: str
    ratio: float
    most: float
    beside: str

    @property
    def holds(self) -> bool:
        """Whether the ratio is within its bound."""
        return self.ratio <= self.most

    def line(self) -> str:
        """For the table."""
        return f"{self.what}: {self.ratio:.2f} (at most {self.most:g}); {self.beside}"


class Times(NamedTuple):
    """Seconds of each scan and of the inserts between them."""

    scans: list[float]
    beside: list[float]

    def ratio(self, share: float) -> float:
        """The one's quantile to the other's; the median of rounds, since the machine has other things to do too."""
        of_rounds = [
            _quantile(self.scans[at : at + A_ROUND], share) / _quantile(self.beside[at : at + A_ROUND], share)
            for at in range(0, len(self.scans) - A_ROUND + 1, A_ROUND)
        ]
        return statistics.median(of_rounds)

    def told(self, share: float, names: tuple[str, str] = ("scan", "bare insert")) -> str:
        """Both quantiles in ms."""
        pairs = zip(names, (self.scans, self.beside), strict=True)
        return ", ".join(f"{name} {_quantile(seconds, share) * 1000:.2f} ms" for name, seconds in pairs)


class Scanner:
    """Scans one new ticket after the other, and says that each was shown."""

    def __init__(self, client: DoorkeeperClient, n: int) -> None:
        self._client = client
        # A fixed stride that meets each ticket once, far from its neighbours.
        self._codes = (f"code-{i * 611_953 % n}" for i in range(n))

    def seconds(self) -> float:
        """One admission; what it took."""
        code, nonce = next(self._codes), secrets.token_hex(8)
        began = time.perf_counter()
        verdict = self._client.scan(code, gate="north", nonce=nonce)
        took = time.perf_counter() - began
        assert verdict.outcome == "admitted", verdict
        self._client.shown(nonce)
        return took


def rows() -> list[Row]:
    """The table."""
    with tempfile.TemporaryDirectory() as directory:
        parts = (_few, _many, _slow, _importing)
        return [row for part in parts for row in part(_made(Path(directory) / part.__name__))]


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _few(directory: Path) -> list[Row]:
    with _door(directory, FEW * 10) as scanner, BareInsert(directory / "bare.db") as bare:
        times = _in_turn(scanner, bare, ROUNDS)
    return [
        Row("scan to a bare durable insert, p50", times.ratio(0.5), 3, times.told(0.5)),
        Row("scan to a bare durable insert, p95", times.ratio(0.95), 3, times.told(0.95)),
    ]


def _many(directory: Path) -> list[Row]:
    with _door(_made(directory / "many"), MANY) as many, _door(_made(directory / "few"), FEW) as few:
        times = _in_turn(many, few, ROUNDS)
    told = times.told(0.5, ("at 1,000,000 tickets", "at 1,000"))
    return [Row("scan at a million tickets to one at a thousand", times.ratio(0.5), 1.5, told)]


def _slow(directory: Path) -> list[Row]:
    with Ledger(directory / "ledger.db") as ledger:
        ledger.add_many(ledger_rows(BACKLOG))
    slow = slow_disk(directory)
    with ExitStack() as stack:
        scanner = stack.enter_context(_door(directory, FEW * 10, slow))
        bare = stack.enter_context(BareInsert(directory / "bare.db", slow))
        for what in ("drain", "poll", "poll"):
            stack.enter_context(traffic(what, str(directory)))
        before = (directory / "ledger.db").stat().st_mtime_ns
        times = _in_turn(scanner, bare, 5)
        seen = "checkpoints run" if (directory / "ledger.db").stat().st_mtime_ns > before else "no checkpoint ran"
    told = f"{times.told(0.95)}, while {BACKLOG:,} rows are drained and pages poll; {seen}"
    return [Row("scan on a card-like disk, p95", times.ratio(0.95), 1.3, told)]


def _importing(directory: Path) -> list[Row]:
    slow = slow_disk(directory)
    with (
        _door(directory, FEW * 10, slow) as scanner,
        BareInsert(directory / "bare.db", slow) as bare,
        traffic("import", str(directory), str(IMPORTED), str(FEW * 10)) as importing,
    ):
        scans: list[float] = []
        beside: list[float] = []
        while importing.poll() is None:
            scans.append(scanner.seconds())
            beside.append(bare.seconds())
        assert importing.returncode == 0
    ratio = _quantile(scans, 0.95) / _quantile(beside, 0.95)
    told = f"{Times(scans, beside).told(0.95)}, {len(scans)} scans while {IMPORTED:,} tickets came"
    return [Row("scan on a card-like disk during an import, p95", ratio, 2, told)]


@contextmanager
def _door(directory: Path, n: int, environment: dict[str, str] | None = None) -> Iterator[Scanner]:
    """A doorkeeper in a process of its own with `n` tickets, warm."""
    with OwnProcess(directory, environment=environment) as door, DoorkeeperClient(door.socket, timeout=600) as client:
        bring(client, tickets(n))
        scanner = Scanner(client, n)
        for _ in range(20):
            scanner.seconds()
        yield scanner


def _in_turn(one: Scanner, other: Scanner | BareInsert, rounds: int) -> Times:
    pairs = [(one.seconds(), other.seconds()) for _ in range(rounds * A_ROUND)]
    return Times([pair[0] for pair in pairs], [pair[1] for pair in pairs])


def _quantile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[int(len(seconds) * share)]


def main() -> None:
    """Print the table; exit 1 where a bound does not hold."""
    table = rows()
    for row in table:
        print(row.line() if row.holds else f"{row.line()}  <- NOT HELD")
    sys.exit(not all(row.holds for row in table))


if __name__ == "__main__":
    main()
