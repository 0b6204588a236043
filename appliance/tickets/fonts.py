"""The system's fonts, found by the names that Debian gives them; none is shipped."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from fpdf import FPDF
from fpdf.fonts import TTFFont
from fpdf.unicode_script import get_unicode_script

FOLDERS: Final = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_BASE: Final = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "FreeSans.ttf")
_EAST_ASIAN: Final = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKjp-Regular.otf", "ipagp.ttf", "ipag.ttf", "DroidSansFallbackFull.ttf",
    "wqy-zenhei.ttc",
)  # fmt: skip
_ARABIC: Final = ("NotoSansArabic-Regular.ttf", "NotoNaskhArabic-Regular.ttf")
_SYMBOLS: Final = (
    "NotoSansSymbols-Regular.ttf",
    "NotoSansSymbols2-Regular.ttf",
    "NotoSansMath-Regular.ttf",
    "Symbola_hint.ttf",
)
_FILES: Final[Mapping[str, Sequence[str]]] = {
    **dict.fromkeys(("Han", "Hiragana", "Katakana", "Hangul", "Bopomofo"), _EAST_ASIAN),
    "Arabic": _ARABIC,
    **dict.fromkeys(("Common", "Inherited"), (*_SYMBOLS, *_EAST_ASIAN)),
    **dict.fromkeys(("Latin", "Greek", "Cyrillic"), _BASE),
}
_PACKAGES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Han", "Hiragana", "Katakana", "Hangul", "Bopomofo"), "fonts-noto-cjk"),
    **dict.fromkeys(("Latin", "Greek", "Cyrillic"), "fonts-dejavu-core"),
}
_OTHER_PACKAGE: Final = "fonts-noto-core"
# These need no glyph: joiners, marks of direction, spaces.
_INVISIBLE: Final = ("Cf", "Zs", "Cc")


class Missing(NamedTuple):
    """A script that no font here can show."""

    script: str
    package: str


class Fonts:
    """What a sheet is written with: a family for most text, fallbacks for the rest, and what none of them can show."""

    def __init__(self, pdf: FPDF, texts: Iterable[str], folders: Sequence[Path] = FOLDERS) -> None:
        self._pdf = pdf
        self._files = {path.name: path for path in _font_files(folders)}
        wanted = {c for text in texts for c in text if unicodedata.category(c) not in _INVISIBLE}
        self._loaded: set[str] = set()
        self._shown: set[int] = set()
        self._load(_BASE)
        for script in sorted({_script(c) for c in wanted if ord(c) not in self._shown}):
            names = _FILES.get(script, (f"NotoSans{script.replace('_', '')}-Regular.ttf",))
            self._load_for([c for c in wanted if _script(c) == script], names)
        self._wanted = wanted
        self.core = not self._loaded
        """No font was found at all: the PDF's own Helvetica, which knows Western Europe alone."""
        if self.core:
            self._shown = {n for n in range(0x20, 0x100) if not 0x7F <= n < 0xA0}  # noqa: PLR2004 (Latin-1)
        self.family = "helvetica" if self.core else next(iter(sorted(self._loaded, key=self._is_fallback)))
        if not self.core:
            pdf.set_fallback_fonts(sorted(self._loaded - {self.family}))

    def can_show(self, text: str) -> bool:
        """Whether every character has a glyph."""
        return all(ord(c) in self._shown or unicodedata.category(c) in _INVISIBLE for c in text)

    def missing(self) -> list[Missing]:
        """The scripts with a character that has none, and the Debian package that helps."""
        scripts = {_script(c) for c in self._wanted if ord(c) not in self._shown}
        return [Missing(script, _PACKAGES.get(script, _OTHER_PACKAGE)) for script in sorted(scripts)]

    def _load_for(self, characters: Sequence[str], names: Sequence[str]) -> None:
        for name in names:
            if all(ord(c) in self._shown for c in characters):
                return
            self._load((name,))

    def _load(self, names: Sequence[str]) -> None:
        """The first of these that is here."""
        for name in names:
            if name not in self._files:
                continue
            family = name.lower()
            if family not in self._loaded:
                self._pdf.add_font(family, fname=self._files[name])
                font = self._pdf.fonts[family]
                assert isinstance(font, TTFFont)
                self._shown |= set(font.cmap)
                self._loaded.add(family)
            return

    @staticmethod
    def _is_fallback(family: str) -> tuple[bool, str]:
        return family not in {name.lower() for name in _BASE}, family


def _script(character: str) -> str:
    return str(get_unicode_script(character).name.title())


def _font_files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_dir():
            yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".ttf", ".otf", ".ttc"))
