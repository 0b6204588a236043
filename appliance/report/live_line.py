"""What `report` keeps in live.db: its cursors, the refused rows and the line that the staff page shows. May be lost."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from appliance.domain.row import LogId
from appliance.store.live import Reporting, cursors, keep_reporting, move_cursors, open_live, replace_parked
from appliance.store.opening import StoreFault

DESTINATION: Final = "central"
KEEP_SECONDS: Final = 0.3

log = logging.getLogger(__name__)


class LiveLine:
    """live.db's writer on `report`'s side. What it can't write now it writes later: only the newest matters."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._kept: tuple[Reporting, dict[LogId, int]] | None = None
        self._kept_at = 0.0
        self._failing = ""

    def cursors(self) -> dict[LogId, int]:
        """Where each log was left; nothing if it can't be said."""
        try:
            return cursors(self._open(), DESTINATION)
        except (sqlite3.Error, StoreFault, OSError) as fault:
            self._failed(fault)
            return {}

    def keep(self, line: Reporting, acked: Mapping[LogId, int], now: float) -> bool:
        """Write what changed, a few times a second at most (`now` in s). False: call again in a while."""
        if self._kept == (line, acked):
            return True
        if now < self._kept_at + KEEP_SECONDS:
            return False
        self._kept_at = now
        before, before_acked = self._kept or (None, {})
        try:
            connection = self._open()
            moved = {name: offset for name, offset in acked.items() if before_acked.get(name) != offset}
            if moved:
                move_cursors(connection, DESTINATION, moved)
            if before is None or before.parked != line.parked:
                replace_parked(connection, DESTINATION, line.parked)
            keep_reporting(connection, line)
        except (sqlite3.Error, StoreFault, OSError) as fault:
            self._failed(fault)
            return False
        self._kept, self._failing = (line, dict(acked)), ""
        return True

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_live(self._path)
        return self._connection

    def _failed(self, fault: Exception) -> None:
        self.close()
        self._kept = None
        if str(fault) != self._failing:
            self._failing = str(fault)
            log.warning("%s can't be used (%s): the staff page shows old figures of the reporting", self._path, fault)
