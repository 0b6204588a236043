"""Records carved out of a database's pages one by one, whatever became of the tree that led to them.

The format: https://www.sqlite.org/fileformat2.html#b_tree_pages
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from appliance.store.opening import PAGE_BYTES

_TABLE_LEAF: Final = 0x0D
_INDEX_LEAF: Final = 0x0A
_INDEX_INNER: Final = 0x02
_FILE_HEADER: Final = 100
_MOST_BYTES: Final = 64 * 1024
"""Of one record; ours are far smaller."""
_MOST_LOCAL: Final = {
    _TABLE_LEAF: PAGE_BYTES - 35,
    _INDEX_LEAF: (PAGE_BYTES - 12) * 64 // 255 - 23,
    _INDEX_INNER: (PAGE_BYTES - 12) * 64 // 255 - 23,
}
_LEAST_LOCAL: Final = (PAGE_BYTES - 12) * 32 // 255 - 23

Value = int | float | str | bytes | None


class Record(NamedTuple):
    """One row. `rowid` is None in a table without rowids (and in an index)."""

    rowid: int | None
    values: tuple[Value, ...]


class Image:
    """The pages of a file, some of them as the write-ahead log has them. Unreadable sectors read as nothing."""

    def __init__(self, path: Path, newer: Mapping[int, bytes]) -> None:
        self._file = path.open("rb", buffering=0) if path.exists() else None
        self._newer = newer
        size = os.fstat(self._file.fileno()).st_size if self._file else 0
        self.length = max(-(-size // PAGE_BYTES), *newer, 0) if newer else -(-size // PAGE_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def page(self, number: int) -> bytes:
        """One page, from 1; empty if it can't be read."""
        if number in self._newer:
            return self._newer[number]
        if self._file is None or not 1 <= number <= self.length:
            return b""
        try:
            return os.pread(self._file.fileno(), PAGE_BYTES, (number - 1) * PAGE_BYTES)
        except OSError:
            return b""

    def write(self, path: Path) -> None:
        """A copy as one file that needs no write-ahead log."""
        with path.open("wb") as file:
            for number in range(1, self.length + 1):
                page = self.page(number).ljust(PAGE_BYTES, b"\0")
                file.write(page if number > 1 else page[:18] + b"\1\1" + page[20:])


def rows(image: Image) -> Iterator[Record]:
    """Every record of tables with rowids that a page still holds."""
    return _records(image, _TABLE_LEAF)


def entries(image: Image) -> Iterator[Record]:
    """Every record of indexes and of tables without rowids that a page still holds."""
    return _records(image, _INDEX_LEAF, _INDEX_INNER)


def _records(image: Image, *kinds: int) -> Iterator[Record]:
    for number in range(1, image.length + 1):
        page = image.page(number)
        start = _FILE_HEADER if number == 1 else 0
        if len(page) != PAGE_BYTES or page[start] not in kinds:
            continue
        first = start + (12 if page[start] == _INDEX_INNER else 8)
        for n in range(min(int.from_bytes(page[start + 3 : start + 5], "big"), PAGE_BYTES // 4)):
            at = int.from_bytes(page[first + 2 * n : first + 2 * n + 2], "big")
            try:
                yield _record(image, page, page[start], at)
            except (IndexError, ValueError, struct.error):
                continue


def _record(image: Image, page: bytes, kind: int, at: int) -> Record:
    if kind == _INDEX_INNER:
        at += 4
    size, at = _varint(page, at)
    rowid = None
    if kind == _TABLE_LEAF:
        rowid, at = _varint(page, at)
    if size > _MOST_BYTES:
        raise ValueError("no record of ours is so long")
    return Record(rowid, _values(_payload(image, page, kind, at, size)))


def _payload(image: Image, page: bytes, kind: int, at: int, size: int) -> bytes:
    """The record's bytes, its overflow pages followed."""
    if size <= _MOST_LOCAL[kind]:
        return page[at : at + size]
    local = _LEAST_LOCAL + (size - _LEAST_LOCAL) % (PAGE_BYTES - 4)
    local = local if local <= _MOST_LOCAL[kind] else _LEAST_LOCAL
    payload = page[at : at + local]
    (following,) = struct.unpack(">I", page[at + local : at + local + 4])
    while len(payload) < size:
        page = image.page(following)
        if len(page) != PAGE_BYTES:
            raise ValueError("an overflow page is missing")
        (following,) = struct.unpack(">I", page[:4])
        payload += page[4 : 4 + size - len(payload)]
    return payload


def _values(payload: bytes) -> tuple[Value, ...]:
    end, at = _varint(payload, 0)
    body = end
    values: list[Value] = []
    while at < end:
        kind, at = _varint(payload, at)
        value, size = _value(payload, body, kind)
        body += size
        values.append(value)
    if body != len(payload):
        raise ValueError("a record whose parts don't add up")
    return tuple(values)


_WIDTHS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    """(value, its bytes) of one serial type."""
    if kind in _WIDTHS:
        return int.from_bytes(payload[at : at + _WIDTHS[kind]], "big", signed=True), _WIDTHS[kind]
    if kind in (8, 9):
        return kind - 8, 0
    if kind == 0:
        return None, 0
    if kind == 7:  # noqa: PLR2004 (the format's number)
        return struct.unpack(">d", payload[at : at + 8])[0], 8
    if kind < 12:  # noqa: PLR2004 (the format's number)
        raise ValueError("a serial type that nobody writes")
    size = (kind - 12) // 2
    piece = payload[at : at + size]
    if len(piece) != size:
        raise ValueError("a record that is cut short")
    return (piece.decode() if kind % 2 else piece), size


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """(number, where it ends): 1 to 9 bytes, big-endian, 7 bits each, all 8 of the ninth."""
    number = 0
    for n in range(8):
        byte = page[at + n]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 (the format's number)
            return number, at + n + 1
    return number << 8 | page[at + 8], at + 9
