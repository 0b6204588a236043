"""The frames that the project draws for its tests and benches."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.scanner.drawn import KINDS, draw_frame, invent_text
from appliance.scanner.drawn.frame import draw_scene


@pytest.mark.parametrize("kind", [*KINDS, "blur+tilt", "inverted+lowcontrast", "curved+crumpled"])
def test_a_frame_is_the_same_for_the_same_seed_and_another_for_another(kind):
    first, again, other = (draw_frame(kind, "TEXT-0001", np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (720, 1280, 3)
    assert first.dtype == np.uint8
    assert (first == again).all()
    assert (first != other).any()


def test_the_whole_card_is_in_view():
    for number in range(20):
        scene = draw_scene("tilt", "TEXT-0001", np.random.default_rng(number), width=800, height=600)
        assert scene.frame.shape == (600, 800, 3)
        assert scene.corners is not None
        assert (scene.corners >= -1).all()
        assert (scene.corners <= [801, 601]).all()


def test_a_kind_that_nobody_knows_is_an_error():
    with pytest.raises(KeyError, match="sunny"):
        draw_frame("sunny", "TEXT", np.random.default_rng(1))


def test_invented_texts_are_long_for_dense_codes_and_short_otherwise():
    luck = np.random.default_rng(1)
    assert all(12 <= len(invent_text(kind, luck)) < 64 for kind in ("clean", "blur+dense") for _ in range(20))
    assert all(110 <= len(invent_text("dense", luck)) < 210 for _ in range(20))
