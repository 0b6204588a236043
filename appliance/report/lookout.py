"""What `report` knows of the ledger: the newest snapshot, read again at every wake-up and every few seconds."""

from __future__ import annotations

import logging
from math import inf
from typing import Final

from appliance.domain.row import LogId
from appliance.domain.wire import SNAPSHOT_MAX_SECONDS
from appliance.report.drain import Slice
from appliance.report.figures import Figures
from appliance.report.ledger_reader import LedgerReader, LedgerUnreadable, Reading
from appliance.store.reading import Snapshot

LEAST_SECONDS: Final = 0.02
"""At a crowded door the ledger is written to hundreds of times a second: it is looked at less often."""
RETRY_SECONDS: Final = 0.5

log = logging.getLogger(__name__)


class Lookout:
    """The newest snapshot and what keeps it from being newer."""

    def __init__(self, reader: LedgerReader, figures: Figures) -> None:
        self._reader, self._figures = reader, figures
        self._looked = self._look_at = -inf
        self.snapshot: Snapshot | None = None
        self.newest = LogId("")
        """The log that this node writes."""
        self.fault = ""
        """Why the ledger can't be read at the moment; empty: it can."""

    def wake(self, now: float) -> None:
        """Something was written."""
        self._look_at = now

    def forget(self) -> None:
        """What is known is no longer so: `look` reads at once."""
        self._looked = self._look_at = -inf

    def due(self) -> float:
        """When `look` reads again."""
        return max(self._look_at, self._looked + LEAST_SECONDS)

    def look(self, now: float) -> bool:
        """Read if it is due. True: the snapshot is another one."""
        if now < self.due():
            return False
        self._looked, self._look_at = now, now + SNAPSHOT_MAX_SECONDS
        try:
            snapshot, self.newest = self._reader.look()
        except LedgerUnreadable as fault:
            self._misread(fault)
            return False
        self.fault = ""
        changed = snapshot != self.snapshot
        self.snapshot = snapshot
        return changed

    def read(self, some: Slice, *, max_bytes: int) -> Reading | None:
        """See `LedgerReader.read`; None if it can't be read now."""
        try:
            return self._reader.read(some, max_bytes=max_bytes)
        except LedgerUnreadable as fault:
            self._misread(fault)
            return None

    def _misread(self, fault: LedgerUnreadable) -> None:
        if str(fault) != self.fault:
            log.warning("the ledger can't be read: %s", fault)
        self.fault = str(fault)
        self._figures.add("ledger_faults_total")
        self._look_at = self._looked + RETRY_SECONDS
