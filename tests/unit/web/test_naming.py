"""How names are shown."""

from __future__ import annotations

import pytest

from appliance.web.naming import MAX_SHOWN, NameShown, clean_name, shown_name


@pytest.mark.parametrize(
    ("name", "how", "shown"),
    [
        ("Zoë Brandt", "first", "Zoë"),
        ("Zoë Brandt", "full", "Zoë Brandt"),
        ("Zoë Brandt", "none", ""),
        ("Brandt, Zoë Marie", "first", "Zoë"),
        ("Brandt,", "first", "Brandt"),
        ("Dr. Jürgen Müller", "first", "Jürgen"),
        ("Prof. Dr.-Ing. Ana Souza", "first", "Ana"),
        ("Frau Dipl.-Ing. Eva Horn", "first", "Eva"),
        ("Dr. h.c. Eva Horn", "first", "Eva"),
        ("Dr.", "first", "Dr."),
        ("عبد الرحمن الفارسي", "first", "عبد الرحمن"),
        ("Abdul Rahman Khan", "first", "Abdul Rahman"),
        ("山田 太郎", "first", "山田"),
        ("  José \t ", "first", "José"),
        ("", "first", ""),
        ("", "full", ""),
    ],
)
def test_as_much_of_a_name_as_the_setting_allows(name: str, how: NameShown, shown: str) -> None:
    assert shown_name(name, how) == shown


@pytest.mark.parametrize("bad", ["\u202e", "\u2066", "\x00", "\x1b[31m", "\u2028", "\ud800"])
def test_what_turns_or_breaks_the_text_is_left_out(bad: str) -> None:
    assert "\u202e" not in clean_name(f"Ana{bad}Souza")
    assert clean_name(f"Ana{bad}Souza").isprintable()


def test_a_name_without_end_is_cut() -> None:
    assert len(shown_name("x" * 500, "full")) == MAX_SHOWN


def test_joiners_that_scripts_need_are_kept() -> None:
    assert clean_name("می\u200cخواهم") == "می\u200cخواهم"
