"""What the attendee screen shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import appliance.web
from appliance.domain.row import REASONS
from appliance.serving.scan_link import Deciding, Fault, SourceHealth, Sources, VerdictEvent
from appliance.serving.words import load_words
from appliance.web.screen import KEPT_SECONDS, KEPT_VERDICTS, KIND_OF, KNOWN_NONCES, Screen, ScreenState

LOCALES = Path(appliance.web.__file__).parent / "locales"
CAMERA = SourceHealth(name="camera", kind="camera", state="ok")
SCANNER = SourceHealth(name="scanner", kind="scanner", state="ok")


def screen(*languages: str, name: Any = "first", working: bool = True) -> Screen:
    words = [load_words(LOCALES, language) for language in languages or ("en",)]
    made = Screen(words=words, name=name, timezone=ZoneInfo("Europe/Berlin"), first_id=1)
    if working:
        made.link(connected=True)
        made.take(Sources(sources=[CAMERA]), 0.0)
    return made


def verdict(n: int = 1, **fields: Any) -> VerdictEvent:
    given = {
        "outcome": "admitted",
        "nonce": f"nonce-{n:04d}",
        "at": "2026-11-24T09:12:44.120Z",
        "name": "Zoë Brandt",
        **fields,
    }
    return VerdictEvent(**given)


def shown(made: Screen, event: VerdictEvent, now: float = 0.0) -> Any:
    made.take(event, now)
    return made.state(now).verdicts[-1]


def trouble(state: ScreenState) -> str | None:
    return state.trouble.kind if state.trouble else None


def test_an_admission_welcomes_by_name_in_each_language() -> None:
    told = shown(screen("en", "de"), verdict(product="Full event"))
    assert (told.kind, told.name, told.product) == ("admitted", "Zoë", "Full event")
    assert [(said.lang, said.title) for said in told.say] == [("en", "Welcome"), ("de", "Willkommen")]


def test_an_exit_says_goodbye() -> None:
    assert shown(screen(), verdict(direction="exit")).kind == "exit"


@pytest.mark.parametrize("reason", REASONS)
def test_every_refusal_has_its_words_and_names_nobody(reason: Any) -> None:
    told = shown(screen("de", name="full"), verdict(outcome="refused", reason=reason, product="Full event"))
    assert told.kind == KIND_OF[reason]
    assert told.say[0].title
    assert told.say[0].text
    assert (told.name, told.product) == ("", "")


@pytest.mark.parametrize(
    ("at", "gate", "text"),
    [
        ("2026-11-24T08:05:00.000Z", "north", "At 09:05, gate north. "),
        ("2026-11-24T08:05:00.000Z", "", "At 09:05. "),
        ("2026-11-23T23:30:00.000Z", "", "At 00:30. "),
        ("2026-11-22T08:05:00.000Z", "", "At 22 Nov, 09:05. "),
        ("", "north", ""),
        ("yesterday", "north", ""),
    ],
)
def test_a_used_ticket_is_told_when_and_where_in_the_event_s_time(at: str, gate: str, text: str) -> None:
    event = verdict(outcome="refused", reason="already_redeemed", earlier_at=at, earlier_gate=gate)
    assert shown(screen(), event).say[0].text == f"{text}Please have a word with our staff."


def test_several_verdicts_at_once_are_all_kept_with_their_ages() -> None:
    made = screen()
    made.take(verdict(1), 10.0)
    made.take(verdict(2), 10.5)
    ages = {told.nonce: told.age for told in made.state(11.0).verdicts}
    assert ages == {"nonce-0001": 1000, "nonce-0002": 500}


def test_old_verdicts_leave_the_state() -> None:
    made = screen()
    made.take(verdict(), 10.0)
    assert made.state(10.0 + KEPT_SECONDS).verdicts == []
    for n in range(KEPT_VERDICTS + 3):
        made.take(verdict(n), 50.0)
    assert len(made.state(50.0).verdicts) == KEPT_VERDICTS


def test_the_same_nonce_given_again_is_a_verdict_of_its_own() -> None:
    made = screen()
    made.take(verdict(again=False), 0.0)
    made.take(verdict(again=True), 1.0)
    first, second = made.state(1.0).verdicts
    assert first.id != second.id


def test_only_nonces_that_were_sent_lately_are_known() -> None:
    made = screen()
    for n in range(KNOWN_NONCES + 1):
        made.take(verdict(n), 0.0)
    assert made.knows(f"nonce-{KNOWN_NONCES:04d}")
    assert not made.knows("nonce-0000")
    assert not made.knows("made-up-nonce")


def test_deciding_lasts_until_the_verdict() -> None:
    made = screen()
    made.take(Deciding(), 0.0)
    assert made.state(0.0).deciding
    made.take(verdict(), 0.1)
    assert not made.state(0.1).deciding


def test_without_scan_there_is_a_word_instead_of_silence() -> None:
    made = screen(working=False)
    assert trouble(made.state(0.0)) == "scan"
    made.link(connected=True)
    assert trouble(made.state(0.0)) == "starting"
    made.take(Sources(sources=[CAMERA]), 0.0)
    assert trouble(made.state(0.0)) is None
    made.link(connected=False)
    assert trouble(made.state(0.0)) == "scan"


@pytest.mark.parametrize("state", ["gone", "dark", "covered", "frozen", "starting"])
def test_a_camera_that_doesn_t_see_is_said_in_both_languages(state: Any) -> None:
    made = screen("en", "de")
    made.take(Sources(sources=[SourceHealth(name="camera", kind="camera", state=state)]), 0.0)
    told = made.state(0.0).trouble
    assert told is not None
    assert told.kind == state
    assert all(said.title and said.text for said in told.say)
    assert not made.state(0.0).camera


def test_no_source_at_all_is_a_camera_that_is_gone() -> None:
    made = screen()
    made.take(Sources(sources=[]), 0.0)
    assert trouble(made.state(0.0)) == "gone"


def test_a_hand_scanner_that_works_keeps_the_door_going_without_a_picture() -> None:
    made = screen()
    made.take(Sources(sources=[SourceHealth(name="camera", kind="camera", state="gone"), SCANNER]), 0.0)
    state = made.state(0.0)
    assert state.trouble is None
    assert not state.camera


def test_a_doorkeeper_that_doesn_t_answer_sends_people_to_staff_each_time_that_somebody_comes() -> None:
    made = screen()
    made.take(Fault(what="doorkeeper"), 0.0)
    first = made.state(0.0).trouble
    assert first is not None
    assert first.kind == "doorkeeper"
    made.take(Deciding(), 1.0)
    second = made.state(1.0).trouble
    assert second is not None
    assert second.number > first.number
    made.take(Fault(what=""), 2.0)
    assert made.state(2.0).trouble is None


def test_a_hint_helps_with_a_code_that_is_seen_and_not_read() -> None:
    made = screen("en", "de")
    made.take(Sources(sources=[CAMERA], hint="closer"), 0.0)
    hint = made.state(0.0).hint
    assert hint is not None
    assert [said.title for said in hint.say] == ["A little closer", "Etwas näher"]
