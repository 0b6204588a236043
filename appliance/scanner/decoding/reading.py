"""zxing-cpp, and what of its results is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import cv2
import numpy as np
import zxingcpp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from appliance.scanner.picture import Grey

MAX_TEXT: Final = 4096
"""Characters of a text that are kept. Only digits alone can be more; no ticket is."""
_MIN_AREA: Final = 200
_MAX_STRETCH: Final = 8

# In zxing-cpp 3 `QRCode` also means Micro QR and rMQR, which cost time and are where its bogus results come from
# (its issue 1162); before that `QRCode` meant the ordinary one alone.
_ORDINARY: Final[Any] = getattr(zxingcpp.BarcodeFormat, "QRCodeModel2", zxingcpp.BarcodeFormat.QRCode)

Corners = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]


class Code(NamedTuple):
    """A code that was read: its text, and its corners in the frame's pixels, clockwise from the code's own top left."""

    text: str
    corners: Corners


def read_plain(grey: Grey, *, thorough: bool) -> list[Code]:
    """Every believable code that one pass of zxing-cpp reads.

    `thorough` also tries the picture inverted and smaller, at twice the time.
    """
    barcodes = zxingcpp.read_barcodes(grey, formats=_ORDINARY, try_invert=thorough, try_downscale=thorough)
    return _believed(barcodes, None, grey.shape)


def read_part(part: Grey, to_frame: NDArray[np.float64], frame: tuple[int, ...]) -> list[Code]:
    """The codes in a part of a frame, prepared somehow. `to_frame` (2x3) maps its pixels to the frame's."""
    barcodes = zxingcpp.read_barcodes(part, formats=_ORDINARY, try_invert=False, try_downscale=False)
    return _believed(barcodes, to_frame, frame)


def read_black_and_white(part: Grey, to_frame: NDArray[np.float64], frame: tuple[int, ...]) -> list[Code]:
    """Like `read_part`, for a picture that has been made black and white already."""
    barcodes = zxingcpp.read_barcodes(
        part,
        formats=_ORDINARY,
        try_invert=False,
        try_downscale=False,
        binarizer=zxingcpp.Binarizer.FixedThreshold,
    )
    return _believed(barcodes, to_frame, frame)


def read_modules(dark: NDArray[np.bool_]) -> str | None:
    """The text of a code of which every module is known (NxN, True is dark); None where it makes no sense."""
    light = np.where(np.pad(dark, 4), 0, 255).astype(np.uint8)
    drawn = cv2.resize(light, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    barcodes = zxingcpp.read_barcodes(
        drawn,
        formats=_ORDINARY,
        try_invert=False,
        try_downscale=False,
        binarizer=zxingcpp.Binarizer.FixedThreshold,
    )
    texts = [text for barcode in barcodes if barcode.valid and (text := _text_of(barcode))]
    return texts[0] if len(texts) == 1 else None


def _believed(
    barcodes: list[zxingcpp.Barcode], to_frame: NDArray[np.float64] | None, frame: tuple[int, ...]
) -> list[Code]:
    codes = []
    for barcode in barcodes:
        text = _text_of(barcode) if barcode.valid else None
        place = barcode.position
        points = [(p.x, p.y) for p in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)]
        corners = np.array(points, np.float64)
        if to_frame is not None:
            corners = corners @ to_frame[:, :2].T + to_frame[:, 2]
        if text and is_sane(corners, frame):
            codes.append(Code(text, as_corners(corners)))
    return codes


def _text_of(barcode: zxingcpp.Barcode) -> str:
    """UTF-8 where it is that; otherwise what zxing-cpp makes of it (its ECI, Shift JIS, Latin-1)."""
    try:
        text = barcode.bytes.decode("utf-8")
    except UnicodeDecodeError:
        text = barcode.text
    return text[:MAX_TEXT]


def as_corners(points: NDArray[np.float64]) -> Corners:
    """4x2 rounded to whole pixels."""
    (a, b, c, d) = ((round(float(x)), round(float(y))) for x, y in points)
    return a, b, c, d


def is_sane(corners: NDArray[np.float64], frame: tuple[int, ...]) -> bool:
    """Whether a code can lie there: a convex quadrilateral of some size and shape within the frame (height, width)."""
    sides = np.roll(corners, -1, axis=0) - corners
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if not (bool((turns > 0).all()) or bool((turns < 0).all())):
        return False
    area = abs(float(cv2.contourArea(corners.astype(np.float32))))
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    height, width = frame[0], frame[1]
    inside = (corners > -0.1 * max(width, height)).all() and (corners < np.array([width, height]) * 1.1 + 8).all()
    return bool(inside) and area >= _MIN_AREA and bool(lengths.max() <= _MAX_STRETCH * lengths.min())
