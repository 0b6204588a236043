"""Scans through the socket: verdicts, rows, and one answer for one nonce."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.domain.clock import iso
from appliance.domain.ticket import CheckinList, Millis, Ticket, TicketId
from appliance.doorkeeper.client import DoorkeeperRefused
from appliance.doorkeeper.protocol import Verdict
from tests.integration.doorkeeper.house import NOON, House, at_once, counted_right, tickets


def nonce() -> str:
    return secrets.token_hex(8)


def test_an_admission_is_a_row_with_all_that_it_needs(house: House) -> None:
    verdict = house.client().scan("code-3", gate="north", nonce="nonce-of-3")
    assert verdict.outcome == "admitted"
    assert (verdict.ticket, verdict.direction, verdict.nonce, verdict.at) == ("T-3", "entry", "nonce-of-3", iso(NOON))
    (placed,) = house.rows()
    assert placed.offset == 1
    assert msgspec.to_builtins(placed.row) == {
        "kind": "entry",
        "tick": NOON,
        "ticket": "T-3",
        "list": "door",
        "gate": "north",
        "node": "n1",
        "at": iso(NOON),
        "clock": "synced",
        "nonce": "nonce-of-3",
    }
    counted_right(house.ledger)


@pytest.mark.parametrize(
    ("ticket", "door", "reason"),
    [
        ({"status": "unpaid"}, {}, "unpaid"),
        ({"status": "blocked"}, {}, "blocked"),
        ({"status": "revoked"}, {}, "revoked"),
        ({"status": "canceled"}, {}, "canceled"),
        ({"status": "unapproved"}, {}, "unapproved"),
        ({"hub": "tokyo"}, {}, "wrong_hub"),
        ({"product": "x"}, {"products": frozenset({"VIP"})}, "product"),
        ({"valid_until": NOON}, {}, "invalid_time"),
        ({"valid_from": NOON + 1}, {}, "invalid_time"),
        ({}, {"opens": Millis(NOON + 1)}, "closed"),
        ({}, {"capacity": 0}, "full"),
    ],
)
def test_every_reason_is_told_and_written(tmp_path: Path, ticket: Any, door: Any, reason: str) -> None:
    with House(tmp_path, checkin_list=CheckinList(**door)) as house:
        house.bring(Ticket(id=TicketId("T-1"), code="code", name="Ada", **ticket))
        verdict = house.client().scan("code", gate="north", nonce=nonce())
        assert (verdict.outcome, verdict.reason, verdict.ticket, verdict.name) == ("refused", reason, "T-1", "Ada")
        (placed,) = house.rows()
        assert (placed.row.kind, placed.row.reason, placed.row.ticket) == ("refusal", reason, "T-1")
        counted_right(house.ledger)


def test_a_used_ticket_names_when_and_where_and_is_good_again_after_the_exit(house: House) -> None:
    client = house.client()
    for at, direction, expected in [
        ("north", "entry", None),
        ("south", "entry", "already_redeemed"),
        ("south", "exit", None),
    ]:
        verdict = client.scan("code-1", gate=at, nonce=nonce(), direction=direction)  # type: ignore[arg-type]
        client.shown(verdict.nonce)
        assert verdict.reason == expected
        assert (verdict.earlier_gate, verdict.earlier_at) == (("north", iso(NOON)) if expected else ("", ""))
    assert client.scan("code-1", gate="north", nonce=nonce()).outcome == "admitted"


def test_the_last_place_is_given_once(tmp_path: Path) -> None:
    with House(tmp_path, checkin_list=CheckinList(capacity=7)) as house:
        house.bring(*tickets(40))
        told: list[Verdict] = []

        def scan(i: int) -> None:
            told.append(house.client().scan(f"code-{i}", gate="north", nonce=nonce()))

        at_once(*(lambda i=i: scan(i) for i in range(40)))
        assert sorted(str(verdict.reason) for verdict in told) == ["None"] * 7 + ["full"] * 33
        assert counted_right(house.ledger)["door", "", "occupancy"] == 7


def test_two_copies_of_a_ticket_at_two_gates_get_one_green(house: House) -> None:
    for i in range(20):
        told: list[Verdict] = []

        def scan(gate: str, i: int = i, told: list[Verdict] = told) -> None:
            told.append(house.client().scan(f"code-{i}", gate=gate, nonce=nonce()))

        at_once(lambda: scan("north"), lambda: scan("south"), lambda: scan("east"))
        assert sorted(str(verdict.reason) for verdict in told) == ["None", "already_redeemed", "already_redeemed"]


def test_an_unknown_code_is_a_row_without_a_ticket(house: House) -> None:
    assert house.client().scan("nobody's", gate="north", nonce=nonce()).reason == "invalid"
    (placed,) = house.rows()
    assert (placed.row.ticket, placed.row.reason, placed.row.times) == (None, "invalid", 1)


@pytest.mark.parametrize(
    "text", ["", "   ", "\x00\x1b[31m", "code-1\x00", "x" * 5000, "\ud800code-1", "👩" * 2000, "a\nb"]
)
def test_whatever_a_camera_reads_is_at_worst_invalid(house: House, text: str) -> None:
    assert house.client().scan(text, gate="north", nonce=nonce()).reason == "invalid"


# -- one nonce, one answer ---------------------------------------------------------------------------------------------


def ask_each_kind(house: House) -> dict[str, Verdict]:
    client = house.client()
    used = client.scan("code-2", gate="south", nonce=nonce())
    client.shown(used.nonce)
    return {
        text + direction: client.scan(text, gate="north", nonce=f"nonce-{text}-{direction}", direction=direction)  # type: ignore[arg-type]
        for text, direction in [("code-1", "entry"), ("code-2", "entry"), ("nobody", "exit"), ("code-3", "exit")]
    }


def ask_again(house: House) -> dict[str, Verdict]:
    client = house.client()
    return {
        text + direction: client.scan(text, gate="north", nonce=f"nonce-{text}-{direction}", direction=direction)  # type: ignore[arg-type]
        for text, direction in [("code-1", "entry"), ("code-2", "entry"), ("nobody", "exit"), ("code-3", "exit")]
    }


def but_for_the_id(verdicts: dict[str, Verdict]) -> dict[str, Verdict]:
    return {key: msgspec.structs.replace(verdict, id=0) for key, verdict in verdicts.items()}


def test_the_same_nonce_gets_the_first_answer(house: House) -> None:
    first = ask_each_kind(house)
    rows = house.rows()
    house.clocks.pass_by(90_000)
    assert but_for_the_id(ask_again(house)) == but_for_the_id(first)
    assert house.rows() == rows


def test_the_same_nonce_gets_the_first_answer_after_a_restart_too(house: House) -> None:
    first = ask_each_kind(house)
    rows = house.rows()
    for boot in ("boot-1", "boot-2"):
        house.reopen(boot)
        house.clocks.pass_by(90_000)
        assert but_for_the_id(ask_again(house)) == but_for_the_id(first)
        assert house.rows() == rows


def test_the_same_nonce_in_flight_on_many_connections_is_one_row(house: House) -> None:
    told: list[Verdict] = []
    at_once(
        *(lambda: told.append(house.client().scan("code-1", gate="north", nonce="the-one-nonce")) for _ in range(8))
    )
    assert {verdict.outcome for verdict in told} == {"admitted"}
    assert len(house.rows()) == 1


def test_the_nonce_of_an_annulled_scan_gets_its_first_answer(house: House) -> None:
    client = house.client()
    first = client.scan("code-1", gate="north", nonce="nonce-undone")
    client.annul("nonce-undone", nonce="nonce-undoing", by="s1")
    again = client.scan("code-1", gate="north", nonce="nonce-undone")
    assert msgspec.structs.replace(again, id=0) == msgspec.structs.replace(first, id=0)
    assert [placed.row.kind for placed in house.rows()] == ["entry", "annulment"]


# -- annulments --------------------------------------------------------------------------------------------------------


def test_an_annulled_entry_lets_the_ticket_in_anew(house: House) -> None:
    """Also where its verdict was never shown: what was undone isn't given again."""
    client = house.client()
    client.scan("code-1", gate="north", nonce="nonce-undone")
    client.annul("nonce-undone", nonce="nonce-undoing", by="s1")
    verdict = client.scan("code-1", gate="north", nonce=nonce())
    assert (verdict.outcome, verdict.again) == ("admitted", False)
    assert [placed.row.kind for placed in house.rows()] == ["entry", "annulment", "entry"]
    assert counted_right(house.ledger)["door", "north", "entries"] == 1


def test_an_annulment_asked_twice_is_one_row(house: House) -> None:
    client = house.client()
    client.scan("code-1", gate="north", nonce="nonce-undone")
    for _ in range(3):
        client.annul("nonce-undone", nonce="nonce-undoing", by="s1")
    assert [placed.row.kind for placed in house.rows()] == ["entry", "annulment"]


def test_fail__annulment_of_no_scan(house: House) -> None:
    with pytest.raises(DoorkeeperRefused, match="no scan"):
        house.client().annul("nonce-of-nothing", nonce="nonce-undoing", by="s1")


# -- logs --------------------------------------------------------------------------------------------------------------


def test_a_log_goes_on_within_a_boot_and_a_new_one_begins_after_it(house: House) -> None:
    for boot, i in (("boot-1", 1), ("boot-1", 2), ("boot-2", 3), ("boot-2", 4)):
        house.reopen(boot)
        house.client().scan(f"code-{i}", gate="north", nonce=nonce())
    rows = house.rows()
    assert [placed.offset for placed in rows] == [1, 2, 1, 2]
    assert rows[0].log == rows[1].log != rows[2].log == rows[3].log
    counted_right(house.ledger)
