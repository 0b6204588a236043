"""README's pictures of the pages: `python -m tests.e2e.pictures DIRECTORY`. An hour at a door that never was."""

from __future__ import annotations

import math
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from appliance.domain.clock import iso
from appliance.domain.row import NodeId, Nonce, Row
from appliance.domain.ticket import TicketId
from appliance.store.live import Reporting, keep_reporting, open_live
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.stage import Stage, camera_picture
from tests.ledgers import Ledger

MINUTE = 60_000


def hour(now: int, *, seed: int = 4) -> Iterator[Row]:
    """The last hour's rows, oldest first: a crowd that swells and ebbs, one in twelve refused."""
    chance = random.Random(seed)
    times = []
    for minute in range(58, 0, -1):
        crowd = 3 + 9 * math.exp(-(((minute - 22) / 10) ** 2)) + 3 * math.exp(-(((minute - 45) / 6) ** 2))
        times += [now - minute * MINUTE - chance.randint(1, 58) * 1000 for _ in range(int(crowd + chance.random() * 3))]
    for n, at in enumerate(sorted(times)):
        why = chance.choice(["invalid", "already_redeemed", "unpaid", "product"]) if chance.random() < 0.08 else None
        yield Row(
            kind="refusal" if why else "entry",
            tick=at,
            node=NodeId("k1"),
            at=iso(at),
            clock="synced",
            nonce=Nonce(f"picture-{n:06d}"),
            list="door",
            gate=chance.choice(["north", "south"]),
            ticket=TicketId(f"G-{n:04d}"),
            reason=why,
        )


def take(directory: Path) -> None:
    """Writes one PNG a page into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="pictures-"))
    now = time.time_ns() // 1_000_000
    with Ledger(state / "ledger.db") as ledger:
        rows = ledger.add_many(hour(now))
    with closing(open_live(state / "live.db")) as live:
        keep_reporting(live, Reporting(True, iso(now - 50 * MINUTE), rows, rows - 4, 4, iso(now), []))
    with sync_playwright() as playwright, Stage(state, capacity=520, title="Weltkonferenz · Hamburg") as stage:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        _attendee(browser, stage, directory)
        _staff(browser, stage, directory)
        browser.close()
    shutil.rmtree(state)


def _attendee(browser: Browser, stage: Stage, directory: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(stage.web.pages["attendee"])
    page.wait_for_function("document.documentElement.dataset.live === 'events'")
    for number in range(100):
        stage.scan.preview(camera_picture(number))
        page.wait_for_timeout(50)
        if page.locator("#picture").is_visible():
            break
    page.screenshot(path=directory / "attendee-waiting.png")
    for name, code in (("admitted", "CODE-0000"), ("used", "CODE-0000"), ("staff", "CODE-unpaid"), ("refused", "no")):
        stage.wait_shown(stage.present(code))
        page.wait_for_timeout(300)
        page.screenshot(path=directory / f"attendee-{name}.png")
    page.close()


def _staff(browser: Browser, stage: Stage, directory: Path) -> None:
    for code in ("CODE-0003", "CODE-hub", "CODE-0002"):
        stage.client.shown(stage.present(code))
    for name, scheme, width, height, scale in (
        ("desktop", "light", 1440, 900, 1),
        ("desktop-dark", "dark", 1440, 900, 1),
        ("phone", "light", 390, 844, 2),
    ):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            device_scale_factor=scale,
        )
        page = context.new_page()
        page.goto(stage.link("Jo Meyer"))
        page.get_by_role("button", name="Log this device in").click()
        page.goto(stage.web.pages["staff"])
        expect(page.locator("#scans li")).to_have_count(30)
        page.screenshot(path=directory / f"staff-{name}.png")
        context.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
