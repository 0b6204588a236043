"""Cameras: a Raspberry Pi's own (a fake of its program), one on the network (a real server), one that is missing."""

from __future__ import annotations

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from appliance.scanner.preview import preview_jpeg
from appliance.scanner.sources import SourceDied, SourceFault, check_source
from appliance.scanner.sources.addresses import Rpicam
from appliance.scanner.sources.grabbing import Grabber
from appliance.scanner.sources.rpicam import RpicamEye, cut_yuv
from appliance.scanner.sources.v4l2 import read_raw
from tests.fakes import STOP_SECONDS, FakeRpicam, MjpegCamera, until

SMALL = "rpicam:?width=128&height=120&fps=50"


@pytest.fixture
def rpicam(tmp_path, monkeypatch):
    fake = FakeRpicam(tmp_path)
    monkeypatch.setenv("PATH", f"{fake.bin}:{os.environ['PATH']}")
    return fake


@pytest.fixture
def jpegs():
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 256, (96, 160, 3), dtype=np.uint8) for _ in range(5)]
    return [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]


def frame_of(source):
    frame = source.read(STOP_SECONDS)
    assert frame is not None
    return frame


def test_a_raspberry_pi_camera_gives_grey_frames_and_colours_when_asked(rpicam, opened):
    source = opened(SMALL)
    frame = frame_of(source)
    assert (frame.grey.shape, frame.grey.dtype) == ((120, 128), np.uint8)
    assert frame.grey.flags.c_contiguous
    assert frame.grey[0, 3] == (9 + int(frame.grey[0, 0])) % 200 + 20
    assert frame.colour.shape == (120, 128, 3)
    assert preview_jpeg(frame)[:2] == b"\xff\xd8"
    assert (source.kind, source.state, source.name, source.detail) == ("camera", "ok", "camera 0", "")
    assert "--codec yuv420 --timeout 0 --nopreview --flush" in rpicam.started[0]


def test_a_raspberry_pi_camera_unplugged_and_plugged_in_again_comes_back(rpicam, opened):
    source = opened(SMALL)
    frame_of(source)
    rpicam.unplug()
    until(lambda: source.state == "gone", "the loss")
    assert "ribbon cable" in source.detail
    rpicam.plug_in()
    assert until(lambda: source.read(1), "a new frame") is not None
    until(lambda: source.state == "ok", "the return")
    assert source.detail == ""


def test_a_reader_that_was_busy_gets_the_newest_frame_and_no_older_one(rpicam, opened):
    source = opened("rpicam:?width=128&height=120&fps=60")
    first = int(frame_of(source).grey[0, 0])
    until(lambda: source._newest is not None and int(source._newest.grey[0, 0]) >= first + 3, "later frames")
    assert int(frame_of(source).grey[0, 0]) >= first + 3


def test_older_raspberry_pi_os_names_the_program_otherwise(tmp_path, monkeypatch, opened):
    fake = FakeRpicam(tmp_path, name="libcamera-vid")
    monkeypatch.setenv("PATH", f"{fake.bin}:{os.environ['PATH']}")
    frame_of(opened(SMALL))


def test_closing_a_raspberry_pi_camera_leaves_no_process(rpicam, opened):
    source = opened(SMALL)
    frame_of(source)
    process = source._eye._running
    source.close()
    assert process.poll() is not None
    assert source.read(0) is None


def test_a_camera_that_hangs_is_started_anew(rpicam, opened, tmp_path, monkeypatch):
    monkeypatch.setattr("appliance.scanner.sources.rpicam.NEXT_SECONDS", 0.5)
    (tmp_path / "hang").touch()
    source = opened(SMALL)
    frame_of(source)
    until(lambda: source.state == "gone", "the loss")
    assert "no picture for" in source.detail
    (tmp_path / "hang").unlink()
    until(lambda: source.read(1) is not None and len(rpicam.started) > 1, "a new start")


def test_check_says_when_there_is_no_such_camera(rpicam):
    check_source("rpicam:")
    with pytest.raises(SourceFault, match=r"no Raspberry Pi camera 1.*Found: 0 \(imx708\)"):
        check_source("rpicam:?camera=1")
    rpicam.unplug()
    with pytest.raises(SourceFault, match="Found: none"):
        check_source("rpicam:")


def test_without_the_program_it_says_what_to_install(monkeypatch, tmp_path, opened):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceFault, match="rpicam-apps"):
        check_source("rpicam:")
    source = opened("rpicam:")
    assert "rpicam-apps" in until(lambda: source.detail)


def test_what_the_program_says_about_each_picture_doesn_t_fill_the_disk(rpicam, monkeypatch):
    monkeypatch.setattr("appliance.scanner.sources.rpicam._MAX_SAID", 200)
    eye = RpicamEye(Rpicam(0, 128, 120, 60))
    eye.open()
    sizes = []
    while len(sizes) < 40:
        if eye.grab() is not None:
            sizes.append(os.fstat(eye._said.fileno()).st_size)
    eye.close()
    assert max(sizes) < 400


def test_the_y_plane_is_the_grey_picture_and_colours_are_right():
    red = np.full((4, 128, 3), (0, 0, 255), np.uint8)
    frame = cut_yuv(cv2.cvtColor(red, cv2.COLOR_BGR2YUV_I420).tobytes(), 128, 4, 1.0)
    assert abs(int(frame.grey[0, 0]) - 81) <= 6
    assert np.abs(frame.colour.astype(int) - red).max() <= 4


def test_a_network_camera_gives_frames_and_comes_back_after_its_power_was_cut(jpegs, opened):
    camera = MjpegCamera(jpegs)
    try:
        source = opened(camera.url)
        assert frame_of(source).grey.shape == (96, 160)
        assert (source.kind, source.state) == ("camera", "ok")
        camera.power_off()
        until(lambda: source.state == "gone", "the loss")
        assert "127.0.0.1" in source.detail
        camera.power_on()
        until(lambda: source.read(1), "a new frame")
        until(lambda: source.state == "ok", "the return")
    finally:
        camera.power_off()


def test_check_says_where_nobody_answers():
    with pytest.raises(SourceFault, match=r"nobody answers at 127\.0\.0\.1 port 9"):
        check_source("rtsp://user:geheim@127.0.0.1:9/x")


def test_a_camera_that_is_missing_at_start_is_gone_with_what_to_do_and_the_log_says_so(opened, caplog):
    source = opened("v4l2:/dev/video99")
    until(lambda: source.state == "gone", "the loss")
    assert "no such camera: is it plugged in?" in source.detail
    assert "no such camera" in caplog.text
    assert source.read(0.01) is None


@pytest.mark.parametrize(
    ("device", "said"),
    [("/dev/video99", "is it plugged in"), ("/dev/null", "is no camera"), (__file__, "is no device")],
)
def test_check_says_what_is_no_camera(device, said):
    with pytest.raises(SourceFault, match=said):
        check_source(f"v4l2:{device}")


def test_whatever_a_camera_s_driver_gives_becomes_a_grey_frame():
    rng = np.random.default_rng(1)
    colour = cv2.GaussianBlur(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8), (0, 0), 3)
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    jpeg = cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].reshape(1, -1)
    yuyv = np.dstack([grey, np.full_like(grey, 128)])
    for raw in (colour, grey, jpeg, yuyv):
        frame = read_raw(raw, 5.0)
        assert frame.seen_ms == 5.0
        assert frame.grey.flags.c_contiguous
        assert np.abs(frame.grey.astype(int) - grey).mean() < 3
    assert read_raw(jpeg, 0.0).colour.shape == (24, 32, 3)
    assert read_raw(yuyv, 0.0).colour.shape == (48, 64, 3)
    assert read_raw(grey, 0.0).colour is None
    assert read_raw(np.zeros((1, 100), np.uint8), 0.0) is None


class _DyingEye:
    """Not one of the faults that are expected."""

    period = 0.0

    def check(self):
        pass

    def open(self):
        pass

    def grab(self):
        raise MemoryError("no more")

    def close(self):
        pass


def test_a_dead_grab_thread_is_told_to_whoever_reads():
    source = Grabber(_DyingEye(), name="x", kind="camera")
    with pytest.raises(SourceDied):
        source.read(STOP_SECONDS)
    source.close()


class _SilentEye(_DyingEye):
    """Open, and never gives anything after the first frame."""

    def __init__(self):
        self.frames = [read_raw(np.arange(48 * 64, dtype=np.uint8).reshape(48, 64), 0.0)]

    def grab(self):
        return self.frames.pop() if self.frames else None


def test_a_camera_that_gives_nothing_more_is_frozen(monkeypatch):
    monkeypatch.setattr("appliance.scanner.sources.grabbing.STALE_SECONDS", 0.2)
    source = Grabber(_SilentEye(), name="x", kind="camera")
    until(lambda: source.state == "frozen")
    assert "No new picture for" in source.detail
    source.close()


def test_hand_scanners_alone_need_no_opencv_in_memory():
    program = (
        "import sys; from appliance.scanner.sources import open_source;"
        "[open_source(url).close() for url in ('hid:auto', 'serial:/dev/ttyACM9', 'pipe:/nonexistent/x')];"
        "sys.exit('cv2' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
