"""The login's throttle."""

from __future__ import annotations

from appliance.serving.throttle import ADDRESS, MAX_ENTRIES, NAME, PAIR, Throttle


def fail(throttle: Throttle, times: int, *, name: str = "Jo", address: str = "192.0.2.1", now: float = 0.0) -> None:
    for _ in range(times):
        throttle.failed(name, address, now)


def test_a_few_mistakes_cost_nothing() -> None:
    throttle = Throttle()
    fail(throttle, PAIR.free)
    assert throttle.wait("Jo", "192.0.2.1", 0.0) == 0.0


def test_each_further_failure_doubles_the_wait_up_to_a_limit() -> None:
    throttle = Throttle()
    fail(throttle, PAIR.free)
    waits = []
    for _ in range(12):
        fail(throttle, 1)
        waits.append(throttle.wait("Jo", "192.0.2.1", 0.0))
    assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert waits[-1] == PAIR.longest


def test_the_wait_passes() -> None:
    throttle = Throttle()
    fail(throttle, PAIR.free + 1)
    assert throttle.wait("Jo", "192.0.2.1", 1.5) == 0.5
    assert throttle.wait("Jo", "192.0.2.1", 2.0) == 0.0


def test_the_same_name_from_elsewhere_is_heard_at_once() -> None:
    throttle = Throttle()
    fail(throttle, PAIR.free + 10)
    assert throttle.wait("Jo", "192.0.2.2", 0.0) == 0.0


def test_one_address_that_tries_many_names_is_slowed() -> None:
    throttle = Throttle()
    for n in range(ADDRESS.free + 3):
        throttle.failed(f"name {n}", "192.0.2.1", 0.0)
    assert throttle.wait("someone else", "192.0.2.1", 0.0) > 0
    assert throttle.wait("someone else", "192.0.2.2", 0.0) == 0.0


def test_strangers_from_everywhere_can_keep_a_name_waiting_for_half_a_minute_at_most() -> None:
    throttle = Throttle()
    for n in range(500):
        throttle.failed("Jo", f"192.0.{n % 250}.{n % 199}", 0.0)
    assert 0 < throttle.wait("Jo", "198.51.100.1", 0.0) <= NAME.longest


def test_the_right_password_lets_the_pair_start_anew() -> None:
    throttle = Throttle()
    fail(throttle, PAIR.free + 3)
    throttle.succeeded("Jo", "192.0.2.1")
    assert throttle.wait("Jo", "192.0.2.1", 0.0) == 0.0


def test_failures_of_long_ago_are_forgotten() -> None:
    throttle = Throttle()
    fail(throttle, PAIR.free + 8)
    fail(throttle, 1, now=4000.0)
    assert throttle.wait("Jo", "192.0.2.1", 4000.0) == 0.0


def test_upper_and_lower_case_are_one_name() -> None:
    throttle = Throttle()
    fail(throttle, PAIR.free + 3, name="JO")
    assert throttle.wait("jo", "192.0.2.1", 0.0) > 0


def test_a_flood_of_names_takes_bounded_memory() -> None:
    throttle = Throttle()
    for n in range(2 * MAX_ENTRIES):
        throttle.failed(f"name {n}", f"2001:db8::{n:x}", 0.0)
    assert len(throttle._entries) <= MAX_ENTRIES
