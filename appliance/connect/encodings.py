"""Which encoding a text file is in: the byte-order mark says, or charset-normalizer finds out from a bounded sample."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from appliance.connect.exceptions import UnreadableError
from appliance.connect.problems import BadRow

SAMPLE: Final = 64 * 1024
_BLOCK: Final = 1024 * 1024
_LINE: Final = 1024
_WIDE_SHARE: Final = 16
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_FOUND: Final = ["cp1252", "cp932", "cp1256"]
_WORDS: Final = re.compile(rb"[A-Za-z\x80-\xff ]*[\x80-\xff][A-Za-z\x40-\x7e\x80-\xff ]*")
_ASCII: Final = 0x80
_FOREIGN_SHARE: Final = 0.4
_FEW: Final = 16
CHOOSABLE: Final = (
    "utf-8", "utf-16-le", "utf-16-be", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
    "cp1258", "cp874", "cp932", "cp949", "euc-jp", "euc-kr", "shift-jis", "gb18030", "big5", "iso-8859-1", "iso-8859-2",
    "iso-8859-15", "mac-roman", "cp437", "cp850",
)  # fmt: skip
"""What may be said by --encoding."""
NOT_TEXT: Final = "a CSV or Excel (.xlsx) file: this is neither text nor a workbook"


def find_encoding(file: BinaryIO, chosen: str | None = None) -> str:
    """A codec's name for the whole file; UnreadableError where no text is in it or a person must say.

    A byte-order mark is stronger than what a person chose, UTF-8 than what the library thinks. The sample is the first
    lines with anything but ASCII in them, so that one umlaut in the last of 100,000 rows counts.
    """
    head = file.read(SAMPLE)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec
    if chosen is not None:
        return chosen
    if b"\0" in head:
        return _wide(head)
    sample = _telling_lines(file)
    return "utf-8" if _decodes(sample, "utf-8") else _ask_library(sample)


def _wide(sample: bytes) -> str:
    """UTF-16 without its mark: the separators and line ends, at the least, have their zero byte on one side."""
    high, low = sample[1::2].count(0), sample[0::2].count(0)
    for more, less, codec in ((high, low, "utf-16-le"), (low, high, "utf-16-be")):
        if len(sample) % 2 == 0 and more > len(sample) // _WIDE_SHARE and more > _WIDE_SHARE * less:
            return codec
    # NUL bytes within text: the reader names the line.
    return "utf-8" if _decodes(sample, "utf-8") else _ask_library(sample)


def _ask_library(sample: bytes) -> str:
    """Of one-byte encodings only Windows-1252 is taken without a word: Western words are ASCII for the most part.

    The library sees the words alone, codes and separators only confuse it; of a few words it still knows little, so
    that their ASCII letters count more. Where names could come out in wrong letters, a person is asked.
    """
    from charset_normalizer import from_bytes

    words = b"\n".join(match[0].strip() for match in _WORDS.finditer(sample))
    best = from_bytes(words, cp_isolation=_FOUND, threshold=0.5).best()
    guess = "" if best is None else best.encoding
    foreign = sum(byte >= _ASCII for byte in words)
    if foreign <= _FOREIGN_SHARE * len(words) and _decodes(words, "cp1252"):
        return "cp1252"
    if guess == "cp1252" and len(words) < _FEW:
        return guess
    if not guess:
        raise UnreadableError(
            BadRow(0, "", "bytes that are no text in a known encoding", f"{NOT_TEXT}, or say --encoding")
        )
    expected = f"UTF-8 (save it so), or --encoding {guess} if that is right"
    raise UnreadableError(BadRow(0, "", f"text that looks like {guess}", expected))


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        sample.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _telling_lines(file: BinaryIO) -> bytes:
    """Up to about `SAMPLE` bytes of the lines that are not pure ASCII; empty: all of it is ASCII."""
    file.seek(0)
    lines: list[bytes] = []
    size = 0
    rest = b""
    while size < SAMPLE and (block := file.read(_BLOCK)):
        if rest.isascii() and block.isascii():
            rest = b""
            continue
        whole, _, rest = (rest + block).rpartition(b"\n")
        if len(rest) > SAMPLE:  # One endless line: some of it will do.
            whole, rest = rest[:SAMPLE], b""
        for line in whole.splitlines():
            if not line.isascii() and size < SAMPLE:
                lines.append(_cut(line))
                size += len(lines[-1])
    if size < SAMPLE and not rest.isascii():
        lines.append(_cut(rest))
    return b"\n".join(lines)


def _cut(line: bytes) -> bytes:
    """At most `_LINE` bytes of it, no UTF-8 character cut in two."""
    for end in range(_LINE, _LINE - 4, -1):
        if _decodes(line[:end], "utf-8"):
            return line[:end]
    return line[:_LINE]


def locate_fault(file: BinaryIO, encoding: str) -> tuple[int, bytes]:
    """The line and the bytes at which a file stops being text in `encoding`; (0, b"") if it doesn't."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    line, last = 1, ""
    while True:
        block = file.read(_BLOCK)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, "replace")
            return line + _line_ends(before, last), error.object[error.start : error.start + 4]
        if not block:
            return 0, b""
        line += _line_ends(text, last)
        last = text[-1:] or last


def _line_ends(text: str, before: str) -> int:
    """Line ends in `text`; a CR that ended the text `before` has been counted already."""
    split = before == "\r" and text.startswith("\n")
    return text.count("\n") + text.count("\r") - text.count("\r\n") - split


@contextmanager
def open_text(file: BinaryIO, encoding: str) -> Iterator[io.TextIOWrapper]:
    """The file from its start, decoded strictly, without its mark, line ends as they are; `file` stays open."""
    file.seek(0)
    for mark, codec in _MARKS:
        if codec == encoding:
            file.seek(len(mark) if file.read(len(mark)) == mark else 0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="strict", newline="")
    try:
        yield text
    finally:
        text.detach()
