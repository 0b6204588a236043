"""What somebody must look at: shown on the board and written to the log, one line each, never a flood."""

from __future__ import annotations

import logging
from typing import Final, Literal

import msgspec

log = logging.getLogger(__name__)

AlarmKind = Literal[
    "difference",  # a hub's figures are not those of its rows
    "refused",  # rows that are not counted for what they contain
    "ahead",  # rows from the future
    "conflicting",  # other content for a place that is taken
    "repeated",  # one scan's nonce in several rows
    "unreadable",  # messages that can't be read, or are too large
    "version",  # messages of an unknown version
    "outdated",  # figures of a term or session that is over
    "crowded",  # more hubs, nodes, logs or holes than central keeps
    "dropped",  # messages thrown away because central could not keep up
    "unstorable",  # messages that the database would not take
    "broker",  # not connected, or not allowed to listen
    "database",  # can't be written
]
MAX_ALARMS: Final = 500
MAX_TEXT: Final = 400
SAY_AGAIN_MILLIS: Final = 60_000
FORGET_MILLIS: Final = 3_600_000
_PASSING: Final = frozenset({"unreadable", "outdated", "crowded", "dropped", "unstorable"})


class Alarm(msgspec.Struct, frozen=True):
    """`first` and `last` in ms; `count` times since `first`."""

    kind: AlarmKind
    hub: str
    text: str
    first: int
    last: int
    count: int


class Alarms:
    """The alarms that sound, one a kind and hub. Used by the recorder's thread alone."""

    def __init__(self) -> None:
        self._sounding: dict[tuple[AlarmKind, str], Alarm] = {}
        self._said: dict[tuple[AlarmKind, str], int] = {}

    def sound(self, kind: AlarmKind, hub: str, text: str, *, now: int, times: int = 1) -> None:
        """Something is wrong (again)."""
        key = kind, hub
        known = self._sounding.get(key)
        if known is None and len(self._sounding) >= MAX_ALARMS:
            return
        first, count = (known.first, known.count) if known else (now, 0)
        alarm = Alarm(kind, hub, text[:MAX_TEXT], first, now, count + times)
        self._sounding[key] = alarm
        if known is None or known.text != alarm.text or abs(now - self._said.get(key, 0)) >= SAY_AGAIN_MILLIS:
            if known is not None and abs(now - self._said.get(key, 0)) < 1000:  # noqa: PLR2004 (a second)
                return
            self._said[key] = now
            _write(logging.WARNING, "alarm", alarm)

    def still(self, kind: AlarmKind, hub: str) -> None:
        """It is well again."""
        if (alarm := self._sounding.pop((kind, hub), None)) is not None:
            _write(logging.INFO, "alarm_over", alarm)

    def sounding(self, *, now: int) -> tuple[Alarm, ...]:
        """The newest first. What concerned single messages is forgotten an hour after the last one."""
        for key, alarm in list(self._sounding.items()):
            if alarm.kind in _PASSING and abs(now - alarm.last) > FORGET_MILLIS:
                del self._sounding[key]
        return tuple(sorted(self._sounding.values(), key=lambda alarm: -alarm.last))


def _write(level: int, event: str, alarm: Alarm) -> None:
    # JSON: whatever a hub sent stays on one line.
    fields = {"event": event, **msgspec.to_builtins(alarm)}
    log.log(level, "%s", msgspec.json.encode(fields).decode())
