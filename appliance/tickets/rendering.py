"""A roster's tickets into a folder: PNG and SVG pictures, printable sheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from appliance.domain.ticket import Ticket
from appliance.tickets.file_names import FileNames
from appliance.tickets.fonts import FOLDERS
from appliance.tickets.qr_pictures import make_qr, png, svg
from appliance.tickets.sheet import Layout, Written, write_sheet

Format = Literal["png", "svg", "pdf"]
PART_PAGES: Final = 100
"""Of one PDF: what a printer takes in one go, and what fits into a small box's memory."""
_NAMED: Final = 5


class Rendered(msgspec.Struct, frozen=True):
    """How many files were written, and what could not be as it should."""

    files: int
    warnings: tuple[str, ...] = ()


def render(
    tickets: Iterable[Ticket],
    out: Path,
    formats: Iterable[Format],
    *,
    layout: Layout = Layout(),  # noqa: B008 (frozen)
    folders: Sequence[Path] = FOLDERS,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Rendered:
    """Write the tickets to the folder `out` (made if need be, for its owner alone: a picture of a code is the code).

    Pictures are named by ticket id, sheets tickets.pdf, or tickets-001.pdf and on where there are many pages. OSError
    where a file can't be written.
    """
    some, wanted = list(tickets), frozenset(formats)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    work = len(some) * len(wanted)
    done = files = 0
    uncoded: list[str] = []
    if wanted - {"pdf"}:
        for written in _pictures(some, out, wanted, uncoded):
            files += written
            done += len(wanted - {"pdf"})
            progress(done, work)
    sheets: list[Written] = []
    if "pdf" in wanted:
        for path, part in _parts(some, out, layout.per_page * PART_PAGES):
            sheets.append(write_sheet(part, path, layout, folders))
            files += 1
            done += len(part)
            progress(done, work)
    return Rendered(files, tuple(_warnings(sheets, uncoded)))


def _pictures(tickets: Sequence[Ticket], out: Path, wanted: frozenset[Format], uncoded: list[str]) -> Iterator[int]:
    """One step a ticket: the number of files written."""
    names = FileNames()
    for ticket in tickets:
        made = make_qr(ticket.code)
        if made is None:
            uncoded.append(ticket.id)
            yield 0
            continue
        stem = names.stem(ticket.id)
        if "png" in wanted:
            (out / f"{stem}.png").write_bytes(png(made))
        if "svg" in wanted:
            (out / f"{stem}.svg").write_bytes(svg(made))
        yield len(wanted - {"pdf"})


def _parts(tickets: Sequence[Ticket], out: Path, size: int) -> Iterator[tuple[Path, Sequence[Ticket]]]:
    if len(tickets) <= size:
        yield out / "tickets.pdf", tickets
        return
    for number, start in enumerate(range(0, len(tickets), size), start=1):
        yield out / f"tickets-{number:03}.pdf", tickets[start : start + size]


def _warnings(sheets: Sequence[Written], uncoded: Sequence[str]) -> Iterator[str]:
    too_long = list(dict.fromkeys([*uncoded, *(ticket for sheet in sheets for ticket in sheet.uncoded)]))
    if too_long:
        yield f"{len(too_long)} codes are too long for a QR code and were left out: {_some(too_long)}"
    missing = sorted({script for sheet in sheets for script in sheet.missing})
    unnamed = [ticket for sheet in sheets for ticket in sheet.unnamed]
    if missing:
        scripts = ", ".join(f"{one.script} ({one.package})" for one in missing)
        packages = " ".join(sorted({one.package for one in missing}))
        yield f"no font here shows {scripts}: `apt install {packages}`" + (
            f"; the ticket id stands instead of {len(unnamed)} names: {_some(unnamed)}" if unnamed else ""
        )


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(one.encode("ascii", "backslashreplace").decode() for one in ids[:_NAMED])
    return f"{shown} …" if len(ids) > _NAMED else shown
