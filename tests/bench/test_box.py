"""A box's figures, held to what they must be."""

from __future__ import annotations

from tests.bench.box import measure


def test_a_box_starts_soon_stays_small_and_answers_while_the_person_still_stands_there(tmp_path):
    found = measure(tmp_path)
    print("\n".join(["", *found.lines()]))
    assert found.start_seconds <= 3
    assert sum(found.memory.values()) <= 400
    assert found.idle_share <= 0.10
    assert found.to_screen[int(len(found.to_screen) * 0.95)] <= 0.150
