"""The staff page and its login in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from appliance.serving.scan_link import SourceHealth
from appliance.web.builder import Listen
from tests.e2e.stage import Stage

OpenPage = Callable[..., Page]


def log_in(page: Page, stage: Stage, name: str = "Jo Meyer") -> None:
    page.goto(stage.link(name))
    page.get_by_role("button", name="Log this device in").click()
    page.get_by_role("link", name="Not now").click()
    expect(page.locator("#liveness")).to_have_attribute("data-state", "good")
    expect(page.locator("#occupancy")).to_have_text(re.compile(r"\d"))


def test_a_link_a_password_a_logout_and_the_password_again(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(390, 844)
    page.goto(stage.link("Zoë"))
    page.get_by_role("button", name="Log this device in").click()
    page.get_by_label("New password").fill("three words here")
    page.get_by_label("The same again").fill("three words here")
    page.get_by_role("button", name="Save password").click()
    expect(page.locator("#liveness")).to_have_text("live")
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Your name").fill("Zoë")
    page.get_by_label("Password").fill("wrong words here")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")
    page.get_by_label("Password").fill("three words here")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#liveness")).to_have_text("live")


def test_figures_move_as_people_come_and_go(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    log_in(page, stage)
    expect(page.locator("#occupancy")).to_have_text("0")
    for n in range(5):
        stage.present(f"GUEST-{n:04d}")
    stage.present("GUEST-0000", direction="exit", gate="south")
    stage.present("CODE-unpaid")
    expect(page.locator("#occupancy")).to_have_text("4")
    expect(page.locator("#attendance")).to_have_text("5")
    expect(page.locator("#exits")).to_have_text("1")
    expect(page.locator("#refused")).to_have_text("1")
    expect(page.locator("#free")).to_have_text("Places left: 416")
    expect(page.locator("#rate")).to_have_text("5")
    expect(page.locator("#gates tr")).to_have_count(2)
    expect(page.locator("#curve .line")).to_have_count(1)


def test_the_last_scans_say_who_and_why_and_what_to_do(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    log_in(page, stage)
    for code in ("CODE-0003", "CODE-unpaid", "nonsense"):
        stage.present(code)
    lines = page.locator("#scans li")
    expect(lines).to_have_count(3)
    expect(lines.nth(0)).to_contain_text("Unknown code")
    expect(lines.nth(0)).to_contain_text("Look for the right code")
    expect(lines.nth(1)).to_contain_text("Kim Lee")
    expect(lines.nth(1)).to_contain_text("Take the payment")
    expect(lines.nth(2)).to_contain_text("عبد الرحمن الفارسي")
    expect(lines.nth(2)).to_have_attribute("data-kind", "admitted")


def test_names_with_markup_are_text(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    log_in(page, stage, "<b>Jo</b>")
    stage.present("CODE-markup")
    expect(page.locator("#scans li")).to_contain_text("<img/src=x>")
    assert page.locator("#scans img").count() == 0
    expect(page.locator(".who bdi")).to_have_text("<b>Jo</b>")


def test_what_is_wrong_with_the_box_stands_above_everything(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    log_in(page, stage)
    expect(page.locator("#alarms")).to_be_hidden()
    stage.sources(SourceHealth(name="North camera", kind="camera", state="covered", detail="Take it away."))
    expect(page.locator("#alarms")).to_contain_text("North camera: covered")
    expect(page.locator("#box")).to_contain_text("Take it away.")
    stage.stop_doorkeeper()
    expect(page.locator("#alarms")).to_contain_text("the door can’t decide", timeout=15_000)
    stage.start_doorkeeper()
    expect(page.locator("#alarms")).not_to_contain_text("the door can’t decide", timeout=15_000)
    stage.scan.stop()
    expect(page.locator("#alarms")).to_contain_text("Scanning: not running")
    stage.start_scan()
    expect(page.locator("#alarms")).to_be_hidden()


def test_a_page_whose_server_is_gone_says_since_when_it_is_not_live(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    log_in(page, stage)
    stage.web.stop()
    expect(page.locator("#liveness")).to_have_text(re.compile(r"not live since \d\d:\d\d:\d\d"), timeout=20_000)
    stage.start_web_again()
    expect(page.locator("#liveness")).to_have_text("live", timeout=20_000)


def test_a_session_that_ends_leads_to_the_login(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    log_in(page, stage)
    other = page.context.new_page()
    other.goto(stage.web.pages["staff"])
    other.get_by_role("button", name="Log out").click()
    expect(other.get_by_label("Your name")).to_be_visible()
    expect(page.get_by_label("Your name")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("width", [320, 360, 390, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(stage: Stage, open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(width, 800, color_scheme=scheme)
    page.goto(stage.web.pages["staff"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    log_in(page, stage, "Maximiliane von Hohenstein-Wallersdorf")
    for code in ("CODE-0004", "CODE-unpaid", "nonsense"):
        stage.present(code, gate="the-gate-with-the-longest-name")
    expect(page.locator("#scans li")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_beyond_loopback_it_works_over_https(tmp_path: Path, open_page: OpenPage) -> None:
    with Stage(tmp_path, staff=Listen("0.0.0.0", 0)) as stage:
        page = open_page(390, 844)
        log_in(page, stage)
        cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
        session = next(cookie for name, cookie in cookies.items() if name.startswith("__Host-session-"))
        assert session["secure"]
        assert session["httpOnly"]
        assert session["sameSite"] == "Strict"
        expect(page.get_by_role("link", name="Certificate of this box")).to_be_visible()
        page.close()
