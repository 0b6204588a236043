"""Headers, hosts and origins."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.serving.pages import page_app
from appliance.serving.security import CONTENT_SECURITY_POLICY
from appliance.serving.words import Words


def app_of(**views: str) -> Flask:
    app = page_app("test", words=Words("en", {}), hosts=["box", "box.local"], title="Box")
    app.add_url_rule("/", "home", lambda: "hello", methods=["GET", "POST"])
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    return app


def ask(method: str = "GET", path: str = "/", **headers: str) -> FlaskClient:
    return app_of().test_client().open(path, method=method, headers=headers)  # type: ignore[return-value]


@pytest.mark.parametrize("path", ["/", "/shared/base.css", "/nothing-here"])
def test_every_answer_carries_the_strict_headers(path: str) -> None:
    answer = app_of().test_client().get(path, headers={"Host": "box"})
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] in ("no-store", "no-cache")
    answer.close()


HOSTS_OK = [
    "box",
    "BOX.local",
    "box:8443",
    "box.local.",
    "localhost:1",
    "192.0.2.7",
    "192.0.2.7:8443",
    "[fd00::2]:8443",
    "[::1]",
]


@pytest.mark.parametrize("host", HOSTS_OK)
def test_ok__our_own_hosts(host: str) -> None:
    assert app_of().test_client().get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "box.evil.example", "localhost.evil.example", "192.0.2.7.evil.example", "xbox"]
)
def test_fail__foreign_hosts_are_misdirected(host: str) -> None:
    assert app_of().test_client().get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://box:8080"}, {"Sec-Fetch-Site": "same-origin"}],
)
def test_ok__posts_of_our_own_pages(headers: dict[str, str]) -> None:
    assert app_of().test_client().post("/", headers={"Host": "box:8080", **headers}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://box:8080"},
        {"Origin": "http://box:8081"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_fail__posts_that_other_pages_caused(headers: dict[str, str]) -> None:
    assert app_of().test_client().post("/", headers={"Host": "box:8080", **headers}).status_code == 403


def test_an_error_page_says_what_to_do_and_nothing_of_our_insides() -> None:
    client = app_of().test_client()
    answer = client.get("/broken", headers={"Host": "box", "Accept": "text/html"})
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "ZeroDivision" not in answer.text


def test_a_script_that_asked_for_json_gets_its_error_as_json() -> None:
    answer = app_of().test_client().get("/nothing", headers={"Host": "box", "Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.json == {"error": "Not Found"}


def test_a_body_beyond_the_cap_is_refused() -> None:
    app = app_of()

    @app.post("/form")
    def form() -> str:
        from flask import request

        return request.form.get("a", "")

    answer = app.test_client().post("/form", data={"a": "x" * 100_000}, headers={"Host": "box", "Origin": "http://box"})
    assert answer.status_code == 413
