"""One cell's text -> what a ticket holds, or what was expected instead."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from appliance.domain.credential import read_credential
from appliance.domain.ticket import MAX_CODE, Status

MAX_ID: Final = 64
MAX_NAME: Final = 200
MAX_PRODUCT: Final = 100
_HUB: Final = re.compile(r"[a-z0-9-]{1,32}")
# What a spreadsheet makes of a long number: its digits are lost, whoever wrote them.
_ROUNDED: Final = re.compile(r"\d[.,]\d+[Ee]\+\d+")
_TO_GUARD: Final = re.compile(r"'*\\*[@+\-=|%]")
_GUARDED: Final = re.compile(r"'+\\*[@+\-=|%]")
_TURNING: Final = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SEVERITY: Final[tuple[Status, ...]] = ("valid", "unpaid", "unapproved", "blocked", "revoked", "canceled")


class Wrong(NamedTuple):
    """Not to be used; `expected` is for a person."""

    expected: str


def unguard(text: str) -> str:
    """Undo what exports do against formulas: an apostrophe before = + - @ | %, and a backslash before |."""
    return text[1:].replace("\\|", "|") if _GUARDED.match(text) else text


def guard(text: str) -> str:
    """The same done: a text that no spreadsheet takes for a formula, and `unguard` gives back."""
    return "'" + text.replace("|", "\\|") if _TO_GUARD.match(text) else text


def read_code(text: str) -> str | Wrong:
    """A ticket's code exactly as a scanned credential will be."""
    if (
        text.isascii()
        and text.isprintable()
        and 0 < len(text) <= MAX_CODE
        and text[0] != " " != text[-1]
        and "+" not in text
    ):
        return text
    if _ROUNDED.fullmatch(text.strip()):
        return Wrong("the whole code: a spreadsheet has rounded it; format the column as text and export it again")
    credential = read_credential(text)  # Slow for each of 100,000: the usual code was through above.
    if credential is not None:
        return credential.code
    if not text.strip():
        return Wrong("a code: every ticket has one")
    return Wrong(f"a code of at most {MAX_CODE} characters without control characters or line breaks")


def read_id(text: str) -> str | Wrong:
    """A ticket id. It goes over the network, so that nothing in it may speak of a person."""
    text = text.strip()
    if "@" in text:
        return Wrong("an id that is no e-mail address: ids go over the network")
    if len(text) > MAX_ID or not text.isprintable():
        return Wrong(f"an id of at most {MAX_ID} characters without control characters")
    return text


def read_line(text: str, limit: int, what: str) -> str | Wrong:
    """One line of text: white space of every kind is one space, and what turns the writing direction is gone."""
    if not text.isprintable() or "  " in text or text[:1] == " " or text[-1:] == " ":
        text = _TURNING.sub("", " ".join(text.split()))
        # Zero-width joiners belong to Persian and Indic names; what is private or unassigned, the font shows.
        if any(ord(c) < ord(" ") or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff" for c in text):
            return Wrong(f"{what} without control characters")
    return text if len(text) <= limit else Wrong(f"{what} of at most {limit} characters")


def read_hub(text: str) -> str | Wrong:
    """A hub's name as its settings have it; empty: any hub."""
    name = "-".join(text.split()).casefold()
    if not name or _HUB.fullmatch(name):
        return name
    return Wrong("a hub's name as in its settings (a to z, 0 to 9, -; at most 32), or nothing: good at every hub")


def join_name(full: str, given: str, family: str) -> str:
    """One name of its parts. Bare "name" beside "first name" is the family name, beside "last name" the given one."""
    if full and bool(given) != bool(family):
        part = given or family
        if part.casefold() in full.casefold():
            return full
        given, family = (given or full), (family or full)
    elif full:
        return full
    parts = [given, family]
    if any(_is_east_asian(part) for part in parts):
        parts.reverse()
    return " ".join(part for part in parts if part)


def _is_east_asian(text: str) -> bool:
    return any("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in text)


def worst(statuses: list[Status]) -> Status:
    """The one that keeps a person out, where columns disagree."""
    return max(statuses, key=_SEVERITY.index, default="valid")


def status_words() -> str:
    """What may stand in a status column."""
    return (
        'paid, unpaid, pending, canceled, refunded, blocked, revoked or "approval pending" (in any of nine languages)'
    )
