"""Channels and streams: the newest state wins."""

from __future__ import annotations

import json
import threading
from typing import Any

from flask import Response

from appliance.serving.events import Channel, Streams, events, latest


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def stream_of(response: Response) -> Any:
    return iter(response.response)  # type: ignore[arg-type]


def state_in(chunk: bytes) -> Any:
    data = next(line for line in chunk.decode().split("\n") if line.startswith("data: {"))
    return json.loads(data[6:])["state"]


def test_a_new_stream_gets_the_newest_state_at_once() -> None:
    channel = Channel()
    channel.publish({"n": 1})
    channel.publish({"n": 2})
    stream = stream_of(events(channel, Streams()))
    assert b"event: beat" in next(stream)
    assert state_in(next(stream)) == {"n": 2}


def test_a_slow_reader_gets_the_newest_state_and_never_a_backlog() -> None:
    channel = Channel()
    stream = stream_of(events(channel, Streams()))
    next(stream)
    for n in range(1000):
        channel.publish({"n": n})
    assert state_in(next(stream)) == {"n": 999}
    channel.publish({"n": 1000})
    assert state_in(next(stream)) == {"n": 1000}


def test_a_reader_that_waits_is_woken() -> None:
    channel = Channel()
    stream = stream_of(events(channel, Streams(), heartbeat=60.0))
    next(stream)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(next(stream)))
    reader.start()
    channel.publish({"n": 1})
    reader.join(60)
    assert state_in(got[0]) == {"n": 1}


def test_a_heartbeat_comes_while_nothing_happens() -> None:
    stream = stream_of(events(Channel(), Streams(), heartbeat=0.01))
    next(stream)
    assert next(stream) == b"event: beat\ndata:\n\n"


def test_the_state_tells_its_age() -> None:
    clock = Clock()
    channel = Channel(monotonic=clock)
    channel.publish("state")
    clock.now += 2.5
    assert json.loads(channel.latest()[1]) == {"age": 2500, "state": "state"}


def test_beyond_the_cap_there_is_no_stream_and_a_place_that_is_left_is_free() -> None:
    streams = Streams(2)
    channel = Channel()
    first, second = events(channel, streams), events(channel, streams)
    third = events(channel, streams)
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 503)
    assert third.headers["Retry-After"]
    first.close()
    first.close()
    assert streams.open == 1, "closed twice, left once"
    assert events(channel, streams).status_code == 200


def test_a_stream_that_never_started_gives_its_place_back() -> None:
    streams = Streams(1)
    events(Channel(), streams).close()
    assert streams.open == 0


def test_a_stream_ends_when_its_session_does() -> None:
    alive = [True]
    stream = stream_of(events(Channel(), Streams(), alive=lambda: alive[0], heartbeat=0.01))
    next(stream)
    alive[0] = False
    assert list(stream) == []


def test_a_closed_channel_ends_every_stream() -> None:
    channel = Channel()
    stream = stream_of(events(channel, Streams(), heartbeat=60.0))
    next(stream)
    ended = threading.Event()

    def read() -> None:
        list(stream)
        ended.set()

    threading.Thread(target=read).start()
    channel.close()
    assert ended.wait(60)


def test_polling_gets_the_same_state() -> None:
    channel = Channel()
    channel.publish({"n": 7})
    assert json.loads(latest(channel).get_data())["state"] == {"n": 7}


def test_changes_in_the_number_of_streams_are_told() -> None:
    seen: list[int] = []
    streams = Streams(2, on_change=lambda: seen.append(streams.open))
    response = events(Channel(), streams)
    response.close()
    assert seen == [1, 0]
