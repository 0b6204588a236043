"""Which column means what, by its header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, get_args

import msgspec

from appliance.connect.problems import BadRow, clip
from appliance.connect.synonyms import COUNTRY, HEADERS, Meaning
from appliance.connect.words import key, split_words

MEANINGS: Final[tuple[Meaning, ...]] = get_args(Meaning)
MAX_COLUMNS: Final = 512
_LISTED: Final = 40
_CODE_SUCH_AS: Final = (
    '"code", "barcode", "QR code", "ticket secret", "Ticketcode", "código", "バーコード", "رمز التذكرة"'
)


class Columns(msgspec.Struct, frozen=True):
    """Where each meaning stands (0: the first column), the header as it is, the headers that nothing is known of."""

    header: tuple[str, ...]
    at: Mapping[Meaning, int]
    ignored: tuple[str, ...] = ()

    def title(self, meaning: Meaning) -> str:
        """The header of a meaning's column, as it stands in the file."""
        at = self.at.get(meaning)
        return "" if at is None else clip(self.header[at])


@lru_cache(maxsize=1)
def _meanings() -> dict[str, Meaning]:
    return {key(word): meaning for meaning, words in HEADERS.items() for word in split_words(words)}


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    return frozenset(key(word) for word in split_words(COUNTRY))


def names_a_code(cells: Sequence[str], chosen: Mapping[str, str]) -> bool:
    """Whether this row is a header: it names a column of codes (`chosen`: meaning -> header, said by a person)."""
    return bool(_candidates(cells[:MAX_COLUMNS], chosen).get("code"))


def find_columns(cells: Sequence[str], chosen: Mapping[str, str], line: int) -> Columns | list[BadRow]:
    """The columns of a header row, or what is wrong with it."""
    header = tuple(" ".join(cell.split()) for cell in cells)
    while header and not header[-1]:
        header = header[:-1]
    if len(header) > MAX_COLUMNS:
        return [
            BadRow(line, "", f"{len(header)} columns", f"at most {MAX_COLUMNS}: leave out what the door does not need")
        ]
    problems = _wrong_choices(header, chosen, line)
    found = _candidates(header, chosen)
    if not found.get("code") and not problems:
        listed = ", ".join(f'"{clip(title, 40)}"' for title in header[:_LISTED]) or "nothing"
        problems.append(
            BadRow(
                line,
                "",
                f"the header {listed}",
                f"a column of ticket codes, named such as {_CODE_SUCH_AS}, or --column code=HEADER",
            )
        )
    for meaning, places in found.items():
        if len(places) > 1:
            names = " and ".join(f'"{clip(header[at])}" (column {at + 1})' for at in places)
            expected = f"one column that means {meaning}: rename or delete the other, or say --column {meaning}=HEADER"
            problems.append(BadRow(line, clip(header[places[1]]), names, expected))
    if problems:
        return problems
    at = {meaning: places[0] for meaning, places in found.items()}
    used = set(at.values())
    ignored = tuple(title for index, title in enumerate(header) if index not in used and title)
    return Columns(header, at, ignored)


def _candidates(header: Sequence[str], chosen: Mapping[str, str]) -> dict[Meaning, list[int]]:
    """Each meaning's columns. A column that a person chose stands alone, and for nothing else."""
    keys = [key(cell) for cell in header]
    wanted: dict[int, Meaning] = {}
    for meaning in MEANINGS:
        if meaning in chosen and key(chosen[meaning]) in keys:
            wanted[keys.index(key(chosen[meaning]))] = meaning
    found: dict[Meaning, list[int]] = {meaning: [at] for at, meaning in wanted.items()}
    for at, word in enumerate(keys):
        meaning_here = _meanings().get(word)
        if meaning_here is None or meaning_here in chosen or at in wanted:
            continue
        if meaning_here == "status" and at > 0 and keys[at - 1] in _countries():
            continue
        found.setdefault(meaning_here, []).append(at)
    return _id_or_order(found, keys)


def _id_or_order(found: dict[Meaning, list[int]], keys: Sequence[str]) -> dict[Meaning, list[int]]:
    """An id makes order and position needless; without an order a "position id" is an id, a "position" is a job."""
    if "id" in found:
        return {meaning: places for meaning, places in found.items() if meaning not in ("order", "position")}
    if "position" in found and "order" not in found:
        places = [at for at in found.pop("position") if "id" in keys[at]]
        return {**found, "id": places} if places else found
    if "order" in found and "position" not in found:
        found.pop("order")  # An order has several tickets: its code alone is no ticket's id.
    return found


def _wrong_choices(header: Sequence[str], chosen: Mapping[str, str], line: int) -> list[BadRow]:
    keys = {key(cell) for cell in header}
    problems = []
    for meaning, title in chosen.items():
        if meaning not in MEANINGS:
            problems.append(
                BadRow(0, "", f"--column {clip(meaning)}={clip(title)}", f"one of {', '.join(MEANINGS)} before the =")
            )
        elif key(title) not in keys:
            listed = ", ".join(f'"{clip(cell, 40)}"' for cell in header[:_LISTED])
            problems.append(
                BadRow(line, "", f"the header {listed}", f'the column "{clip(title)}" that was chosen as {meaning}')
            )
    return problems
