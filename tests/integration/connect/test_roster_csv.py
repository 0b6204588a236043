"""Rosters read from CSV files."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from appliance.connect.fields import guard
from appliance.connect.roster_file import RosterRead, read_roster

KEY = b"event-key-of-the-tests"
BERLIN = ZoneInfo("Europe/Berlin")


def read(folder: Path, content: bytes | str, name: str = "roster.csv", **options: object) -> RosterRead:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_roster(path, event_key=KEY, tz=BERLIN, **options)  # type: ignore[arg-type]  # a test's short hand


def only(found: RosterRead) -> tuple[int, str, str, str]:
    assert found.problems_total == 1, found.problems
    assert not found.tickets
    problem = found.problems[0]
    return problem.line, problem.column, problem.found, problem.expected


def test_a_plain_roster_is_read(tmp_path: Path) -> None:
    """Each column goes to its place; a ticket without an id gets one that every hub makes alike."""
    found = read(
        tmp_path,
        "Code,Name,Ticket type,Status,Hub,Valid from,Valid until,E-mail\n"
        "abc,Jürgen Müller,VIP,paid,Hamburg,2026-11-24 09:00,2026-11-24,j@example.org\n",
    )
    assert not found.problems
    ticket = found.tickets[0]
    assert ticket.id == hmac.new(KEY, b"abc", hashlib.sha256).hexdigest()[:16]
    assert (ticket.code, ticket.name, ticket.product, ticket.status, ticket.hub) == (
        "abc",
        "Jürgen Müller",
        "VIP",
        "valid",
        "hamburg",
    )
    assert (ticket.valid_from, ticket.valid_until) == (1795507200000, 1795561200000)
    assert "E-mail" in " ".join(found.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_separators_and_line_ends_are_found(tmp_path: Path, encoding: str, separator: str, end: str) -> None:
    """Whatever program the file came from."""
    lines = [("Ticketcode", "Name", "Produkt"), ("a1", "Jürgen Weiß", "Ermäßigt"), ("a2", "Zoë “Z” Šimek", "Früh")]
    text = end.join(separator.join(line) for line in lines) + end
    found = read(tmp_path, text.encode(encoding))
    assert [(t.code, t.name, t.product) for t in found.tickets] == lines[1:], found


def test_utf_16_with_the_bytes_of_the_other_order_is_read_too(tmp_path: Path) -> None:
    """The byte-order mark says which."""
    found = read(tmp_path, b"\xfe\xff" + "コード,名前\nx,佐藤 花子\n".encode("utf-16-be"))
    assert found.tickets[0].name == "佐藤 花子"


def test_one_umlaut_in_the_last_of_many_rows_decides_the_encoding(tmp_path: Path) -> None:
    """The sample is taken where something can be learnt from it."""
    rows = "".join(f"{n:08x},Bob Smith {n}\n" for n in range(20_000))
    found = read(tmp_path, f"code,name\n{rows}ffff,Jürgen\n".encode("cp1252"))
    assert found.tickets[-1].name == "Jürgen"


def test_japanese_and_arabic_in_old_encodings_are_asked_for_and_never_guessed(tmp_path: Path) -> None:
    """Names made of the wrong letters would be believed."""
    content = "コード,名前\nx1,佐藤 花子\nx2,鈴木 一郎\n".encode("cp932")
    line, _, found, expected = only(read(tmp_path, content))
    assert (line, "cp932" in found, "--encoding cp932" in expected) == (0, True, True)
    assert read(tmp_path, content, encoding="cp932").tickets[0].name == "佐藤 花子"


def test_a_byte_order_mark_is_stronger_than_a_choice(tmp_path: Path) -> None:
    """It can't be mistaken; a person can."""
    assert read(tmp_path, "code,name\na,ü\n".encode("utf-8-sig"), encoding="cp1252").tickets[0].name == "ü"


def test_a_file_that_changes_its_encoding_midway_is_refused_with_the_line(tmp_path: Path) -> None:
    """Two exports pasted together."""
    rows = "".join(f"a{n},Jürgen {n}\n" for n in range(20_000))
    content = f"code,name\n{rows}".encode() + "b1,Jürgen\n".encode("cp1252")
    line, _, found, expected = only(read(tmp_path, content))
    assert line == 20_002
    assert "fc" in found
    assert "UTF-8" in expected


def test_line_numbers_are_those_of_an_editor(tmp_path: Path) -> None:
    """A quoted field may hold line breaks; the row is where it starts."""
    content = 'code,name\r\na,"two\r\nlines"\r\n\r\n"b","x\r\ny\rz\n"\r\nc,ok\r\nc,twice\r\n'
    line, column, _, expected = only(read(tmp_path, content))
    assert (line, column) == (10, "code")
    assert "lines 9 and 10" in expected


def test_all_bad_rows_are_named(tmp_path: Path) -> None:
    """Line, column, what stood there, what was expected; and nothing is imported."""
    found = read(
        tmp_path,
        "Code;Status;Valid from;Hub;Ticket-ID\n"
        "ok;paid;;;T-1\n"
        ";paid;;;T-2\n"
        "b;maybe;03/04/2026;Zürich;x@example.org\n"
        "c;;;;T-1\n"
        "1.23457E+17;paid;;;T-9\n"
        "ok;paid;;;T-7\n"
        "d;paid;;;T-1\n"
        "e;paid;;;;surplus\n",
    )
    assert not found.tickets
    assert [(p.line, p.column) for p in found.problems] == [
        (3, "Code"), (4, "Ticket-ID"), (4, "Hub"), (4, "Status"), (4, "Valid from"), (5, "Status"), (6, "Code"),
        (7, "Code"), (8, "Ticket-ID"), (9, ""),
    ]  # fmt: skip
    assert found.problems[3].found == "maybe"
    assert "lines 2 and 7" in found.problems[7].expected
    assert "lines 2 and 8" in found.problems[8].expected
    assert "6 fields" in found.problems[9].found


def test_a_repeated_code_is_named_without_giving_it_away(tmp_path: Path) -> None:
    """The list of problems may end up in a chat."""
    _, _, found, _ = only(read(tmp_path, "code\n0123456789abcdef\n0123456789abcdef\n"))
    assert "0123456789abcdef" not in found


def test_a_flood_of_problems_is_counted_and_cut(tmp_path: Path) -> None:
    """1,000 are shown, all are counted."""
    found = read(tmp_path, "code,status\n" + "".join(f"{n},what\n" for n in range(5000)))
    assert (len(found.problems), found.problems_total) == (1000, 5000)


def test_titles_and_empty_lines_above_the_header_are_passed_over(tmp_path: Path) -> None:
    """People decorate their exports; Excel writes the separator into the first line."""
    content = (
        "sep=;\r\n\r\nGuests of the opening;;\r\nas of 24.11.2026;;\r\n;;\r\nCode;Name;\r\n;;\r\nx;Anna;\r\n;;\r\n \r\n"
    )
    found = read(tmp_path, content)
    assert [(t.code, t.name) for t in found.tickets] == [("x", "Anna")], found


def test_a_single_column_is_a_roster(tmp_path: Path) -> None:
    """Codes alone let people in."""
    assert [t.code for t in read(tmp_path, "QR code\nabc\ndef").tickets] == ["abc", "def"]


def test_a_wrong_guess_of_the_separator_is_outvoted_by_the_header(tmp_path: Path) -> None:
    """Commas within names are more than the semicolons between fields."""
    rows = "".join(f'c{n};"Müller, Anna, Dr., jun., {n}"\n' for n in range(50))
    found = read(tmp_path, f"Code;Name\n{rows}")
    assert len(found.tickets) == 50, found.problems[:2]
    assert found.tickets[0].name == "Müller, Anna, Dr., jun., 0"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "header"),
        (b"code,name\n", "--allow-empty"),
        (b"\n\n\n", "header"),
        (b"name,mail\nA,a@b\n", "a column of ticket codes"),
        (b"code\na\x00b\n", "NUL"),
        (b'code,name\na,"never closed\nb,c\n', "quotation mark"),
        (b'code,name\na,"x"y\n', "quotation mark"),
        (b'code,name\na,"' + b"x\n" * 200_000, "never closed"),
        (b"code,name\n" + b"y" * 5_000_000, "at most 131072 characters"),
        (b"," * 3_000_000, "at most"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 100, ".xlsx"),
        (b"%PDF-1.7\n", "CSV or Excel"),
        (b"PK\x03\x04garbage", "Excel"),
        (b"PK\x03\x04", "Excel"),
        (b"\x1f\x8b\x08\x00", "unpack"),
        (b"\x7fELF\x02\x01\x01\x00", "text"),
        (b"\x89PNG\r\n\x1a\n", "CSV or Excel"),
        (bytes(range(256)) * 200, ""),
        (b"\x81\x8d\x8f\x90\x9d\n" * 100, ""),
        (b"\xff\xfe\x00", ""),
        (b"\xff\xfe\x00\xd8\x0a\x00", "--encoding"),
        (b"code,code\na,b\n", "rename or delete"),
    ],
)
def test_fail__files_that_are_no_roster(tmp_path: Path, content: bytes, says: str) -> None:
    """Each with what was expected, none with an exception."""
    found = read(tmp_path, content)
    assert found.problems_total >= 1
    assert not found.tickets
    assert says in found.problems[0].expected


def test_an_empty_roster_can_be_asked_for(tmp_path: Path) -> None:
    """Else it is an accident."""
    assert read(tmp_path, "code,name\n", allow_empty=True) == RosterRead(
        [], [], 0, ["utf-8, separated by ,", "columns not used: name"][:1]
    )


def test_a_pipe_or_a_folder_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    """Opening a pipe that nobody writes to would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        assert read_roster(path, event_key=KEY, tz=BERLIN).problems[0].expected == "a CSV or Excel (.xlsx) file"


def test_a_file_past_the_limit_is_refused_by_its_size_alone(tmp_path: Path) -> None:
    """Nothing of it is read."""
    with (tmp_path / "big.csv").open("wb") as file:
        file.truncate(600 * 1024 * 1024)
    _, _, found, expected = only(read_roster(tmp_path / "big.csv", event_key=KEY, tz=BERLIN))
    assert "600 MiB" in found
    assert "512 MiB" in expected


def test_an_id_that_is_the_code_is_not_taken(tmp_path: Path) -> None:
    """Ids go over the network, codes never."""
    found = read(tmp_path, "code,id\nabc,abc\ndef,T-2\nghi,\n")
    assert [t.id for t in found.tickets][1] == "T-2"
    assert "abc" not in [t.id for t in found.tickets]
    assert len(found.tickets[2].id) == 16
    assert any("must not go over the network" in note for note in found.notes)


def test_without_an_event_key_ids_are_made_and_what_that_costs_is_said(tmp_path: Path) -> None:
    """An unkeyed hash of a short code could be turned back."""
    (tmp_path / "r.csv").write_text("code\na\n")
    found = read_roster(tmp_path / "r.csv", event_key=b"", tz=BERLIN)
    assert len(found.tickets[0].id) == 16
    assert any("set event.key" in note for note in found.notes)
    (tmp_path / "r.csv").write_text("code,id\na,T-1\n")
    found = read_roster(tmp_path / "r.csv", event_key=b"", tz=BERLIN)
    assert not any("event.key" in note for note in found.notes)


def test_a_choice_of_columns_goes_before_names(tmp_path: Path) -> None:
    """`--column` reads what no name says."""
    found = read(tmp_path, "A,B\nx,Anna\n", columns={"code": "A", "name": "B"})
    assert (found.tickets[0].code, found.tickets[0].name) == ("x", "Anna")


def test_progress_is_told_and_ends_at_the_whole(tmp_path: Path) -> None:
    """For the bar."""
    told: list[tuple[int, int]] = []
    read(
        tmp_path,
        "code\n" + "".join(f"{n}\n" for n in range(20_000)),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1][0] == told[-1][1] > 0
    assert told == sorted(told)


NAMES = st.sampled_from(
    ["Jürgen Müller", "Zoë d’Aubigné", "O'Brien, Pat", 'Anna "Nan" Weiß', "Bob; Smith", "a|b", "=1+1", "x\ty", "José"]
)
CODES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40).filter(
    lambda code: code.strip() == code
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CODES, NAMES), min_size=1, max_size=30, unique_by=lambda row: row[0]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_roster_written_in_any_form_is_the_roster_read(
    tmp_path: Path, rows: list[tuple[str, str]], encoding: str, separator: str, quoting: int, end: str
) -> None:
    """Any encoding, separator, quoting and line end give the same tickets."""
    assume(not any("E+" in code or "e+" in code for code, _ in rows))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]  # a drawn constant
    writer.writerow(["Code", "Name"])
    writer.writerows([guard(code), guard(name)] for code, name in rows)
    found = read(tmp_path, text.getvalue().encode(encoding))
    assert not found.problems
    assert [(t.code, t.name) for t in found.tickets] == [(code, name.replace("\t", " ")) for code, name in rows]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=400),
        st.text(max_size=200).map(str.encode),
        st.binary(max_size=200).map(b"code,name\n".__add__),
    )
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    """No file raises; tickets or problems, never both."""
    found = read(tmp_path, content, allow_empty=True)
    assert not (found.tickets and found.problems)
    assert found.problems_total >= len(found.problems)
