"""A date or time as people and spreadsheets write it -> milliseconds since 1970 UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from appliance.domain.ticket import Millis

EXPECTED: Final = "a date such as 2026-11-24, 2026-11-24 18:00, 24.11.2026 18:00 or 2026-11-24T18:00:00+01:00"
AMBIGUOUS: Final = "a date whose day and month can't be mistaken: write it as 2026-11-24 or 24.11.2026"
_MAX_LENGTH: Final = 64
_FIRST_YEAR, _LAST_YEAR = 1990, 2999
_MONTHS: Final = 12
_NOON: Final = 12

_YEAR_FIRST: Final = re.compile(r"(\d{4})\s?([-/.年])\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?:日|\.)?")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?[-/.]\s?(\d{4})")
_TIME: Final = re.compile(
    r"(?P<hour>\d{1,2})(?:\s?[:h時.]\s?(?P<minute>\d{2})?(?:[:分]?(?P<second>\d{2})?(?:[.,]\d{1,9})?)?[秒分]?)?"
    r"\s?(?P<half>[ap]\.?\s?m\.?)?\s?(?:uhr)?\s?(?P<zone>z|utc|[+-]\d{2}:?\d{2})?"
)
_NAMED: Final = {"noon": (12, 0, 0), "midnight": (0, 0, 0)}


def read_moment(text: str, *, tz: tzinfo, until: bool = False) -> Millis | str:
    """The moment, or what was expected instead. Without a zone it is in `tz`; a bare day starts at its midnight and,
    where it says `until` when, is over at the next one.
    """
    if len(text) > _MAX_LENGTH:
        return EXPECTED
    plain = " ".join(text.replace("\u202f", " ").split()).casefold()
    day = _read_day(plain)
    if isinstance(day, str):
        return day
    date, rest = day
    rest = rest.removeprefix(",").removeprefix("t").strip()
    try:
        if not rest:
            moment = date.replace(tzinfo=tz) + timedelta(days=1 if until else 0)
        else:
            timed = _read_time(rest, date, tz)
            if timed is None:
                return EXPECTED
            moment = timed
        return Millis(round(moment.astimezone(UTC).timestamp() * 1000))
    except (ValueError, OverflowError):
        return EXPECTED


def _read_day(text: str) -> tuple[datetime, str] | str:
    if match := _YEAR_FIRST.match(text):
        year, month, day = int(match[1]), int(match[3]), int(match[4])
    elif match := _YEAR_LAST.match(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if match[2] == "." or first > _MONTHS or first == second:
            day, month = first, second
        elif second > _MONTHS:
            day, month = second, first
        else:
            return AMBIGUOUS
    else:
        return EXPECTED
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return EXPECTED
    try:
        return datetime(year, month, day), text[match.end() :]  # noqa: DTZ001 (the zone may stand behind the time)
    except ValueError:
        return EXPECTED


def _read_time(text: str, date: datetime, tz: tzinfo) -> datetime | None:
    if text in _NAMED:
        hour, minute, second = _NAMED[text]
        return date.replace(hour=hour, minute=minute, second=second, tzinfo=tz)
    match = _TIME.fullmatch(text)
    if match is None or not (match["minute"] or match["half"] or "時" in text or "h" in text):
        return None
    hour, minute, second = int(match["hour"]), int(match["minute"] or 0), int(match["second"] or 0)
    if match["half"]:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if match["half"].startswith("p") else 0)
    return date.replace(hour=hour, minute=minute, second=second, tzinfo=_zone(match["zone"], tz))


def _zone(text: str | None, tz: tzinfo) -> tzinfo:
    if text is None:
        return tz
    if text in ("z", "utc"):
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
