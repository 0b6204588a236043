"""`appliance decode`: the command line of this room."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from appliance.scanner.inspection import FileDecoded


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a picture, and nothing else on stdout.")
def decode(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Read the codes in picture FILEs with the door's own decoder.

    For anyone who wants to know why a code is not read. Corners are in pixels, clockwise from the code's own top left.
    Exits 1 if a file could not be read as a picture; the others are decoded all the same.
    """
    import cv2

    from appliance.scanner.inspection import FileUnread, decode_files

    cv2.setNumThreads(1)  # as at the door
    unread = 0
    for answer in decode_files(files):
        if isinstance(answer, FileUnread):
            unread += 1
            click.echo(f"appliance: {answer.fault}", err=True)
        elif as_json:
            click.echo(msgspec.json.encode(answer.plain()).decode())
        else:
            click.echo(_told(answer))
    if unread:
        sys.exit(1)


def _told(answer: FileDecoded) -> str:
    from appliance.scanner.inspection import ADVICE

    took = f"{answer.file} ({answer.ms:.1f} ms)"
    if not answer.codes:
        return f"{took}: {ADVICE[answer.hint]}"
    # Whoever drew the code wrote the text: what it says to a terminal is shown, not done.
    codes = ", ".join(
        f"{_shown(code.text)} at {' '.join(f'{x},{y}' for x, y in code.corners)}" for code in answer.codes
    )
    return f"{took}: {codes}" + (f"; also: {ADVICE[answer.hint]}" if answer.hint else "")


def _shown(text: str) -> str:
    return text if text.isprintable() else ascii(text)
