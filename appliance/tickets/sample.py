"""A sample event: tickets of people with names in many scripts, some of them not valid."""

from __future__ import annotations

import csv
import random
import string
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from appliance.domain.ticket import Millis, Status, Ticket, TicketId

_GERMAN: Final = (
    ("Jürgen", "Käthe", "Björn", "Annegret", "Götz", "Heike", "Jörg", "Sabine", "Matthias", "Lena-Sophie", "Rüdiger"),
    (
        "Müller",
        "Weiß",
        "Schröder",
        "Großmann",
        "Bäcker",
        "von der Heydt",
        "Jäger",
        "Lüttke",
        "Kühn-Öztürk",
        "Straßburger",
    ),
)
_JAPANESE: Final = (
    ("花子", "一郎", "さくら", "翔太", "美咲", "健太郎", "陽菜", "大輔", "千尋", "カレン"),
    ("佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "山本", "中村", "小林", "髙野"),
)
_ARABIC: Final = (
    ("محمد", "فاطمة", "عبد الله", "مريم", "يوسف", "ليلى", "خالد", "نور", "أحمد", "سارة"),
    ("الأحمد", "حداد", "المصري", "الخطيب", "ناصر", "الحسن", "منصور", "عباس", "الزهراني", "بن علي"),
)
_OTHER: Final = (
    ("Zoë", "Siobhán", "José", "Łukasz", "Çağla", "Đặng", "Ελένη", "Олена", "Åse", "Ana"),
    ("O’Brien", "García", "Šimková", "Yılmaz", "Nguyễn", "Παπαδοπούλου", "Шевченко", "Ødegård", "Conceição", "Smith"),
)
_PRODUCTS: Final = ("Conference", "Conference", "Conference", "Tageskarte", "一般", "Student", "Speaker", "Crew")
# Of fifty tickets, these are not as they should be.
_STATUSES: Final[dict[int, Status]] = {
    7: "unpaid", 19: "unpaid", 23: "canceled", 31: "blocked", 37: "revoked", 43: "unapproved",
}  # fmt: skip
_PAST: Final = 47
_ALL_HUBS: Final = 10
_LONG_AGO: Final = Millis(int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000))
_WORDS: Final[dict[Status, str]] = {"valid": "paid", "unapproved": "approval pending"}
_COLUMNS: Final = ("code", "id", "name", "product", "status", "hub", "valid_from", "valid_until")


def sample_tickets(n: int = 500, hubs: Sequence[str] = ("hamburg", "osaka"), seed: int = 1) -> list[Ticket]:
    """`n` tickets, the same for the same seed; of each fifty, seven are unpaid, canceled, blocked, past or the like."""
    draw = random.Random(seed)  # noqa: S311 (a sample: nobody is let in anywhere by it)
    return [_ticket(number, hubs, draw) for number in range(1, n + 1)]


def _ticket(number: int, hubs: Sequence[str], draw: random.Random) -> Ticket:
    given, family = draw.choice((_GERMAN, _GERMAN, _JAPANESE, _JAPANESE, _ARABIC, _OTHER))
    first, last = draw.choice(given), draw.choice(family)
    return Ticket(
        id=TicketId(f"T-{number:06d}"),
        code="".join(draw.choices(string.ascii_lowercase + string.digits, k=32)),
        name=f"{last} {first}" if given is _JAPANESE[0] else f"{first} {last}",
        product=draw.choice(_PRODUCTS),
        status=_STATUSES.get(number % 50, "valid"),
        hub="" if not hubs or number % _ALL_HUBS == 0 else hubs[number % len(hubs)],
        valid_until=_LONG_AGO if number % 50 == _PAST else None,
    )


def write_roster_csv(path: Path, tickets: Iterable[Ticket]) -> None:
    """The tickets as `appliance roster import` reads them: UTF-8, separated by commas, moments in UTC."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for ticket in tickets:
            status = _WORDS.get(ticket.status, ticket.status)
            moments = [_iso(ticket.valid_from), _iso(ticket.valid_until)]
            writer.writerow([ticket.code, ticket.id, ticket.name, ticket.product, status, ticket.hub, *moments])


def _iso(moment: Millis | None) -> str:
    return "" if moment is None else datetime.fromtimestamp(moment / 1000, UTC).isoformat()
