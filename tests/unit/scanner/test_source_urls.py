"""What a source's setting may say, and what is said of one that can't be."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from appliance.scanner.sources.exceptions import SourceFault
from appliance.scanner.sources.urls import masked, parse, source_name

OK = [
    ("v4l2:/dev/video0", V4l2("/dev/video0", 1280, 720, 10), "video0"),
    ("v4l2:/dev/video2?width=1920&height=1080&fps=5", V4l2("/dev/video2", 1920, 1080, 5), "video2"),
    (
        "v4l2:/dev/v4l/by-id/usb-046d_HD-video-index0",
        V4l2("/dev/v4l/by-id/usb-046d_HD-video-index0", 1280, 720, 10),
        None,
    ),
    ("rpicam:", Rpicam(0, 1280, 720, 10), "camera 0"),
    ("rpicam:?camera=1&width=1920&height=1080&fps=15", Rpicam(1, 1920, 1080, 15), "camera 1"),
    ("file:/srv/queue.mp4", VideoFile("/srv/queue.mp4", loop=False, fps=0), "queue.mp4"),
    ("file:/srv/queue.mp4?loop=1&fps=12.5", VideoFile("/srv/queue.mp4", loop=True, fps=12.5), "queue.mp4"),
    ("file:/srv/is it? yes.mp4", VideoFile("/srv/is it? yes.mp4", loop=False, fps=0), "is it? yes.mp4"),
    ("folder:/srv/pictures/?fps=2&loop=1", Folder("/srv/pictures/", loop=True, fps=2), "pictures"),
    ("rtsp://10.0.0.9/stream1", Network("rtsp://10.0.0.9/stream1", 10), "10.0.0.9"),
    (
        "rtsp://admin:geheim@cam.lan:8554/x?channel=1#fps=5",
        Network("rtsp://admin:geheim@cam.lan:8554/x?channel=1", 5),
        "cam.lan",
    ),
    ("https://cam.lan/video.mjpg", Network("https://cam.lan/video.mjpg", 10), "cam.lan"),
    ("http://[fe80::1]:8080/v", Network("http://[fe80::1]:8080/v", 10), "fe80::1"),
    ("drawn:/srv/codes.csv?seed=7&fps=20", Drawn("/srv/codes.csv", 7, 20), "drawn camera"),
    ("hid:auto", Hid("", 0.15), "hand scanner"),
    ("hid:/dev/input/by-id/usb-Zebra-event-kbd?pause=0.3", Hid("/dev/input/by-id/usb-Zebra-event-kbd", 0.3), None),
    ("serial:/dev/ttyACM0", SerialPort("/dev/ttyACM0", 9600, 0.15), "ttyACM0"),
    ("serial:/dev/ttyUSB0?baud=115200", SerialPort("/dev/ttyUSB0", 115200, 0.15), "ttyUSB0"),
    ("pipe:/run/codes", Pipe("/run/codes"), "codes"),
    ("stdin:", Stdin(), "standard input"),
]

FAIL = [
    ("v4l:/dev/video0", "no kind of source 'v4l'; did you mean 'v4l2'?"),
    ("rstp://10.0.0.9/x", "did you mean 'rtsp'?"),
    ("picam:", "did you mean 'rpicam'?"),
    ("webcam:0", "kinds: v4l2, rpicam"),
    ("/dev/video1", "did you mean v4l2:/dev/video1?"),
    ("0", "did you mean v4l2:/dev/video0?"),
    ("stdin", "did you mean stdin:?"),
    ("", "expected KIND:WHERE"),
    ("v4l2:", "expected a device such as /dev/video0"),
    ("v4l2:?width=640", "expected a device such as /dev/video0"),
    ("v4l2:/dev/video0?widht=640", "no option 'widht' here; did you mean 'width'?"),
    ("v4l2:/dev/video0?loop=1", "options: width, height, fps"),
    ("v4l2:/dev/video0?width=wide", "width=wide: expected 160 to 4096"),
    ("v4l2:/dev/video0?width=99999", "expected 160 to 4096"),
    ("v4l2:/dev/video0?fps=0", "fps=0: expected 1 to 60"),
    ("v4l2:/dev/video0?fps=nan", "expected 1 to 60"),
    ("v4l2:/dev/video0?height=721", "a multiple of 2"),
    ("rpicam:0", "expected nothing but options after rpicam:"),
    ("rpicam:?width=1290", "a multiple of 128"),
    ("file:", "expected a video file"),
    ("file:/srv/x.mp4?loop=yes", "loop=yes: expected 0 to 1"),
    ("folder:", "expected a directory of pictures"),
    ("rtsp:/10.0.0.9/x", "no host"),
    ("rtsp://", "no host"),
    ("http://cam:port/", "expected rtsp://HOST/PATH"),
    ("http://cam.lan:99999/", "expected rtsp://HOST/PATH"),
    ("http://cam.lan/#speed=5", "no option 'speed'"),
    ("drawn:?seed=1", "expected a CSV file"),
    ("drawn:/x.csv?seed=-1", "expected 0 to"),
    ("hid:", "or auto"),
    ("hid:scanner", "or auto"),
    ("serial:/dev/ttyACM0?baud=9601", "expected one of 300, 600"),
    ("serial:/dev/ttyACM0?baud=", "expected one of"),
    ("pipe:", "expected a named pipe"),
    ("stdin:/x", "expected nothing but options"),
    ("file:/srv/" + "x" * 3000, "at most 2000"),
    ("file:/srv/x\n.mp4", "printable"),
]


@pytest.mark.parametrize(("url", "address", "name"), OK, ids=[url for url, _, _ in OK])
def test_ok(url, address, name):
    assert parse(url) == address
    assert name is None or source_name(address) == name


@pytest.mark.parametrize(("url", "said"), FAIL, ids=[url[:40] for url, _ in FAIL])
def test_fail(url, said):
    with pytest.raises(SourceFault) as fault:
        parse(url)
    assert said in str(fault.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://admin:geheim@cam.lan:8554/x", "rtsp://...@cam.lan:8554/x"),
        ("rtsp://cam.lan/x?user=admin&password=geheim", "rtsp://cam.lan/x?..."),
        ("http://admin:geheim@[fe80::1]/", "http://...@[fe80::1]/"),
        ("http://admin:geheim@cam.lan:99999/", "http://..."),
        ("v4l2:/dev/video0?fps=5", "v4l2:/dev/video0?fps=5"),
    ],
)
def test_a_cameras_login_is_never_shown(url, shown):
    assert masked(url) == shown


@pytest.mark.parametrize("url", ["rtsp://u:geheim@cam:99999/x", "rtsp://u:geheim@/x", "rtsp://u:geheim@cam/x#fps=0"])
def test_a_fault_does_not_say_the_login(url):
    with pytest.raises(SourceFault) as fault:
        parse(url)
    assert "geheim" not in str(fault.value)


@given(
    st.text(max_size=80)
    | st.builds("".join, st.lists(st.sampled_from([*"?&=#:/@[]%", "v4l2:", "rtsp://", "fps", "0", "\0"])))
)
def test_any_text_is_an_address_or_a_fault(text):
    with suppress(SourceFault):
        assert 0 < len(source_name(parse(text))) <= 60
