"""What the door's decoder reads of one picture, and what it does not claim to read."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp

from appliance.scanner.decoding import MAX_TEXT, Decoder
from appliance.scanner.decoding.reading import is_sane
from appliance.scanner.drawn.frame import streak
from tests.unit.scanner.pictures import Grey, blurred, code_of, flat_code, nonsense, on_wall, shown

EASY = ("clean", "small", "tilt", "motion", "lowlight", "moire", "inverted", "lowcontrast", "thumb", "dense")


def texts(grey: Grey) -> list[str]:
    return [code.text for code in Decoder().decode(grey).codes]


def plain(grey: Grey) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)]


@pytest.mark.parametrize("kind", EASY)
def test_a_code_held_up_as_people_do_is_read(kind):
    for number in range(3):
        frame = shown(kind, number)
        assert texts(frame.grey) == [frame.text]


@pytest.mark.parametrize(
    ("kind", "number"),
    [("blur", 0), ("blur", 2), ("motion", 3), ("lowcontrast", 5), ("defocus", 0), ("defocus", 3), ("glare", 0)],
)
def test_a_spoilt_code_that_one_pass_misses_is_read_at_the_second_look(kind, number):
    frame = shown(kind, number)
    assert plain(frame.grey) == []
    assert texts(frame.grey) == [frame.text]


@pytest.mark.parametrize("angle", [0, 90])
def test_a_code_smeared_by_movement_is_read(angle):
    sharp = on_wall(flat_code("MOVED-0123456789", pixels=8))
    frame = np.asarray(cv2.filter2D(sharp, -1, streak(14.0, np.deg2rad(angle))), np.uint8)
    assert plain(frame) == []
    assert texts(frame) == ["MOVED-0123456789"]


@pytest.mark.parametrize(("kind", "number"), [("curved", 2), ("curved", 5), ("crumpled", 2)])
def test_a_bent_or_crumpled_code_is_read_module_by_module(kind, number):
    frame = shown(kind, number)
    assert plain(frame.grey) == []
    assert texts(frame.grey) == [frame.text]


def test_nothing_is_read_in_rooms_and_halves_of_codes():
    for number in range(12):
        assert Decoder().decode(shown("none", number).grey).codes == ()


def test_two_badges_in_view_are_two_codes_also_when_one_is_blurred():
    frame = on_wall(flat_code("FIRST-0123456789"), blurred(flat_code("SECOND-0123456789", pixels=7), 4.2))
    assert plain(frame) == ["FIRST-0123456789"]
    assert sorted(texts(frame)) == ["FIRST-0123456789", "SECOND-0123456789"]


def test_the_same_code_twice_in_view_is_two_codes_with_their_own_corners():
    codes = Decoder().decode(on_wall(flat_code("TWIN-0001"), flat_code("TWIN-0001"))).codes
    assert [code.text for code in codes] == ["TWIN-0001", "TWIN-0001"]
    assert len({code.corners for code in codes}) == 2


@pytest.mark.parametrize("kind", ["clean", "tilt", "blur", "curved", "defocus"])
def test_corners_lie_on_the_card(kind):
    for number in range(3):
        frame = shown(kind, number)
        (code,) = Decoder().decode(frame.grey).codes
        assert frame.corners is not None
        around = (frame.corners - frame.corners.mean(axis=0)) * 1.05 + frame.corners.mean(axis=0)
        for x, y in code.corners:
            assert cv2.pointPolygonTest(around.astype(np.float32), (float(x), float(y)), measureDist=False) >= 0
        middle = np.array(code.corners).mean(axis=0)
        assert np.linalg.norm(middle - frame.corners.mean(axis=0)) < 0.12 * np.ptp(frame.corners, axis=0).max()


def test_corners_begin_at_the_codes_own_top_left_and_go_clockwise():
    frame = on_wall(flat_code("UPRIGHT-1", pixels=8, quiet=4))
    (code,) = Decoder().decode(frame).codes
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = code.corners
    assert (ax, ay) == pytest.approx((60 + 32, 80 + 32), abs=3)
    assert bx > ax
    assert by == pytest.approx(ay, abs=3)
    assert (cx, cy) == pytest.approx((bx, dy), abs=3)
    assert dx == pytest.approx(ax, abs=3)


def test_the_same_picture_always_gives_the_same():
    decoder = Decoder()
    for kind in ("crumpled", "defocus", "none"):
        frame = shown(kind, 2)
        assert decoder.decode(frame.grey) == decoder.decode(frame.grey) == Decoder().decode(frame.grey)


def test_a_stream_gets_to_every_attempt_while_a_code_stays_unread():
    frame = shown("defocus", 3)
    decoder = Decoder()
    seen = [code.text for _ in range(3) for code in decoder.look(frame.grey).codes]
    assert frame.text in seen


def test_a_picture_cut_close_around_a_code_is_read():
    for text, pixels in (("CUT-1", 3), ("CUT-2-abcdefghijklmnop", 2)):
        assert texts(flat_code(text, pixels=pixels, quiet=2)) == [text]
    assert texts(blurred(flat_code("CUT-3-abcdefghijklmnop", pixels=5), 2.6)) == ["CUT-3-abcdefghijklmnop"]


def test_a_photograph_of_many_pixels_is_read_with_corners_in_its_own():
    frame = np.asarray(cv2.resize(on_wall(flat_code("LARGE-0001")), None, fx=3, fy=3), np.uint8)
    (code,) = Decoder().decode(frame).codes
    assert code.text == "LARGE-0001"
    assert code.corners[0] == pytest.approx(((60 + 24) * 3, (80 + 24) * 3), abs=9)


@pytest.mark.parametrize(
    "text",
    [
        "ünïcödé-Größe",
        "日本語のチケット",
        "مرحبا",
        "a\x00b\x1b[2Jc",
        "<script>alert(1)</script>",
        " spaces ",
        "\r\nX\r\n",
    ],
)
def test_a_text_is_given_as_it_stands_in_the_code(text):
    assert texts(on_wall(flat_code(text))) == [text]


def test_bytes_that_are_no_utf_8_still_give_a_text():
    (text,) = texts(on_wall(code_of(bytes(range(128, 200)))))
    assert text
    assert text.encode()


def test_a_text_is_capped():
    digits = "1234567890" * 500
    (text,) = texts(on_wall(code_of(digits)))
    assert text == digits[:MAX_TEXT]


@pytest.mark.parametrize(
    "shape",
    [(0, 5), (1, 1), (1, 900), (20, 20), (21, 21), (17, 2000), (401, 30), (64, 64), (723, 1283)],
)
@pytest.mark.parametrize("filling", ["noise", "black", "white", "modules"])
def test_a_picture_of_any_shape_is_looked_at(shape, filling):
    luck = np.random.default_rng(1)
    grey = {
        "noise": luck.integers(0, 256, shape, dtype=np.uint8),
        "black": np.zeros(shape, np.uint8),
        "white": np.full(shape, 255, np.uint8),
        "modules": np.kron(luck.integers(0, 2, (shape[0] // 5 + 1, shape[1] // 5 + 1)), np.ones((5, 5)))[
            : shape[0], : shape[1]
        ].astype(np.uint8)
        * 255,
    }[filling]
    assert Decoder().decode(grey).codes == ()


def test_a_part_of_a_larger_array_is_read():
    frame = np.zeros((1440, 2560), np.uint8)
    frame[::2, ::2] = on_wall(flat_code("EVERY-SECOND-PIXEL"))
    assert texts(frame[::2, ::2]) == ["EVERY-SECOND-PIXEL"]


HINTS = [
    (on_wall(), ""),
    (on_wall(flat_code("READ-AND-DONE")), ""),
    (on_wall(nonsense(33)), "hold_still"),
    ((on_wall(nonsense(33)) * 0.2).astype(np.uint8), "light"),
    (on_wall(nonsense(33, pixels=2)), "closer"),
    (on_wall(flat_code("READ"), nonsense(33)), "hold_still"),
    (on_wall(flat_code("HALF-A-CODE-0123456789", pixels=9)[:, :150]), "straighten"),
]


@pytest.mark.parametrize(("frame", "hint"), HINTS)
def test_what_would_help_an_unread_code_is_said(frame, hint):
    assert Decoder().decode(frame).hint == hint


FRAME = (720, 1280)
SANE = [
    [(100, 100), (200, 100), (200, 200), (100, 200)],
    [(100, 100), (100, 200), (200, 200), (200, 100)],
    [(-20, 100), (80, 90), (90, 190), (-10, 200)],
    [(150, 50), (250, 150), (150, 250), (50, 150)],
]
NOT_SANE = [
    [(0, 0), (0, 0), (0, 0), (0, 0)],
    [(100, 100), (110, 100), (110, 110), (100, 110)],
    [(100, 100), (200, 200), (200, 100), (100, 200)],
    [(100, 100), (200, 100), (120, 110), (100, 200)],
    [(100, 100), (900, 100), (900, 140), (100, 140)],
    [(2000, 100), (2100, 100), (2100, 200), (2000, 200)],
]


@pytest.mark.parametrize("corners", SANE)
def test_ok__corners(corners):
    assert is_sane(np.array(corners, np.float64), FRAME)


@pytest.mark.parametrize("corners", NOT_SANE)
def test_fail__corners(corners):
    assert not is_sane(np.array(corners, np.float64), FRAME)
