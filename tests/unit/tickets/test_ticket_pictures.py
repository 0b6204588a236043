"""QR pictures, read again by the decoder of the door."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray
from PIL import Image

from appliance.tickets.qr_pictures import PIXELS, QUIET_ZONE, make_qr, png, svg

CODES = ["x", "270looclvqj2265qmghhm3d1dumi8bg2", "=AbC+/1234", "ü券-7", "HTTPS://T.EXAMPLE/1", "9" * 30, "a" * 1024]


def decoded(picture: NDArray[np.uint8]) -> list[tuple[str, str]]:
    return [(found.text, found.ec_level) for found in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize("code", CODES)
def test_a_png_is_read_back(code: str) -> None:
    """With error correction M."""
    made = make_qr(code)
    assert made is not None
    picture = Image.open(io.BytesIO(png(made)))
    assert picture.mode == "1"
    assert decoded(np.asarray(picture.convert("L"))) == [(code, "M")]


@pytest.mark.parametrize("code", CODES)
def test_an_svg_is_read_back(code: str) -> None:
    """Drawn here from its path: every module one square, on white."""
    made = make_qr(code)
    assert made is not None
    text = svg(made).decode()
    size = int(re.search(r'viewBox="0 0 (\d+) ', text)[1])  # type: ignore[index]  # it is there
    assert 'fill="white"' in text
    grid = np.full((size, size), 255, np.uint8)
    for x, y in re.findall(r"M(\d+),(\d+)H", text):
        grid[int(y), int(x)] = 0
    assert decoded(np.kron(grid, np.ones((4, 4), np.uint8))) == [(code, "M")]


def test_the_quiet_zone_is_four_modules_of_white() -> None:
    """Without it scanners don't find the code on a dark badge."""
    made = make_qr("abc")
    assert made is not None
    picture = np.asarray(Image.open(io.BytesIO(png(made))).convert("L"))
    edge = QUIET_ZONE * PIXELS
    assert (picture[:edge] == 255).all()
    assert (picture[:, -edge:] == 255).all()
    assert picture[edge, edge] == 0


def test_a_code_with_more_bytes_than_a_qr_code_holds_is_none() -> None:
    """1,024 characters of Japanese are 3,072 bytes."""
    assert make_qr("券" * 1024) is None
