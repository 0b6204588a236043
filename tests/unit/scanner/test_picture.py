"""Pictures: grey ones from any, and small ones for the screen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from appliance.scanner.picture import preview_jpeg, to_grey


def opened(jpeg: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture


@pytest.mark.parametrize(
    ("shape", "small"),
    [
        ((720, 1280, 3), (360, 640, 3)),
        ((720, 1280), (360, 640)),
        ((1080, 1920, 3), (360, 640, 3)),
        ((480, 640, 3), (480, 640, 3)),
        ((480, 320), (480, 320)),
        ((3, 4000, 3), (1, 640, 3)),
    ],
)
def test_a_preview_is_at_most_640_wide_and_keeps_its_proportions(shape, small):
    luck = np.random.default_rng(1)
    assert opened(preview_jpeg(luck.integers(0, 256, shape, dtype=np.uint8))).shape == small


def test_a_preview_of_a_kiosks_frame_is_small_enough_to_be_sent_often():
    frame = np.asarray(
        cv2.resize(np.random.default_rng(1).integers(0, 256, (24, 40, 3), np.uint8), (1280, 720)), np.uint8
    )
    assert len(preview_jpeg(frame)) < 60_000


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3), (4, 6, 4)])
def test_grey_is_made_of_any_kind_of_picture(shape):
    grey = to_grey(np.full(shape, 77, np.uint8))
    assert grey.shape == (4, 6)
    assert (grey == 77).all()
