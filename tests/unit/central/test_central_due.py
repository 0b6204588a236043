"""What is due, and when."""

from __future__ import annotations

from appliance.central.due import Due


def test_the_first_time_is_at_once_and_the_next_after_the_pause() -> None:
    due = Due(10)
    due.want("a")
    assert (due.wait(100), due.due(100)) == (0, ["a"])
    assert due.due(101) == []
    due.want("a")
    due.want("b")
    assert (due.wait(104), due.due(104)) == (0, ["b"])
    assert (due.wait(104), due.due(104)) == (6, [])
    assert due.due(110) == ["a"]


def test_all_can_be_made_due_at_once() -> None:
    due = Due(10)
    due.want("a")
    due.due(100)
    due.all_now(["a", "b"])
    assert due.due(101) == ["a", "b"]
