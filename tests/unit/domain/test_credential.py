"""What a code can look like, and what can never be one."""

from __future__ import annotations

import pytest

from appliance.domain.credential import Credential, read_credential
from appliance.domain.ticket import MAX_CODE


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("abc", "abc"),
        ("  abc\r\n", "abc"),
        ("\tabc\x1d", "abc"),
        ("a b", "a b"),
        ("票-0001", "票-0001"),
        ("\u200fتذكرة", "\u200fتذكرة"),
        ("x" * MAX_CODE, "x" * MAX_CODE),
        (" " * 3000 + "x", "x"),
        ("https://t.example/1?a=b&c", "https://t.example/1?a=b&c"),
        ("👩🏽‍🚀", "👩🏽‍🚀"),
    ],
)
def test_ok__credential(raw: str, code: str) -> None:
    assert read_credential(raw) == Credential(code)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " \r\n",
        "a\x00b",
        "a\nb",
        "a\x1bb",
        "a\x7fb",
        "a\x85b",
        "a\ud800b",
        "x" * (MAX_CODE + 1),
        "x" * 1_000_000,
        "a\tb",
    ],
)
def test_fail__credential(raw: str) -> None:
    assert read_credential(raw) is None


def test_a_digest_knows_a_code_again_and_is_short() -> None:
    assert Credential("a").digest() == Credential("a").digest() != Credential("b").digest()
    assert len(Credential("a").digest()) == 8
