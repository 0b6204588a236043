"""A PostgreSQL of the tests' own: one server a test run, emptied for each test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.mosquitto import free_port

_PLACES: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def binaries() -> Path | None:
    """Where initdb and pg_ctl are; None where PostgreSQL isn't installed."""
    found = shutil.which("initdb")
    here = [place for place in _PLACES if (place / "initdb").exists()]
    return here[0] if here else Path(found).resolve().parent if found else None


class Postgres:
    """Listens on loopback, without fsync. As root it runs as the user `postgres`, which Debian's package makes."""

    def __init__(self, where: Path) -> None:
        self._where = where
        # Not below pytest's directory, which only its owner may enter.
        self._directory = directory = Path(tempfile.mkdtemp(prefix="central-postgres-"))
        self._data = directory / "data"
        self._user = "postgres" if os.geteuid() == 0 else None
        self.port = free_port()
        if self._user is not None:
            shutil.chown(directory, self._user)
        self._run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "-D", str(self._data))
        options = (
            f"-c fsync=off -c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={directory}"
        )
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(directory / "log"), "-o", options, "start")

    def new_database(self) -> str:
        """The URL of the one database, emptied: making one takes a second."""
        import psycopg  # an extra: the tests of SQLite do without

        url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(url) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return url

    def restart(self) -> None:
        """Every connection breaks."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "restart")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._directory)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._where / program, *arguments],
            user=self._user,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")
