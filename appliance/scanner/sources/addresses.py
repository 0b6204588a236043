"""Where frames and lines come from, as the settings say it."""

from __future__ import annotations

from msgspec import Struct


class V4l2(Struct, frozen=True):
    """A camera with a driver of the kernel's: USB cameras, mostly."""

    device: str
    width: int
    height: int
    fps: float


class Rpicam(Struct, frozen=True):
    """A Raspberry Pi's own camera, by number."""

    camera: int
    width: int
    height: int
    fps: float


class VideoFile(Struct, frozen=True):
    """A video; `fps` 0: at its own pace."""

    path: str
    loop: bool
    fps: float


class Folder(Struct, frozen=True):
    """Pictures in a directory, by name, `fps` of them a second."""

    path: str
    loop: bool
    fps: float


class Network(Struct, frozen=True):
    """RTSP or HTTP, `url` as the camera wants it."""

    url: str
    fps: float


class Drawn(Struct, frozen=True):
    """A queue of people, drawn, who hold up the codes of a CSV file."""

    path: str
    seed: int
    """The same people for the same seed; 0: others at each start."""
    fps: float


class Hid(Struct, frozen=True):
    """A hand scanner that types; `device` empty: whatever looks or types like one."""

    device: str
    pause: float


class SerialPort(Struct, frozen=True):
    """A hand scanner on a serial port."""

    device: str
    baud: int
    pause: float


class Pipe(Struct, frozen=True):
    """A named pipe, or a file, of lines."""

    path: str


class Stdin(Struct, frozen=True):
    """Lines on standard input."""


Address = V4l2 | Rpicam | VideoFile | Folder | Network | Drawn | Hid | SerialPort | Pipe | Stdin
