"""The program's own camera: a drawn queue of people, for the demo and for rehearsals without one."""

from __future__ import annotations

import csv
import secrets
import time
from pathlib import Path
from typing import Any, Final, cast

from appliance.scanner.drawn.camera import DrawnCamera
from appliance.scanner.picture import to_grey
from appliance.scanner.sources.addresses import Drawn
from appliance.scanner.sources.exceptions import SourceFault
from appliance.scanner.sources.protocol import Frame

MAX_CODES: Final = 200_000
MAX_CODE: Final = 300
"""Characters: longer ones make codes too dense for a badge."""
_MAX_BYTES: Final = 64_000_000
_COLUMN: Final = "code"
_SEPARATORS: Final = ",;\t|"


class DrawnEye:
    """Draws a frame whenever one is due."""

    def __init__(self, address: Drawn) -> None:
        self._address = address
        self.period = 1 / address.fps
        self._camera: DrawnCamera | None = None

    def check(self) -> None:
        """SourceFault if the file can't be read or holds no codes."""
        read_codes(Path(self._address.path))

    def open(self) -> None:
        """The first person comes."""
        codes = read_codes(Path(self._address.path))
        self._camera = DrawnCamera(codes, seed=self._address.seed or secrets.randbits(32), fps=self._address.fps)

    def grab(self) -> Frame | None:
        """The next frame."""
        assert self._camera is not None
        seen_ms = time.time() * 1000
        picture = self._camera.frame()
        return Frame(to_grey(picture), cast("Any", picture), seen_ms)

    def close(self) -> None:
        """The queue starts over when opened again."""
        self._camera = None


def read_codes(path: Path) -> list[str]:
    """The column `code` of a CSV file with a header, whatever separates its columns; else its first column."""
    try:
        if (size := path.stat().st_size) > _MAX_BYTES:
            raise SourceFault(f"{path} has {size / 1e6:.0f} MB: expected at most {_MAX_BYTES / 1e6:.0f}")
        with path.open(encoding="utf-8-sig", newline="") as file:
            separator = max(_SEPARATORS, key=file.readline().count)
            file.seek(0)
            rows = csv.reader(file, delimiter=separator)
            header = [name.strip().lower() for name in next(rows, [])]
            column = header.index(_COLUMN) if _COLUMN in header else 0
            codes = [row[column].strip() for row, _ in zip(rows, range(MAX_CODES), strict=False) if len(row) > column]
    except OSError as fault:
        raise SourceFault(f"{path}: {fault.strerror}: expected a CSV file with a column `{_COLUMN}`") from fault
    except (UnicodeDecodeError, csv.Error) as fault:
        raise SourceFault(f"{path} is no CSV file in UTF-8 ({fault})") from fault
    drawable = [code for code in codes if 0 < len(code) <= MAX_CODE]
    if not drawable:
        raise SourceFault(
            f"{path} holds no code that can be drawn: expected a header with `{_COLUMN}`, then one a line"
        )
    return drawable
