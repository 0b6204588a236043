"""Tickets on paper: a PDF with so many codes across and down, name, product and id under each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec
from fpdf import FPDF

from appliance.domain.ticket import Ticket
from appliance.tickets.fonts import FOLDERS, Fonts, Missing
from appliance.tickets.qr_pictures import make_qr, picture

Paper = Literal["A4", "Letter"]
_MARGIN: Final = 10.0
_PADDING: Final = 3.0
_LINE: Final = 1.25
_POINT: Final = 25.4 / 72
"""Millimetres."""
_NAME_SIZE, _SMALL_SIZE, _SMALLEST = 11.0, 8.0, 5.5
_TEXT_SHARE: Final = 0.3
_CUT_LINE_GREY: Final = 190
# A PDF is complete by its content: the same tickets give the same file.
_MADE: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class Layout(msgspec.Struct, frozen=True):
    """How the sheet is cut."""

    paper: Paper = "A4"
    columns: int = 3
    rows: int = 4

    @property
    def per_page(self) -> int:
        """Tickets on one page."""
        return self.columns * self.rows


class Cell(NamedTuple):
    """A ticket's place on the page, in millimetres."""

    left: float
    top: float
    width: float
    height: float


class Written(NamedTuple):
    """What could not be printed as it is: tickets by id."""

    unnamed: tuple[str, ...]
    uncoded: tuple[str, ...]
    missing: tuple[Missing, ...]


def write_sheet(tickets: Sequence[Ticket], path: Path, layout: Layout, folders: Sequence[Path] = FOLDERS) -> Written:
    """Write one PDF with these tickets in this order. OSError where it can't be written."""
    sheet = _Sheet(tickets, layout, folders)
    for place, ticket in enumerate(tickets):
        sheet.add(place, ticket)
    path.write_bytes(sheet.output())
    return Written(tuple(sheet.unnamed), tuple(sheet.uncoded), tuple(sheet.fonts.missing()))


class _Sheet:
    def __init__(self, tickets: Sequence[Ticket], layout: Layout, folders: Sequence[Path]) -> None:
        self._pdf = pdf = FPDF(format=layout.paper)
        self._layout = layout
        pdf.set_auto_page_break(auto=False)
        pdf.set_creation_date(_MADE)
        pdf.set_title("Tickets")
        pdf.c_margin = 0
        self.fonts = Fonts(
            pdf, (text for ticket in tickets for text in (ticket.name, ticket.product, ticket.id)), folders
        )
        if not self.fonts.core:
            pdf.set_text_shaping(use_shaping_engine=True)
        self.unnamed: list[str] = []
        self.uncoded: list[str] = []

    def output(self) -> bytes:
        """The PDF."""
        if not self._pdf.pages:
            self._pdf.add_page()
        return bytes(self._pdf.output())

    def add(self, place: int, ticket: Ticket) -> None:
        """Draw the ticket at its place, counted from the first page's first."""
        place %= self._layout.per_page
        if place == 0:
            self._pdf.add_page()
            self._cut_lines()
        cell = self._cell(place)
        lines = self._lines(ticket)
        text_height = sum(size * _POINT * _LINE for _, size in lines)
        # On a small ticket the code comes first: it is read by a camera, the name by eyes close to it.
        scale = min(1.0, _TEXT_SHARE * cell.height / text_height)
        lines = [(text, size * scale) for text, size in lines]
        text_height *= scale
        side = min(cell.width, cell.height - text_height) - _PADDING
        top = cell.top + max(0.0, cell.height - side - text_height) / 2
        self._code(ticket, cell.left + (cell.width - side) / 2, top, side)
        top += side
        for text, size in lines:
            self._centred(text, size, cell.left + _PADDING, top, cell.width - 2 * _PADDING)
            top += size * _POINT * _LINE

    def _lines(self, ticket: Ticket) -> list[tuple[str, float]]:
        """What stands under the code. A name that no font can show is left to the id."""
        showable = self.fonts.can_show(ticket.id)
        ticket_id = str(ticket.id) if showable else ticket.id.encode("ascii", "backslashreplace").decode()
        name = ticket.name
        if not self.fonts.can_show(name):
            self.unnamed.append(ticket.id)
            name = ticket_id
        product = ticket.product if self.fonts.can_show(ticket.product) else ""
        texts = [(name, _NAME_SIZE), (product, _SMALL_SIZE), (ticket_id if ticket_id != name else "", _SMALL_SIZE)]
        return [(text, size) for text, size in texts if text]

    def _code(self, ticket: Ticket, left: float, top: float, side: float) -> None:
        made = make_qr(ticket.code)
        if made is None:
            self.uncoded.append(ticket.id)
            return
        self._pdf.image(picture(made), x=left, y=top, w=side, h=side)

    def _centred(self, text: str, size: float, left: float, top: float, width: float) -> None:
        """One line within `width`: made smaller first, then cut."""
        pdf = self._pdf
        # Else a line after one in a fallback font comes out in the font and size of the line before (fpdf2 2.8.9).
        with pdf.local_context():
            pdf.set_font(self.fonts.family, size=size)
            wide = pdf.get_string_width(text)
            if wide > width:
                pdf.set_font_size(max(_SMALLEST, size * width / wide * 0.99))
                text = self._cut(text, width)
            pdf.set_xy(left, top)
            pdf.cell(width, size * _POINT * _LINE, text, align="C")

    def _cut(self, text: str, width: float) -> str:
        if self._pdf.get_string_width(text) <= width:
            return text
        dots = "..." if self.fonts.core else "…"
        fits, too_long = 0, len(text)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            if self._pdf.get_string_width(text[:middle] + dots) <= width:
                fits = middle
            else:
                too_long = middle
        return text[:fits].rstrip() + dots

    def _cell(self, place: int) -> Cell:
        width = (self._pdf.w - 2 * _MARGIN) / self._layout.columns
        height = (self._pdf.h - 2 * _MARGIN) / self._layout.rows
        row, column = divmod(place, self._layout.columns)
        return Cell(_MARGIN + column * width, _MARGIN + row * height, width, height)

    def _cut_lines(self) -> None:
        pdf = self._pdf
        pdf.set_draw_color(_CUT_LINE_GREY)
        pdf.set_line_width(0.1)
        first, last = self._cell(0), self._cell(self._layout.per_page - 1)
        for column in range(self._layout.columns + 1):
            x = first.left + column * first.width
            pdf.line(x, first.top, x, last.top + last.height)
        for row in range(self._layout.rows + 1):
            y = first.top + row * first.height
            pdf.line(first.left, y, last.left + last.width, y)
