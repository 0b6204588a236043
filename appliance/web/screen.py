"""What the attendee screen shows: verdicts, troubles and hints, in the words of each language. Pure but a lock."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final, Literal

import msgspec

from appliance.domain.row import Reason
from appliance.serving.scan_link import Deciding, Event, Fault, SourceHealth, Sources, VerdictEvent
from appliance.serving.words import Words
from appliance.web.naming import NameShown, clean_name, shown_name

Kind = Literal["admitted", "exit", "used", "wait", "staff", "refused"]
"""Each has a colour, an icon and a sound of its own (`wait` sounds as `staff`)."""
Trouble = Literal["starting", "gone", "dark", "covered", "frozen", "doorkeeper", "busy", "scan"]

KIND_OF: Final[dict[Reason, Kind]] = {
    "already_redeemed": "used",
    "full": "wait",
    "closed": "wait",
    "invalid_time": "wait",
    "unpaid": "staff",
    "unapproved": "staff",
    "ambiguous": "staff",
    "rules": "staff",
    "product": "staff",
    "wrong_hub": "staff",
    "invalid": "refused",
    "revoked": "refused",
    "canceled": "refused",
    "blocked": "refused",
}
SHOW_MILLIS: Final[dict[Kind, int]] = {
    "admitted": 3000,
    "exit": 3000,
    "used": 5000,
    "wait": 5000,
    "staff": 5000,
    "refused": 5000,
}
KEPT_VERDICTS: Final = 4
"""Several badges in one picture give several verdicts at once; each gets its moment on the screen."""
KEPT_SECONDS: Final = 10.0
KNOWN_NONCES: Final = 64
_WORST_FIRST: Final[tuple[Trouble, ...]] = ("covered", "dark", "frozen", "gone", "starting")


class Said(msgspec.Struct, frozen=True):
    """A text in one language."""

    lang: str
    title: str
    text: str = ""


class Shown(msgspec.Struct, frozen=True):
    """One verdict for the screen. `age` is ms at the time of publishing, `seen_ms` the frame's wall-clock time."""

    id: int
    nonce: str
    kind: Kind
    name: str
    product: str
    say: list[Said]
    show_ms: int
    age: int
    seen_ms: float


class Telling(msgspec.Struct, frozen=True):
    """A trouble or a hint; `number` grows with each time that it happened."""

    kind: str
    say: list[Said]
    number: int = 0


class Corner(msgspec.Struct, frozen=True):
    """Where staff find their page, and how to know that it is this box."""

    address: str = ""
    fingerprint: str = ""


class ScreenState(msgspec.Struct, frozen=True):
    """All that the page needs."""

    verdicts: list[Shown]
    deciding: bool
    trouble: Telling | None
    hint: Telling | None
    camera: bool
    """Whether there is a picture to aim by."""
    corner: Corner


class Screen:
    """Folds scan's events into the newest state. Thread-safe; `now` are seconds of a monotonic clock."""

    def __init__(self, *, words: Sequence[Words], name: NameShown, timezone: tzinfo, first_id: int) -> None:
        self._words = words
        self._name = name
        self._timezone = timezone
        self._lock = threading.Lock()
        self._next_id = first_id
        self._verdicts: list[tuple[float, Shown]] = []
        self._nonces: dict[str, None] = {}
        self._deciding = False
        self._linked = False
        self._sources: Sources | None = None
        self._fault: Fault | None = None
        self._faults = 0
        self.corner = Corner()

    def take(self, event: Event, now: float) -> None:
        """One event from scan."""
        with self._lock:
            if isinstance(event, VerdictEvent):
                self._deciding = False
                self._add(event, now)
            elif isinstance(event, Sources):
                self._sources = event
            elif isinstance(event, Deciding):
                self._deciding = True
                # Who holds something up while nothing can be decided is told at once, every time.
                self._faults += self._fault is not None
            elif isinstance(event, Fault):
                self._deciding = False
                self._fault = event if event.what else None
                self._faults += 1

    def link(self, *, connected: bool) -> None:
        """Scan came or went."""
        with self._lock:
            self._linked = connected
            if not connected:
                self._deciding = False
                self._sources = self._fault = None

    def knows(self, nonce: str) -> bool:
        """Whether this nonce's verdict was sent to the screens lately."""
        with self._lock:
            return nonce in self._nonces

    def state(self, now: float) -> ScreenState:
        """The newest state."""
        with self._lock:
            self._verdicts = [(at, shown) for at, shown in self._verdicts if now - at < KEPT_SECONDS][-KEPT_VERDICTS:]
            aged = [msgspec.structs.replace(shown, age=int((now - at) * 1000)) for at, shown in self._verdicts]
            trouble = self._trouble()
            hint = self._sources.hint if self._sources is not None else ""
            return ScreenState(
                verdicts=aged,
                deciding=self._deciding,
                trouble=self._tell("trouble", trouble) if trouble else None,
                hint=self._tell("hint", hint) if hint and not trouble else None,
                camera=any(source.kind != "scanner" and source.state == "ok" for source in self._health()),
                corner=self.corner,
            )

    def _add(self, event: VerdictEvent, now: float) -> None:
        kind = _kind(event)
        shown = Shown(
            id=self._next_id,
            nonce=event.nonce,
            kind=kind,
            # Nobody is named while the whole queue reads that something is wrong with their ticket.
            name=shown_name(event.name, self._name) if event.outcome == "admitted" else "",
            product=clean_name(event.product)[:60] if event.outcome == "admitted" else "",
            say=[self._say(words, event, kind) for words in self._words],
            show_ms=SHOW_MILLIS[kind],
            age=0,
            seen_ms=event.seen_ms,
        )
        self._next_id += 1
        self._verdicts.append((now, shown))
        self._nonces[event.nonce] = None
        while len(self._nonces) > KNOWN_NONCES:
            del self._nonces[next(iter(self._nonces))]

    def _say(self, words: Words, event: VerdictEvent, kind: Kind) -> Said:
        if event.outcome == "admitted":
            return Said(words.language, words[f"verdict.{kind}"], "")
        reason = event.reason or "invalid"
        key = f"verdict.{reason}_text"
        if reason == "already_redeemed" and (time := self._clock_time(words, event)):
            key = "verdict.already_redeemed_at" if event.earlier_gate else "verdict.already_redeemed_time"
            return Said(words.language, words[f"verdict.{reason}"], words(key, time=time, gate=event.earlier_gate))
        return Said(words.language, words[f"verdict.{reason}"], words[key])

    def _clock_time(self, words: Words, event: VerdictEvent) -> str:
        """When the ticket was used, with the day where it was another one; empty if that isn't known."""
        try:
            earlier = datetime.fromisoformat(event.earlier_at).astimezone(self._timezone)
            now = datetime.fromisoformat(event.at).astimezone(self._timezone)
        except (ValueError, OverflowError):
            return ""
        return earlier.strftime("%H:%M" if earlier.date() == now.date() else words["format.other_day"])

    def _health(self) -> list[SourceHealth]:
        return self._sources.sources if self._sources is not None else []

    def _trouble(self) -> Trouble | None:
        """What keeps this door from working, if anything: people must know before they hold something up."""
        if not self._linked:
            return "scan"
        if self._sources is None:
            return "starting"
        if self._fault is not None and self._fault.what:
            return self._fault.what
        states = [source.state for source in self._health()]
        if "ok" in states:
            return None
        return next((state for state in _WORST_FIRST if state in states), "gone")

    def _tell(self, what: str, kind: str) -> Telling:
        say = [Said(words.language, words[f"{what}.{kind}"], words.get(f"{what}.{kind}_text")) for words in self._words]
        return Telling(kind, say, self._faults if what == "trouble" else 0)


def _kind(event: VerdictEvent) -> Kind:
    if event.outcome == "admitted":
        return "exit" if event.direction == "exit" else "admitted"
    return KIND_OF.get(event.reason or "invalid", "refused")
