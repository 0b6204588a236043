"""Key codes of a hand scanner to lines, as a US keyboard types them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.scanner.sources.keys import MAX_LINE, KeyTypist
from tests.fakes import key_strokes

ENTER, TAB, CAPS, SHIFT, ALT, CTRL = 28, 15, 58, 42, 56, 29
PAUSE = 0.15


def type_all(typist, strokes, start=0.0, step=0.005):
    """Lines that these (code, down) end, keys `step` seconds apart."""
    lines = []
    for n, (code, down) in enumerate(strokes):
        lines += typist.key(code, down=down, at=start + n * step)
    return [line.text for line in lines]


def press(*codes):
    return [(code, down) for code in codes for down in (True, False)]


@pytest.fixture
def typist():
    return KeyTypist(pause=PAUSE)


def test_a_code_and_enter_is_one_line(typist):
    assert type_all(typist, key_strokes("Ab9-x_/?&=") + press(ENTER)) == ["Ab9-x_/?&="]


@pytest.mark.parametrize("end", [ENTER, TAB, 96])
def test_enter_tab_and_the_keypads_enter_end_a_line(typist, end):
    assert type_all(typist, key_strokes("AB12") + press(end)) == ["AB12"]


@given(st.text(string.ascii_letters + string.digits + string.punctuation + " ", min_size=1, max_size=60))
def test_every_printable_ascii_character_comes_out_as_it_was_typed(text):
    assert type_all(KeyTypist(pause=PAUSE), key_strokes(text) + press(ENTER)) == [text]


def test_the_keypad_types_digits(typist):
    assert type_all(typist, press(79, 80, 81, 75, 76, 77, 71, 72, 73, 82, ENTER)) == ["1234567890"]


def test_caps_lock_turns_letters_round_and_leaves_digits(typist):
    assert type_all(typist, press(CAPS) + key_strokes("aB1") + press(CAPS) + key_strokes("c") + press(ENTER)) == [
        "Ab1c"
    ]


def test_a_caps_lock_that_was_on_before_counts():
    assert type_all(KeyTypist(pause=PAUSE, caps_lock=True), key_strokes("a") + press(ENTER)) == ["A"]


def test_a_character_as_alt_and_its_number_on_the_keypad(typist):
    euro = [(ALT, True), *press(82, 79, 80, 72), (ALT, False)]
    assert type_all(typist, [*euro, (ALT, True), *press(77, 76), (ALT, False), *press(ENTER)]) == ["€A"]


def test_control_characters_stay_control_characters(typist):
    group_separator = [(CTRL, True), *press(27), (CTRL, False)]
    assert type_all(typist, key_strokes("A") + group_separator + key_strokes("B") + press(ENTER)) == ["A\x1dB"]


def test_keys_without_a_character_type_nothing(typist):
    assert type_all(typist, press(1, 59, 103, 125, 240) + key_strokes("A") + press(ENTER)) == ["A"]


def test_enter_alone_is_no_line(typist):
    assert type_all(typist, press(ENTER, ENTER)) == []


def test_a_line_whose_enter_is_missing_is_there_when_the_pause_is_over(typist):
    assert type_all(typist, key_strokes("AB12")) == []
    assert typist.pending
    assert [line.text for line in typist.end()] == ["AB12"]
    assert typist.end() == []


def test_two_scans_without_an_enter_between_are_two_lines(typist):
    assert type_all(typist, key_strokes("FIRST1")) == []
    assert type_all(typist, key_strokes("SECOND2") + press(ENTER), start=0.4) == ["FIRST1", "SECOND2"]


def test_an_enter_that_comes_late_makes_no_second_line(typist):
    assert type_all(typist, key_strokes("AB12")) == []
    assert type_all(typist, press(ENTER), start=1.0) == ["AB12"]


def test_a_line_without_end_is_dropped_and_the_next_one_is_read(typist):
    assert type_all(typist, key_strokes("x" * (MAX_LINE + 3)) + press(ENTER) + key_strokes("OK1") + press(ENTER)) == [
        "OK1"
    ]
    assert typist.dropped == 1


def test_the_longest_line_is_read(typist):
    assert type_all(typist, key_strokes("x" * MAX_LINE) + press(ENTER)) == ["x" * MAX_LINE]


def test_what_was_typed_before_keys_were_lost_is_forgotten(typist):
    type_all(typist, [(SHIFT, True), *key_strokes("half")])
    typist.forget()
    assert type_all(typist, key_strokes("whole") + press(ENTER)) == ["whole"]


def test_a_line_says_how_fast_it_was_typed(typist):
    lines = []
    for n, (code, down) in enumerate(key_strokes("abcd") + press(ENTER)):
        lines += typist.key(code, down=down, at=n * 0.01)
    assert (lines[0].keys, lines[0].seconds) == (4, pytest.approx(0.06))


@given(st.lists(st.tuples(st.integers(0, 767), st.booleans()), max_size=300))
def test_any_keys_at_all_give_lines_of_limited_length(strokes):
    typist = KeyTypist(pause=PAUSE)
    for line in type_all(typist, strokes):
        assert 0 < len(line) <= MAX_LINE
