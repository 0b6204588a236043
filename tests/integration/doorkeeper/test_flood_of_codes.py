"""Garbage, 4 KB, binary and control characters, at a flood."""

from __future__ import annotations

import random
import secrets

from appliance.domain.ticket import Ticket, TicketId
from tests.integration.doorkeeper.house import House, counted_right

MINUTE = 60_000


def garbage(chance: random.Random) -> str:
    match chance.randrange(4):
        case 0:
            return chance.randbytes(1024).decode("latin-1")
        case 1:
            return "x" * 4096
        case 2:
            return "".join(chr(chance.randrange(32)) for _ in range(50))
        case _:
            return "".join(chr(chance.randrange(1, 0x10FFFF)) for _ in range(40))


def test_a_flood_writes_thirty_rows_a_minute_and_one_that_counts_the_rest(house: House) -> None:
    chance = random.Random(7)
    client = house.client()
    for minute in range(3):
        for i in range(500):
            verdict = client.scan(garbage(chance), gate="north", nonce=secrets.token_hex(8))
            assert verdict.reason == "invalid"
            if i == 250:
                # In between, tickets are as good as ever.
                assert client.scan(f"code-{minute}", gate="north", nonce=secrets.token_hex(8)).outcome == "admitted"
            house.clocks.pass_by(100)
        house.settled()
        house.clocks.pass_by(MINUTE)
        client.scan("one more", gate="north", nonce=secrets.token_hex(8))
    rows = [placed.row for placed in house.rows() if placed.row.reason == "invalid"]
    gathered = [row.times for row in rows if row.times > 1]
    assert len(rows) == 3 * (30 + 1) + 1
    assert gathered == [470, 471, 471]
    assert counted_right(house.ledger)["door", "north", "refusal:invalid"] == 3 * 501


def test_a_clean_end_writes_what_was_gathered(house: House) -> None:
    client = house.client()
    for i in range(50):
        client.scan(f"garbage-{i}", gate="north", nonce=secrets.token_hex(8))
    house.reopen()
    assert counted_right(house.ledger)["door", "north", "refusal:invalid"] == 50
    assert [placed.row.times for placed in house.rows()] == [1] * 30 + [20]


def test_known_tickets_that_are_refused_have_a_row_each(house: House) -> None:
    house.bring(Ticket(id=TicketId("T-1"), code="code-1", status="canceled"))
    client = house.client()
    for _ in range(45):
        client.shown(client.scan("code-1", gate="north", nonce=secrets.token_hex(8)).nonce)
    assert [placed.row.reason for placed in house.rows()] == ["canceled"] * 45
