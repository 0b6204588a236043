"""What is taken from a payload, what is refused of it, and why."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.central.arrivals import Batch, Unreadable, read_batch, read_counts, read_status, same_content
from appliance.domain import wire
from tests.ledgers import LOG, START, rows

NOW = START + 1000
GOOD = msgspec.json.encode(next(iter(rows(1))))
COUNTS = (
    b'{"v":1,"term":1,"session":1,"n":1,"list":"door","through":{"3f2c":4},"at":"","attendance":1,"entries":1,'
    b'"exits":0,"occupancy":1,"refusals":{},"gates":{},"lists":{}}'
)
STATUS = b'{"v":1,"state":"online","session":3,"at":"2026-11-24T09:12:00.000Z"}'


def batch(*bodies: bytes, first: int = 1) -> bytes:
    return wire.encode_batch(LOG, first, bodies)


def row(**fields: object) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(GOOD), **fields})


def only_refusal(payload: bytes, now: int = NOW) -> tuple[str, str] | None:
    found = read_batch(payload, now=now)
    assert isinstance(found, Batch)
    (arrival,) = found.arrivals
    assert (arrival.row is None) is (arrival.refusal is not None)
    return arrival.refusal


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        row(extra={"later": [1, 2]}),
        row(kind="weighing", ticket=None),
        row(tick=NOW + wire.AHEAD_MILLIS),
        row(ticket="\u0001\u202e"),
        row(list="x" * 64),
    ],
)
def test_ok__a_row_is_counted(body: bytes) -> None:
    assert only_refusal(batch(body)) is None


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"17", "refused", "Expected `object`"),
        (b'"\xff"', "refused", ""),
        (row(kind="entry", gate=""), "refused", "without gate"),
        (row(ticket="x" * 65), "refused", "length <= 64"),
        (row(ticket="a\0b"), "refused", "NUL"),
        (row(tick=2**53), "refused", "tick"),
        (row(tick=-1), "refused", "tick"),
        (row(tick="1"), "refused", "tick"),
        (row(kind="refusal", reason="mood"), "refused", "unknown reason"),
        (row(kind="settlement", **{"as": "lost"}), "refused", "unknown settlement"),
        (row(kind="annulment"), "refused", "without annuls"),
        (row(nonce=""), "refused", "nonce"),
        (row(tick=NOW + wire.AHEAD_MILLIS + 1), "ahead", "an hour ahead"),
    ],
)
def test_fail__a_row_is_refused_with_its_reason(body: bytes, kind: str, says: str) -> None:
    refusal = only_refusal(batch(body))
    assert refusal is not None
    assert refusal[0] == kind
    assert says in refusal[1]
    assert len(refusal[1]) <= 120


def test_a_central_whose_own_clock_is_wrong_calls_no_row_ahead() -> None:
    assert only_refusal(batch(row(tick=NOW + 10**12)), now=1_000) is None


def test_one_bad_row_costs_only_itself() -> None:
    found = read_batch(batch(GOOD, b'{"kind":1}', GOOD, first=7), now=NOW)
    assert isinstance(found, Batch)
    assert (found.first, found.last) == (7, 9)
    assert [arrival.row is not None for arrival in found.arrivals] == [True, False, True]


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "malformed"),
        (b"null", "malformed"),
        (b"[" * 100_000, "malformed"),
        (b'{"v":1,"log":"3f2c","first":1,"rows":[' + b"[" * 60_000, "malformed"),
        (b'{"v":1,"log":"3f2c","first":1,"rows":[' + b"[" * 50_000 + b"]" * 50_000 + b"]}", "malformed"),
        (b'{"v":1,"log":"3f2c","first":1,"rows":[]}', "malformed"),
        (b'{"v":1,"log":"3f2c","first":0,"rows":[1]}', "malformed"),
        (b'{"v":1,"log":"3f2c","first":1.5,"rows":[1]}', "malformed"),
        (b'{"v":1,"log":"3f2c","first":true,"rows":[1]}', "malformed"),
        (b'{"v":1,"log":"3f2c","first":99999999999999999999999,"rows":[1]}', "malformed"),
        (b'{"v":1,"log":"../x","first":1,"rows":[1]}', "malformed"),
        (b'{"v":1,"log":"3f2c\\n","first":1,"rows":[1]}', "malformed"),
        (b'{"v":1,"log":null,"first":1,"rows":[1]}', "malformed"),
        (b'{"v":1,"log":"3f2c","first":1,"rows":{}}', "malformed"),
        (b'{"v":1,"log":"3f2c","first":1,"rows":[' + b",".join([b"1"] * 501) + b"]}", "malformed"),
        (b'{"v":2,"log":"3f2c","first":1,"rows":[1]}', "version"),
        (b'{"v":2,"lines":"of another shape"}', "version"),
        (b'{"v":-999999999999999999999999999}', "version"),
        (b'{"v":"1"}', "malformed"),
        (batch(*[GOOD] * 3, b'"' + b"x" * wire.MAX_BATCH_BYTES + b'"'), "oversize"),
    ],
)
def test_fail__a_batch_is_not_taken(payload: bytes, complaint: str) -> None:
    found = read_batch(payload, now=NOW)
    assert isinstance(found, Unreadable)
    assert found.complaint == complaint
    assert len(found.text) <= 200
    assert "\n" not in found.text


def test_a_single_row_that_fits_no_batch_is_refused_under_its_offset_so_that_it_blocks_nothing() -> None:
    refusal = only_refusal(batch(row(extra="x" * wire.MAX_BATCH_BYTES), first=9))
    assert refusal is not None
    assert "fits no batch" in refusal[1]


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[" * 90_000, COUNTS.replace(b'"n":1', b'"n":-1'), COUNTS.replace(b'"n":1', b'"n":1e99'),
                COUNTS.replace(b'"3f2c":4', b'"3f2c":99999999999999999999'), COUNTS.replace(b'"3f2c":4', b'"no":4'),
                COUNTS.replace(b'"exits":0', b'"exits":"0"'), COUNTS.replace(b'"entries":1', b'"entries":-5'),
                COUNTS.replace(b'"gates":{}', b'"gates":{"a":{"entries":9007199254740993}}')]
)  # fmt: skip
def test_fail__counts_are_not_taken(payload: bytes) -> None:
    assert isinstance(read_counts(payload), Unreadable)


def test_ok__counts_and_status_are_taken_with_fields_that_nobody_knows() -> None:
    assert isinstance(read_counts(COUNTS), wire.Counts)
    assert isinstance(read_counts(COUNTS[:-1] + b',"later":[1]}'), wire.Counts)
    assert isinstance(read_status(STATUS[:-1] + b',"later":[1]}'), wire.Status)


@pytest.mark.parametrize("payload", [b"x", STATUS.replace(b"online", b"asleep"), STATUS.replace(b"3", b"null", 1)])
def test_fail__a_status_is_not_taken(payload: bytes) -> None:
    assert isinstance(read_status(payload), Unreadable)


def test_content_is_the_same_whatever_the_spaces_and_the_order_of_fields() -> None:
    assert same_content(b'{"a":1,"b":[2]}', b'{ "b": [2], "a": 1 }')
    assert not same_content(b'{"a":1}', b'{"a":2}')
    assert not same_content(b'{"a":1}', b'{"a":\xff}')


FIELDS = st.sampled_from(["v", "log", "first", "rows", "state", "n", "kind"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner),
)


@settings(deadline=None)
@given(st.binary(max_size=300) | JSON.map(msgspec.json.encode))
def test_no_payload_makes_a_reader_raise(payload: bytes) -> None:
    read_batch(payload, now=NOW)
    read_counts(payload)
    read_status(payload)
