"""SQLite's write-ahead log, read by ourselves: it drops all behind a broken frame without a word, and we must not.

The format: https://www.sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import os
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from appliance.store.opening import PAGE_BYTES

_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_FRAME: Final = _FRAME_HEADER + PAGE_BYTES
_MAGIC: Final = 0x377F0682
"""Little-endian checksums; one more: big-endian."""
_GENERATIONS: Final = 1 << 20
"""So many times at most was a log begun anew: its first salt counts them."""
_MASK: Final = 0xFFFFFFFF
_INDEX: Final = struct.Struct("=16xI12x8s56x")
"""Of the -shm file: frames committed and salts, in 48 bytes that stand there twice."""

_ROOM: Final = _HEADER + 2000 * _FRAME
"""8 MB: what a card takes in half a second at the start."""

Sums = tuple[int, int]


class Frame(NamedTuple):
    """One page as a transaction left it. `sound`: its checksum follows from that of the frame before, if
    that can be read.
    """

    number: int
    page: int
    commits: bool
    salts: bytes
    sound: bool
    content: bytes


class Wal:
    """The content of a write-ahead log."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        head = content[:_HEADER]
        self.is_empty = len(content) <= _HEADER or not any(head)
        self.is_headed = False
        self._order = "<"
        if len(head) == _HEADER:
            magic, _, page, _, _, _, *sums = struct.unpack(">8I", head)
            self._order = ">" if magic == _MAGIC + 1 else "<"
            known = magic in (_MAGIC, _MAGIC + 1) and page == PAGE_BYTES
            self.is_headed = known and _sums(head[:24], (0, 0), self._order) == tuple(sums)
        self.salts = head[16:24] if self.is_headed else self._commonest_salts()

    def _commonest_salts(self) -> bytes:
        salts = Counter(self._content[at + 8 : at + 16] for at in range(_HEADER, len(self._content), _FRAME))
        return salts.most_common(1)[0][0] if salts else b""

    def frames(self, after: int = 0) -> Iterator[Frame]:
        """All frames behind the first `after` ones that are there whole, whatever stands in them."""
        start = _HEADER + after * _FRAME
        known = self.is_headed if after == 0 else self._content[start - _FRAME + 8 : start - _FRAME + 16] == self.salts
        sums_at = 24 if after == 0 else start - _FRAME + 16
        before: Sums | None = struct.unpack(">2I", self._content[sums_at : sums_at + 8]) if known else None
        for number, at in enumerate(range(start, len(self._content) - _FRAME + 1, _FRAME), start=after + 1):
            head = self._content[at : at + _FRAME_HEADER]
            page, size, _, _, *stored = struct.unpack(">6I", head)
            content = self._content[at + _FRAME_HEADER : at + _FRAME]
            ours = head[8:16] == self.salts
            # Behind a header that is lost nothing can be summed up: what looks like a frame is taken for one.
            sound = ours and (
                before is None or _sums(content, _sums(head[:8], before, self._order), self._order) == tuple(stored)
            )
            yield Frame(number, page, size > 0, head[8:16], sound, content)
            before = (stored[0], stored[1]) if ours else None

    def pages(self) -> dict[int, bytes]:
        """The newest sound content of each page, of committed transactions, broken frames passed over."""
        committed: dict[int, bytes] = {}
        pending: dict[int, bytes] = {}
        for frame in self.frames():
            if frame.sound:
                pending[frame.page] = frame.content
                if frame.commits:
                    committed |= pending
                    pending = {}
        return committed

    def loss(self, committed: int, intact: int = 0) -> str:
        """What of this log SQLite passes over though it was committed; empty if nothing.

        `committed`: frames that are known to have been (0: nothing is known); `intact`: those that SQLite takes. The
        rest of a transaction that the power or a kill cut off is no loss: it was promised to nobody.
        """
        if self.is_empty:
            return f"the write-ahead log lost {committed} frames" if committed else ""
        if not self.is_headed:
            return "the write-ahead log's header is broken"
        broken = False
        for frame in self.frames(after=intact):
            if broken:
                if frame.sound and frame.commits:
                    return f"the write-ahead log is broken before frame {frame.number}"
            elif not frame.sound:
                if frame.salts != self.salts and not self._is_older(frame.salts):
                    return f"the write-ahead log is broken at frame {frame.number}"
                broken = True
            elif frame.commits:
                intact = frame.number
        return f"the write-ahead log lost {committed - intact} frames" if committed > intact else ""

    def _is_older(self, salts: bytes) -> bool:
        """Whether a frame is left from before the log was last begun anew (or was never written)."""
        behind = int.from_bytes(self.salts[:4], "big") - int.from_bytes(salts[:4], "big") & _MASK
        return not any(salts) or 0 < behind < _GENERATIONS


def read_wal(path: Path) -> Wal:
    """The write-ahead log of the database at `path`; an empty one if there is none."""
    wal = path.with_name(path.name + "-wal")
    return Wal(wal.read_bytes() if wal.exists() else b"")


def committed_frames(path: Path, wal: Wal) -> int:
    """How many frames the index beside the log says are committed; 0 if it says nothing of this log.

    The index is memory that processes share: it outlives a kill, and means nothing after a reboot. Only for a database
    that this process hasn't open: closing the file would let go of SQLite's locks on it.
    """
    shm = path.with_name(path.name + "-shm")
    if not shm.exists():
        return 0
    with shm.open("rb") as file:
        found = file.read(_INDEX.size)
    if len(found) < _INDEX.size or found[:48] != found[48:] or not any(found):
        return 0
    frames, salts = _INDEX.unpack(found)
    return int(frames) if salts == wal.salts or wal.is_empty else 0


class Length(NamedTuple):
    """How many frames a log holds since it was last begun anew; the salts change then."""

    salts: bytes
    frames: int


def length(path: Path) -> Length:
    """The length of the log of a database that may be open and written to meanwhile."""
    try:
        with path.with_name(path.name + "-wal").open("rb", buffering=0) as file:
            head = file.read(_HEADER)
            salts = head[16:24]
            low, high = 0, (os.fstat(file.fileno()).st_size - _HEADER) // _FRAME
            while low < high:
                middle = (low + high) // 2
                if os.pread(file.fileno(), 8, _HEADER + middle * _FRAME + 8) == salts:
                    low = middle + 1
                else:
                    high = middle
            return Length(salts, low)
    except FileNotFoundError:
        return Length(b"", 0)


def make_room(path: Path) -> None:
    """Let the log's file have its usual size from the start: a commit that needn't enlarge it syncs in half the time.

    Behind the frames stand zeros, which are never frames. Only while nobody writes. A full disk goes without.
    """
    with path.with_name(path.name + "-wal").open("r+b", buffering=0) as file, suppress(OSError):
        size = os.fstat(file.fileno()).st_size
        os.pwrite(file.fileno(), bytes(max(_ROOM - size, 0)), size)
        os.fsync(file.fileno())


def _sums(content: bytes, before: Sums, order: str) -> Sums:
    first, second = before
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = first + even + second & _MASK
        second = second + odd + first & _MASK
    return first, second
