"""Alarms: one a kind and hub, one line in the log, never a flood."""

from __future__ import annotations

import logging

import msgspec
import pytest

from appliance.central.alarms import FORGET_MILLIS, MAX_ALARMS, SAY_AGAIN_MILLIS, Alarms


def test_the_same_alarm_again_is_counted_and_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    alarms = Alarms()
    for n in range(1000):
        alarms.sound("refused", "berlin", "offset 1: bad", now=n)
    (alarm,) = alarms.sounding(now=1000)
    assert (alarm.count, alarm.first, alarm.last) == (1000, 0, 999)
    assert len(caplog.records) == 1
    alarms.sound("refused", "berlin", "offset 1: bad", now=SAY_AGAIN_MILLIS)
    assert len(caplog.records) == 2


def test_other_words_are_said_but_at_most_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    alarms = Alarms()
    for n in range(3000):
        alarms.sound("unreadable", "berlin", f"message {n}", now=n)
    assert len(caplog.records) == 3
    assert alarms.sounding(now=3000)[0].text == "message 2999"


def test_a_line_in_the_log_is_one_line_of_json_whatever_a_hub_sent(caplog: pytest.LogCaptureFixture) -> None:
    Alarms().sound("unreadable", "berlin", "a\nb\r\x1b[31m\u2028c", now=5)
    line = caplog.records[0].getMessage()
    assert "\n" not in line
    assert "\x1b" not in line
    assert msgspec.json.decode(line)["event"] == "alarm"


def test_what_is_well_again_is_said_and_gone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    alarms = Alarms()
    alarms.sound("difference", "berlin", "entries: hub 1, central 2", now=5)
    alarms.still("difference", "berlin")
    alarms.still("difference", "oslo")
    assert alarms.sounding(now=6) == ()
    assert [msgspec.json.decode(one.getMessage())["event"] for one in caplog.records] == ["alarm", "alarm_over"]


def test_single_bad_messages_are_forgotten_after_an_hour_but_parked_rows_are_not() -> None:
    alarms = Alarms()
    alarms.sound("unreadable", "berlin", "x", now=0)
    alarms.sound("conflicting", "berlin", "x", now=0)
    assert {alarm.kind for alarm in alarms.sounding(now=FORGET_MILLIS)} == {"unreadable", "conflicting"}
    assert {alarm.kind for alarm in alarms.sounding(now=FORGET_MILLIS + 1)} == {"conflicting"}


def test_there_are_never_more_than_so_many() -> None:
    alarms = Alarms()
    for n in range(MAX_ALARMS + 50):
        alarms.sound("refused", f"h{n}", "x", now=n)
    assert len(alarms.sounding(now=0)) == MAX_ALARMS
