"""What the doorkeeper keeps in mind."""

from __future__ import annotations

import socket

import pytest

from appliance.doorkeeper.asker import Asker
from appliance.doorkeeper.memory import Memory
from appliance.doorkeeper.protocol import Verdict


@pytest.fixture
def two() -> tuple[Asker, Asker]:
    sides = socket.socketpair()
    for side in sides:
        side.setblocking(False)
    return Asker(sides[0], lambda: None), Asker(sides[1], lambda: None)


def test_a_verdict_on_its_way_is_nobody_elses_until_its_asker_is_gone(two: tuple[Asker, Asker]) -> None:
    first, second = two
    memory = Memory()
    assert memory.may_be_given_again("n", second, "m")
    memory.hand("n", first)
    assert memory.may_be_given_again("n", first, "m")
    assert not memory.may_be_given_again("n", second, "m")
    first.hang_up()
    assert memory.may_be_given_again("n", second, "m")
    second.hang_up()


def test_what_was_shown_is_never_given_again(two: tuple[Asker, Asker]) -> None:
    first, second = two
    memory = Memory()
    memory.hand("n", first)
    memory.shown("n")
    assert memory.is_shown("n")
    assert not memory.may_be_given_again("n", first, "m")
    first.hang_up()
    second.hang_up()


def test_what_was_given_again_goes_to_that_scan_alone(two: tuple[Asker, Asker]) -> None:
    first, second = two
    memory = Memory()
    memory.give_again("n", "m")
    assert memory.may_be_given_again("n", first, "m")
    assert not memory.may_be_given_again("n", first, "o")
    first.hang_up()
    second.hang_up()


def test_memory_is_bounded() -> None:
    memory = Memory()
    verdict = Verdict(id=1, outcome="refused", nonce="n0000000", at="", reason="invalid")
    for i in range(20_000):
        memory.give(f"n{i:07}", verdict)
    assert memory.given("n0000000") is None
    assert memory.given("n0019999") is verdict
