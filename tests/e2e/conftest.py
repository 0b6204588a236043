"""A real Chromium and a hub for it to look at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.e2e.stage import Stage

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
EXPECTED = ("401 (UNAUTHORIZED)", "503 (SERVICE UNAVAILABLE)", "ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE")
"""What a browser's console may say: a login page's status, a full stream, a server that a test has stopped."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("no Chromium here: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS, headless=True)
        yield browser
        browser.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, capacity=420, languages=("en", "de")) as made:
        yield made


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """A page of its own for each call; at the end no script may have failed and nothing come from elsewhere."""
    contexts = []
    faults: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(expected in message.text for expected in EXPECTED):
            faults.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "https://127.0.0.1:", "blob:", "data:")):
            faults.append(f"fetched from outside: {request.url}")

    def make(width: int = 1280, height: int = 720, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, ignore_https_errors=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", asked)
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults == []
