"""The small picture that people aim by."""

from __future__ import annotations

from appliance.scanner import picture
from appliance.scanner.sources.protocol import Frame


def preview_jpeg(frame: Frame, width: int = 640, quality: int = 60) -> bytes:
    """A JPEG at most `width` pixels wide: in colours if the source has some."""
    return picture.preview_jpeg(frame.grey if frame.colour is None else frame.colour, width, quality)
