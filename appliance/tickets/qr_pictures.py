"""A code as a QR picture: error correction M, a quiet zone of four modules."""

from __future__ import annotations

import io
from typing import Any, Final

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError
from qrcode.image.svg import SvgPathFillImage

QUIET_ZONE: Final = 4
PIXELS: Final = 10
"""Of one module."""


def make_qr(code: str) -> qrcode.QRCode[Any] | None:
    """The modules of a code; None if it has more bytes than a QR code holds."""
    made: qrcode.QRCode[Any] = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE, box_size=PIXELS)
    made.add_data(code.encode())
    try:
        made.make(fit=True)
    except (DataOverflowError, ValueError):  # The library says the second where it looks for version 41.
        return None
    return made


def png(made: qrcode.QRCode[Any]) -> bytes:
    """A black and white PNG, `PIXELS` to a module."""
    packed = io.BytesIO()
    picture(made).save(packed, format="PNG")
    return packed.getvalue()


def svg(made: qrcode.QRCode[Any]) -> bytes:
    """An SVG of one path on white, one millimetre to a module."""
    packed = io.BytesIO()
    made.make_image(image_factory=SvgPathFillImage).save(packed)
    return packed.getvalue()


def picture(made: qrcode.QRCode[Any]) -> Image.Image:
    """The picture with one bit to a pixel."""
    modules = made.get_matrix()
    small = Image.new("1", (len(modules), len(modules)))
    small.putdata([0 if module else 1 for line in modules for module in line])
    return small.resize((len(modules) * PIXELS, len(modules) * PIXELS), Image.Resampling.NEAREST)
