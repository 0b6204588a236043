"""The rows of an Excel workbook (.xlsx), read as it streams by, with caps on what a zip file may blow up to."""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, cast

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet

from appliance.connect.columns import MAX_COLUMNS
from appliance.connect.csv_rows import HEADER_ROWS, Fits, Progress, Row, Rows
from appliance.connect.exceptions import UnreadableError
from appliance.connect.problems import BadRow, clip

MAX_UNPACKED: Final = 512 * 1024 * 1024
MAX_STRINGS: Final = 192 * 1024 * 1024
"""Bytes of the sheets' texts, the one part that is held in memory whole."""
MAX_PARTS: Final = 2000
MAX_ROWS: Final = 1_048_576
"""Excel's own."""
_EXACT_DIGITS: Final = 15
_TOLD_EVERY: Final = 4096
# All that openpyxl, expat and zipfile say of a file that isn't what it says it is (a refused entity is a ValueError).
_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, SyntaxError, ValueError, TypeError, KeyError, IndexError,
    AttributeError, ArithmeticError, EOFError, OSError, NotImplementedError, RuntimeError,
)  # fmt: skip


def xlsx_rows(file: BinaryIO, *, fits: Fits, progress: Progress) -> tuple[str, Rows]:
    """Which sheet it is and its rows, numbers and dates as text; UnreadableError where it can't be read."""
    _check_zip(file)
    try:
        with _quiet():
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            sheets = [sheet for sheet in book.worksheets if isinstance(sheet, ReadOnlyWorksheet)]
            sizes = {sheet.title: sheet.max_row for sheet in sheets}
            chosen = next(
                (sheet for sheet in sheets if any(fits(row) for _, row in _head(sheet))), sheets[0] if sheets else None
            )
    except _DAMAGED as error:
        raise _damaged(error) from None
    if chosen is None:
        raise UnreadableError(
            BadRow(0, "", "a workbook without a sheet", "an Excel (.xlsx) file with a header and one ticket a row")
        )
    return f'sheet "{clip(str(chosen.title), 40)}"', _rows(chosen, sizes[chosen.title] or 1, progress)


@contextmanager
def _quiet() -> Iterator[None]:
    """Openpyxl warns of styles and validations that it doesn't keep: nobody asked it to."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="openpyxl")
        yield


def _check_zip(file: BinaryIO) -> None:
    """Sizes are judged by the directory: zipfile never unpacks more of a part than it says there."""
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
    except _DAMAGED as error:
        raise _damaged(error) from None
    names = {part.filename for part in parts}
    if "mimetype" in names and "content.xml" in names:
        raise UnreadableError(
            BadRow(0, "", "an OpenDocument file", "a CSV or Excel (.xlsx) file: save it as one of these")
        )
    if "xl/workbook.xml" not in {name.lstrip("/") for name in names}:
        raise UnreadableError(BadRow(0, "", "a zip file that is no Excel workbook", "a CSV or Excel (.xlsx) file"))
    unpacked = sum(part.file_size for part in parts)
    strings = sum(part.file_size for part in parts if part.filename.endswith("sharedStrings.xml"))
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or strings > MAX_STRINGS:
        found = f"{len(parts)} parts that unpack to {unpacked // 2**20} MiB"
        expected = (
            f"at most {MAX_PARTS} parts and {MAX_UNPACKED // 2**20} MiB: save the tickets' sheet alone, or as CSV"
        )
        raise UnreadableError(BadRow(0, "", found, expected))


def _head(sheet: ReadOnlyWorksheet) -> Iterator[Row]:
    return itertools.islice(_texts(sheet), HEADER_ROWS)


def _texts(sheet: ReadOnlyWorksheet) -> Iterator[Row]:
    # Several programs write a wrong size of the sheet; the rows themselves know better.
    sheet.reset_dimensions()
    # A read-only sheet borrows this method from Worksheet; the stubs don't know.
    for number, row in enumerate(cast("Worksheet", sheet).iter_rows(values_only=True), start=1):
        if number > MAX_ROWS:
            raise UnreadableError(BadRow(number, "", "a further row", f"at most {MAX_ROWS} rows, as Excel has"))
        texts = [] if row.count(None) == len(row) else [_text(value) for value in row[:MAX_COLUMNS]]
        if any(value is not None for value in row[MAX_COLUMNS:]):
            texts.append("…")  # One more than any header may have: the row is refused, the rest of it needn't be read.
        while texts and not texts[-1]:
            texts.pop()
        yield number, texts


def _rows(sheet: ReadOnlyWorksheet, expected: int, progress: Progress) -> Rows:
    """`expected`: the rows that the sheet claims to have, for the progress alone."""
    try:
        with _quiet():
            for number, texts in _texts(sheet):
                if number % _TOLD_EVERY == 0:
                    progress(number, max(number, expected))
                yield number, texts
    except _DAMAGED as error:
        raise _damaged(error) from None
    progress(expected, expected)


class NumberText(str):
    """The text of a cell that holds a number: leading zeros, if it had any, are gone."""

    __slots__ = ()


def _text(value: object) -> str:
    """A cell's value as text. A day without a time is a date alone, as the sheet shows it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")
    return str(value)


def _number(value: float) -> str:
    if abs(value) >= 10**_EXACT_DIGITS:
        return NumberText(f"{value:.5E}")  # Its last digits are lost: no code can be made of it.
    return NumberText(int(value) if value == int(value) else value)


def _damaged(error: Exception) -> UnreadableError:
    what = f"a damaged workbook ({type(error).__name__}: {clip(str(error))})"
    return UnreadableError(
        BadRow(0, "", what, "an Excel (.xlsx) file: open it in a spreadsheet program and save it again, or as CSV")
    )
