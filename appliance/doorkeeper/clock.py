"""The machine's clocks, read, and the hub's time from them."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import Final

from appliance.domain.clock import HubClock, Moment, Reading

_TIME_ERROR: Final = 5
_TIMEX_BYTES: Final = 256
"""At least sizeof(struct timex) on every Linux; all zero asks without setting anything."""


class HubTime:
    """The hub's time, one for all threads: what one of them learns of the clock holds for all."""

    def __init__(self, read: Callable[[], Reading], *, floor: int) -> None:
        self._read = read
        self._clock = HubClock(floor)
        self._lock = threading.Lock()

    def moment(self) -> Moment:
        """Now."""
        with self._lock:
            return self._clock.moment(self._read())


def read_clocks(*, trusted: bool) -> Reading:
    """Wall and monotonic clock now; the latter goes on while the machine sleeps.

    `trusted` is the operator's word that the wall clock is right (no NTP, but an RTC).
    """
    monotonic = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    return Reading(time.time_ns() // 1_000_000, monotonic, trusted or kernel_synced())


def kernel_synced() -> bool:
    """Whether the kernel's clock is disciplined by NTP (adjtimex(2): anything but TIME_ERROR)."""
    state: int = _adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state < _TIME_ERROR


def boot_id() -> str:
    """The kernel's id of this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
        return file.read().strip()


_adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
