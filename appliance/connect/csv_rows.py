"""The rows of a CSV file, each with the physical line on which it starts."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import BinaryIO, Final

from appliance.connect.encodings import find_encoding, locate_fault, open_text
from appliance.connect.exceptions import UnreadableError
from appliance.connect.problems import BadRow, clip

Row = tuple[int, Sequence[str]]
Rows = Generator[Row, None, None]
"""To be closed before the file is."""
Fits = Callable[[Sequence[str]], bool]
Progress = Callable[[int, int], None]
"""Bytes (or rows) done, of how many."""

MAX_ROW: Final = 128 * 1024
"""Characters of one row. It is also csv's own limit of a field."""
HEADER_ROWS: Final = 20
"""Among so many rows a header is looked for: titles and notes may stand above it."""
_SEPARATORS: Final = ",;\t|"
# The Sniffer's expressions take time by the square of what they read: 8 KiB of spite cost 0.1 s, 64 KiB cost 7.
_SNIFFED: Final = 8 * 1024
_HEAD: Final = 64 * 1024
_TOLD_EVERY: Final = 4096


def csv_rows(file: BinaryIO, size: int, *, encoding: str | None, fits: Fits, progress: Progress) -> tuple[str, Rows]:
    """What the file is ("utf-8, separated by ;") and its rows; UnreadableError, now or later, where it can't go on."""
    codec = find_encoding(file, encoding)
    try:
        with open_text(file, codec) as text:
            head = text.read(_HEAD)
    except UnicodeDecodeError:
        raise _undecodable(file, codec) from None
    chosen, start = _said_separator(head)
    separator = chosen or _find_separator(head, fits)
    name = {"\t": "tab", " ": "space"}.get(separator, separator)
    return f"{codec}, separated by {name}", _rows(file, size, codec, separator, start, progress)


def _said_separator(head: str) -> tuple[str, int]:
    """Excel's own first line, `sep=;`: the separator and how many lines it takes."""
    line = head[:16].splitlines()[:1]
    if line and line[0].strip('"').startswith("sep=") and len(line[0].strip('"')) == len("sep=;"):
        return line[0].strip('"')[-1], 1
    return "", 0


def _find_separator(head: str, fits: Fits) -> str:
    """The Sniffer's, if a header comes out of it; else the first with which one does; else the Sniffer's."""
    try:
        sniffed = str(csv.Sniffer().sniff(head[:_SNIFFED], delimiters=_SEPARATORS).delimiter)
    except csv.Error:
        sniffed = ","
    for separator in sniffed + _SEPARATORS:
        if any(fits(row) for row in _first_rows(head, separator)):
            return separator
    return sniffed


def _first_rows(head: str, separator: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    try:
        yield from itertools.islice(reader, HEADER_ROWS)
    except csv.Error:
        return


class _Lines:
    """Lines for csv.reader, never more than `MAX_ROW` characters since the last row."""

    def __init__(self, text: io.TextIOWrapper, line: int) -> None:
        self._text = text
        self._taken = 0
        self.first = line
        """The physical line on which the row in hand starts."""
        self._next = line

    def __iter__(self) -> Iterator[str]:
        readline, limit = self._text.readline, MAX_ROW + 1
        while line := readline(limit):
            self._taken += len(line)
            self._next += 1
            if self._taken > MAX_ROW:
                expected = f"a row of at most {MAX_ROW} characters: is a quotation mark opened here and never closed?"
                raise UnreadableError(BadRow(self.first, "", clip(line), expected))
            if "\0" in line:
                raise UnreadableError(
                    BadRow(self._next - 1, "", clip(line), "text without NUL bytes: save the file as CSV UTF-8")
                )
            yield line

    def row_done(self) -> None:
        """The row in hand has been read: the next starts on the next line."""
        self.first = self._next
        self._taken = 0


def _rows(file: BinaryIO, size: int, codec: str, separator: str, start: int, progress: Progress) -> Rows:
    lines: _Lines | None = None
    try:
        with open_text(file, codec) as text:
            for _ in range(start):
                text.readline()
            lines = _Lines(text, start + 1)
            for number, row in enumerate(csv.reader(iter(lines), delimiter=separator, strict=True)):
                yield lines.first, row
                lines.row_done()
                if number % _TOLD_EVERY == 0:
                    progress(file.tell(), size)
    except UnicodeDecodeError:
        raise _undecodable(file, codec) from None
    except csv.Error as error:
        expected = 'quoted fields such as "say ""yes"" twice": a quotation mark within them doubled, each one closed'
        raise UnreadableError(BadRow(lines.first if lines else 0, "", f"{error}", expected)) from None
    progress(size, size)


def _undecodable(file: BinaryIO, codec: str) -> UnreadableError:
    line, found = locate_fault(file, codec)
    shown = " ".join(f"{byte:02x}" for byte in found)
    expected = f"text in {codec} throughout: save the file as UTF-8, or say its encoding with --encoding"
    return UnreadableError(BadRow(line, "", f"the bytes {shown}", expected))
