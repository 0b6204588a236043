"""What is wrong with a roster file, row by row, in words that say what to do."""

from __future__ import annotations

import re
from typing import Final

import msgspec

SHOWN: Final = 1000
"""Problems kept; the rest is only counted."""
_MAX_FOUND: Final = 80
_UNPRINTABLE: Final = re.compile(
    r"[^\x20-\x7e\u00a1-\u200a\u2010-\u2027\u2030-\u205f\u2070-\ud7ff\uf900-\ufffd\U00010000-\U0003ffff]"
)


class BadRow(msgspec.Struct, frozen=True):
    """One thing that is wrong. `line` is the physical line (or sheet's row) where the row starts, 0: the whole file.

    `column` is the header as it stands in the file, empty: the whole row.
    """

    line: int
    column: str
    found: str
    expected: str


class Problems:
    """Collects them: the first `SHOWN` as they are, all of them as a number."""

    def __init__(self) -> None:
        self.shown: list[BadRow] = []
        self.total = 0

    def add(self, line: int, column: str, found: str, expected: str) -> None:
        """Take one more; `found` is cut and made printable."""
        self.take([BadRow(line, column, clip(found), expected)])

    def take(self, problems: list[BadRow]) -> None:
        """Take some that are made already."""
        self.total += len(problems)
        self.shown.extend(problems[: SHOWN - len(self.shown)])


def clip(text: str, limit: int = _MAX_FOUND) -> str:
    """At most `limit` characters of `text`, none of which moves a terminal's cursor or turns its direction."""
    short = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", short)


def mask(code: str) -> str:
    """A code told apart from others without giving it away."""
    return f"{code[:2]}…{code[-2:]} ({len(code)} characters)" if len(code) > 8 else f"a code of {len(code)} characters"  # noqa: PLR2004
