"""Sizes and names on the wire."""

from __future__ import annotations

import msgspec
import pytest

from appliance.domain.attendance import fold
from appliance.domain.row import LogId, Row, flaw
from appliance.domain.wire import (
    MAX_BATCH_BYTES,
    MAX_BATCH_ROWS,
    Address,
    Checkins,
    LogName,
    Topics,
    batch_length,
    encode_batch,
    figures,
    is_level,
    read_topic,
)
from tests.unit.domain.folding import row

LONGEST = LogId("f" * 64)


@pytest.mark.parametrize("size", [2, 100, 250, 259, 260, 261, 262, 263, 300, 1000, 5000])
@pytest.mark.parametrize("n", [1, 2, 499, 500, 501, 2000])
def test_a_batch_is_as_long_as_the_limits_let_it(size: int, n: int) -> None:
    bodies = [b'"' + b"x" * (size - 2) + b'"'] * n
    length = batch_length(bodies)
    assert 1 <= length <= min(n, MAX_BATCH_ROWS)
    assert len(encode_batch(LONGEST, 2**53, bodies[:length])) <= MAX_BATCH_BYTES
    if length < min(n, MAX_BATCH_ROWS):
        assert len(encode_batch(LONGEST, 2**53, bodies[: length + 1])) > MAX_BATCH_BYTES - 128


def test_no_rows_are_no_batch_and_one_row_is_always_one() -> None:
    assert batch_length([]) == 0
    assert batch_length([b"x" * 200_000]) == 1


def test_a_batch_is_read_as_it_was_written() -> None:
    bodies = [msgspec.json.encode(row("entry", tick).row) for tick in (1, 2)]
    read = msgspec.json.decode(encode_batch(LogId("3f2c"), 4821, bodies), type=Checkins)
    assert (read.v, read.log, read.first) == (1, "3f2c", 4821)
    assert [msgspec.json.decode(raw, type=Row) for raw in read.rows] == [row("entry", 1).row, row("entry", 2).row]


def test_marks_that_do_not_hold_are_left_out() -> None:
    body = msgspec.json.decode(msgspec.json.encode(row("entry", 1).row))
    assert body.keys() == {"kind", "tick", "ticket", "list", "gate", "node", "at", "clock", "nonce"}
    settled = msgspec.json.decode(msgspec.json.encode(row("settlement", 1).row))
    assert settled["as"] == "left"


@pytest.mark.parametrize("name", ["3f2c", "0" * 64])
def test_ok__log_name(name: str) -> None:
    assert msgspec.convert(name, LogName) == name


@pytest.mark.parametrize("name", ["", "abc", "3F2C", "3f2c\n", "g" * 16, "0" * 65, '3f2c","first":1'])
def test_fail__log_name(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name, LogName)


@pytest.mark.parametrize("name", ["k2", "berlin-mitte", "a", "0" * 32])
def test_ok__level(name: str) -> None:
    assert is_level(name)


@pytest.mark.parametrize(
    "name", ["", "K2", "a/b", "+", "#", "acked", "command", "verdicts", "roster", "a" * 33, "a\n", "ä"]
)
def test_fail__level(name: str) -> None:
    assert not is_level(name)


def test_topics_are_read_as_they_are_made() -> None:
    topics = Topics("hub/v1", "conf", "berlin")
    assert topics.checkins("k2") == "hub/v1/conf/berlin/k2/checkins"
    for what, topic in (("status", topics.status("k2")), ("counts", topics.counts("k2"))):
        assert read_topic(topic, root="hub/v1", event="conf") == Address("berlin", "k2", what)


@pytest.mark.parametrize(
    "topic", ["hub/v1/conf/berlin/acked", "hub/v1/other/berlin/k2/status", "hub/v1/conf/b/acked/status", "x"]
)
def test_fail__read_topic(topic: str) -> None:
    assert read_topic(topic, root="hub/v1", event="conf") is None


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"kind": "entry", "ticket": None}, "ticket"),
        ({"kind": "exit", "gate": ""}, "gate"),
        ({"kind": "refusal", "reason": "tired"}, "tired"),
        ({"kind": "refusal", "reason": None}, "reason"),
        ({"kind": "annulment"}, "annuls"),
        ({"kind": "settlement", "as_": "forgotten"}, "forgotten"),
        ({"kind": "settlement", "as_": None}, "as"),
    ],
)
def test_fail__flaw(fields: dict[str, str], word: str) -> None:
    flawed = row(fields.pop("kind"), 1, **fields).row
    assert word in (flaw(flawed) or "")


@pytest.mark.parametrize("kind", ["entry", "exit", "refusal", "settlement", "blessing"])
def test_ok__flaw(kind: str) -> None:
    assert flaw(row(kind, 1).row) is None


def test_figures_of_a_list_and_refusals_of_all() -> None:
    tally = fold([row("entry", 1), row("entry", 2, list="vip", ticket="T-2"), row("refusal", 3, list="vip", times=4)])
    of = figures(tally, list="door")
    assert (of["entries"], of["attendance"], of["occupancy"]) == (1, 1, 1)
    assert of["refusals"] == {"invalid": 4}
    assert of["gates"]["north"].entries == 2
    assert of["lists"]["vip"].attendance == 1
    assert figures(fold([]), list="door")["lists"]["door"].entries == 0
