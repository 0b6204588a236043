"""How many bytes of rows may be on their way, so that live figures never wait long behind a backlog. Pure; seconds.

What the broker has confirmed tells the link's rate. On a thin uplink the batches get smaller: whatever was handed to
the connection before a snapshot of the live figures goes before it.
"""

from __future__ import annotations

from typing import Final

from appliance.domain.wire import MAX_BATCH_BYTES

AHEAD_SECONDS: Final = 1.0
"""How long a snapshot may wait behind rows."""
LEAST: Final = 4 * 1024
FIRST: Final = 32 * 1024
MOST: Final = 1024 * 1024


class Pace:
    """Bytes on their way and the most that may be."""

    def __init__(self) -> None:
        self._window = float(FIRST)
        self._flying: dict[int, tuple[float, int, int]] = {}
        self._bytes = 0

    def reset(self) -> None:
        """A new connection: it may be thinner than the last one, which may have broken under what it was given."""
        least = max(self._window / 4, LEAST) if self._flying else self._window
        self._window = min(least, FIRST)
        self._flying, self._bytes = {}, 0

    def room(self) -> int:
        """Bytes that may be sent now; 0: wait for a confirmation."""
        room = int(self._window) - self._bytes
        # Scraps would make many small batches of one large one.
        return room if not self._flying or room >= min(self._window / 4, MAX_BATCH_BYTES) else 0

    def sent(self, mid: int, size: int, now: float) -> None:
        """A message of this size is on its way."""
        self._bytes += size
        self._flying[mid] = (now, self._bytes, size)

    def confirmed(self, mid: int, now: float) -> None:
        """The broker has it. All that was on its way when it was sent took this long."""
        flown = self._flying.pop(mid, None)
        if flown is None:
            return
        at, ahead, size = flown
        self._bytes -= size
        fitting = ahead / max(now - at, 0.001) * AHEAD_SECONDS
        # Up by doubling at most: one early confirmation says little. Down at once.
        self._window = max(min(fitting, 2 * self._window, MOST), LEAST)
