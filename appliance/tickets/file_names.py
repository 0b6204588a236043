"""File names of ticket ids, which are hostile: no way out of the folder, no two alike, not even by their case."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9-]+")
_KEPT: Final = 40
# Names that Windows keeps for devices, whatever stands behind the dot: sheets travel on memory sticks.
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class FileNames:
    """Gives each ticket id its name, the same in each run over the same ids."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def stem(self, ticket_id: str) -> str:
        """The name without its ending: the id itself where it is harmless, else what is left of it and a digest."""
        plain = ticket_id
        harmless = _SAFE.fullmatch(plain) and not plain.endswith(".") and not _RESERVED.fullmatch(plain)
        if not harmless or self._given.setdefault(plain.casefold(), ticket_id) != ticket_id:
            digest = hashlib.sha256(ticket_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            plain = f"{_UNSAFE.sub('_', ticket_id)[:_KEPT].strip('_-') or 'ticket'}_{digest}"
        return plain
