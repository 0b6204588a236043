"""How a name is shown at the door: as much as the setting allows, nothing that disturbs the screen. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final, Literal

NameShown = Literal["none", "first", "full"]

MAX_SHOWN: Final = 60
_TITLES: Final = frozenset(
    (
        *("dr", "prof", "mr", "mrs", "ms", "mx", "miss", "sir", "herr", "frau", "hr", "fr", "sra", "sr", "srta", "mme"),
        *("mlle", "dipl", "ing", "mag", "med", "jur", "phil", "rer", "nat", "hc", "univ"),
    )
)
_BOUND: Final = frozenset({"عبد", "أبو", "ابو", "أم", "ام", "abd", "abdul", "abdel", "abu", "umm"})
"""First words that are no name without the next."""


def shown_name(name: str, how: NameShown) -> str:
    """The part of `name` for the attendee screen; empty for none."""
    if how == "none":
        return ""
    clean = clean_name(name)
    return _cut(clean if how == "full" else _first(clean))


def clean_name(name: str) -> str:
    """Without control characters and those that turn the direction of what follows; white space made one."""
    kept = (
        character
        for character in name
        if unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") or character in "\t\n"
    )
    return " ".join("".join(character for character in kept if character not in _TURNING).split())


_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _first(name: str) -> str:
    family, comma, given = name.partition(",")
    words = (given if comma and given.strip() else family).split()
    while len(words) > 1 and _is_title(words[0]):
        words.pop(0)
    if len(words) > 1 and words[0].casefold() in _BOUND:
        return " ".join(words[:2])
    return words[0] if words else ""


def _is_title(word: str) -> bool:
    """`Dr.`, `Dr.-Ing.`, `Dipl.-Ing.`, `h.c.` and the like."""
    plain = word.casefold()
    parts = plain.replace(".", "-").split("-")
    return plain.replace(".", "") in _TITLES or all(part in _TITLES for part in parts if part)


def _cut(name: str) -> str:
    return name if len(name) <= MAX_SHOWN else name[: MAX_SHOWN - 1].rstrip() + "…"
