"""Rosters switched while the door is open."""

from __future__ import annotations

import secrets
import threading

import pytest

from appliance.domain.ticket import Ticket, TicketId
from appliance.doorkeeper.client import DoorkeeperRefused
from appliance.store import roster as store_roster
from appliance.store.reading import ticket_names
from tests.integration.doorkeeper.house import House, at_once, bring, counted_right, meanwhile, tickets


def states(house: House) -> list[str]:
    with house.reader() as reader:
        return [state for (state,) in reader.execute("SELECT state FROM rosters ORDER BY id")]


def ticket_rows(house: House) -> int:
    with house.reader() as reader:
        return int(reader.execute("SELECT count(*) FROM tickets").fetchone()[0])


def id_rows(house: House) -> int:
    with house.reader() as reader:
        return int(reader.execute("SELECT count(*) FROM ticket_ids").fetchone()[0])


def test_tickets_are_found_by_their_ids_before_and_after_they_are_indexed(house: House) -> None:
    """Pages name people from the first moment, if slowly; the index is written in the background."""
    house.bring(*(Ticket(id=TicketId(f"T-{i}"), code=f"{i * 7919 % 3001:05}", name=f"Name {i}") for i in range(3000)))
    with house.reader() as reader:
        wanted = [TicketId("T-7"), TicketId("T-2999"), TicketId("T-x")]
        expected = {"T-7": ("Name 7", ""), "T-2999": ("Name 2999", "")}
        assert ticket_names(reader, wanted) == expected
        indexed(house)
        assert ticket_names(reader, wanted) == expected
        assert reader.execute("SELECT count(*) FROM ticket_ids").fetchone() == (3000,)


def test_an_index_that_a_stop_cut_off_is_finished_by_the_next_start(house: House) -> None:
    house.bring(*tickets(5000))
    house.reopen()
    indexed(house)
    with house.reader() as reader:
        assert reader.execute("SELECT count(*) FROM ticket_ids").fetchone() == (5000,)


def indexed(house: House) -> None:
    """Wait until the living roster is indexed."""
    stop = threading.Event()
    for _ in house.client().watch(stop):
        with house.reader() as reader:
            if store_roster.unindexed(reader) is None:
                stop.set()


def swept(house: House, n: int) -> None:
    """Wait until `n` tickets are left in the file."""
    stop = threading.Event()
    for _ in house.client().watch(stop):
        if ticket_rows(house) == id_rows(house) == n and states(house) == ["living"]:
            stop.set()


def test_a_switch_happens_in_one_moment_while_the_door_is_open(house: House) -> None:
    """Each code is known before as after; its name is of the old roster, then of the new, never of neither."""
    house.bring(*tickets(3000, name="old"))
    seen: list[str] = []

    def scan(stop: threading.Event) -> None:
        client, i = house.client(), 0
        while not stop.is_set():
            verdict = client.scan(f"code-{i % 3000}", gate="north", nonce=secrets.token_hex(8))
            client.shown(verdict.nonce)
            assert verdict.reason in (None, "already_redeemed"), verdict
            seen.append(verdict.name)
            i += 1

    with meanwhile(scan):
        bring(house.client(), tickets(3000, name="new"))
        before = len(seen)
        while len(seen) < before + 20:
            house.settled()
    assert set(seen) == {"old", "new"}
    assert seen == sorted(seen, reverse=True)
    swept(house, 3000)
    counted_right(house.ledger)


def test_two_imports_at_once_are_both_whole_and_the_last_switch_stands(house: House) -> None:
    numbers: list[int] = []
    at_once(
        lambda: numbers.append(bring(house.client(), tickets(1500, name="one"))),
        lambda: numbers.append(bring(house.client(), tickets(1200, name="two"))),
    )
    standing = house.client().standing()
    assert standing.roster in numbers
    assert standing.tickets in (1500, 1200)
    swept(house, standing.tickets)


def test_an_import_that_is_not_whole_is_not_switched_to(house: House) -> None:
    client = house.client()
    number = client.roster_begin("a.csv", "d")
    client.roster_chunk(number, tickets(10))
    with pytest.raises(DoorkeeperRefused, match="does not hold 11 tickets"):
        client.roster_switch(number, 11)
    assert client.standing().tickets == 20
    client.roster_switch(number, 10)
    assert client.standing().tickets == 10


def test_a_code_that_comes_twice_fails_its_chunk_alone(house: House) -> None:
    client = house.client()
    number = client.roster_begin("a.csv", "d")
    client.roster_chunk(number, tickets(10))
    with pytest.raises(DoorkeeperRefused, match="UNIQUE") as refused:
        client.roster_chunk(number, [Ticket(id=TicketId("T-x"), code="new"), Ticket(id=TicketId("T-y"), code="code-3")])
    assert refused.value.kind == "request"
    client.roster_switch(number, 10)


def test_an_abandoned_import_is_swept(house: House) -> None:
    client = house.client()
    number = client.roster_begin("a.csv", "d")
    client.roster_chunk(number, [Ticket(id=TicketId(f"N-{i}"), code=f"new-{i}") for i in range(400)])
    client.roster_abandon(number)
    swept(house, 20)
    with pytest.raises(DoorkeeperRefused, match="start the import again"):
        client.roster_chunk(number, tickets(1))


def test_an_import_that_a_crash_cut_off_is_swept_at_the_next_start(house: House) -> None:
    client = house.client()
    client.roster_chunk(client.roster_begin("a.csv", "d"), tickets(400))
    assert ticket_rows(house) == 420
    house.reopen()
    swept(house, 20)


def test_imports_that_nobody_finishes_do_not_pile_up(house: House) -> None:
    client = house.client()
    for _ in range(10):
        client.roster_chunk(client.roster_begin("a.csv", "d"), tickets(5))
    assert states(house).count("staged") == store_roster.STAGED_AT_ONCE
    assert client.standing().tickets == 20


def test_the_next_switch_sweeps_what_was_given_up(house: House) -> None:
    client = house.client()
    for _ in range(6):
        client.roster_chunk(client.roster_begin("a.csv", "d"), tickets(5))
    house.reopen()
    house.bring(*tickets(7))
    swept(house, 7)
