"""Bytes of a serial scanner or a pipe to lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.scanner.sources.line_cutting import MAX_LINE, LineCutter


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\n"])
def test_cr_lf_or_both_end_a_line(end):
    assert LineCutter().feed(b"A1" + end + b"B2" + end, 0.0) == ["A1", "B2"]


def test_a_line_may_come_in_pieces():
    cutter = LineCutter()
    assert [cutter.feed(piece, 0.0) for piece in (b"A", b"1\r", b"\nB2", b"\n")] == [[], ["A1"], [], ["B2"]]


def test_text_is_utf_8_or_else_latin_1():
    assert LineCutter().feed("Zoë\n".encode() + "Zoë\n".encode("latin-1"), 0.0) == ["Zoë", "Zoë"]


def test_a_pause_ends_a_line_where_it_is_meant_to():
    cutter = LineCutter(pause=0.15)
    cutter.feed(b"A1", 1.0)
    assert cutter.paused(1.1) == []
    assert cutter.paused(1.2) == ["A1"]


def test_two_scans_with_a_pause_and_nothing_else_between_are_two_lines():
    cutter = LineCutter(pause=0.15)
    cutter.feed(b"A1", 1.0)
    assert cutter.feed(b"B2\r", 1.5) == ["A1", "B2"]


def test_without_a_set_pause_a_line_waits_for_its_end():
    cutter = LineCutter()
    cutter.feed(b"A1", 1.0)
    assert cutter.paused(100.0) == []
    assert cutter.end() == ["A1"]


@pytest.mark.parametrize("step", [1, 1000, 100_000])
def test_a_line_too_long_is_dropped_and_the_next_one_is_read(step):
    cutter = LineCutter()
    sent = b"x" * (MAX_LINE * 3) + b"\nOK\n"
    lines = [line for at in range(0, len(sent), step) for line in cutter.feed(sent[at : at + step], 0.0)]
    assert (lines, cutter.dropped) == (["OK"], 1)


def test_the_longest_line_is_read():
    assert LineCutter().feed(b"x" * MAX_LINE + b"\n", 0.0) == ["x" * MAX_LINE]


@given(st.binary(max_size=400), st.integers(1, 50))
def test_how_bytes_arrive_changes_nothing(sent, step):
    whole, pieces = LineCutter(), LineCutter()
    in_pieces = [line for at in range(0, len(sent), step) for line in pieces.feed(sent[at : at + step], 0.0)]
    assert in_pieces + pieces.end() == whole.feed(sent, 0.0) + whole.end()
