"""Dates as people write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.connect.moments import AMBIGUOUS, EXPECTED, read_moment

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]  # (year, month, day, ...)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24", utc(2026, 11, 23, 23)),
        ("2026-11-24 18:00", utc(2026, 11, 24, 17)),
        ("2026-11-24T18:00", utc(2026, 11, 24, 17)),
        ("2026-11-24T18:00:30.5", utc(2026, 11, 24, 17, 0, 30)),
        ("2026-11-24T18:00:00Z", utc(2026, 11, 24, 18)),
        ("2026-11-24T18:00:00+09:00", utc(2026, 11, 24, 9)),
        ("2026-11-24 18:00:00 -0500", utc(2026, 11, 24, 23)),
        ("24.11.2026 18:00", utc(2026, 11, 24, 17)),
        ("1.2.2026", utc(2026, 1, 31, 23)),
        ("24.11.2026, 18.00 Uhr", utc(2026, 11, 24, 17)),
        ("24/11/2026 18h00", utc(2026, 11, 24, 17)),
        ("24/11/2026 18h", utc(2026, 11, 24, 17)),
        ("11/24/2026 6 p.m.", utc(2026, 11, 24, 17)),
        ("11/24/2026 6:30 PM", utc(2026, 11, 24, 17, 30)),
        ("11/24/2026 noon", utc(2026, 11, 24, 11)),
        ("11/24/2026 12:05 a.m.", utc(2026, 11, 23, 23, 5)),
        ("11/11/2026", utc(2026, 11, 10, 23)),
        ("24-11-2026 18:00", utc(2026, 11, 24, 17)),
        ("2026/11/24 18:00", utc(2026, 11, 24, 17)),
        ("2026年11月24日 18時00分", utc(2026, 11, 24, 17)),
        ("2026年11月24日", utc(2026, 11, 23, 23)),
        ("٢٠٢٦-١١-٢٤", utc(2026, 11, 23, 23)),
        ("  2026-06-24  18:00 ", utc(2026, 6, 24, 16)),
    ],
)
def test_ok__dates(text: str, moment: int) -> None:
    """A date without a zone is in the event's time zone."""
    assert read_moment(text, tz=BERLIN) == moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("03/04/2026", AMBIGUOUS),
        ("3-4-2026 18:00", AMBIGUOUS),
        ("tomorrow", EXPECTED),
        ("24.11.26", EXPECTED),
        ("2026-13-01", EXPECTED),
        ("2026-02-30", EXPECTED),
        ("2026-11-24 25:00", EXPECTED),
        ("2026-11-24 18", EXPECTED),
        ("2026-11-24 18:00+99:99", EXPECTED),
        ("11/24/2026 13 pm", EXPECTED),
        ("0001-01-01", EXPECTED),
        ("9999-12-31", EXPECTED),
        ("46350", EXPECTED),
        ("1795507200000", EXPECTED),
        ("2026-11-24" + " " * 100, EXPECTED),
        ("2026-11-24 18:00 18:00", EXPECTED),
    ],
)
def test_fail__dates(text: str, expected: str) -> None:
    """What could be two days, or is none, is refused with how to write it."""
    assert read_moment(text, tz=BERLIN) == expected


def test_a_bare_day_ends_at_its_end() -> None:
    """Valid until 24 November means the whole of that day, also where it has 25 hours."""
    assert read_moment("2026-11-24", tz=BERLIN, until=True) == utc(2026, 11, 24, 23)
    assert read_moment("2026-10-25", tz=BERLIN, until=True) == utc(2026, 10, 25, 23)
    assert read_moment("2026-11-24 18:00", tz=BERLIN, until=True) == utc(2026, 11, 24, 17)


@given(st.text(max_size=70))
def test_any_text_is_a_moment_or_a_word_of_what_was_expected(text: str) -> None:
    """Nothing that stands in a cell raises."""
    assert isinstance(read_moment(text, tz=BERLIN), int | str)


@given(
    st.datetimes(min_value=datetime.fromisoformat("1991-01-01"), max_value=datetime.fromisoformat("2900-01-01")),
    st.sampled_from(["iso", "de", "ja"]),
)
def test_a_moment_written_is_the_moment_read(moment: datetime, form: str) -> None:
    """ISO, German and Japanese writing give the moment back, to the minute."""
    moment = moment.replace(second=0, microsecond=0)
    text = {
        "iso": moment.isoformat(" "),
        "de": f"{moment:%d.%m.%Y %H:%M}",
        "ja": f"{moment.year}年{moment.month}月{moment.day}日{moment.hour}時{moment.minute:02}分",
    }[form]
    assert read_moment(text, tz=UTC) == round(moment.replace(tzinfo=UTC).timestamp() * 1000)
