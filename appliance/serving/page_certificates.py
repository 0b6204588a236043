"""The certificates of a process's pages while it runs: made where a face is open beyond loopback, renewed in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from appliance.domain.ticket import Millis
from appliance.serving.certificates import BoxCertificates, TlsFiles, box_addresses, box_names, fingerprint
from appliance.serving.server import PageServer, is_loopback

CHECK_SECONDS: Final = 60.0


class PageCertificates:
    """`directory` keeps CA and leaf; `names` are further names of the box; `now` is wall-clock ms."""

    def __init__(self, directory: Path, *, names: Sequence[str], now: Callable[[], Millis]) -> None:
        self._box = BoxCertificates(directory)
        self._names = tuple(names)
        self._now = now
        self._made = False

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every name by which the pages may be asked for."""
        return box_names(self._names)

    def for_host(self, host: str) -> TlsFiles | None:
        """The files for a face that listens on `host`; None on loopback. Raises ServingError if they can't be kept."""
        if is_loopback(host):
            return None
        self._made = True
        return self._ensure()[0]

    def authority(self) -> bytes | None:
        """The CA's certificate in PEM, if this process's pages use one."""
        return self._box.files.ca.read_bytes() if self._made else None

    def fingerprint(self) -> str:
        """Of the CA, for the box's screen; empty if there is none."""
        return fingerprint(self._box.authority()) if self._made else ""

    def address(self, host: str, port: int) -> str:
        """What a person types to reach a face that listens on `host`; empty on loopback."""
        if is_loopback(host):
            return ""
        if host in ("0.0.0.0", "::", ""):  # noqa: S104 (compared, not bound)
            host = next(iter(self._names or box_addresses()), "") or self.hosts[1]
        return f"https://{f'[{host}]' if ':' in host else host}:{port}/"

    def run(self, servers: Iterable[PageServer], on_check: Callable[[], None], stop: threading.Event) -> None:
        """Looks every minute whether the box's names or the time ask for a new leaf, until `stop` is set."""
        on_check()
        while not stop.wait(CHECK_SECONDS):
            if self._made:
                files, renewed = self._ensure()
                if renewed:
                    for server in servers:
                        server.renew(files)
                on_check()

    def _ensure(self) -> tuple[TlsFiles, bool]:
        return self._box.ensure(self.hosts, datetime.fromtimestamp(self._now() / 1000, tz=UTC))
