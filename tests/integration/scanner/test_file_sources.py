"""Video files, folders of pictures and the drawn queue instead of a camera."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from appliance.scanner.sources import SourceFault, check_source
from appliance.scanner.sources.drawn_queue import read_codes
from tests.fakes import STOP_SECONDS, until


def flat(level, size=(96, 160)):
    """A picture of one grey, told apart by it."""
    return np.full((*size, 3), level, np.uint8)


def levels(source, count):
    """The greys of the next frames."""
    found = []
    while len(found) < count:
        frame = source.read(STOP_SECONDS)
        if frame is None:
            break
        found.append(round(float(frame.grey.mean()) / 20) * 20)
    return found


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "queue.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 50, (160, 96))
    for level in (20, 100, 180):
        writer.write(flat(level))
    writer.release()
    return path


def test_a_video_gives_each_frame_once_in_order_and_ends(video, opened):
    source = opened(f"file:{video}?fps=200")
    assert levels(source, 10) == [20, 100, 180]
    assert source.ended
    assert (source.kind, source.name) == ("file", "queue.avi")


def test_a_video_waits_for_a_slow_reader(video, opened):
    source = opened(f"file:{video}?fps=240")
    until(lambda: source._newest is not None)
    assert not source.ended
    assert levels(source, 10) == [20, 100, 180]


def test_a_looped_video_starts_over(video, opened):
    assert levels(opened(f"file:{video}?loop=1&fps=200"), 7) == [20, 100, 180, 20, 100, 180, 20]


def test_a_video_at_its_own_pace_when_none_is_said(video, opened):
    source = opened(f"file:{video}")
    assert levels(source, 1) == [20]
    assert source._eye.period == pytest.approx(1 / 50)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100, b"\x89PNG\r\n\x1a\n" + b"\0" * 500])
def test_what_is_no_video_is_said(content, tmp_path, opened):
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceFault, match="that can be read"):
        check_source(f"file:{path}")
    source = opened(f"file:{path}")
    assert "that can be read" in until(lambda: source.detail)
    assert source.state == "gone"


def test_a_video_that_is_missing_or_a_directory_is_said(tmp_path):
    with pytest.raises(SourceFault, match="No such file"):
        check_source(f"file:{tmp_path}/x.mp4")
    with pytest.raises(SourceFault, match="folder:"):
        check_source(f"file:{tmp_path}")


def test_a_file_copied_to_its_place_later_is_found(video, tmp_path, opened):
    source = opened(f"file:{tmp_path}/later.avi?fps=200")
    until(lambda: source.state == "gone")
    video.rename(tmp_path / "later.avi")
    assert levels(source, 3) == [20, 100, 180]


def test_a_folder_gives_each_picture_as_two_frames_by_name(tmp_path, opened):
    for name, level in (("b.png", 100), ("a.jpg", 20), ("c.WEBP", 180)):
        (tmp_path / name).write_bytes(cv2.imencode(f".{name.split('.')[1].lower()}", flat(level))[1].tobytes())
    (tmp_path / "notes.txt").write_text("no picture")
    source = opened(f"folder:{tmp_path}?fps=100")
    assert levels(source, 10) == [20, 20, 100, 100, 180, 180]
    assert source.ended


def test_pictures_that_can_t_be_read_are_passed_with_a_word(tmp_path, opened, caplog):
    (tmp_path / "a.png").write_bytes(b"nothing")
    (tmp_path / "b.png").write_bytes(cv2.imencode(".png", flat(100))[1].tobytes()[:-40])
    (tmp_path / "c.png").mkdir()
    (tmp_path / "d.png").write_bytes(png_header(60_000, 60_000))
    (tmp_path / "d2.png").write_bytes(png_header(9_000, 9_000))
    (tmp_path / "e.png").write_bytes(cv2.imencode(".png", flat(180))[1].tobytes())
    source = opened(f"folder:{tmp_path}?fps=100")
    assert levels(source, 10)[-2:] == [180, 180]
    for name, why in (
        ("a.png", "no picture"),
        ("c.png", "no file"),
        ("d.png", "at most 50 million"),
        ("d2.png", "is 9000x9000"),
    ):
        assert any(name in said and why in said for said in caplog.messages)


def test_a_folder_without_a_readable_picture_is_said(tmp_path, opened):
    with pytest.raises(SourceFault, match="no picture in it"):
        check_source(f"folder:{tmp_path}")
    (tmp_path / "a.png").write_bytes(b"nothing")
    source = opened(f"folder:{tmp_path}?fps=100")
    assert "none of its pictures can be read" in until(lambda: source.detail)


def test_a_looped_folder_finds_what_was_added(tmp_path, opened):
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", flat(20))[1].tobytes())
    source = opened(f"folder:{tmp_path}?fps=100&loop=1")
    assert levels(source, 4) == [20] * 4
    (tmp_path / "b.png").write_bytes(cv2.imencode(".png", flat(180))[1].tobytes())
    until(lambda: levels(source, 1) == [180])


def test_a_picture_larger_than_any_camera_s_is_shrunk(tmp_path, opened):
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", flat(100, (100, 5000)))[1].tobytes())
    frame = opened(f"folder:{tmp_path}").read(STOP_SECONDS)
    assert frame.grey.shape == (82, 4096)


def test_the_drawn_queue_is_a_camera_and_never_frozen(tmp_path, opened):
    path = tmp_path / "codes.csv"
    path.write_text("name,code\nAda,T-1\nBoole,T-2\n")
    source = opened(f"drawn:{path}?seed=3&fps=60")
    first, second = source.read(STOP_SECONDS), source.read(STOP_SECONDS)
    assert first.grey.shape == (720, 1280)
    assert second.seen_ms > first.seen_ms
    assert (source.kind, source.state, source.name) == ("camera", "ok", "drawn camera")


def test_codes_are_found_by_their_column_s_name_or_else_in_the_first(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("\ufeffname,Code\nAda, T-1 \nBoole,T-2\nshort\n".encode())
    assert read_codes(path) == ["T-1", "T-2"]
    path.write_text("ticket,name\nT-1,Ada\n")
    assert read_codes(path) == ["T-1"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_codes_are_found_whatever_separates_the_columns_of_a_roster(tmp_path, separator):
    path = tmp_path / "x.csv"
    path.write_text(separator.join(["Name", "Code"]) + "\n" + separator.join(["Ada", "T-1"]) + "\n")
    assert read_codes(path) == ["T-1"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"code\n", "no code"), (b"", "no code"), (b"code\n\xff\xfe\n", "UTF-8"), (b"code\n" + b"x" * 5000, "no code")],
)
def test_a_file_without_codes_is_said(content, said, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(SourceFault, match=said):
        check_source(f"drawn:{path}")


def png_header(width, height):
    """A PNG that claims this size, and holds nothing of it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks
