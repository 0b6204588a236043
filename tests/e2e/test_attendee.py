"""The attendee screen in a real browser."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appliance.serving.scan_link import Fault, SourceHealth
from tests.e2e.stage import CAMERA, Stage, camera_picture

OpenPage = Callable[..., Page]

SIZES = [(800, 480), (1280, 720), (1920, 1080), (720, 1280), (480, 800)]
REFUSED = ["unpaid", "blocked", "revoked", "canceled", "unapproved", "hub", "product", "time"]

TEXTS_OUTSIDE = """() => {
  const view = { wait: ".wait", verdict: ".verdict", trouble: ".trouble" }[document.body.dataset.view];
  const outside = [];
  const texts = ["strong", "span", ".name", ".event", ".icon"].map((kind) => `${view} ${kind}`).join();
  for (const text of document.querySelectorAll(texts)) {
    if (!text.checkVisibility() || (!text.textContent.trim() && text.tagName !== "svg")) continue;
    const { left, top, right, bottom } = text.getBoundingClientRect();
    const inside = left >= 0 && top >= 0 && right <= innerWidth + 1 && bottom <= innerHeight + 1;
    if (!inside) outside.push(text.textContent || text.tagName);
    if (text.scrollWidth > text.clientWidth + 1 && text.clientWidth > 0) outside.push(`cut: ${text.textContent}`);
  }
  return outside;
}"""
LISTEN_TO_SOUNDS = """
window.notes = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  window.notes.push([this.type, this.frequency.value]);
  return start.apply(this, when);
};
"""


def see(page: Page, stage: Stage) -> None:
    """Opens the screen and waits until it is live."""
    page.goto(stage.web.pages["attendee"])
    expect(page.locator("html")).to_have_attribute("data-live", "events")


def shows(page: Page, view: str, **data: str) -> None:
    body = page.locator("body")
    expect(body).to_have_attribute("data-view", view, timeout=15_000)
    for name, value in data.items():
        expect(body).to_have_attribute(f"data-{name}", value)


@contextmanager
def camera(stage: Stage) -> Iterator[None]:
    """Pictures as long as somebody wants them."""
    stop = threading.Event()

    def run() -> None:
        for number in itertools.count():
            if stop.wait(0.05):
                return
            if stage.scan.preview_wanted:
                stage.scan.preview(camera_picture(number))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_while_it_waits_people_see_themselves_mirrored_and_what_to_do_in_both_languages(
    stage: Stage, open_page: OpenPage
) -> None:
    page = open_page()
    with camera(stage):
        see(page, stage)
        picture = page.locator("#picture")
        expect(picture).to_be_visible()
        assert picture.evaluate("canvas => getComputedStyle(canvas).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
        colours = "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
        assert picture.evaluate(colours) > 20, "it is a picture"
    shows(page, "wait")
    expect(page.get_by_text("Hold up your QR code")).to_be_visible()
    expect(page.get_by_text("QR-Code hochhalten")).to_be_visible()


def test_an_admission_is_green_with_the_name_and_goes_back_to_waiting_by_itself(
    stage: Stage, open_page: OpenPage
) -> None:
    page = open_page()
    see(page, stage)
    stage.wait_shown(stage.present("CODE-0000"))
    shows(page, "verdict", kind="admitted")
    expect(page.locator("#verdict-name")).to_have_text("Zoë")
    expect(page.locator("#verdict-say")).to_contain_text("Welcome")
    expect(page.locator("#spoken")).to_contain_text("Welcome")
    assert page.locator("#verdict-icon").get_attribute("href") == "#icon-admitted"
    shows(page, "wait")


def test_each_outcome_has_a_colour_an_icon_and_a_sound_of_its_own(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    page.add_init_script(LISTEN_TO_SOUNDS)
    see(page, stage)
    looks: dict[str, Any] = {}
    for text, direction in [
        ("CODE-0000", "entry"),
        ("CODE-0000", "entry"),
        ("CODE-unpaid", "entry"),
        ("nonsense", "entry"),
        ("CODE-0000", "exit"),
    ]:
        page.evaluate("window.notes.length = 0")
        stage.wait_shown(stage.present(text, direction=direction))
        kind = page.locator("body").get_attribute("data-kind")
        assert kind
        colour = page.locator(".verdict").evaluate("view => getComputedStyle(view).backgroundColor")
        notes = page.evaluate("JSON.stringify(window.notes)")
        looks[kind] = (colour, page.locator("#verdict-icon").get_attribute("href"), notes)
        assert notes != "[]", "never silence"
    assert set(looks) == {"admitted", "used", "staff", "refused", "exit"}
    for n in range(3):
        assert len({look[n] for look in looks.values()}) == len(looks), "told apart by each alone"
    assert page.locator("#sound").is_hidden(), "sound needs no touch here"


@pytest.mark.parametrize("reason", REFUSED)
def test_a_refusal_says_in_kind_words_what_to_do_and_names_nobody(
    stage: Stage, open_page: OpenPage, reason: str
) -> None:
    page = open_page()
    see(page, stage)
    stage.wait_shown(stage.present(f"CODE-{reason}"))
    expect(page.locator("#verdict-say")).to_contain_text("staff")
    expect(page.locator("#verdict-say")).to_contain_text("Team")
    expect(page.locator("#verdict-name")).to_have_text("")


def test_two_badges_in_one_picture_are_both_shown_for_a_moment(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    see(page, stage)
    nonces = [stage.present("CODE-0000"), stage.present("CODE-0001")]
    for nonce in nonces:
        stage.wait_shown(nonce)
    expect(page.locator("#verdict-name")).to_have_text("Jürgen")


def test_the_next_verdict_doesn_t_wait_for_the_last_one_s_time(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    see(page, stage)
    stage.wait_shown(stage.present("nonsense"))
    stage.wait_shown(stage.present("CODE-0000"))
    shows(page, "verdict", kind="admitted")
    assert float(page.locator("html").get_attribute("data-frame-to-screen") or "9999") < 3000


@pytest.mark.parametrize("state", ["gone", "dark", "covered", "frozen"])
def test_a_camera_that_doesn_t_see_is_said_in_big_words_until_it_sees_again(
    stage: Stage, open_page: OpenPage, state: Any
) -> None:
    page = open_page()
    see(page, stage)
    stage.sources(SourceHealth(name="camera", kind="camera", state=state))
    shows(page, "trouble", trouble=state)
    expect(page.locator("#trouble-say strong").first).to_be_visible()
    stage.sources(CAMERA)
    shows(page, "wait")


def test_a_doorkeeper_that_doesn_t_answer_sends_people_to_staff_with_a_sound(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    page.add_init_script(LISTEN_TO_SOUNDS)
    see(page, stage)
    stage.scan.broadcast(Fault(what="doorkeeper"))
    shows(page, "trouble", trouble="doorkeeper")
    expect(page.locator("#trouble-say")).to_contain_text("Please see our staff")
    assert page.evaluate("window.notes.length") > 0


def test_a_hint_helps_to_hold_the_code_right(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    see(page, stage)
    stage.sources(CAMERA, hint="hold_still")
    expect(page.locator("#hint")).to_be_visible()
    expect(page.locator("#hint")).to_contain_text("Bitte stillhalten")


def test_every_text_fits_every_screen_in_two_languages(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    cut: dict[str, list[str]] = {}

    def look(what: str) -> None:
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))")
            cut[f"{what} at {width}x{height}"] = page.evaluate(TEXTS_OUTSIDE)

    see(page, stage)
    look("waiting")
    for text in ["CODE-0004", "CODE-0003", "CODE-0006", "CODE-0004", "nonsense", *(f"CODE-{why}" for why in REFUSED)]:
        stage.wait_shown(stage.present(text))
        look(text)
    shows(page, "wait")
    for state in ("gone", "dark", "covered", "frozen"):
        stage.sources(SourceHealth(name="camera", kind="camera", state=state))  # type: ignore[arg-type]
        shows(page, "trouble", trouble=state)
        look(state)
    assert {what: texts for what, texts in cut.items() if texts} == {}


def test_pages_beyond_the_cap_of_streams_poll_and_show_verdicts_too(stage: Stage, open_page: OpenPage) -> None:
    first = open_page()
    see(first, stage)
    stage.attendee_streams_full()
    second = open_page()
    second.goto(stage.web.pages["attendee"])
    expect(second.locator("html")).to_have_attribute("data-live", "polling", timeout=15_000)
    stage.present("CODE-0000")
    shows(second, "verdict", kind="admitted")


def test_a_screen_whose_server_is_gone_says_so_and_comes_back_with_it(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    see(page, stage)
    stage.web.stop()
    expect(page.locator("body")).to_have_attribute("data-trouble", "page", timeout=20_000)
    expect(page.locator("#trouble-say")).to_contain_text("Please see our staff")
    stage.start_web_again()
    shows(page, "wait")
    stage.wait_shown(stage.present("CODE-0000"))


def test_a_reload_shows_no_verdict_of_before(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    see(page, stage)
    stage.wait_shown(stage.present("CODE-0000"))
    shows(page, "verdict")
    shows(page, "wait")
    see(page, stage)
    shows(page, "wait")
    expect(page.locator("#spoken")).to_have_text("")


def test_a_name_with_markup_is_text(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    see(page, stage)
    stage.wait_shown(stage.present("CODE-markup"))
    expect(page.locator("#verdict-name")).to_have_text("<img/src=x>")
    assert page.locator(".verdict img").count() == 0
