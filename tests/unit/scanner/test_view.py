"""What a camera's picture is worth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from appliance.scanner.drawn.lobby import draw_lobby
from appliance.scanner.view import FROZEN_SECONDS, SETTLE_SECONDS, View

SIZES = [(720, 1280), (1080, 1920), (480, 640), (600, 800), (240, 320), (37, 53), (1, 1)]


@pytest.fixture(scope="module")
def room():
    return cv2.cvtColor(draw_lobby(np.random.default_rng(1), width=1280, height=720), cv2.COLOR_BGR2GRAY)


def noisy(grey, seed, sigma=2.0):
    noise = np.random.default_rng(seed).normal(0, sigma, grey.shape)
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def watch(view, picture_of, seconds, start=0.0):
    """The state after so many seconds at ten frames a second."""
    for n in range(round(seconds * 10)):
        view.look(picture_of(n), start + n / 10)
    return view.state


def test_a_room_is_fine_from_the_first_frame(room):
    view = View()
    assert view.state == "starting"
    assert view.look(room, 0.0) == "ok"


def test_a_dark_room_is_dark_after_a_second(room):
    view = View()
    dim = (room * 0.05).astype(np.uint8)
    assert watch(view, lambda n: noisy(dim, n), SETTLE_SECONDS + 0.3) == "dark"


@pytest.mark.parametrize("level", [40, 128, 255])
def test_nothing_but_one_surface_is_a_covered_lens(level):
    even = np.full((720, 1280), level, np.uint8)
    assert watch(View(), lambda n: noisy(even, n, 6.0), SETTLE_SECONDS + 0.3) == "covered"


def test_a_lens_cap_is_dark_and_not_frozen():
    black = np.zeros((720, 1280), np.uint8)
    assert watch(View(), lambda _: black, FROZEN_SECONDS + 3) == "dark"


def test_a_picture_that_never_changes_is_frozen(room):
    view = View()
    assert watch(view, lambda _: room, FROZEN_SECONDS - 0.5) == "ok"
    assert watch(view, lambda _: room, SETTLE_SECONDS + 1, start=FROZEN_SECONDS - 0.5) == "frozen"


def test_a_still_room_with_a_sensors_noise_is_not_frozen(room):
    frames = [noisy(room, n, 1.0) for n in range(4)]
    assert watch(View(), lambda n: frames[n % 4], FROZEN_SECONDS * 3) == "ok"


def test_a_file_that_stands_still_is_not_frozen(room):
    assert watch(View(live=False), lambda _: room, FROZEN_SECONDS * 3) == "ok"


def test_a_hand_that_passes_for_half_a_second_changes_nothing(room):
    view = View()
    watch(view, lambda n: noisy(room, n), 2)
    even = np.full_like(room, 90)
    assert watch(view, lambda n: noisy(even, n), 0.5, start=2) == "ok"
    assert watch(view, lambda n: noisy(room, n), 2, start=2.5) == "ok"


def test_light_that_comes_back_is_fine_again_after_a_second(room):
    view = View()
    watch(view, lambda n: noisy(room // 20, n), 3)
    assert watch(view, lambda n: noisy(room, n), 0.5, start=3) == "dark"
    assert watch(view, lambda n: noisy(room, n), 1, start=3.5) == "ok"


def test_brightness_about_the_limit_doesn_t_flicker(room):
    view = View()
    levels = [room // 14, room // 9]
    assert watch(view, lambda n: noisy(levels[0], n), 2) == "dark"
    found = {watch(view, lambda n: noisy(levels[n % 2], n), 0.3, start=2 + k) for k in range(10)}
    assert len(found) == 1


@pytest.mark.parametrize("size", SIZES)
def test_pictures_of_any_size_are_judged(size):
    picture = np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8)
    assert View().look(picture, 0.0) in {"ok", "starting"}


def test_after_the_camera_was_opened_anew_it_starts_over(room):
    view = View()
    watch(view, lambda _: room, FROZEN_SECONDS + 2)
    view.again()
    assert view.look(room, 20.0) == "ok"
