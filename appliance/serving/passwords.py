"""Passwords: what makes one acceptable, and argon2, one at a time, because each takes memory and a core."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from typing import Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 256
WAIT_SECONDS: Final = 5.0

Flaw = Literal["short", "long", "common", "name"]

_COMMON: Final = frozenset(
    (
        *("password12", "password123", "passwort12", "passwort123", "admin12345", "changeme12", "iloveyou12"),
        *("1234567890", "12345678910", "0123456789", "0987654321", "letmein123", "welcome123", "willkommen"),
        *("qwertyuiop", "qwertzuiop", "qwerty1234", "qwertz1234", "1q2w3e4r5t", "1q2w3e4r5t6z", "willkommen1"),
    )
)


def normal(password: str) -> str:
    """The same characters typed on two keyboards are the same password."""
    return unicodedata.normalize("NFKC", password)


def flaw(password: str, name: str) -> Flaw | None:
    """Why a new password isn't good enough: length and guessability, no rules of composition (NIST SP 800-63B)."""
    plain = normal(password)
    if len(plain) < MIN_LENGTH:
        return "short"
    if len(plain) > MAX_LENGTH:
        return "long"
    if plain.casefold() in _COMMON or len(set(plain)) < 4:  # noqa: PLR2004 (fewer different characters are a pattern)
        return "common"
    if name and normal(name).casefold() in plain.casefold() and len(plain) < len(name) + 6:
        return "name"
    return None


class Passwords:
    """Hashes and checks. OWASP's smallest parameters for argon2id: 19 MiB, so that logins don't make a Pi swap."""

    def __init__(self, *, time_cost: int = 2, memory_kib: int = 19 * 1024) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._turn = threading.Semaphore(1)
        self._nobodys: str | None = None

    def hash(self, password: str) -> str | None:
        """The argon2id hash; None when too many ask at once."""
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            return None
        try:
            return self._hasher.hash(normal(password))
        finally:
            self._turn.release()

    def check(self, password_hash: str | None, password: str) -> bool | None:
        """Whether it is the one; None when too many ask at once. As slow without a hash: it doesn't tell who exists."""
        if len(password) > MAX_LENGTH:
            return False
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            return None
        try:
            return self._verify(password_hash or self._dummy(), normal(password)) and bool(password_hash)
        finally:
            self._turn.release()

    def outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than today's."""
        try:
            return self._hasher.check_needs_rehash(password_hash)
        except InvalidHashError:
            return True

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def _dummy(self) -> str:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash(secrets.token_urlsafe(32))
        return self._nobodys
