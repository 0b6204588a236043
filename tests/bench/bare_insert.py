"""The bare durable insert that scans are held against: WAL, synchronous=FULL, one row of a ledger row's size a commit.

`python -m tests.bench.bare_insert FILE`: for each line on stdin one insert, its seconds on stdout.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_BODY: Final = b"x" * 200


class BareInsert:
    """The process, from outside."""

    def __init__(self, path: Path, environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.bare_insert", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            bufsize=0,
        )

    def __enter__(self) -> Self:
        self.seconds()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()

    def seconds(self) -> float:
        """One insert; what it took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        return float(self._process.stdout.readline())


def main(path: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB)")
        for _ in sys.stdin.buffer:
            began = time.perf_counter()
            connection.execute("INSERT INTO bare (body) VALUES (?)", (_BODY,))
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
