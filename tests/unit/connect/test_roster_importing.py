"""Writing a roster to the doorkeeper: whole or not at all."""

from __future__ import annotations

import msgspec
import pytest

from appliance.connect.importing import CHUNK_BYTES, CHUNK_TICKETS, chunks, digest_of, import_roster
from appliance.domain.ticket import Ticket, TicketId
from appliance.doorkeeper.client import DoorkeeperAway


def tickets(count: int, name: str = "") -> list[Ticket]:
    return [Ticket(TicketId(f"T-{n}"), f"code-{n:06}", name) for n in range(count)]


class FakeDoorkeeper:
    """Keeps what it is told; fails at the chunk `fails_at`."""

    def __init__(self, fails_at: int = -1, fault: BaseException | None = None, away: bool = False) -> None:
        self.said: list[tuple[object, ...]] = []
        self._fails_at = fails_at
        self._fault = fault or DoorkeeperAway("gone")
        self._away = away
        self._chunks = 0

    def roster_begin(self, source: str, digest: str) -> int:
        self.said.append(("begin", source, digest))
        return 7

    def roster_chunk(self, roster: int, tickets: list[Ticket]) -> None:
        if self._chunks == self._fails_at:
            raise self._fault
        self._chunks += 1
        self.said.append(("chunk", roster, len(tickets)))

    def roster_switch(self, roster: int, rows: int) -> None:
        self.said.append(("switch", roster, rows))

    def roster_abandon(self, roster: int) -> None:
        if self._away:
            raise DoorkeeperAway("gone for good")
        self.said.append(("abandon", roster))


def quiet(_done: int, _total: int) -> None: ...


def test_all_chunks_are_written_before_the_switch() -> None:
    """The door goes by the new roster when all of it is there."""
    client = FakeDoorkeeper()
    done = import_roster(tickets(1001), client, source="x" * 300, progress=quiet)
    assert [said[0] for said in client.said] == ["begin", "chunk", "chunk", "chunk", "switch"]
    assert client.said[-1] == ("switch", 7, 1001)
    assert len(str(client.said[0][1])) == 200
    assert (done.roster, done.rows) == (7, 1001)


@pytest.mark.parametrize("fault", [DoorkeeperAway("gone"), KeyboardInterrupt(), ValueError("bug")])
def test_whatever_stops_an_import_the_rest_is_forgotten(fault: BaseException) -> None:
    """No switch, and the staged roster is given up, after Ctrl-C too."""
    client = FakeDoorkeeper(fails_at=1, fault=fault)
    with pytest.raises(type(fault)):
        import_roster(tickets(1001), client, source="x", progress=quiet)
    assert [said[0] for said in client.said] == ["begin", "chunk", "abandon"]


def test_a_doorkeeper_that_is_gone_is_reported_by_its_first_fault() -> None:
    """That it can't be told to forget either does not hide why."""
    client = FakeDoorkeeper(fails_at=0, away=True)
    with pytest.raises(DoorkeeperAway, match=r"^gone$"):
        import_roster(tickets(1), client, source="x", progress=quiet)


def test_a_chunk_is_small_in_tickets_and_in_bytes() -> None:
    """A line on the doorkeeper's socket has a limit, and names may be long in every script."""
    long = [Ticket(TicketId(f"T-{n}"), "\\" * 1000 + f"{n:06}", "名" * 200, "製" * 100) for n in range(1200)]
    for made in (list(chunks(tickets(1200))), list(chunks(long))):
        assert sum(len(chunk) for chunk in made) == 1200
        assert all(len(chunk) <= CHUNK_TICKETS for chunk in made)
        assert all(len(msgspec.json.encode(chunk)) <= CHUNK_BYTES + 1000 for chunk in made)


def test_the_digest_is_of_the_tickets_and_not_of_their_order() -> None:
    """Two hubs with the same tickets in different files have the same digest."""
    some = tickets(50)
    assert digest_of(some) == digest_of(some[::-1])
    assert digest_of(some) != digest_of(some[:-1])
    assert len(digest_of([])) == 64
