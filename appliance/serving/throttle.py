"""How often one may try to log in. A fresh one-time link passes it by, so that nobody can lock the staff out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

MAX_ENTRIES: Final = 4096
FORGET_SECONDS: Final = 3600.0


class _Limit(NamedTuple):
    """`free` failures cost nothing, each further one doubles the wait up to `longest` seconds."""

    free: int
    longest: float


PAIR: Final = _Limit(4, 900.0)
ADDRESS: Final = _Limit(20, 300.0)
NAME: Final = _Limit(40, 30.0)
"""Of one name from anywhere: short, because a stranger can cause it for somebody else."""


@dataclass(slots=True)
class _Entry:
    failures: int
    last: float
    until: float


class Throttle:
    """Counts failures per (name, address), per address and per name. Times are seconds of a clock that never jumps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()

    def wait(self, name: str, address: str, now: float) -> float:
        """Seconds until the next attempt is heard; 0.0 if it is now."""
        with self._lock:
            found = [self._entries.get(key) for key, _ in _keys(name, address)]
        return max((entry.until - now for entry in found if entry is not None), default=0.0)

    def failed(self, name: str, address: str, now: float) -> None:
        """An attempt with a wrong name or password."""
        with self._lock:
            for key, limit in _keys(name, address):
                entry = self._entries.pop(key, None)
                if entry is None or now - entry.last > FORGET_SECONDS:
                    entry = _Entry(0, now, now)
                entry.failures += 1
                entry.last = now
                beyond = min(entry.failures - limit.free, 20)
                entry.until = now + min(2.0**beyond, limit.longest) if beyond > 0 else now
                self._entries[key] = entry
            while len(self._entries) > MAX_ENTRIES:
                self._entries.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """The right password: this pair starts anew. Address and name keep counting, others may be guessing there."""
        with self._lock:
            self._entries.pop(_keys(name, address)[0][0], None)


def _keys(name: str, address: str) -> list[tuple[tuple[str, str], _Limit]]:
    name = name.casefold()[:100]
    return [((name, address), PAIR), (("", address), ADDRESS), ((name, ""), NAME)]
