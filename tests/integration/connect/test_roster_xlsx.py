"""Rosters read from Excel workbooks."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from appliance.connect import xlsx_rows
from appliance.connect.roster_file import RosterRead, read_roster

BERLIN = ZoneInfo("Europe/Berlin")
Sheet = list[list[object]]


def book(*sheets: Sheet) -> bytes:
    workbook = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = workbook.active if number == 0 else workbook.create_sheet()
        assert sheet is not None
        for row in rows:
            sheet.append(row)  # type: ignore[attr-defined]  # a worksheet, never a chart
    packed = io.BytesIO()
    workbook.save(packed)
    return packed.getvalue()


def read(tmp_path: Path, content: bytes, **options: object) -> RosterRead:
    path = tmp_path / "roster.xlsx"
    path.write_bytes(content)
    return read_roster(path, event_key=b"key", tz=BERLIN, **options)  # type: ignore[arg-type]  # a test's short hand


def repacked(content: bytes, **parts: bytes | None) -> bytes:
    """The workbook with parts replaced (`sheet1`: that sheet's XML) or added; None: left out."""
    names = {"sheet1": "xl/worksheets/sheet1.xml", "workbook": "xl/workbook.xml", "strings": "xl/sharedStrings.xml"}
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            key = next((key for key, part in names.items() if part == name), "")
            replaced = parts.get(key, old.read(name))
            if replaced is not None:
                new.writestr(name, replaced)
    return packed.getvalue()


def sheet_xml(body: str) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{body}</sheetData></worksheet>'.encode()


def test_a_workbook_is_read_with_its_kinds_of_cells(tmp_path: Path) -> None:
    """Numbers become the digits that are seen, dates are dates, yes is yes."""
    found = read(
        tmp_path,
        book([
            ["Code", "Ticket-ID", "Name", "Paid", "Valid from", "Valid until"],
            [12345.0, 7, "Jürgen", True, datetime(2026, 11, 24, 9), date(2026, 11, 24)],  # noqa: DTZ001 (as in a sheet)
            [None, None, None, None, None, None],
            ["0007", "T-8", "佐藤 花子", "no", "24.11.2026 09:00", None],
            [3.5, "T-9", None, False, None, datetime(2026, 11, 24)],  # noqa: DTZ001 (as in a sheet)
        ]),
    )  # fmt: skip
    assert not found.problems, found.problems
    assert [(t.code, t.id, t.name, t.status) for t in found.tickets] == [
        ("12345", "7", "Jürgen", "valid"),
        ("0007", "T-8", "佐藤 花子", "unpaid"),
        ("3.5", "T-9", "", "unpaid"),
    ]
    assert [t.valid_from for t in found.tickets] == [1795507200000, 1795507200000, None]
    assert [t.valid_until for t in found.tickets] == [1795561200000, None, 1795561200000]
    assert any("2 codes are numbers" in note for note in found.notes)


def test_the_first_sheet_with_a_column_of_codes_is_taken(tmp_path: Path) -> None:
    """As in pretix's combined export, where the orders come first."""
    orders: Sheet = [["Order code", "Status"], ["ABC", "paid"]]
    positions: Sheet = [["Order code", "Position ID", "Status", "Ticket secret"], ["ABC", 1, "paid", "s1"]]
    found = read(tmp_path, book(orders, positions, [["Fee"], [1]]))
    assert [(t.id, t.code) for t in found.tickets] == [("ABC-1", "s1")]
    assert found.notes[0] == 'sheet "Sheet1"'


def test_rows_are_numbered_as_in_the_sheet(tmp_path: Path) -> None:
    """Empty rows count, so that the problem is found again."""
    found = read(tmp_path, book([["Guests"], [], ["Code", "Name"], ["a", "A"], [], ["a", "B"]]))
    assert [(p.line, p.column) for p in found.problems] == [(6, "Code")]
    assert "lines 4 and 6" in found.problems[0].expected


def test_a_number_that_excel_has_rounded_is_refused(tmp_path: Path) -> None:
    """It keeps 15 digits; the code had more."""
    found = read(tmp_path, book([["Code"], [1234567890123456789], [123456789012345]]))
    assert [p.line for p in found.problems] == [2]
    assert "rounded" in found.problems[0].expected


def test_no_code_column_in_any_sheet_shows_the_first_header(tmp_path: Path) -> None:
    """So that the header can be named right."""
    found = read(tmp_path, book([["Name", "Mail"], ["A", "a@b"]], [["x"]]))
    assert '"Name", "Mail"' in found.problems[0].found


def test_cells_with_errors_and_formulas_without_values_are_no_codes(tmp_path: Path) -> None:
    """A formula that no program has computed has no value."""
    found = read(tmp_path, book([["Code", "Name"], ["=1+1", "A"], ["b", "B"]]))
    assert [p.line for p in found.problems] == [2]


def zip_of(**parts: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name.replace("__", "/").replace("_", "."), content)
    return packed.getvalue()


PLAIN = book([["Code"], ["a"]])
BILLION = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    b'<c r="A1" t="str"><v>&b;</v></c></row></sheetData></worksheet>'
)


@pytest.mark.parametrize(
    "content",
    [
        zip_of(mimetype=b"application/vnd.oasis.opendocument.spreadsheet", content_xml=b"<x/>"),
        zip_of(word__document_xml=b"<x/>"),
        zip_of(xl__workbook_xml=b"<x/>"),
        repacked(PLAIN, sheet1=None),
        repacked(PLAIN, sheet1=b"<worksheet"),
        repacked(PLAIN, sheet1=BILLION),
        repacked(PLAIN, workbook=b"not xml"),
        repacked(PLAIN, sheet1=sheet_xml('<row r="x"><c r="A1"><v>1</v></c></row>')),
        repacked(PLAIN, sheet1=sheet_xml('<row r="1"><c r="A1" t="s"><v>99999</v></c></row>')),
        repacked(PLAIN, sheet1=sheet_xml('<row r="1"><c r="AAAAAA1" t="str"><v>Code</v></c></row>')),
        repacked(PLAIN, sheet1=sheet_xml('<row r="1"><c r="A1" t="n"><v>1e999</v></c></row>')),
        PLAIN[:-30],
        PLAIN[:200],
        PLAIN[:200] + b"\xff" * 300 + PLAIN[500:],
    ],
)
def test_fail__workbooks_that_are_none(tmp_path: Path, content: bytes) -> None:
    """Foreign, damaged and hostile zip files are one clear problem each."""
    found = read(tmp_path, content)
    assert found.problems_total == 1
    assert "Excel (.xlsx)" in found.problems[0].expected or "column of ticket codes" in found.problems[0].expected


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path: Path) -> None:
    """600 MiB of blanks, half a megabyte packed: nothing of it is unpacked."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        new.writestr("xl/workbook.xml", b"<x/>")
        with new.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(600):
                part.write(b" " * 2**20)
    found = read(tmp_path, packed.getvalue())
    assert "unpack to 600 MiB" in found.problems[0].found


def test_a_row_number_out_of_this_world_ends_the_reading(tmp_path: Path) -> None:
    """The gap is not filled with empty rows for ever."""
    rows = '<row r="1"><c r="A1" t="str"><v>Code</v></c></row><row r="2"><c r="A2" t="str"><v>a</v></c></row>'
    far = '<row r="99999999999"><c r="A99999999999" t="str"><v>b</v></c></row>'
    found = read(tmp_path, repacked(PLAIN, sheet1=sheet_xml(rows + far)))
    assert (found.problems[0].line, found.problems[0].found) == (1_048_577, "a further row")


def test_a_cell_far_to_the_right_is_a_column_too_many(tmp_path: Path) -> None:
    """The width of a row is cut before its cells are looked at."""
    rows = '<row r="1"><c r="A1" t="str"><v>Code</v></c></row>'
    rows += '<row r="2"><c r="A2" t="str"><v>a</v></c><c r="XFD2"><v>1</v></c></row>'
    found = read(tmp_path, repacked(PLAIN, sheet1=sheet_xml(rows)))
    assert (found.problems[0].line, found.problems[0].found) == (2, "513 fields")


def test_a_wrong_size_in_the_sheet_is_passed_over(tmp_path: Path) -> None:
    """Several programs write A1 and mean all of it."""
    xml = sheet_xml('<row r="1"><c r="A1" t="str"><v>Code</v></c><c r="B1" t="str"><v>Name</v></c></row>'
                    '<row r="2"><c r="A2" t="str"><v>a</v></c><c r="B2" t="str"><v>Anna</v></c></row>')  # fmt: skip
    xml = xml.replace(b"<sheetData>", b'<dimension ref="A1"/><sheetData>')
    found = read(tmp_path, repacked(PLAIN, sheet1=xml))
    assert [(t.code, t.name) for t in found.tickets] == [("a", "Anna")]


def test_too_many_parts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook has a few dozen."""
    monkeypatch.setattr(xlsx_rows, "MAX_PARTS", 3)
    assert "parts" in read(tmp_path, PLAIN).problems[0].found
