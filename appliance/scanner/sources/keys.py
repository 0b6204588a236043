"""What a hand scanner types, from its key codes: as a US keyboard would, whatever layout the box has. Pure.

A scanner ends a line with Enter or Tab. One that doesn't, or whose Enter was lost between two scans, is cut by the
pause: it types a code in one go, and nobody scans two in a tenth of a second.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MAX_LINE: Final = 4096

_ENDS: Final = frozenset({28, 96, 15})  # Enter, the keypad's, Tab
_SHIFTS: Final = frozenset({42, 54})
_CONTROLS: Final = frozenset({29, 97})
_ALTS: Final = frozenset({56, 100})
_CAPS_LOCK: Final = 58
_PLAIN: Final[dict[int, str]] = {
    **dict(zip(range(2, 14), "1234567890-=", strict=True)),
    **dict(zip(range(16, 28), "qwertyuiop[]", strict=True)),
    **dict(zip(range(30, 42), "asdfghjkl;'`", strict=True)),
    **dict(zip(range(43, 54), "\\zxcvbnm,./", strict=True)),
    57: " ",
    86: "\\",
}
_SHIFTED: Final = str.maketrans("1234567890-=[];'`\\,./", '!@#$%^&*()_+{}:"~|<>?')
_KEYPAD: Final[dict[int, str]] = {
    **dict(zip(range(71, 84), "789-456+1230.", strict=True)),
    55: "*",
    98: "/",
    117: "=",
    121: ",",
}
_CONTROL_MASK: Final = 0x1F
_ONE_BYTE: Final = 0xFF
_ANSI_FROM: Final = "0"
"""An Alt code with a leading zero means the Windows code page, one without the DOS one."""

LETTERS: Final = frozenset(code for code, character in _PLAIN.items() if character.isalpha())
DIGITS: Final = frozenset(range(2, 12))
ENTER: Final = 28


class Typed(NamedTuple):
    """One line."""

    text: str
    keys: int
    seconds: float
    """From its first key to its last."""


class KeyTypist:
    """One scanner's keys to lines."""

    def __init__(self, *, pause: float, caps_lock: bool = False) -> None:
        """`pause`: seconds without a key that end a line."""
        self._pause = pause
        self._caps_lock = caps_lock
        self._held: set[int] = set()
        self._alt_code = ""
        self._line: list[str] = []
        self._first_at = self._last_at = 0.0
        self._too_long = False
        self.dropped = 0
        """Lines longer than MAX_LINE so far."""

    @property
    def pending(self) -> bool:
        """A line has begun and not ended."""
        return bool(self._line) or self._too_long

    def key(self, code: int, *, down: bool, at: float) -> list[Typed]:
        """The lines that end with this key, or ended before it: none, mostly. `at` in seconds of the kernel's clock."""
        done = self.end() if self.pending and at - self._last_at >= self._pause else []
        if not down:
            self._held.discard(code)
            if code in _ALTS and self._alt_code:
                self._add(_alt_character(self._alt_code), at)
                self._alt_code = ""
            return done
        if code in _SHIFTS | _CONTROLS | _ALTS:
            self._held.add(code)
        elif code == _CAPS_LOCK:
            self._caps_lock = not self._caps_lock
        elif code in _ENDS:
            done += self.end()
        elif self._held & _ALTS and _KEYPAD.get(code, "").isdigit():
            self._alt_code = (self._alt_code + _KEYPAD[code])[:4]
        elif character := self._character(code):
            self._add(character, at)
        return done

    def end(self) -> list[Typed]:
        """The line so far, if any: nothing has come for as long as the pause."""
        line, self._line = self._line, []
        if self._too_long:
            self._too_long = False
            self.dropped += 1
            return []
        return [Typed("".join(line), len(line), self._last_at - self._first_at)] if line else []

    def forget(self) -> None:
        """Keys were lost: what has been typed of this line is worth nothing."""
        self._line.clear()
        self._held.clear()
        self._alt_code = ""

    def _character(self, code: int) -> str:
        if code in _KEYPAD:
            return _KEYPAD[code]
        character = _PLAIN.get(code, "")
        if not character:
            return ""
        shift = bool(self._held & _SHIFTS)
        if character.isalpha():
            character = character.upper() if shift != self._caps_lock else character
        elif shift:
            character = character.translate(_SHIFTED)
        # A scanner sends control characters so; kept, so that such a code is refused rather than taken for another.
        return chr(ord(character) & _CONTROL_MASK) if self._held & _CONTROLS else character

    def _add(self, character: str, at: float) -> None:
        if not self.pending:
            self._first_at = at
        self._last_at = at
        if len(self._line) >= MAX_LINE:
            self._line.clear()
            self._too_long = True
        if not self._too_long:
            self._line.append(character)


def _alt_character(digits: str) -> str:
    number = int(digits)
    if number > _ONE_BYTE:
        return chr(number)
    return bytes([number]).decode("cp1252" if digits.startswith(_ANSI_FROM) else "cp437", "replace")
