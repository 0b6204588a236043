"""What was presented: raw text from a camera or a keyboard -> a credential, or nothing that can be one."""

from __future__ import annotations

import hashlib
import unicodedata

import msgspec

from appliance.domain.ticket import MAX_CODE

_NEVER = ("Cc", "Cs")
"""Control characters and lone surrogates."""


class Credential(msgspec.Struct, frozen=True):
    """A text that could be a ticket's code: 1 to MAX_CODE characters, none of them a control character."""

    code: str

    def digest(self) -> bytes:
        """8 bytes that know the credential again without keeping it."""
        return hashlib.sha256(self.code.encode("utf-8", "surrogatepass")).digest()[:8]


def read_credential(raw: str) -> Credential | None:
    """The credential in `raw`; None if no ticket can look like this: empty, too long, control or half characters.

    White space around it is what hand scanners and copy-and-paste add.
    """
    if len(raw) > 4 * MAX_CODE:
        return None
    code = raw.strip()
    if not 0 < len(code) <= MAX_CODE:
        return None
    if code.isprintable() or not any(unicodedata.category(character) in _NEVER for character in code):
        return Credential(code)
    return None
