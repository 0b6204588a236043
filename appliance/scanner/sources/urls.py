"""What a source's setting says, read before any device is touched: `KIND:WHERE?option=value&...`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from appliance.scanner.sources.addresses import (
    Address,
    Drawn,
    Folder,
    Hid,
    Network,
    Pipe,
    Rpicam,
    SerialPort,
    Stdin,
    V4l2,
    VideoFile,
)
from appliance.scanner.sources.exceptions import SourceFault

RPICAM_ALIGNMENT: Final = 128
"""Pixels: rows of other widths are padded by the camera's hardware (64 on a Pi 4, 128 on a Pi 5), and the pipe of
`rpicam-vid` doesn't say by how much."""

MAX_URL: Final = 2000


Value = int | float | str


class _Option(NamedTuple):
    default: Value
    read: Callable[[str], Value]
    """ValueError for what it can't be."""
    expected: str


def _whole(default: int, low: int, high: int, step: int = 1) -> _Option:
    def read(text: str) -> int:
        value = int(text)
        if not low <= value <= high or value % step:
            raise ValueError
        return value

    return _Option(default, read, f"{low} to {high}" + (f", a multiple of {step}" if step > 1 else ""))


def _number(default: float, low: float, high: float) -> _Option:
    def read(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return _Option(default, read, f"{low:g} to {high:g}")


_WIDTH: Final = _whole(1280, 160, 4096)
_HEIGHT: Final = _whole(720, 120, 3072, 2)
_FPS: Final = _number(10, 1, 60)
_LOOP: Final = _whole(0, 0, 1)
_PAUSE: Final = _number(0.15, 0.02, 2)
_BAUDS: Final = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)


def _read_baud(text: str) -> int:
    if int(text) not in _BAUDS:
        raise ValueError
    return int(text)


_BAUD: Final = _Option(9600, _read_baud, "one of " + ", ".join(map(str, _BAUDS)))


class _Kind(NamedTuple):
    example: str
    options: Mapping[str, _Option]
    build: Callable[..., Address]
    """Called with what stands after the colon, and the options by name."""
    needs: str = ""
    """What must stand after the colon; empty: nothing may."""


_KINDS: Final[Mapping[str, _Kind]] = {
    "v4l2": _Kind(
        "v4l2:/dev/video0?width=1280&height=720&fps=10",
        {"width": _WIDTH, "height": _HEIGHT, "fps": _FPS},
        lambda where, **given: V4l2(device=where, **given),
        "a device such as /dev/video0",
    ),
    "rpicam": _Kind(
        "rpicam:?camera=0&width=1280&height=720&fps=10",
        {
            "camera": _whole(0, 0, 9),
            "width": _whole(1280, 128, 4096, RPICAM_ALIGNMENT),
            "height": _HEIGHT,
            "fps": _FPS,
        },
        lambda _, **given: Rpicam(**given),
    ),
    "file": _Kind(
        "file:/srv/queue.mp4?loop=1&fps=10",
        {"loop": _LOOP, "fps": _number(0, 0, 240)},
        lambda where, loop, fps: VideoFile(path=where, loop=bool(loop), fps=fps),
        "a video file",
    ),
    "folder": _Kind(
        "folder:/srv/pictures?fps=2&loop=1",
        {"loop": _LOOP, "fps": _number(2, 0.01, 240)},
        lambda where, loop, fps: Folder(path=where, loop=bool(loop), fps=fps),
        "a directory of pictures",
    ),
    "drawn": _Kind(
        "drawn:/srv/codes.csv?seed=1&fps=10",
        {"seed": _whole(1, 0, 2**32 - 1), "fps": _FPS},
        lambda where, **given: Drawn(path=where, **given),
        "a CSV file with a column `code`",
    ),
    "hid": _Kind(
        "hid:auto",
        {"pause": _PAUSE},
        lambda where, **given: Hid(device="" if where == "auto" else where, **given),
        "a device such as /dev/input/by-id/usb-...-event-kbd, or auto",
    ),
    "serial": _Kind(
        "serial:/dev/ttyACM0?baud=9600",
        {"baud": _BAUD, "pause": _PAUSE},
        lambda where, **given: SerialPort(device=where, **given),
        "a device such as /dev/ttyACM0 or /dev/serial/by-id/...",
    ),
    "pipe": _Kind("pipe:/run/codes", {}, lambda where: Pipe(path=where), "a named pipe"),
    "stdin": _Kind("stdin:", {}, lambda _: Stdin()),
}
_NETWORK: Final = ("rtsp", "rtsps", "http", "https")
_NETWORK_OPTIONS: Final = {"fps": _FPS}
_OPTIONS: Final = re.compile(r"[a-z]+=[^=&]*(?:&[a-z]+=[^=&]*)*\Z")


def parse(url: str) -> Address:
    """What `url` says. SourceFault names what stood there and what was expected.

    A camera's own URL (`rtsp://`, `http://`) takes options after a `#`, which is not sent: `rtsp://10.0.0.9/cam#fps=5`.
    """
    if len(url) > MAX_URL or not url.isprintable():
        raise SourceFault(f"a source of {len(url)} characters: expected at most {MAX_URL}, all of them printable")
    kind, colon, where = url.strip().partition(":")
    if kind in _NETWORK:
        return _parse_network(url.strip())
    known = _KINDS.get(kind)
    if known is None or not colon:
        raise SourceFault(_unknown_kind(url, kind, colon))
    path, mark, options = where.rpartition("?")
    if not mark or (options and not _OPTIONS.match(options)):
        # A question mark of the file's own name.
        path, options = where, ""
    if known.needs and not path:
        raise SourceFault(f"{url}: expected {known.needs} after {kind}:, as in {known.example}")
    if not known.needs and path:
        raise SourceFault(f"{url}: expected nothing but options after {kind}:, not {path!r}, as in {known.example}")
    if kind == "hid" and path != "auto" and not path.startswith("/"):
        raise SourceFault(f"{url}: expected {known.needs}, not {path!r}")
    return known.build(path, **_read_options(url, options, known.options))


def source_name(address: Address) -> str:
    """Short, for staff; never a password."""
    match address:
        case V4l2(device=path) | SerialPort(device=path) | VideoFile(path=path) | Folder(path=path) | Pipe(path=path):
            return PurePath(path).name[:60] or path[:60]
        case Rpicam(camera=number):
            return f"camera {number}"
        case Network(url=url):
            return (urlsplit(url).hostname or "camera")[:60]
        case Drawn():
            return "drawn camera"
        case Hid(device=path):
            return PurePath(path).name[:60] if path else "hand scanner"
        case Stdin():
            return "standard input"


def masked(url: str) -> str:
    """`url` as it may be shown and logged: a camera's login is left out, and what follows its path."""
    if url.partition(":")[0] not in _NETWORK:
        return url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        where = (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return url.partition(":")[0] + "://..."
    login = "...@" if "@" in parts.netloc else ""
    return urlunsplit((parts.scheme, login + where, parts.path, "..." if parts.query else "", ""))


def _parse_network(url: str) -> Network:
    address, _, options = url.partition("#")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as wrong:
        raise SourceFault(f"{masked(address)}: {wrong}: expected rtsp://HOST/PATH or http://HOST/PATH") from None
    if not host or not address[len(parts.scheme) :].startswith("://"):
        raise SourceFault(f"{masked(address)}: no host: expected rtsp://HOST/PATH or http://HOST/PATH")
    given = _read_options(masked(address), options, _NETWORK_OPTIONS)
    return Network(url=address, fps=float(given["fps"]))


def _read_options(url: str, text: str, allowed: Mapping[str, _Option]) -> dict[str, Value]:
    values = {name: option.default for name, option in allowed.items()}
    for pair in filter(None, text.split("&")):
        name, _, given = pair.partition("=")
        option = allowed.get(name)
        if option is None:
            known = ", ".join(allowed) or "none"
            raise SourceFault(f"{url}: there is no option {name!r} here{_meant(name, allowed)} (options: {known})")
        try:
            values[name] = option.read(given)
        except ValueError:
            raise SourceFault(f"{url}: {name}={given}: expected {option.expected}") from None
    return values


def _unknown_kind(url: str, kind: str, colon: str) -> str:
    kinds = [*_KINDS, *_NETWORK]
    if not colon:
        hint = ""
        if url.startswith("/dev/video") or url.isdigit():
            hint = f"; did you mean v4l2:{url if url.startswith('/') else '/dev/video' + url}?"
        elif url in kinds:
            hint = f"; did you mean {_KINDS[url].example if url in _KINDS else url + '://HOST/PATH'}?"
        return f"{url!r}: expected KIND:WHERE, as in v4l2:/dev/video0{hint}"
    return f"{masked(url)}: there is no kind of source {kind!r}{_meant(kind, kinds)} (kinds: {', '.join(kinds)})"


def _meant(word: str, known: Mapping[str, _Option] | list[str]) -> str:
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
