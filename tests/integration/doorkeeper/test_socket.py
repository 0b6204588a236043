"""Hostile and broken clients on the socket: answered, dropped, and never in the way of others."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperClient, DoorkeeperRefused
from appliance.doorkeeper.protocol import MAX_LINE
from appliance.store.opening import StoreFault
from tests.integration.doorkeeper.house import STOP_SECONDS, House


@contextmanager
def raw(house: House) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(STOP_SECONDS)
        connection.connect(str(house.socket))
        yield connection


def lines(connection: socket.socket, n: int) -> list[dict[str, object]]:
    received = b""
    while received.count(b"\n") < n:
        some = connection.recv(65536)
        assert some, f"hung up after {received!r}"
        received += some
    return [msgspec.json.decode(line) for line in received.splitlines()]


def others_go_on(house: House) -> None:
    assert house.client().scan("code-1", gate="north", nonce=secrets.token_hex(8)).ticket == "T-1"


@pytest.mark.parametrize(
    ("line", "number", "word"),
    [
        (b"", 0, "truncated"),
        (b"hello", 0, "malformed"),
        (b"\xff\xfe\x00", 0, "malformed"),
        (b"[]", 0, "object"),
        (b"{}", 0, "do"),
        (b'{"do":"sing","id":7}', 7, "sing"),
        (b'{"do":"standing","id":7,"loud":true}', 7, "loud"),
        (b'{"do":"standing"}', 0, "id"),
        (b'{"do":"standing","id":-1}', 0, ">= 0"),
        (b'{"do":"standing","id":1e400}', 0, ""),
        (b'{"do":"scan","id":8,"text":"a","gate":"g"}', 8, "nonce"),
        (b'{"do":"scan","id":8,"text":"a","gate":"","nonce":"12345678"}', 8, "length"),
        (b'{"do":"scan","id":8,"text":"a","gate":"g","nonce":"1"}', 8, "length"),
        (b'{"do":"scan","id":8,"text":5,"gate":"g","nonce":"12345678"}', 8, "text"),
        (b'{"do":"scan","id":8,"text":"%s","gate":"g","nonce":"12345678"}' % (b"x" * 4097), 8, "length"),
        (b'{"do":"scan","id":8,"text":"a","gate":"g","nonce":"12345678","direction":"up"}', 8, "direction"),
        (b'{"do":"rosterswitch","id":9,"roster":99999999999999999999,"rows":1}', 9, "rows|roster|int"),
        (
            b'{"do":"rosterchunk","id":9,"roster":1,"tickets":[{"id":"a","code":"b","valid_from":9223372036854775808}]}',
            9,
            "",
        ),
        (b'{"do":"passwordset","id":9,"staff":"s1","hash":"plain"}', 9, "hash"),
        (b"[" * 100_000, 0, ""),
    ],
)
def test_fail__line(house: House, line: bytes, number: int, word: str) -> None:
    with raw(house) as connection:
        connection.sendall(line + b"\n" + b'{"do":"standing","id":123}\n')
        answer, standing = lines(connection, 2)
        assert (answer["is"], answer["id"], answer["kind"]) == ("failed", number, "request")
        assert any(one in str(answer["what"]) for one in word.split("|"))
        assert (standing["is"], standing["id"]) == ("doorstanding", 123)
    others_go_on(house)


def test_a_line_without_end_is_cut_off_with_a_word(house: House) -> None:
    with raw(house) as connection:
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            connection.sendall(b"x" * (MAX_LINE + 1_000_000))
        others_go_on(house)
    with raw(house) as connection:
        connection.sendall(b"x" * (MAX_LINE + 1))
        assert "longer than" in str(lines(connection, 1)[0]["what"])
        assert connection.recv(100) == b""


def test_half_a_line_is_waited_for_and_nobody_waits_with_it(house: House) -> None:
    with raw(house) as connection:
        connection.sendall(b'{"do":"stan')
        others_go_on(house)
        connection.sendall(b'ding","id":5}\n{"do":"standing","id":6}\n')
        assert [line["id"] for line in lines(connection, 2)] == [5, 6]
        connection.sendall(b'{"do":"half')
    others_go_on(house)


def test_a_client_that_never_reads_is_dropped_and_others_go_on(house: House) -> None:
    with raw(house) as connection:
        connection.settimeout(0)
        ask = b'{"do":"standing","id":5}\n' * 1000
        while keeps_taking(connection, ask):
            others_go_on(house)
    others_go_on(house)


def keeps_taking(connection: socket.socket, some: bytes) -> bool:
    """Send what goes; False once the other side has hung up."""
    try:
        connection.send(some)
    except BlockingIOError:
        return True
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def test_many_requests_at_once_are_all_answered(house: House) -> None:
    with raw(house) as connection:
        scans = [
            {"do": "scan", "id": i, "text": f"code-{i % 20}", "gate": "north", "nonce": f"nonce-{i:06}"}
            for i in range(2000)
        ]
        connection.sendall(b"".join(msgspec.json.encode(scan) + b"\n" for scan in scans[:1000]))
        answers = lines(connection, 1000)
        assert {answer["id"] for answer in answers} == set(range(1000))
    assert sum(placed.row.kind == "entry" for placed in house.rows()) == 20


def test_a_flood_of_one_client_does_not_keep_another_waiting(house: House) -> None:
    with raw(house) as connection:
        shown = b"".join(b'{"do":"shown","id":%d,"nonce":"nonce-%08d"}\n' % (i, i) for i in range(3000))
        connection.sendall(shown)
        others_go_on(house)
        assert len(lines(connection, 3000)) == 3000


def test_who_watches_is_woken_by_a_commit(house: House) -> None:
    with raw(house) as connection:
        connection.sendall(b'{"do":"watch","id":1}\n')
        assert lines(connection, 1)[0]["is"] == "done"
        others_go_on(house)
        assert lines(connection, 1)[0] == {"is": "written"}


def test_more_clients_than_there_are_places_are_turned_away(house: House) -> None:
    with closing(house.client()) as first:
        first.standing()
        crowd = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(150)]
        try:
            for one in crowd:
                one.connect(str(house.socket))
            assert first.standing().node == "n1"
        finally:
            for one in crowd:
                one.close()
    others_go_on(house)


def test_a_second_doorkeeper_is_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="held by another doorkeeper"):
        House(tmp_path).open()
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other")
    other.socket = house.socket
    with pytest.raises(StoreFault, match="another doorkeeper is running"):
        other.open()
    others_go_on(house)


def test_a_socket_left_by_a_killed_doorkeeper_is_no_hindrance(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as left:
        left.bind(str(tmp_path / "d.sock"))
    with House(tmp_path) as house:
        assert house.client().standing().node == "n1"


def test_a_socket_path_that_no_kernel_takes_says_so(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.socket = tmp_path / ("x" * 120)
    with pytest.raises(StoreFault, match="too long"):
        house.open()
    house.socket = tmp_path / "d.sock"
    house.open()
    house.close()


def test_a_client_without_a_doorkeeper_says_what_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(DoorkeeperAway, match="appliance doorkeeper"):
        DoorkeeperClient(tmp_path / "d.sock", timeout=0.2).standing()


def test_a_client_finds_a_restarted_doorkeeper_by_itself(house: House) -> None:
    client = house.client()
    client.standing()
    house.reopen()
    assert client.roster_begin("a.csv", "d") > 0
    house.reopen()
    assert client.standing().node == "n1"


def test_a_refusal_of_the_request_is_told_as_one(house: House) -> None:
    with pytest.raises(DoorkeeperRefused) as refused:
        house.client().roster_switch(77, 5)
    assert refused.value.kind == "unknown"


def test_a_clean_end_answers_all_that_was_asked(house: House) -> None:
    with raw(house) as connection:
        scans = [
            {"do": "scan", "id": i, "text": f"code-{i}", "gate": "north", "nonce": f"nonce-{i:06}"} for i in range(20)
        ]
        connection.sendall(b"".join(msgspec.json.encode(scan) + b"\n" for scan in scans))
        first = lines(connection, 1)
        house.close()
        rest = connection.makefile("rb").read().splitlines()
        admitted = {line["nonce"] for line in first if line["is"] == "verdict"}
        admitted |= {line["nonce"] for line in map(msgspec.json.decode, rest) if line["is"] == "verdict"}
    house.open()
    assert {placed.row.nonce for placed in house.rows()} == admitted
