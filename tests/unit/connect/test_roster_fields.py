"""One cell at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.connect.fields import (
    Wrong,
    guard,
    join_name,
    read_code,
    read_hub,
    read_id,
    read_line,
    unguard,
    worst,
)
from appliance.connect.problems import clip, mask
from appliance.connect.words import read_flag, read_status
from appliance.domain.credential import read_credential


@pytest.mark.parametrize(
    "text", ["abc", "12345", "0007", "a b", "3.5", "1E5", "ü-é", "券123", "1.2E5", "a+b", "x" * 1024]
)
def test_ok__codes(text: str) -> None:
    """A code is taken as it stands."""
    assert read_code(text) == text


@pytest.mark.parametrize(
    "text", ["", "  ", "a\nb", "a\x00b", "\x1b[2J", "x" * 1025, "x" * 100_000, "1.23457E+17", "1,23457E+17", "\ud800"]
)
def test_fail__codes(text: str) -> None:
    """What no scanner can present, and what a spreadsheet has rounded, is refused."""
    assert isinstance(read_code(text), Wrong)


@given(st.text(max_size=40))
def test_a_code_of_the_roster_is_the_credential_that_a_scan_makes_of_it(text: str) -> None:
    """Else a ticket would be sold and never found at the door."""
    code = read_code(text)
    credential = read_credential(text)
    if isinstance(code, str):
        assert credential is not None
        assert credential.code == code


@pytest.mark.parametrize("text", ["T-1", "ABCDE-1", "a/../b", "チケット1", " T-1 ", "", "x" * 64])
def test_ok__ids(text: str) -> None:
    """An id may look like anything: whoever makes a file name of it has to look out."""
    assert read_id(text) == text.strip()


@pytest.mark.parametrize("text", ["a@example.org", "x" * 65, "a\nb", "a\u202eb", "a\x07"])
def test_fail__ids(text: str) -> None:
    """An id goes over the network: no e-mail address, no control characters."""
    assert isinstance(read_id(text), Wrong)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Jürgen Müller", "Jürgen Müller"),
        ("  Jürgen \n  Müller ", "Jürgen Müller"),
        ("佐藤\u3000花子", "佐藤 花子"),
        ("Anna\u00a0Weiß", "Anna Weiß"),
        ("\u202eevil\u202c", "evil"),
        ("نیم\u200cفاصله", "نیم\u200cفاصله"),
        ("", ""),
        ("x" * 200, "x" * 200),
    ],
)
def test_ok__names(text: str, name: str) -> None:
    """White space of every kind is one space; what turns the direction is gone; joiners stay."""
    assert read_line(text, 200, "a name") == name


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[31mb", "a\x85b\x86", "x" * 201])
def test_fail__names(text: str) -> None:
    """Control characters and endless names are refused."""
    assert isinstance(read_line(text, 200, "a name"), Wrong)


@pytest.mark.parametrize(
    ("text", "hub"), [("hamburg", "hamburg"), ("Hamburg", "hamburg"), (" Neu Ulm ", "neu-ulm"), ("", ""), (" ", "")]
)
def test_ok__hubs(text: str, hub: str) -> None:
    """A hub is named as in topics; case and spaces are forgiven."""
    assert read_hub(text) == hub


@pytest.mark.parametrize("text", ["Zürich", "大阪", "a/b", "#", "x" * 33])
def test_fail__hubs(text: str) -> None:
    """A name that can't be a hub's is refused, never guessed."""
    assert isinstance(read_hub(text), Wrong)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("paid", "valid"), ("Bezahlt", "valid"), ("payé", "valid"), ("PAGADO", "valid"), ("pagato", "valid"),
        ("betaald", "valid"), ("Pago", "valid"), ("支払い済み", "valid"), ("مدفوع", "valid"),
        ("pending (confirmed)", "valid"),
        ("pending", "unpaid"), ("ausstehend", "unpaid"), ("expired", "unpaid"), ("未払い", "unpaid"),
        ("قيد الانتظار", "unpaid"),
        ("cancelled", "canceled"), ("canceled (paid fee)", "canceled"),
        ("storniert", "canceled"), ("refunded", "canceled"),
        ("annulé", "canceled"), ("キャンセル済み", "canceled"), ("تم إلغاؤه", "canceled"),
        ("gesperrt", "blocked"), ("revoked", "revoked"), ("approval pending", "unapproved"),
        ("Freigabe ausstehend", "unapproved"), ("", None), ("maybe", None), ("checked in", None),
    ],
)  # fmt: skip
def test_statuses_in_nine_languages(word: str, status: str | None) -> None:
    """A word is a status or unknown; unknown is never valid."""
    assert read_status(word) == status


@pytest.mark.parametrize(
    ("word", "flag"),
    [("Yes", True), ("ja", True), ("はい", True), ("نعم", True), ("1", True), ("✓", True), ("x", True), ("no", False),
     ("Nein", False), ("いいえ", False), ("", False), ("  ", False), ("0", False), ("perhaps", None), ("49.00", None)],
)  # fmt: skip
def test_yes_and_no(word: str, flag: bool | None) -> None:
    """Yes, no, or neither."""
    assert read_flag(word) is flag


def test_the_status_that_keeps_a_person_out_wins() -> None:
    """Where columns disagree, the door is not the place to be generous."""
    assert worst([]) == "valid"
    assert worst(["valid", "blocked", "unpaid"]) == "blocked"
    assert worst(["canceled", "valid"]) == "canceled"


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("", "Anna", "Weiß"), "Anna Weiß"),
        (("Weiß", "Anna", ""), "Anna Weiß"),
        (("Ana", "", "García"), "Ana García"),
        (("Anna Weiß", "Anna", "Weiß"), "Anna Weiß"),
        (("Anna Weiß", "", "Weiß"), "Anna Weiß"),
        (("", "花子", "佐藤"), "佐藤 花子"),
        (("", "", "Weiß"), "Weiß"),
        (("", "", ""), ""),
    ],
)
def test_names_are_joined_as_their_language_does(parts: tuple[str, str, str], name: str) -> None:
    """First name first, but the family name in East Asian writing."""
    assert join_name(*parts) == name


@given(st.text())
def test_a_guarded_text_comes_back(text: str) -> None:
    """What is written against formulas is read again as it was."""
    assert unguard(guard(text)) == text
    assert not guard(text) or guard(text)[0] not in "=+-@|%"


def test_what_is_shown_moves_no_terminal_and_gives_no_code_away() -> None:
    """Hostile cells are cut and escaped; codes are masked."""
    assert clip("\x1b[2J\u202e") == "\\u001b[2J\\u202e"
    assert len(clip("x" * 1000)) == 80
    assert "secret" not in mask("my-secret-code")
    assert "short" not in mask("short")
