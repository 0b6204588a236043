"""The pages' texts: complete in every language, and every one that is asked for is there."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

import appliance.serving
import appliance.web
from appliance.domain.row import REASONS
from appliance.serving.exceptions import ServingError
from appliance.serving.words import languages, load_words

WEB = Path(appliance.web.__file__).parent
SERVING = Path(appliance.serving.__file__).parent
KEY = re.compile(
    r"""["'`]((?:attendee|verdict|trouble|hint|staff|reason|box|source|role|live|login|link|password|error)\.[a-z0-9_]+)["'`]"""
)


def texts(directory: Path, language: str) -> dict[str, str]:
    return msgspec.json.decode((directory / "locales" / f"{language}.json").read_bytes(), type=dict[str, str])


@pytest.mark.parametrize("directory", [WEB, SERVING], ids=["web", "serving"])
def test_every_language_has_the_same_texts_with_the_same_places_to_fill(directory: Path) -> None:
    english = texts(directory, "en")
    for language in languages(directory / "locales"):
        other = texts(directory, language)
        assert set(other) == set(english)
        for key, text in other.items():
            assert text.strip(), key
            assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", english[key])), key


def test_every_text_that_pages_and_scripts_ask_for_is_there() -> None:
    known = {**texts(WEB, "en"), **texts(SERVING, "en")}
    sources = [path for room in (WEB, SERVING) for kind in ("py", "html", "js") for path in room.rglob(f"*.{kind}")]
    asked = {key for path in sources for key in KEY.findall(path.read_text()) if "central" not in path.parts}
    assert asked - set(known) == set()


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_words_for_the_person_and_for_staff(reason: str) -> None:
    known = texts(WEB, "de")
    assert {f"verdict.{reason}", f"verdict.{reason}_text", f"reason.{reason}", f"reason.{reason}_do"} <= set(known)


def test_a_language_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(ServingError, match="choose one of de, en"):
        load_words(WEB / "locales", "tlh")


@pytest.mark.parametrize("page", sorted(path.name for path in [*WEB.rglob("*.html"), *SERVING.rglob("*.html")]))
def test_no_page_has_a_script_or_a_style_within_it_or_brings_anything_from_elsewhere(page: str) -> None:
    path = next(path for room in (WEB, SERVING) for path in room.rglob(page))
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


@pytest.mark.parametrize("name", sorted(path.name for room in (WEB, SERVING) for path in room.rglob("static/*.*")))
def test_no_script_or_sheet_brings_anything_from_elsewhere_or_writes_markup(name: str) -> None:
    path = next(path for room in (WEB, SERVING) for path in room.rglob(f"static/{name}"))
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|url\(|@import|innerHTML|insertAdjacentHTML|eval\(|document\.write", text)
