"""Between scan and web: what scan sees and what was decided, one JSON object a line on a Unix socket."""

from __future__ import annotations

from appliance.serving.scan_link.client import PreviewFeed, ScanLink
from appliance.serving.scan_link.protocol import (
    Command,
    Deciding,
    Event,
    Fault,
    Hint,
    PreviewFrame,
    Screen,
    Shown,
    SourceHealth,
    Sources,
    SourceState,
    VerdictEvent,
    WantPreview,
    Watch,
    verdict_event,
)
from appliance.serving.scan_link.server import ScanLinkServer

__all__ = [
    "Command",
    "Deciding",
    "Event",
    "Fault",
    "Hint",
    "PreviewFeed",
    "PreviewFrame",
    "ScanLink",
    "ScanLinkServer",
    "Screen",
    "Shown",
    "SourceHealth",
    "SourceState",
    "Sources",
    "VerdictEvent",
    "WantPreview",
    "Watch",
    "verdict_event",
]
