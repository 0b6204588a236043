"""The board's texts and figures are complete in every language and documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from appliance import central
from appliance.central.alarms import AlarmKind
from appliance.central.live import State
from appliance.central.metrics import METRICS, CentralMetrics
from appliance.domain.row import REASONS
from appliance.serving.members import RANK

ROOM = Path(central.__file__).parent
TEXTS = {path.stem: msgspec.json.decode(path.read_bytes()) for path in sorted((ROOM / "locales").glob("*.json"))}
SOURCES = "".join(path.read_text() for pattern in ("static/*.js", "templates/*/*.html") for path in ROOM.glob(pattern))


def fields(text: str) -> list[str]:
    return sorted(re.findall(r"{\w+}", text))


@pytest.mark.parametrize("language", [name for name in TEXTS if name != "en"])
def test_every_language_has_the_same_texts_with_the_same_gaps(language: str) -> None:
    assert TEXTS[language].keys() == TEXTS["en"].keys()
    assert [key for key, text in TEXTS["en"].items() if fields(text) != fields(TEXTS[language][key])] == []


def test_every_text_that_pages_ask_for_is_there_and_no_other() -> None:
    asked = set(re.findall(r"[\"'`](board\.[a-z_.]+)[\"'`]", SOURCES))
    asked |= {f"board.state.{state}" for state in get_args(State)}
    asked |= {f"board.node.{state}" for state in ("online", "offline", "stopped")}
    asked |= {f"board.compare.{outcome}" for outcome in ("equal", "different", "left_out")}
    asked |= {f"board.{one}" for one in ("old", "old_one", "unknown", "unknown_one")}
    assert {key for key in TEXTS["en"] if key.startswith("board.")} == asked


def test_alarms_reasons_and_roles_all_have_words() -> None:
    for prefix, names in (("alarm", get_args(AlarmKind)), ("reason", REASONS), ("role", RANK)):
        assert {key for key in TEXTS["en"] if key.startswith(f"{prefix}.")} == {f"{prefix}.{name}" for name in names}


def test_pages_carry_no_script_or_style_of_their_own_and_fetch_nothing_from_outside() -> None:
    for pattern in ("templates/*/*.html", "static/*"):
        for path in ROOM.glob(pattern):
            text = path.read_text()
            assert not re.search(r"https?://|innerHTML|\son\w+=|style=|<script>|<style", text), path


def test_the_table_of_metrics_is_what_is_registered() -> None:
    registry = CollectorRegistry()
    CentralMetrics(registry)
    found = {
        (metric.name + ("_total" if metric.type == "counter" else ""), metric.type) for metric in registry.collect()
    }
    assert found == {(name, kind) for name, kind, _ in METRICS}
