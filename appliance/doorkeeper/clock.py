"""The machine's clocks, read."""

from __future__ import annotations

import ctypes
import time
from typing import Final

from appliance.domain.clock import Reading

_TIME_ERROR: Final = 5
_TIMEX_BYTES: Final = 256
"""At least sizeof(struct timex) on every Linux; all zero asks without setting anything."""


def read_clocks(*, trusted: bool) -> Reading:
    """Wall and monotonic clock now. `trusted` is the operator's word that the wall clock is right (no NTP, but an RTC)."""
    return Reading(time.time_ns() // 1_000_000, time.monotonic_ns() // 1_000_000, trusted or kernel_synced())


def kernel_synced() -> bool:
    """Whether the kernel's clock is disciplined by NTP (adjtimex(2): anything but TIME_ERROR)."""
    state: int = _adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state < _TIME_ERROR


def boot_id() -> str:
    """The kernel's id of this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
        return file.read().strip()


_adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
