"""What a check found. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

Level = Literal["ok", "warning", "fault"]
_EXIT: Final[dict[Level, int]] = {"ok": 0, "warning": 1, "fault": 2}


class Finding(msgspec.Struct, frozen=True):
    """`check` names what was looked at, `found` what it is like, `do` what helps; nothing where it is well."""

    check: str
    level: Level
    found: str
    do: str = ""


def well(check: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, do: str) -> Finding:
    """The door works, but not as it should, or not for long."""
    return Finding(check, "warning", found, do)


def fault(check: str, found: str, do: str) -> Finding:
    """Something that this box is set up to do doesn't work."""
    return Finding(check, "fault", found, do)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 all well, 1 a warning, 2 a fault: the worst counts."""
    return max((_EXIT[finding.level] for finding in findings), default=0)
