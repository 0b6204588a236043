"""Login over a real doorkeeper: links, passwords, sessions, forms, guessing."""

from __future__ import annotations

from contextlib import closing

import pytest

from appliance.doorkeeper.client import DoorkeeperClient
from appliance.serving.sessions import ABSOLUTE_MILLIS, IDLE_MILLIS
from tests.integration.web.staff_room import PASSWORD, StaffRoom

PATHS = ["/", "/events", "/state.json", "/box-ca.pem", "/password"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_answers_without_a_login(room: StaffRoom, path: str) -> None:
    answer = room.browser().get(path)
    assert answer.status_code == 401
    assert "Your name" in answer.text


@pytest.mark.parametrize("path", ["/events", "/state.json"])
def test_a_script_without_a_login_gets_its_no_as_json(room: StaffRoom, path: str) -> None:
    answer = room.browser().get(path, Accept="application/json")
    assert (answer.status_code, answer.json) == (401, {"error": "login"})


def test_a_link_logs_in_once_and_offers_to_set_a_password(room: StaffRoom) -> None:
    link = room.link("Jo")
    browser = room.browser()
    answer = browser.use_link(link)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/password")
    assert browser.is_in
    again = room.browser()
    assert again.use_link(link).status_code == 410
    assert not again.is_in


def test_a_messenger_that_draws_a_preview_of_the_link_doesn_t_use_it_up(room: StaffRoom) -> None:
    link = room.link("Jo")
    for _ in range(3):
        assert room.browser("198.51.100.9").get(link).status_code == 200
    assert room.browser().use_link(link).status_code == 303


@pytest.mark.parametrize("token", ["x" * 43, "short", "..%2f..", "x" * 5000, "%00", "é" * 20])
def test_fail__made_up_links(room: StaffRoom, token: str) -> None:
    browser = room.browser()
    assert browser.get(f"/login/{token}").status_code in (200, 404)
    browser.get("/login")
    assert browser.post(f"/login/{token}").status_code in (410, 404)
    assert not browser.is_in


def test_the_password_that_was_set_logs_in_elsewhere_and_a_wrong_one_doesn_t(room: StaffRoom) -> None:
    room.member_with_password("Zoë")
    other = room.browser("192.0.2.2")
    assert other.log_in("Zoë", "another password").status_code == 401
    answer = other.log_in("Zoë", PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert other.is_in


def test_a_name_that_nobody_has_is_answered_as_a_wrong_password_is(room: StaffRoom) -> None:
    room.member_with_password("Jo")
    browser = room.browser()
    assert browser.log_in("Jo", "wrong password").text == browser.log_in("Jo", "wrong password").text
    assert "Name or password is wrong" in browser.log_in("Nobody", "wrong password").text


def test_without_a_password_set_no_password_works(room: StaffRoom) -> None:
    room.link("Jo")
    for password in ("", "None", "nobody's"):
        assert room.browser().log_in("Jo", password).status_code == 401


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [("short", "short", "10 characters"), (PASSWORD, "other", "match"), ("1234567890", "1234567890", "guess")],
)
def test_a_password_that_is_not_good_enough_is_said_why(room: StaffRoom, password: str, again: str, says: str) -> None:
    browser = room.browser()
    browser.use_link(room.link("Jo"))
    answer = browser.post("/password", password=password, again=again)
    assert answer.status_code == 400
    assert says in answer.text


def test_a_new_password_ends_the_member_s_other_sessions(room: StaffRoom) -> None:
    first, second = room.browser(), room.browser()
    first.use_link(room.link("Jo"))
    second.use_link(room.link("Jo"))
    second.get("/password")
    second.post("/password", password=PASSWORD, again=PASSWORD)
    assert (first.is_in, second.is_in) == (False, True)


def test_logout_ends_the_session_and_not_only_the_cookie(room: StaffRoom) -> None:
    browser = room.member_with_password()
    cookie = next(iter(browser._client._cookies.values()))  # type: ignore[union-attr]
    browser.get("/")
    assert browser.post("/logout").headers["Location"] == "/login"
    assert not browser.is_in
    browser._client.set_cookie("session-8443", cookie.value, domain="box")
    assert not browser.is_in


def test_a_session_ends_unused_after_two_hours_and_in_any_case_after_twelve(room: StaffRoom) -> None:
    browser = room.member_with_password()
    room.seconds += IDLE_MILLIS / 1000 - 1
    assert browser.is_in
    room.seconds += IDLE_MILLIS / 1000 + 1
    assert not browser.is_in
    browser = room.member_with_password("Kim")
    for _ in range(ABSOLUTE_MILLIS // 3_600_000):
        assert browser.is_in
        room.seconds += 3600
    assert not browser.is_in


def test_cookies_are_out_of_reach_of_scripts_and_other_sites_and_named_for_their_port(room: StaffRoom) -> None:
    browser = room.browser()
    browser.get("/login")
    answer = browser.use_link(room.link("Jo"))
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("session-8443="))
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/" in cookie


def test_over_tls_cookies_are_bound_to_the_host_and_secure(room: StaffRoom) -> None:
    client = room.app.test_client()
    answer = client.get("/login", base_url="https://box:8443")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-form-")
    assert "Secure" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("form", ["", "0" * 64, "é"])
def test_fail__a_form_without_its_token(room: StaffRoom, form: str) -> None:
    browser = room.member_with_password()
    browser.form = form
    assert browser.post("/password", password="other words here", again="other words here").status_code == 403


def test_fail__the_token_of_another_session(room: StaffRoom) -> None:
    kim, jo = room.member_with_password("Kim"), room.member_with_password("Jo")
    kim.get("/")
    jo.form = kim.form
    assert jo.post("/logout").status_code == 403
    assert jo.is_in


def test_fail__a_form_sent_from_another_page(room: StaffRoom) -> None:
    browser = room.member_with_password()
    browser.get("/")
    assert browser.post("/logout", origin="http://evil.example").status_code == 403
    assert browser.is_in


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/a b", "/logout", "javascript:1"]
)
def test_after_login_one_lands_on_this_server_only(room: StaffRoom, target: str) -> None:
    room.member_with_password("Jo")
    assert room.browser().log_in("Jo", PASSWORD, target).headers["Location"] == "/"


def test_after_login_one_lands_where_one_wanted_to_go(room: StaffRoom) -> None:
    room.member_with_password("Jo")
    assert room.browser().log_in("Jo", PASSWORD, "/password?a=1").headers["Location"] == "/password?a=1"


def test_guessing_is_slowed_even_for_the_right_password_and_waiting_helps(room: StaffRoom) -> None:
    room.member_with_password("Jo")
    attacker = room.browser("192.0.2.66")
    for _ in range(8):
        answer = attacker.log_in("Jo", "wrong password")
    assert answer.status_code == 429
    assert "one-time link" in answer.text
    assert attacker.log_in("Jo", PASSWORD).status_code == 429
    assert room.browser("192.0.2.2").log_in("Jo", PASSWORD).status_code == 303, "elsewhere it works"
    room.seconds += 900
    assert attacker.log_in("Jo", PASSWORD).status_code == 303


def test_a_fresh_link_works_at_once_though_somebody_guesses_at_the_same_address(room: StaffRoom) -> None:
    room.member_with_password("Jo")
    browser = room.browser()
    for _ in range(60):
        browser.log_in("Jo", "wrong password")
        browser.log_in("Kim", "wrong password")
    assert browser.log_in("Jo", PASSWORD).status_code == 429
    browser.get("/login")
    assert browser.use_link(room.link("Jo")).status_code == 303
    assert browser.is_in


def test_a_role_that_was_changed_holds_at_the_next_request(room: StaffRoom) -> None:
    browser = room.member_with_password("Jo", "technician")
    assert "technician" in browser.get("/").text
    with closing(DoorkeeperClient(room.directory / "door.sock")) as client:
        client.staff_add("Jo", "viewer")
    assert "viewer" in browser.get("/").text


def test_a_lower_role_is_refused_what_needs_a_higher_one(room: StaffRoom) -> None:
    @room.app.get("/lead-only")
    @room.login.needs("lead")
    def lead_only() -> str:
        return "secret"

    viewer, lead = room.member_with_password("Vi", "viewer"), room.member_with_password("Jo", "lead")
    assert viewer.get("/lead-only").status_code == 403
    assert lead.get("/lead-only").text == "secret"


def test_while_the_doorkeeper_is_away_a_link_is_not_lost_and_the_page_says_what_is_wrong(room: StaffRoom) -> None:
    link = room.link("Jo")
    browser = room.browser()
    browser.get(link)
    room.stop_doorkeeper()
    try:
        answer = browser.post(link)
        assert answer.status_code == 503
        assert "doorkeeper doesn’t answer" in answer.text
    finally:
        room.start_doorkeeper()
    assert browser.use_link(link).status_code == 303, "after its restart the same link works"


def test_streams_are_for_members_and_end_with_the_session(room: StaffRoom) -> None:
    browser = room.member_with_password()
    answer = browser.get("/events", Accept="text/event-stream")
    assert answer.mimetype == "text/event-stream"
    stream = iter(answer.response)
    assert b"beat" in next(stream)  # type: ignore[operator]
    browser.get("/")
    browser.post("/logout")
    assert list(stream) == []
    answer.close()


def test_the_pages_speak_german_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    with StaffRoom(tmp_path_factory.mktemp("room"), language="de") as german:
        assert "Anmelden" in german.browser().get("/").text
