"""Cameras and hand scanners: what `scan` says of them while it runs, else what can be told without it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from appliance.doctor.devices import check_source
from appliance.doctor.finding import Finding, Level, fault, warning, well
from appliance.serving.scan_link.protocol import DECODE_EVENT, MAX_EVENT, SourceHealth, Sources, Watch, line

_SECONDS: Final = 3.0
_LOOK: Final = "systemctl status appliance-scan; journalctl -u appliance-scan"
_JUDGED: Final[dict[str, tuple[Level, str, str]]] = {
    "ok": ("ok", "works", ""),
    "starting": ("warning", "is being opened", "wait a moment, then look again"),
    "gone": ("fault", "is gone", "look at its cable; it comes back by itself"),
    "dark": ("warning", "sees nothing but dark", "switch the light on, take the cap off the lens"),
    "covered": ("warning", "is covered", "clear what is in front of the lens"),
    "frozen": ("fault", "shows a frozen picture", "unplug it and plug it in again"),
}


def check_sources(sources: Sequence[str], scan_socket: Path) -> Iterator[Finding]:
    """One finding a source of `scanner.sources`."""
    told = ask_scan(scan_socket)
    if told is not None:
        yield from judged(told)
        return
    yield fault("scan", f"does not answer on {scan_socket}: nothing is read", _LOOK)
    if not sources:
        yield fault("sources", "none is set: nothing can be read", "scanner.sources in the settings")
    for source in sources:
        yield check_source(source)


def judged(told: Sources) -> Iterator[Finding]:
    """What scan's own words mean."""
    yield well("scan", "answers")
    if not told.sources:
        yield fault("sources", "scan has none: nothing can be read", "scanner.sources in the settings")
    for health in told.sources:
        yield _judged(health)


def _judged(health: SourceHealth) -> Finding:
    level, found, do = _JUDGED[health.state]
    since = f" since {health.since}" if health.since and level != "ok" else ""
    detail = f": {health.detail}" if health.detail and level != "ok" else ""
    text = f"{health.name} {found}{since}{detail}"
    match level:
        case "ok":
            return well("sources", text)
        case "warning":
            return warning("sources", text, do)
        case "fault":
            return fault("sources", text, do)


def ask_scan(path: Path) -> Sources | None:
    """Scan's account of its sources; None if it doesn't answer in a few seconds."""
    deadline = time.monotonic() + _SECONDS
    received = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        try:
            link.settimeout(_SECONDS)
            link.connect(str(path))
            link.sendall(line(Watch()))
            while (left := deadline - time.monotonic()) > 0 and len(received) < MAX_EVENT:
                link.settimeout(left)
                some = link.recv(65536)
                if not some:
                    return None
                *lines, received = (received + some).split(b"\n")
                for text in lines:
                    event = DECODE_EVENT.decode(text)
                    if isinstance(event, Sources):
                        return event
        except (OSError, msgspec.DecodeError):
            return None
    return None
