"""A roster file (CSV or Excel) -> tickets, or every row that is wrong and why."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Mapping
from contextlib import closing
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from appliance.connect.columns import Columns, find_columns, names_a_code
from appliance.connect.csv_rows import HEADER_ROWS, Progress, Row, Rows, csv_rows
from appliance.connect.encodings import NOT_TEXT
from appliance.connect.exceptions import UnreadableError
from appliance.connect.intake import MAX_TICKETS, Intake
from appliance.connect.problems import BadRow, Problems
from appliance.connect.xlsx_rows import xlsx_rows
from appliance.domain.ticket import Ticket

MAX_FILE: Final = 512 * 1024 * 1024
_ZIP: Final = b"PK\x03\x04"
_FOREIGN: Final = (
    (
        b"\xd0\xcf\x11\xe0",
        "an old Excel file (.xls) or one with a password",
        "a workbook without a password, saved as .xlsx or CSV",
    ),
    (b"%PDF", "a PDF file", "a CSV or Excel (.xlsx) file"),
    (b"\x1f\x8b", "a gzip file", "the CSV file in it: unpack it first"),
    (b"SQLite format 3", "a database", "a CSV or Excel (.xlsx) file"),
    (b"\x89PNG", "a picture", "a CSV or Excel (.xlsx) file"),
    (b"\xff\xd8\xff", "a picture", "a CSV or Excel (.xlsx) file"),
    (b"\x7fELF", "a program", NOT_TEXT),
)


class RosterRead(msgspec.Struct, frozen=True):
    """What was read. With any problem there are no tickets: all or nothing.

    `notes` are for a person: how the file was understood, which columns were left out, what may have been lost.
    """

    tickets: list[Ticket]
    problems: list[BadRow]
    problems_total: int
    notes: list[str]


def read_roster(
    path: Path,
    *,
    event_key: bytes,
    tz: tzinfo,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    allow_empty: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> RosterRead:
    """The tickets of a file of up to 512 MiB; whatever is wrong with it is in `problems`, never raised.

    `event_key` makes ids for tickets without one, `tz` is where dates without a zone are, `columns` says meaning ->
    header where the names don't. OSError where the file can't be opened or read.
    """
    problems = Problems()
    notes: list[str] = []
    tickets: list[Ticket] = []
    try:
        _check_kind(path)
        with path.open("rb") as file:
            size = _checked_size(file)
            fits = partial(names_a_code, chosen=columns or {})
            if file.peek(len(_ZIP)).startswith(_ZIP):
                kind, rows = xlsx_rows(file, fits=fits, progress=progress)
            else:
                kind, rows = csv_rows(file, size, encoding=encoding, fits=fits, progress=progress)
            notes.append(kind)
            with closing(rows):
                tickets = _read_tickets(rows, columns or {}, event_key, tz, problems, notes)
            if not (tickets or problems.total or allow_empty):
                problems.add(
                    0,
                    "",
                    "a header and no ticket",
                    "at least one ticket, or --allow-empty to close the doors to everyone",
                )
    except UnreadableError as error:
        problems.take([error.problem])
    return RosterRead([] if problems.total else tickets, problems.shown, problems.total, notes)


def _find_header(rows: Rows, chosen: Mapping[str, str]) -> Columns | list[BadRow]:
    """The first row that names a column of codes; titles and notes above it are passed over."""
    first: Row | None = None
    for line, row in itertools.islice((row for row in rows if any(row[1])), HEADER_ROWS):
        first = first or (line, row)
        if names_a_code(row, chosen):
            return find_columns(row, chosen, line)
    return (
        find_columns(first[1], chosen, first[0])
        if first
        else [BadRow(0, "", "an empty file", "a header and one ticket a row")]
    )


def _read_tickets(
    rows: Rows, chosen: Mapping[str, str], event_key: bytes, tz: tzinfo, problems: Problems, notes: list[str]
) -> list[Ticket]:
    columns = _find_header(rows, chosen)
    if not isinstance(columns, Columns):
        problems.take(columns)
        return []
    intake = Intake(columns, event_key, tz, problems)
    for line, row in rows:
        if not row or (not row[0].strip() and not any(cell.strip() for cell in row)):
            continue
        intake.take(line, row)
        if len(intake.tickets) > MAX_TICKETS:
            raise UnreadableError(BadRow(line, "", "a further ticket", f"at most {MAX_TICKETS} tickets"))
    notes.extend(intake.notes())
    return intake.tickets


def _check_kind(path: Path) -> None:
    """Before it is opened: opening a pipe waits for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise UnreadableError(BadRow(0, "", "a folder, pipe or device", "a CSV or Excel (.xlsx) file"))


def _checked_size(file: BinaryIO) -> int:
    status = os.fstat(file.fileno())
    if status.st_size > MAX_FILE:
        found = f"{status.st_size // 2**20} MiB"
        raise UnreadableError(
            BadRow(0, "", found, f"at most {MAX_FILE // 2**20} MiB: leave out the columns that the door does not need")
        )
    if status.st_size == 0:
        raise UnreadableError(BadRow(0, "", "an empty file", "a header and one ticket a row"))
    head = file.read(16)
    file.seek(0)
    for magic, found, expected in _FOREIGN:
        if head.startswith(magic):
            raise UnreadableError(BadRow(0, "", found, expected))
    return status.st_size
