"""Pictures and sheets written to a folder, and looked at again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from click.testing import CliRunner
from PIL import Image

from appliance.domain.ticket import Ticket, TicketId
from appliance.tickets import rendering
from appliance.tickets.commands import tickets as group
from appliance.tickets.fonts import FOLDERS
from appliance.tickets.rendering import render
from appliance.tickets.sample import sample_tickets
from appliance.tickets.sheet import Layout

needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm (poppler-utils) is not installed")
needs_fonts = pytest.mark.skipif(
    not any(
        path.name == "NotoSansCJK-Regular.ttc"
        for folder in FOLDERS
        if folder.is_dir()
        for path in folder.rglob("*.ttc")
    ),
    reason="fonts-noto-cjk is not installed",
)


def ticket(number: int, **fields: str) -> Ticket:
    return Ticket(TicketId(fields.pop("id", f"T-{number}")), fields.pop("code", f"code-{number}"), **fields)  # type: ignore[arg-type]  # a test's short hand


def pages(pdf: Path) -> list[Image.Image]:
    subprocess.run(["pdftoppm", "-r", "150", "-png", str(pdf), str(pdf.with_suffix(""))], check=True)
    return [Image.open(path).convert("L") for path in sorted(pdf.parent.glob(f"{pdf.stem}-*.png"))]


def words(pdf: Path) -> str:
    return subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True).stdout


def test_each_ticket_gets_its_pictures(tmp_path: Path) -> None:
    """In a folder for its owner alone: the picture of a code is the code."""
    some = sample_tickets(5)
    assert render(some, tmp_path / "out", ["png", "svg"]).files == 10
    assert sorted(path.name for path in (tmp_path / "out").iterdir())[:2] == ["T-000001.png", "T-000001.svg"]
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0
    picture = Image.open(tmp_path / "out" / "T-000003.png").convert("L")
    assert zxingcpp.read_barcodes(np.asarray(picture))[0].text == some[2].code


def test_hostile_ids_stay_in_the_folder(tmp_path: Path) -> None:
    """Whatever they are called."""
    hostile = [
        ticket(n, id=bad)
        for n, bad in enumerate(["../../x", "/etc/x", "..", "a/b", "a\\b", "チケット", ".x", "T-1", "t-1"])
    ]
    assert render(hostile, tmp_path / "out", ["png", "pdf"]).files == 10
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert len(list((tmp_path / "out").iterdir())) == 10


@needs_poppler
@pytest.mark.parametrize("layout", [Layout(), Layout("Letter", 4, 6), Layout("A4", 1, 1), Layout("A4", 6, 10)])
def test_every_code_on_a_printed_sheet_is_read(tmp_path: Path, layout: Layout) -> None:
    """At 150 dots an inch, by the decoder of the door, each once."""
    some = sample_tickets(min(layout.per_page, 30) + 2)
    render(some, tmp_path, ["pdf"], layout=layout)
    found = [code.text for page in pages(tmp_path / "tickets.pdf") for code in zxingcpp.read_barcodes(np.asarray(page))]
    assert sorted(found) == sorted(one.code for one in some)


@needs_poppler
@needs_fonts
def test_names_in_all_scripts_stand_under_their_codes(tmp_path: Path) -> None:
    """German, Japanese, Arabic, Greek and Ukrainian, none as boxes, and no code in letters."""
    names = ["Jürgen Weiß", "佐藤 花子", "髙野 カレン", "محمد الأحمد", "Ελένη Παπα", "Олена Шевченко", "김민수"]
    some = [ticket(n, name=name, product="一般", code=f"secret{n}") for n, name in enumerate(names)]
    assert render(some, tmp_path, ["pdf"]).warnings == ()
    text = words(tmp_path / "tickets.pdf")
    assert "secret" not in text
    assert "T-3" in text
    for name in [*names[:3], *names[4:]]:
        assert name in text
    assert set("محمد") <= set(text)


@needs_poppler
def test_a_script_without_a_font_is_said_and_the_id_printed(tmp_path: Path) -> None:
    """With the Debian package that helps, never as boxes."""
    folders = [Path("/usr/share/fonts/truetype/dejavu")]
    some = [ticket(1, name="佐藤 花子", product="一般"), ticket(2, name="Jürgen", product="Tageskarte")]
    found = render(some, tmp_path, ["pdf"], folders=folders)
    assert "fonts-noto-cjk" in found.warnings[0]
    assert "T-1" in found.warnings[0]
    text = words(tmp_path / "tickets.pdf")
    assert text.count("T-1") == 1
    assert "佐" not in text
    assert "Tageskarte" in text


@needs_poppler
def test_without_any_font_western_names_are_printed_all_the_same(tmp_path: Path) -> None:
    """A bare Debian has none; the PDF's own knows Western Europe."""
    some = [ticket(1, name="Jürgen Weiß"), ticket(2, name="Łukasz"), ticket(3, name="محمد", id="券")]
    found = render(some, tmp_path, ["pdf"], folders=[tmp_path / "none"])
    assert "fonts-dejavu-core" in found.warnings[0]
    text = words(tmp_path / "tickets.pdf")
    assert "Jürgen Weiß" in text
    assert "T-2" in text
    assert "\\u5238" in text


@needs_poppler
def test_long_names_are_made_to_fit(tmp_path: Path) -> None:
    """Smaller first, then cut with dots; the neighbour's code stays readable."""
    some = [ticket(n, name="Wolfeschlegelsteinhausenbergerdorff " * 5, product="x" * 100) for n in range(12)]
    render(some, tmp_path, ["pdf"])
    assert (
        len([code for page in pages(tmp_path / "tickets.pdf") for code in zxingcpp.read_barcodes(np.asarray(page))])
        == 12
    )
    assert "…" in words(tmp_path / "tickets.pdf")


def test_a_code_too_long_for_a_qr_code_is_named_and_left_out(tmp_path: Path) -> None:
    """The other tickets are rendered."""
    found = render([ticket(1), ticket(2, code="券" * 1024)], tmp_path, ["png", "pdf"])
    assert found.warnings == ("1 codes are too long for a QR code and were left out: T-2",)
    assert found.files == 2


def test_many_pages_are_parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A printer and a small box's memory have an end."""
    monkeypatch.setattr(rendering, "PART_PAGES", 1)
    told: list[int] = []
    render([ticket(n) for n in range(30)], tmp_path, ["pdf"], progress=lambda done, _total: told.append(done))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tickets-001.pdf", "tickets-002.pdf", "tickets-003.pdf"]
    assert told == [12, 24, 30]


class Box:
    """What the command line's builder hands to the room."""

    def __init__(self, found: Sequence[Ticket] | None) -> None:
        self.found = found

    def read_roster_file(self, file: Path) -> Sequence[Ticket] | None:
        assert file.exists()
        return self.found


def test_the_command_leaves_out_what_is_not_valid(tmp_path: Path) -> None:
    """Unless it is asked for; a PDF unless told otherwise."""
    (tmp_path / "r.csv").touch()
    options = ["render", str(tmp_path / "r.csv"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(group, options, obj=Box(sample_tickets(50)))
    assert result.exit_code == 0
    assert "1 files for 44 tickets" in result.stdout
    assert CliRunner().invoke(group, [*options, "--png", "--svg", "--all"], obj=Box(sample_tickets(50))).exit_code == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == len(list((tmp_path / "out").glob("*.svg"))) == 50


def test_the_command_ends_where_the_roster_is_wrong(tmp_path: Path) -> None:
    """Nothing is written."""
    (tmp_path / "r.csv").touch()
    result = CliRunner().invoke(
        group, ["render", str(tmp_path / "r.csv"), "--out", str(tmp_path / "out")], obj=Box(None)
    )
    assert result.exit_code == 1
    assert not (tmp_path / "out").exists()
