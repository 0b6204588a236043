"""The whole web process over a real doorkeeper: both faces, TLS, scan's coming and going."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from prometheus_client import CollectorRegistry, generate_latest

from appliance.serving.certificates import fingerprint
from appliance.serving.exceptions import ServingError
from appliance.serving.scan_link import SourceHealth
from appliance.web.builder import Listen, build_web
from tests.e2e.stage import STOP_SECONDS, Stage, camera_picture


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, capacity=420, languages=("en", "de")) as made:
        yield made


def ask(
    url: str, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> http.client.HTTPResponse:
    """The whole answer, read."""
    address = urlsplit(url)
    assert address.hostname
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(address.hostname, address.port, context=context, timeout=STOP_SECONDS)
    else:
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=STOP_SECONDS)
    with closing(connection):
        connection.request(method, path, body=body, headers={"Origin": url.rstrip("/"), **headers})
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        return answer


def state_of(stage: Stage) -> Any:
    return json.loads(ask(stage.web.pages["attendee"], "/state.json").body)["state"]  # type: ignore[attr-defined]


def wait_for(stage: Stage, condition: Any) -> Any:
    """The attendee screen's state once `condition` holds."""
    address = urlsplit(stage.web.pages["attendee"])
    assert address.hostname
    with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=STOP_SECONDS)) as connection:
        connection.request("GET", "/events")
        stream = connection.getresponse()
        with closing(stream):
            for line in stream:
                if line.startswith(b"data: {"):
                    state = json.loads(line[6:])["state"]
                    if condition(state):
                        return state
    raise AssertionError("the stream ended")


def test_a_scan_reaches_the_screen_s_state_and_its_acknowledgement_reaches_scan(stage: Stage) -> None:
    nonce = stage.present("CODE-0000")
    state = wait_for(stage, lambda state: state["verdicts"])
    assert [(told["kind"], told["name"], told["nonce"]) for told in state["verdicts"]] == [("admitted", "Zoë", nonce)]
    page = stage.web.pages["attendee"]
    assert ask(page, "/shown", "POST", json.dumps({"nonce": nonce, "ms": 40}).encode()).status == 204
    stage.wait_shown(nonce)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"nonce": 5}', b'{"nonce": "made-up-nonce"}', b"\xff" * 100])
def test_nonsense_acknowledges_nothing(stage: Stage, body: bytes) -> None:
    assert ask(stage.web.pages["attendee"], "/shown", "POST", body).status in (204, 400)
    nonce = stage.present("CODE-0000")
    wait_for(stage, lambda state: state["verdicts"])
    ask(stage.web.pages["attendee"], "/shown", "POST", json.dumps({"nonce": nonce}).encode())
    stage.wait_shown(nonce)
    assert stage.shown == [nonce]


def test_another_page_can_t_acknowledge(stage: Stage) -> None:
    nonce = stage.present("CODE-0000")
    wait_for(stage, lambda state: state["verdicts"])
    body = json.dumps({"nonce": nonce}).encode()
    assert ask(stage.web.pages["attendee"], "/shown", "POST", body, Origin="http://evil.example").status == 403


def test_the_number_of_open_screens_reaches_scan(stage: Stage) -> None:
    assert stage.scan.screens == 0
    address = urlsplit(stage.web.pages["attendee"])
    assert address.hostname
    with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=STOP_SECONDS)) as connection:
        connection.request("GET", "/events")
        with closing(connection.getresponse()) as stream:
            stream.readline()
            until(lambda: stage.scan.screens == 1)
    until(lambda: stage.scan.screens == 0)


def until(condition: Any) -> None:
    waiting = threading.Event()
    deadline = time.monotonic() + STOP_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        waiting.wait(0.01)


def test_the_camera_s_picture_is_handed_on(stage: Stage) -> None:
    page = stage.web.pages["attendee"]
    pictures: list[Any] = []
    asking = threading.Thread(target=lambda: pictures.append(ask(page, "/preview.jpg?after=0")))
    asking.start()
    until(lambda: stage.scan.preview_wanted)
    stage.scan.preview(camera_picture())
    asking.join(STOP_SECONDS)
    assert pictures[0].status == 200
    assert pictures[0].body == camera_picture()
    assert pictures[0].headers["X-Picture"] == "1"
    assert ask(page, "/preview.jpg?after=nonsense").status in (200, 204)


def test_scan_that_is_killed_and_comes_back_is_said_and_forgotten(stage: Stage) -> None:
    wait_for(stage, lambda state: state["trouble"] is None)
    stage.scan.stop()
    wait_for(stage, lambda state: (state["trouble"] or {}).get("kind") == "scan")
    stage.start_scan()
    wait_for(stage, lambda state: state["trouble"] is None)
    stage.sources(SourceHealth(name="camera", kind="camera", state="covered"))
    wait_for(stage, lambda state: (state["trouble"] or {}).get("kind") == "covered")


def test_beyond_loopback_both_faces_speak_https_and_the_box_s_screen_says_how_to_know_it(tmp_path: Path) -> None:
    listens = {"attendee": Listen("127.0.0.1", 0), "staff": Listen("0.0.0.0", 0)}
    with Stage(tmp_path, names=["door.example"], **listens) as stage:
        assert stage.web.pages["staff"].startswith("https://127.0.0.1:")
        answer = ask(stage.web.pages["staff"], "/", Accept="text/html")
        assert answer.status == 401
        assert any(cookie.startswith("__Host-form-") for cookie in answer.headers.get_all("Set-Cookie"))
        corner = wait_for(stage, lambda state: state["corner"]["address"])["corner"]
        port = urlsplit(stage.web.pages["staff"]).port
        ca = ssl.PEM_cert_to_DER_cert((tmp_path / "certificates" / "ca.pem").read_text())
        assert corner == {
            "address": f"https://door.example:{port}/",
            "fingerprint": fingerprint(x509.load_der_x509_certificate(ca)),
        }
        assert ask(stage.web.pages["staff"], "/", Host="door.example").status == 401
        assert ask(stage.web.pages["staff"], "/", Host="evil.example").status == 421


def test_on_loopback_the_corner_is_empty(stage: Stage) -> None:
    assert state_of(stage)["corner"] == {"address": "", "fingerprint": ""}
    assert not (stage.directory / "certificates").exists()


def test_a_language_that_isn_t_there_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match="choose one of"):
        build_web(
            ledger=tmp_path / "ledger.db",
            live=tmp_path / "live.db",
            doorkeeper=tmp_path / "door.sock",
            scan=tmp_path / "scan.sock",
            certificates=tmp_path / "certificates",
            attendee=Listen("127.0.0.1", 0),
            staff=Listen("127.0.0.1", 0),
            main_list="door",
            registry=CollectorRegistry(),
            languages=["tlh"],
        )


def test_without_ledger_doorkeeper_and_scan_the_pages_stand_and_say_so(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    web = build_web(
        ledger=tmp_path / "ledger.db",
        live=tmp_path / "live" / "live.db",
        doorkeeper=tmp_path / "door.sock",
        scan=tmp_path / "scan.sock",
        certificates=tmp_path / "certificates",
        attendee=Listen("127.0.0.1", 0),
        staff=Listen("127.0.0.1", 0),
        main_list="door",
        registry=registry,
    )
    web.start()
    try:
        state = json.loads(ask(web.pages["attendee"], "/state.json").body)["state"]  # type: ignore[attr-defined]
        assert state["trouble"]["kind"] == "scan"
        assert ask(web.pages["staff"], "/", Accept="text/html").status == 401
        assert b"appliance_web_scan_connected 0.0" in generate_latest(registry)
        # Made by whoever starts first: without it a restart would log everybody out.
        assert (tmp_path / "live" / "live.db").exists()
    finally:
        web.stop()
    assert web.wait() is None


def test_the_end_takes_less_than_three_seconds_with_pages_open(tmp_path: Path) -> None:
    with Stage(tmp_path) as stage:
        address = urlsplit(stage.web.pages["attendee"])
        assert address.hostname
        with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=STOP_SECONDS)) as connection:
            connection.request("GET", "/events")
            with closing(connection.getresponse()) as stream:
                stream.readline()
                began = time.monotonic()
                stage.web.stop()
                took = time.monotonic() - began
    assert took < 3.0


def test_how_long_a_verdict_took_to_the_screen_is_measured(stage: Stage) -> None:
    nonce = stage.present("CODE-0000")
    wait_for(stage, lambda state: state["verdicts"])
    ask(stage.web.pages["attendee"], "/shown", "POST", json.dumps({"nonce": nonce, "ms": 40}).encode())
    stage.wait_shown(nonce)
    assert b"appliance_web_frame_to_screen_seconds_count 1.0" in generate_latest(stage.web_registry)
