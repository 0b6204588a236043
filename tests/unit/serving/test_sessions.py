"""Sessions in memory: when they end."""

from __future__ import annotations

from appliance.domain.ticket import Millis
from appliance.serving.members import Member
from appliance.serving.sessions import ABSOLUTE_MILLIS, IDLE_MILLIS, MAX_PER_MEMBER, MAX_SESSIONS, SessionStore

JO = Member("s1", "Jo", "lead")
START = Millis(1_795_511_564_120)


def after(millis: int) -> Millis:
    return Millis(START + millis)


def opened(*tokens: str) -> SessionStore:
    store = SessionStore(None)
    for token in tokens:
        store.open(token, JO, START)
    return store


def test_a_token_finds_its_session_and_another_none() -> None:
    store = opened("token")
    session = store.find("token", START)
    assert session is not None
    assert session.member == JO
    assert store.find("other", START) is None


def test_a_session_ends_when_nobody_uses_it() -> None:
    store = opened("token")
    assert store.find("token", after(IDLE_MILLIS)) is None
    assert store.find("token", START) is None, "it is gone for good"


def test_use_keeps_a_session_alive_until_its_absolute_end() -> None:
    store = opened("token")
    step = IDLE_MILLIS - 1
    now = 0
    while now + step < ABSOLUTE_MILLIS:
        now += step
        assert store.find("token", after(now)) is not None
    assert store.find("token", after(ABSOLUTE_MILLIS)) is None


def test_a_clock_that_is_set_back_a_little_logs_nobody_out() -> None:
    assert opened("token").find("token", after(-3_600_000)) is not None


def test_a_session_of_a_clock_that_was_years_ahead_is_over() -> None:
    assert opened("token").find("token", Millis(0)) is None


def test_logout_ends_it() -> None:
    store = opened("token")
    store.end("token")
    assert store.find("token", START) is None


def test_a_new_password_ends_the_other_sessions_of_that_member_alone() -> None:
    store = opened("mine", "elsewhere")
    store.open("kim", Member("s2", "Kim", "viewer"), START)
    store.end_others("s1", but="mine")
    assert [store.find(token, START) is not None for token in ("mine", "elsewhere", "kim")] == [True, False, True]


def test_one_member_holds_a_bounded_number_of_sessions_the_oldest_give_way() -> None:
    store = SessionStore(None)
    for n in range(MAX_PER_MEMBER + 5):
        store.open(f"token {n}", JO, after(n))
    open_now = [n for n in range(MAX_PER_MEMBER + 5) if store.find(f"token {n}", after(100)) is not None]
    assert open_now == list(range(5, MAX_PER_MEMBER + 5))


def test_all_together_hold_a_bounded_number() -> None:
    store = SessionStore(None)
    for n in range(MAX_SESSIONS + 10):
        store.open(f"token {n}", Member(f"s{n}", f"name {n}", "viewer"), after(n))
    assert store.find("token 0", after(2000)) is None
    assert store.find(f"token {MAX_SESSIONS + 9}", after(2000)) is not None
