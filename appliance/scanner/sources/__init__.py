"""Cameras, files and hand scanners: opened by a URL-like setting, read the same way whatever they are."""

from appliance.scanner.sources.exceptions import SourceDied, SourceFault
from appliance.scanner.sources.opening import check_source, open_source
from appliance.scanner.sources.protocol import Frame, FrameSource, Line, LineSource
from appliance.scanner.sources.urls import masked, parse

__all__ = [
    "Frame",
    "FrameSource",
    "Line",
    "LineSource",
    "SourceDied",
    "SourceFault",
    "check_source",
    "masked",
    "open_source",
    "parse",
]
