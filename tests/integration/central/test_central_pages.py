"""The board in a real browser, and who is let in."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from appliance.central.process import CentralProcess
from appliance.central.staff import add_staff
from tests.integration.central.desk import sqlite_url
from tests.integration.central.reporting_hub import ReportingHub, status
from tests.integration.central.rig import TOKEN, central, now
from tests.ledgers import rows
from tests.mosquitto import Mosquitto
from tests.tools import needs
from tests.unit.central.reported import placed

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROWS = list(rows(200))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = needs("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, headless=True)
        yield browser
        browser.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    needs("mosquitto")
    with Mosquitto(tmp_path / "broker") as started:
        yield started


@pytest.fixture
def process(broker: Mosquitto, tmp_path: Path) -> Iterator[CentralProcess]:
    url = sqlite_url(tmp_path / "central.db")
    with central(broker, url, tmp_path / "state") as started:
        add_staff(url, "Ana", "viewer", token=TOKEN, now=now())
        yield started


@pytest.fixture
def page(chromium: Browser, process: CentralProcess) -> Iterator[Page]:
    """Logged in; nothing may fail in it, and nothing come from elsewhere."""
    base = process.pages["central"]
    faults: list[str] = []
    context = chromium.new_context(base_url=base)
    page = context.new_page()
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda asked: None if asked.url.startswith(base) else faults.append(asked.url))
    page.goto(f"/login/{TOKEN}")
    page.get_by_role("button").click()
    page.goto("/")
    yield page
    context.close()
    assert faults == []


def hub_card(page: Page, name: str) -> object:
    return page.locator("article.hub", has_text=name)


def test_hubs_appear_by_themselves_with_figures_gates_and_their_recount(page: Page, broker: Mosquitto) -> None:
    expect(page.locator("#no-hubs")).to_be_visible()
    with ReportingHub(broker) as hub:
        hub.status("online")
        hub.publish(hub.topics.status("k2"), status("offline", roles=("kiosk",)), retain=True)
        hub.checkins(ROWS)
        hub.counts(placed(ROWS), capacity=400)
        card = page.locator("article.hub", has_text="berlin")
        expect(card.locator(".state").first).to_have_text("live")
        expect(card).to_contain_text("of 400")
        expect(card).to_contain_text("Recounted here from 200 rows: the same")
        expect(page.locator("#total-occupancy")).to_have_text("150")
        expect(page.locator("#hubs-live")).to_have_text("1 of 1 live")
        card.locator("summary").click()
        expect(card).to_contain_text("north")
        expect(card).to_contain_text("Already used")
        expect(card.locator(".nodes")).to_contain_text("offline")
        hub.counts(placed(ROWS), capacity=400, n=2)
        expect(card.locator("details")).to_have_attribute("open", "")


def test_a_difference_and_a_silent_hub_are_seen(page: Page, broker: Mosquitto) -> None:
    with ReportingHub(broker, "oslo") as hub:
        hub.checkins(ROWS)
        hub.counts(placed(ROWS), occupancy=7)
        expect(page.locator("#alarms")).to_contain_text("oslo: Figures differ from the rows")
        expect(page.locator("#alarms")).to_contain_text("occupancy: hub 7, central 150")
        card = page.locator("article.hub", has_text="oslo")
        expect(card).to_contain_text("just now")
        expect(card.locator(".state").first).to_have_text("silent", timeout=12_000)
        expect(card.locator(".inside dd")).to_contain_text("7")
        expect(page.locator("#caveat")).to_have_text("Includes one hub whose figures are not live.")


def test_what_a_hub_writes_is_text_and_never_markup(page: Page, broker: Mosquitto) -> None:
    with ReportingHub(broker) as hub:
        trap = "<img src=x onerror=alert(1)>"
        hub.publish(hub.topics.status("n1"), status("online", version=trap, roles=(trap,)), retain=True)
        hub.counts(placed(ROWS), gates={trap: {"entries": 1, "exits": 0}}, list=trap, refusals={trap: 3})
        card = page.locator("article.hub")
        card.locator("summary").click()
        expect(card).to_contain_text(trap)
        assert page.locator("article.hub img").count() == 0


def test_the_board_fits_a_phone(chromium: Browser, page: Page, broker: Mosquitto) -> None:
    with ReportingHub(broker) as hub:
        hub.status("online")
        hub.counts(placed(ROWS), capacity=400)
        page.set_viewport_size({"width": 360, "height": 740})
        expect(page.locator("article.hub")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("path", ["", "events", "state.json", "box-ca.pem"])
def test_nothing_answers_without_a_login(process: CentralProcess, path: str) -> None:
    request = urllib.request.Request(process.pages["central"] + path, headers={"Accept": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.code == 401
        assert json.loads(answer.read()) == {"error": "login"}
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
