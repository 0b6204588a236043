"""The machine's clock. Pure: the caller reads it."""

from __future__ import annotations

from datetime import UTC, datetime

from appliance.doctor.finding import Finding, fault, warning, well
from appliance.domain.clock import EARLIEST

_SET = "connect a network with NTP (`timedatectl` shows it), or set the clock and put a battery into it"


def check_clock(now: datetime, *, synced: bool, trusted: bool) -> Finding:
    """`synced`: the kernel says so; `trusted`: the setting `clock.trusted`."""
    shown = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if now.timestamp() * 1000 < EARLIEST:
        return fault("clock", f"shows {shown}, which can't be", _SET)
    if synced:
        return well("clock", f"{shown}, kept by NTP")
    if trusted:
        return well("clock", f"{shown}, not kept by NTP but trusted (clock.trusted)")
    return warning(
        "clock",
        f"{shown}, not kept by NTP: rows are marked unsynced, and times of tickets and doors may be wrong",
        f"{_SET}; `clock.trusted = true` if it is right without",
    )
