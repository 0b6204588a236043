"""The queue before the recorder: in order, bounded, never waiting for ever."""

from __future__ import annotations

import threading

import pytest

from appliance.central.inbox import BUSY, Connected, Disconnected, Dropped, Errand, Inbox, Message


def message(size: int = 1000, topic: str = "t") -> Message:
    return Message(topic, b"x" * size, retained=False, monotonic=0.0, wall=0)


def test_items_come_out_in_the_order_in_which_they_went_in() -> None:
    inbox = Inbox()
    items = [message(topic="a"), Connected(), message(topic="b"), Disconnected(1, "why")]
    for item in items:
        inbox.put(item)
    assert inbox.take(limit=3, wait=0) == items[:3]
    assert inbox.take(limit=3, wait=0) == items[3:]
    assert inbox.take(limit=3, wait=0) == []


def test_a_full_inbox_takes_no_message_until_there_is_room_but_always_what_nobody_says_again() -> None:
    inbox = Inbox(max_bytes=2600)
    assert inbox.put(message())
    assert inbox.put(message())
    assert not inbox.put(message())
    assert inbox.put(Connected())
    assert inbox.put(Dropped("t", BUSY))
    assert not inbox.put(Dropped("t", "too large"))
    inbox.take(limit=1, wait=0)
    assert inbox.put(message())


def test_who_waits_for_room_goes_on_as_soon_as_there_is_some() -> None:
    inbox = Inbox(max_bytes=1500)
    inbox.put(message())
    put: list[bool] = []
    thread = threading.Thread(target=lambda: put.append(inbox.put(message(), wait=60)))
    thread.start()
    assert len(inbox.take(limit=1, wait=60)) == 1
    thread.join(60)
    assert put == [True]


def test_closing_wakes_everyone() -> None:
    inbox = Inbox(max_bytes=1500)
    inbox.put(message())
    outcomes: list[object] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(inbox.put(message(), wait=60))),
        threading.Thread(target=lambda: outcomes.append(inbox.wait_closed(60))),
    ]
    for thread in threads:
        thread.start()
    inbox.close()
    for thread in threads:
        thread.join(60)
    assert sorted(map(str, outcomes)) == ["False", "True"]
    assert not inbox.put(Connected())


def test_an_errand_returns_what_it_came_to_or_raises_what_went_wrong() -> None:
    inbox = Inbox()

    def recorder(end: BaseException | None) -> None:
        (errand,) = inbox.take(limit=1, wait=60)
        assert isinstance(errand, Errand)
        if end is None:
            errand.done.set_result("done")
        else:
            errand.done.set_exception(end)

    for end in (None, KeyError("x")):
        thread = threading.Thread(target=recorder, args=(end,))
        thread.start()
        if end is None:
            assert inbox.run(lambda _: None, timeout=60) == "done"
        else:
            with pytest.raises(KeyError):
                inbox.run(lambda _: None, timeout=60)
        thread.join(60)


def test_an_errand_that_nobody_does_is_given_up_in_time() -> None:
    inbox = Inbox()
    with pytest.raises(TimeoutError):
        inbox.run(lambda _: None, timeout=0.01)
    inbox.close()
    with pytest.raises(TimeoutError, match="stopping"):
        inbox.run(lambda _: None, timeout=60)
