"""A verdict that nobody saw is given again: to the same credential, within 30 s, once, without a new row."""

from __future__ import annotations

import secrets

import pytest

from appliance.doorkeeper.client import DoorkeeperClient
from appliance.doorkeeper.protocol import Verdict
from tests.integration.doorkeeper.house import NOON, Clocks, House, counted_right


def scan(client: DoorkeeperClient, code: str = "code-1", **fields: str) -> Verdict:
    return client.scan(code, **{"gate": "north", "nonce": secrets.token_hex(8), **fields})  # type: ignore[arg-type]


def test_a_green_that_nobody_saw_is_given_again_without_a_row(house: House) -> None:
    first = scan(house.client())
    house.reopen()
    again = scan(house.client())
    assert (again.outcome, again.again, again.nonce, again.at) == ("admitted", True, first.nonce, first.at)
    assert len(house.rows()) == 1
    counted_right(house.ledger)


def test_it_is_given_again_once(house: House) -> None:
    scan(house.client())
    house.reopen()
    assert scan(house.client()).again
    third = scan(house.client())
    assert (third.reason, third.again) == ("already_redeemed", False)


def test_the_scan_to_which_it_was_given_again_gets_it_again_when_asked_again(house: House) -> None:
    """Its answer may have been lost with the process that gave it."""
    scan(house.client())
    house.reopen()
    for _ in range(2):
        assert scan(house.client(), nonce="nonce-of-the-second").again
        house.reopen()
    assert scan(house.client()).reason == "already_redeemed"


@pytest.mark.parametrize("which", ["first", "second"])
def test_once_shown_it_is_never_given_again(house: House, which: str) -> None:
    first = scan(house.client())
    house.reopen()
    if which == "second":
        scan(house.client(), nonce="nonce-of-the-second")
    house.client().shown(first.nonce if which == "first" else "nonce-of-the-second")
    house.reopen()
    assert scan(house.client()).reason == "already_redeemed"


@pytest.mark.parametrize(("millis", "again"), [(29_999, True), (30_001, False)])
def test_it_is_given_again_for_thirty_seconds(house: House, millis: int, again: bool) -> None:
    scan(house.client())
    house.reopen()
    house.clocks.pass_by(millis)
    assert scan(house.client()).again == again


def test_another_credential_gets_its_own_verdict(house: House) -> None:
    scan(house.client())
    house.reopen()
    assert not scan(house.client(), "code-2").again


def test_another_direction_is_another_question(house: House) -> None:
    scan(house.client())
    house.reopen()
    left = scan(house.client(), direction="exit")
    assert (left.outcome, left.direction, left.again) == ("admitted", "exit", False)


def test_while_it_is_on_its_way_to_one_screen_it_is_not_given_to_another(house: House) -> None:
    one = house.client()
    scan(one)
    assert scan(house.client()).reason == "already_redeemed"
    one.close()


def test_when_the_process_that_asked_is_gone_it_is_given_again(house: House) -> None:
    one = house.client()
    scan(one)
    one.close()
    assert scan(house.client()).again


def test_who_asks_again_without_having_shown_it_gets_it_again(house: House) -> None:
    one = house.client()
    scan(one)
    assert scan(one).again


def test_a_refusal_that_nobody_saw_is_given_again_without_a_row(house: House) -> None:
    first = scan(house.client(), "nobody")
    house.settled()
    house.reopen()
    again = scan(house.client(), "nobody")
    assert (again.reason, again.again, again.nonce) == ("invalid", True, first.nonce)
    assert not scan(house.client(), "nobody").again
    assert len(house.rows()) == 2


def test_a_refusal_does_not_push_an_admission_aside_that_nobody_saw(house: House) -> None:
    one = house.client()
    scan(one)
    assert scan(house.client()).reason == "already_redeemed"
    house.settled()
    house.reopen()
    assert scan(house.client()).outcome == "admitted"


def test_after_a_reboot_only_a_synchronised_clock_knows_that_it_was_lately(house: House) -> None:
    scan(house.client())
    house.clocks = Clocks(NOON + 1000, synced=False)
    house._more["trusted_clock"] = False
    house.close()
    house._more.clear()
    house.reopen("boot-2")
    assert scan(house.client()).reason == "already_redeemed"


def test_after_a_reboot_with_a_synchronised_clock_it_is_given_again(house: House) -> None:
    scan(house.client())
    house.clocks.pass_by(20_000)
    house.reopen("boot-2")
    assert scan(house.client()).again


def test_old_marks_are_swept(house: House) -> None:
    client = house.client()
    for i in range(5):
        scan(client, f"code-{i}")
    house.clocks.pass_by(60_000)
    client.shown(scan(client, "code-9").nonce)
    house.settled()
    with house.reader() as reader:
        assert reader.execute("SELECT count(*) FROM unshown").fetchone() == (0,)
