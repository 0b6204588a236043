"""Decodes picture files as the door decodes frames, for anyone who wants to know why a code is not read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PIL import Image

from appliance.scanner.decoding import Code, Decoded, Decoder
from appliance.scanner.decoding.patterns import fixed_modules
from appliance.scanner.sources.exceptions import SourceFault
from appliance.scanner.sources.folder import read_picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from appliance.serving.scan_link.protocol import Hint

ADVICE: Final[dict[Hint, str]] = {
    "": "nothing in it looks like a code",
    "hold_still": "a code is in it, too blurred or too damaged to be read: hold it still, flat and in focus",
    "closer": "a code is in it, too small to be read: bring it closer",
    "further": "a code is in it, but not all of it: hold it further away",
    "light": "a code is in it, too dark to be read: more light",
    "glare": "a code is in it, with too much glare: turn it away from the lamp",
    "straighten": "part of a code is in it: show all of it, flat and straight",
    "one_at_a_time": "several codes are in it: hold up one at a time",
}


class FileDecoded(NamedTuple):
    """One picture."""

    file: str
    ms: float
    """What decoding took, without reading the file."""
    codes: tuple[Code, ...]
    """Corners in the file's own pixels."""
    hint: Hint

    def plain(self) -> dict[str, object]:
        """As `appliance decode --json` prints it."""
        codes = [{"text": code.text, "corners": code.corners} for code in self.codes]
        return {"file": self.file, "ms": round(self.ms, 2), "codes": codes}


class FileUnread(NamedTuple):
    """A file that is no picture, too large or not there; `fault` names it and says what is wrong."""

    file: str
    fault: str


def decode_files(paths: Iterable[Path]) -> Iterator[FileDecoded | FileUnread]:
    """One answer a path, in order; a bad file doesn't stop those after it."""
    decoder = Decoder()
    _warm_up(decoder)
    for path in paths:
        try:
            frame = read_picture(path)
            with Image.open(path) as header:
                factor = max(header.size) / max(frame.grey.shape)
        except SourceFault as fault:
            yield FileUnread(str(path), str(fault))
            continue
        began = time.perf_counter()
        decoded = decoder.decode(frame.grey)
        took = time.perf_counter() - began
        yield FileDecoded(str(path), took * 1000, _enlarged(decoded, factor), decoded.hint)


def _enlarged(decoded: Decoded, factor: float) -> tuple[Code, ...]:
    """The codes with corners of the file, which was shrunk by `factor` when read."""
    if factor == 1:
        return decoded.codes
    codes = []
    for text, corners in decoded.codes:
        a, b, c, d = ((round(x * factor), round(y * factor)) for x, y in corners)
        codes.append(Code(text, (a, b, c, d)))
    return tuple(codes)


def _warm_up(decoder: Decoder) -> None:
    """The door's decoder has run for hours: its tables are filled and its libraries loaded before anything is timed."""
    size = 29
    row, column = np.mgrid[0:size, 0:size]
    fixed = fixed_modules(size)
    nonsense = fixed.filled_in((row * 7 + column * 13 + row * column) % 5 < 2)  # noqa: PLR2004 (any will do)
    wall = np.full((720, 1280), 200, np.uint8)
    code = np.kron(np.where(nonsense, 20, 200), np.ones((6, 6))).astype(np.uint8)
    wall[200 : 200 + len(code), 300 : 300 + len(code)] = code
    decoder.decode(wall)
