"""What of a damaged ledger.db's tables is still on its pages: rows that no index and no tree leads to any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from appliance.domain.row import LogId, Placed
from appliance.domain.ticket import STATUSES
from appliance.store.pages import Image, Value, entries, rows
from appliance.store.rows import DECODE_ROW

_LOG: Final = re.compile(r"[0-9a-f]{4,64}")
LOG_KEY: Final = "log:"
"""`meta` keeps each log's name under this and its key: without the names no row could be placed."""

_INT = (int,)
_TEXT = (str,)
_BLOB = (bytes,)
_TEXT_OR_NOTHING = (str, type(None))
_INT_OR_NOTHING = (int, type(None))
_LEDGER = ((type(None),), _INT, _INT, _TEXT, _TEXT, _TEXT, _TEXT_OR_NOTHING, _TEXT_OR_NOTHING, _BLOB)
_LOGS = ((type(None),), _TEXT, _TEXT, _TEXT, _TEXT)
_ROSTERS = ((type(None),), _TEXT, _TEXT, _TEXT, _INT, _TEXT, _INT)
_META = (_TEXT, _TEXT)
_UNKEYED: Final[dict[str, tuple[tuple[type, ...], ...]]] = {
    "tickets": (_INT, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT, _INT_OR_NOTHING, _INT_OR_NOTHING),
    "staff": (_TEXT, _TEXT, _TEXT, _TEXT_OR_NOTHING, _TEXT),
    "login_links": (_BLOB, _TEXT, _INT),
    "meta": _META,
    "unshown": (_BLOB, _TEXT, _INT, _TEXT, _TEXT_OR_NOTHING),
}


class Kept(NamedTuple):
    """A ledger row with its arrival number and the key of its log."""

    seq: int
    key: int
    placed: Placed
    body: bytes


class Log(NamedTuple):
    """A log's line in `logs`, without its key."""

    name: LogId
    node: str = ""
    boot: str = ""
    begun: str = ""


def carve_logs(image: Image) -> dict[int, Log]:
    """Every log by its key."""
    found: dict[int, Log] = {}
    for rowid, values in rows(image):
        if rowid is not None and _has(values, _LOGS) and _LOG.fullmatch(str(values[1])):
            found.setdefault(rowid, Log(LogId(str(values[1])), *map(str, values[2:])))
    for _, values in entries(image):
        if _has(values, _META) and (key := _log_key(str(values[0]))) and _LOG.fullmatch(str(values[1])):
            found.setdefault(key, Log(LogId(str(values[1]))))
    return found


def _log_key(key: str) -> int:
    number = key.removeprefix(LOG_KEY)
    return int(number) if number != key and number.isascii() and number.isdigit() else 0


def carve_ledger(image: Image, logs: dict[int, Log]) -> Iterator[Kept]:
    """Every ledger row whose content agrees with itself and whose log is known; a row may come more than once."""
    for rowid, values in rows(image):
        if rowid is None or not _has(values, _LEDGER):
            continue
        _, key, offset, kind, nonce, of, ticket, annuls, body = values
        try:
            row = DECODE_ROW.decode(body)  # type: ignore[arg-type]  # _has looked
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        agrees = (row.kind, row.nonce, row.list, row.ticket, row.annuls) == (kind, nonce, of, ticket, annuls)
        if (
            agrees
            and isinstance(key, int)
            and key in logs
            and isinstance(offset, int)
            and offset > 0
            and isinstance(body, bytes)
        ):
            yield Kept(rowid, key, Placed(logs[key].name, offset, row), body)


def carve_rest(image: Image, table: str) -> Iterator[tuple[Value, ...]]:
    """Rows of a table other than `ledger` and `logs`, as they would be inserted; of one key some may be older."""
    if table == "rosters":
        yield from ((rowid, *values[1:]) for rowid, values in rows(image) if _has(values, _ROSTERS))
    else:
        yield from (
            values for _, values in entries(image) if _has(values, _UNKEYED[table]) and _is_plausible(table, values)
        )


def _has(values: tuple[Value, ...], types: tuple[tuple[type, ...], ...]) -> bool:
    return len(values) == len(types) and all(isinstance(value, of) for value, of in zip(values, types, strict=True))


def _is_plausible(table: str, values: tuple[Any, ...]) -> bool:
    """Whether a record of this shape can be of this table: indexes share some shapes."""
    return table != "tickets" or values[5] in STATUSES
