"""Rows of a roster file -> tickets, each code and id once."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import lru_cache, partial
from typing import Final

from appliance.connect.columns import Columns
from appliance.connect.fields import (
    MAX_NAME,
    MAX_PRODUCT,
    Wrong,
    join_name,
    read_code,
    read_hub,
    read_id,
    read_line,
    status_words,
    unguard,
    worst,
)  # fmt: skip
from appliance.connect.moments import read_moment
from appliance.connect.problems import Problems, clip, mask
from appliance.connect.synonyms import Meaning
from appliance.connect.words import read_flag, read_status
from appliance.connect.xlsx_rows import NumberText
from appliance.domain.ticket import Millis, Status, Ticket, TicketId

MAX_TICKETS: Final = 2_000_000
_REMEMBERED: Final = 10_000
NO_KEY: Final = b"no event.key"
"""Makes ids all the same, and a note says what that costs: the door must open."""
_FLAGS: Final[dict[Meaning, tuple[Status, Status]]] = {
    "paid": ("unpaid", "valid"),
    "blocked": ("valid", "blocked"),
    "canceled": ("valid", "canceled"),
}
_NAMES: Final[tuple[Meaning, ...]] = ("name", "given", "family")


def derived_id(event_key: bytes, code: str) -> TicketId:
    """The id of a ticket that has none: the same at every hub of the event, and no way back to the code."""
    return TicketId(hmac.digest(event_key, code.encode(), "sha256").hex()[:16])


def _read_name(text: str) -> str | Wrong:
    return read_line(unguard(text), MAX_NAME, "a name")


@lru_cache(_REMEMBERED)
def _read_product(text: str) -> str | Wrong:
    return read_line(unguard(text), MAX_PRODUCT, "a product")


@lru_cache(_REMEMBERED)
def _read_hub(text: str) -> str | Wrong:
    return read_hub(unguard(text))


class Intake:
    """Takes one row after the other; `tickets` holds the good ones, `problems` what is wrong with the others."""

    def __init__(self, columns: Columns, event_key: bytes, tz: tzinfo, problems: Problems) -> None:
        self.tickets: list[Ticket] = []
        self._columns = columns
        self._at = columns.at
        self._width = len(columns.header)
        self._event_key = event_key
        self._problems = problems
        self._code_lines: dict[str, int] = {}
        self._id_lines: dict[str, int] = {}
        self._read_moment = lru_cache(_REMEMBERED)(partial(read_moment, tz=tz))
        self._numbers = 0
        self._guarded = 0
        self._told_codes = 0
        self._keyless = False

    def take(self, line: int, row: Sequence[str]) -> None:
        """One row. More fields than the header has are a fault: a separator in a field shifts all that follow."""
        if len(row) != self._width:
            if any(row[self._width :]):
                expected = (
                    f"{self._width} as in the header: a field with a separator in it must stand in quotation marks"
                )
                return self._problems.add(line, "", f"{len(row)} fields", expected)
            row = [*row[: self._width], *[""] * (self._width - len(row))]
        before = self._problems.total
        code = self._code(line, row)
        ticket_id = self._id(line, row, code)
        name = self._name(line, row)
        product = self._text(line, row, "product", _read_product)
        hub = self._text(line, row, "hub", _read_hub)
        status = self._status(line, row)
        valid_from, valid_until = self._moment(line, row, "valid_from"), self._moment(line, row, "valid_until")
        if valid_from is not None and valid_until is not None and valid_from >= valid_until:
            self._wrong(line, row, "valid_until", f'a moment after that in "{self._columns.title("valid_from")}"')
        if self._problems.total == before and self._once(line, code, ticket_id):
            self.tickets.append(Ticket(ticket_id, code, name, product, status, hub, valid_from, valid_until))
        return None

    def notes(self) -> list[str]:
        """What a person should know about the rows that were taken."""
        notes = []
        if self._columns.ignored:
            notes.append("columns not used: " + ", ".join(clip(title, 40) for title in self._columns.ignored))
        if self._numbers:
            notes.append(
                f"{self._numbers} codes are numbers in the sheet: a leading 0 is lost; format them as text to keep it"
            )
        if self._guarded:
            notes.append(
                f"{self._guarded} codes stood behind the apostrophe that exports put before = + - @ | %: taken away"
            )
        if self._keyless:
            notes.append(
                "ids were made without a secret, so that a short code could be found out from its id on the network: "
                "set event.key, the same at every hub, and import again"
            )
        if self._told_codes:
            notes.append(
                f"{self._told_codes} ids were the code itself, which must not go over the network: others were made"
            )
        return notes

    def _wrong(self, line: int, row: Sequence[str], meaning: Meaning, expected: str) -> None:
        self._problems.add(line, self._columns.title(meaning), row[self._at[meaning]], expected)

    def _code(self, line: int, row: Sequence[str]) -> str:
        raw = row[self._at["code"]]
        text = unguard(raw)
        self._guarded += text is not raw
        self._numbers += type(raw) is NumberText
        code = read_code(text)
        if isinstance(code, Wrong):
            self._wrong(line, row, "code", code.expected)
            return ""
        return code

    def _id(self, line: int, row: Sequence[str], code: str) -> TicketId:
        if "order" in self._at and "position" in self._at:
            order, position = row[self._at["order"]].strip(), row[self._at["position"]].strip()
            meaning: Meaning = "order"
            text = f"{order}-{position}" if order and position else ""
        elif "id" in self._at:
            text, meaning = row[self._at["id"]], "id"
        else:
            return self._derived(code)
        ticket_id = read_id(unguard(text))
        if isinstance(ticket_id, Wrong):
            self._wrong(line, row, meaning, ticket_id.expected)
            return TicketId("")
        if ticket_id and ticket_id != code:
            return TicketId(ticket_id)
        self._told_codes += bool(ticket_id)
        return self._derived(code)

    def _derived(self, code: str) -> TicketId:
        self._keyless = not self._event_key
        return derived_id(self._event_key or NO_KEY, code)

    def _name(self, line: int, row: Sequence[str]) -> str:
        full, given, family = (self._text(line, row, meaning, _read_name) for meaning in _NAMES)
        name = join_name(full, given, family) if given or family else full
        if len(name) > MAX_NAME:
            self._wrong(
                line,
                row,
                "family" if "family" in self._at else "given",
                f"a name of at most {MAX_NAME} characters in all",
            )
        return name

    def _text(self, line: int, row: Sequence[str], meaning: Meaning, read: Callable[[str], str | Wrong]) -> str:
        at = self._at.get(meaning)
        if at is None or not row[at]:
            return ""
        value = read(row[at])
        if isinstance(value, Wrong):
            self._wrong(line, row, meaning, value.expected)
            return ""
        return value

    def _status(self, line: int, row: Sequence[str]) -> Status:
        found: list[Status] = []
        if "status" in self._at:
            status = read_status(row[self._at["status"]])
            if status is None:
                self._wrong(line, row, "status", f"{status_words()}; leave the column out if all are valid")
            else:
                found.append(status)
        for meaning, (no, yes) in _FLAGS.items():
            if meaning in self._at:
                flag = read_flag(row[self._at[meaning]])
                if flag is None:
                    self._wrong(line, row, meaning, "yes or no (or the same in nine languages)")
                else:
                    found.append(yes if flag else no)
        return worst(found)

    def _moment(self, line: int, row: Sequence[str], meaning: Meaning) -> Millis | None:
        at = self._at.get(meaning)
        if at is None or not row[at].strip():
            return None
        moment = self._read_moment(row[at], until=meaning == "valid_until")
        if isinstance(moment, str):
            self._wrong(line, row, meaning, moment)
            return None
        return moment

    def _once(self, line: int, code: str, ticket_id: TicketId) -> bool:
        first = self._code_lines.setdefault(code, line)
        if first != line:
            self._problems.add(
                line,
                self._columns.title("code"),
                mask(code),
                f"a code that stands once: lines {first} and {line} have the same",
            )
            return False
        first = self._id_lines.setdefault(ticket_id, line)
        if first != line:
            column = self._columns.title("id") or self._columns.title("order")
            self._problems.add(
                line, column, ticket_id, f"an id that stands once: lines {first} and {line} have the same"
            )
            return False
        return True
