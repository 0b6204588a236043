"""The drawn queue of people that the demo looks at."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp

from appliance.scanner.drawn.camera import DrawnCamera
from appliance.scanner.drawn.visitors import Visitors

CODES = [f"T-{n:06d}-HKQWZX" for n in range(400)]


def visitors(seconds, seed=1, codes=CODES):
    """All who came to the front within so many seconds, in order."""
    queue = Visitors(codes, np.random.default_rng(seed))
    seen = {}
    for n in range(round(seconds * 10)):
        for visitor in queue.at(n / 10):
            if visitor.begins <= n / 10:
                seen[visitor.number] = visitor
    return list(seen.values())


def test_the_same_seed_draws_the_same_frames():
    first, second, other = (DrawnCamera(CODES, seed=seed, width=640, height=360) for seed in (5, 5, 6))
    for _ in range(15):
        frame = first.frame()
        assert np.array_equal(frame, second.frame())
        assert not np.array_equal(frame, other.frame())


def test_frames_are_colour_pictures_of_the_wanted_size_and_no_two_are_the_same():
    camera = DrawnCamera(CODES, seed=1, width=800, height=450)
    one, two = camera.frame(), camera.frame()
    assert (one.shape, one.dtype) == ((450, 800, 3), np.uint8)
    assert not np.array_equal(one, two)


def test_one_comes_every_two_seconds_or_so():
    came = sorted({visitor.begins for visitor in visitors(300)})
    gaps = np.diff(came)
    assert gaps.min() > 1.1
    assert gaps.max() < 2.6


def test_everything_is_held_still_for_a_while_and_then_taken_away():
    for visitor in visitors(120):
        assert 0.8 <= visitor.leaves - visitor.holds <= 1.5
        assert visitor.gone > visitor.leaves


def test_among_them_are_unknown_codes_and_codes_shown_before_and_people_at_once():
    came = visitors(2000, codes=[f"T-{n}" for n in range(5000)])
    unknown = [visitor for visitor in came if not visitor.code.startswith("T-")]
    known = [visitor.code for visitor in came if visitor.code.startswith("T-")]
    again = len(known) - len(set(known))
    together = len(came) - len({visitor.begins for visitor in came})
    assert 0.03 < len(unknown) / len(came) < 0.10
    assert 0.04 < again / len(came) < 0.12
    assert 0.02 < together / len(came) < 0.09


def test_a_code_shown_again_is_never_the_one_just_shown():
    came = [visitor.code for visitor in visitors(2000, codes=[f"T-{n}" for n in range(5000)])]
    for place, code in enumerate(came):
        assert code not in came[max(place - 5, 0) : place]


def test_a_short_list_is_shown_over_and_over():
    assert {visitor.code for visitor in visitors(60, codes=["ONE", "TWO"])} >= {"ONE", "TWO"}


def test_a_queue_without_codes_is_refused():
    with pytest.raises(ValueError, match="without codes"):
        DrawnCamera([], seed=1)


def test_nearly_all_that_is_held_up_can_be_read():
    camera = DrawnCamera(CODES, seed=4)
    read = set()
    for _ in range(300):
        grey = cv2.cvtColor(camera.frame(), cv2.COLOR_BGR2GRAY)
        read |= {code.text for code in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)}
    shown = {visitor.code for visitor in visitors(28, seed=4)}
    # The camera's own lot also draws its room, so its people aren't the same; as many come.
    assert len(read) >= 0.8 * len(shown)
