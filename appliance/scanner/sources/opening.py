"""A source's setting to the source. What a kind needs is imported when it is used: lines need no OpenCV in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.scanner.sources.addresses import (
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
from appliance.scanner.sources.line_reading import LineReader, Wire
from appliance.scanner.sources.protocol import FrameSource, LineSource
from appliance.scanner.sources.urls import parse, source_name

if TYPE_CHECKING:
    from appliance.scanner.sources.grabbing import Eye

Lines = Hid | SerialPort | Pipe | Stdin
Frames = V4l2 | Rpicam | Network | Drawn | VideoFile | Folder


def open_source(url: str) -> FrameSource | LineSource:
    """Begin to read. SourceFault if `url` can mean no source.

    A device that is missing is no fault here: the source says `gone` and why, to the log too, and comes when it comes.
    """
    address = parse(url)
    name = source_name(address)
    if isinstance(address, Lines):
        return LineReader(_wire(address), name=name)
    from appliance.scanner.sources.grabbing import Grabber

    if isinstance(address, VideoFile | Folder):
        return Grabber(_eye(address), name=name, kind="file", live=False, patient=True)
    return Grabber(_eye(address), name=name, kind="camera", live=not isinstance(address, Drawn))


def check_source(url: str) -> None:
    """SourceFault if `url` can mean no source, or its device isn't there or can't be used, with what to do.

    Takes no device away from a running `scan`. Up to 10 s for a camera that hangs.
    """
    address = parse(url)
    if isinstance(address, Lines):
        _wire(address).check()
    else:
        _eye(address).check()


def _wire(address: Lines) -> Wire:
    match address:
        case Hid():
            from appliance.scanner.sources.hid import HidWire

            return HidWire(address)
        case SerialPort():
            from appliance.scanner.sources.serial_port import SerialWire

            return SerialWire(address)
        case Pipe():
            from appliance.scanner.sources.pipe import PipeWire

            return PipeWire(address)
        case Stdin():
            from appliance.scanner.sources.pipe import StdinWire

            return StdinWire()


def _eye(address: Frames) -> Eye:
    match address:
        case V4l2():
            from appliance.scanner.sources.v4l2 import V4l2Eye

            return V4l2Eye(address)
        case Rpicam():
            from appliance.scanner.sources.rpicam import RpicamEye

            return RpicamEye(address)
        case Network():
            from appliance.scanner.sources.network import NetworkEye

            return NetworkEye(address)
        case VideoFile():
            from appliance.scanner.sources.video_file import VideoEye

            return VideoEye(address)
        case Folder():
            from appliance.scanner.sources.folder import FolderEye

            return FolderEye(address)
        case Drawn():
            from appliance.scanner.sources.drawn_queue import DrawnEye

            return DrawnEye(address)
