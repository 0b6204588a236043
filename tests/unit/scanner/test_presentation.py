"""When a code counts as presented."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.scanner.presentation import ASK_AGAIN_AFTER, NEW_PER_FRAME, REMEMBERED, Presentations

FRAME = 0.1


def shown(
    frames: Iterable[Iterable[str]], presentations: Presentations | None = None, start: float = 100.0
) -> list[list[str]]:
    """What each frame, ten a second, presents."""
    presentations = presentations or Presentations(1.5)
    return [presentations.seen(list(texts), start + FRAME * n) for n, texts in enumerate(frames)]


def in_all(frames: Iterable[Iterable[str]]) -> list[str]:
    """What all of them present."""
    return list(chain.from_iterable(shown(frames)))


def test_a_lone_code_is_presented_at_its_first_frame():
    assert shown([["A"]]) == [["A"]]


def test_a_code_held_still_is_presented_once():
    assert in_all([["A"]] * 100) == ["A"]


def test_a_few_frames_in_which_it_is_not_read_make_no_new_presentation():
    assert in_all([["A"], [], [], ["A"], *[[]] * 12, ["A"]]) == ["A"]


def test_a_code_taken_away_for_the_set_time_and_shown_again_is_new():
    assert in_all([["A"], *[[]] * 16, ["A"]]) == ["A", "A"]


def test_another_code_after_the_first_is_presented_at_once():
    assert shown([["A"], ["B"]]) == [["A"], ["B"]]


def test_a_code_beside_one_already_read_counts_from_its_second_frame():
    assert shown([["A"], ["A", "B"], ["A", "B"]]) == [["A"], [], ["B"]]


def test_a_code_seen_in_a_single_frame_beside_another_never_counts():
    assert in_all([["A"], ["A", "bogus"], *[["A"]] * 30]) == ["A"]


def test_a_bogus_code_must_be_read_twice_within_the_set_time():
    assert in_all([["A"], ["A", "bogus"], *[["A"]] * 30, ["A", "bogus"]]) == ["A"]


def test_two_badges_held_up_together_are_two_presentations_from_the_second_frame():
    assert shown([["A", "B"], ["A", "B"], ["A", "B"]]) == [[], ["A", "B"], []]


def test_the_same_code_twice_on_one_badge_is_one_code_alone():
    assert shown([["A", "A"]]) == [["A"]]


def test_a_code_that_could_not_be_decided_is_new_a_second_later():
    presentations = Presentations(1.5)
    assert presentations.seen(["A"], 0.0) == ["A"]
    presentations.forget("A")
    asked = [n for n in range(1, 40) if presentations.seen(["A"], n * FRAME)]
    assert asked[0] * FRAME == pytest.approx(FRAME + ASK_AGAIN_AFTER)
    assert len(asked) == 1


def test_a_code_forgotten_again_and_again_is_asked_about_once_a_second_at_most():
    presentations = Presentations(0.2)
    times = []
    for n in range(100):
        if presentations.seen(["A"], n * FRAME):
            times.append(n * FRAME)
            presentations.forget("A")
    assert 8 <= len(times) <= 10
    assert all(later - earlier >= ASK_AGAIN_AFTER - 1e-9 for earlier, later in pairwise(times))


def test_forgetting_a_code_that_is_not_known_changes_nothing():
    presentations = Presentations(1.5)
    presentations.forget("B")
    assert shown([["A"], ["B"]], presentations) == [["A"], ["B"]]


def test_a_poster_full_of_codes_gets_a_few_looked_at():
    wall = [str(n) for n in range(500)]
    assert shown([wall, wall])[1] == wall[:NEW_PER_FRAME]


def test_a_code_held_still_stays_one_presentation_through_a_flood_of_others():
    frames = [["A", *(f"{n}-{m}" for m in range(40))] for n in range(100)]
    assert in_all(frames).count("A") == 1


codes = st.sampled_from("ABCDEF")
frames = st.lists(
    st.tuples(st.lists(codes, max_size=4), st.floats(0.02, 2.5)),
    max_size=60,
)


@given(frames)
def test_presentations_of_one_code_are_the_set_time_apart_and_in_its_own_frames(given_frames):
    presentations = Presentations(1.5)
    now, last_seen, presented = 0.0, {}, set()
    for texts, step in given_frames:
        now += step
        new = presentations.seen(texts, now)
        assert set(new) <= set(texts)
        assert len(new) == len(set(new))
        for text in set(texts):
            if now - last_seen.get(text, -10) >= 1.5:
                presented.discard(text)
            last_seen[text] = now
        assert not presented & set(new)
        presented |= set(new)


@given(frames)
def test_a_code_alone_in_its_frame_is_always_presented_by_then(given_frames):
    presentations = Presentations(1.5)
    now, presented, last_seen = 0.0, set(), {}
    for texts, step in given_frames:
        now += step
        for text in [text for text, at in last_seen.items() if now - at >= 1.5]:
            presented.discard(text)
        presented |= set(presentations.seen(texts, now))
        last_seen |= dict.fromkeys(texts, now)
        if len(set(texts)) == 1:
            assert set(texts) <= presented


@given(st.lists(st.lists(st.text(max_size=3), max_size=200), max_size=30))
def test_memory_is_bounded_under_any_flood(given_frames):
    presentations = Presentations(60)
    for n, texts in enumerate(given_frames):
        presentations.seen(texts, n * FRAME)
        assert len(presentations) <= REMEMBERED
