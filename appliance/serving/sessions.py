"""Who is logged in: sessions by the digest of their token, in memory and, best effort, in a SQLite file.

Losing them logs people out and does no other harm, so a disk that is full or busy is a line in the log, never an error.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from appliance.domain.ticket import Millis
from appliance.serving.members import Member

log = logging.getLogger(__name__)

ABSOLUTE_MILLIS: Final = 12 * 3_600_000
IDLE_MILLIS: Final = 2 * 3_600_000
TOUCH_MILLIS: Final = 300_000
"""How old the stored time of the last request may be."""
MAX_SESSIONS: Final = 1000
MAX_PER_MEMBER: Final = 20


class Session(msgspec.Struct, frozen=True):
    """One browser's login."""

    member: Member
    opened: Millis
    seen: Millis


class SessionStore:
    """`path` is a SQLite file in which a table of ours may stand beside others; None keeps sessions in memory alone."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._file = _File(path) if path is not None else None
        if self._file is not None:
            self._sessions = self._file.read()

    def open(self, token: str, member: Member, now: Millis) -> None:
        """A new session under a token that only the browser keeps."""
        session = Session(member, now, now)
        with self._lock:
            self._expire(now)
            of_member = sorted((s.opened, digest) for digest, s in self._sessions.items() if s.member.id == member.id)
            for _, digest in of_member[: max(len(of_member) - MAX_PER_MEMBER + 1, 0)]:
                self._drop(digest)
            if len(self._sessions) >= MAX_SESSIONS:
                self._drop(min(self._sessions, key=lambda digest: self._sessions[digest].seen))
            self._keep(_digest(token), session)

    def find(self, token: str, now: Millis) -> Session | None:
        """The session, now seen again; None for one that is unknown or over."""
        digest = _digest(token)
        with self._lock:
            session = self._sessions.get(digest)
            if session is None:
                return None
            if _over(session, now):
                self._drop(digest)
                return None
            if abs(now - session.seen) >= TOUCH_MILLIS:
                session = Session(session.member, session.opened, now)
                self._keep(digest, session)
            return session

    def end(self, token: str) -> None:
        """Logout."""
        with self._lock:
            self._drop(_digest(token))

    def end_others(self, staff: str, *, but: str) -> None:
        """All sessions of one member except that of token `but`: after a new password."""
        with self._lock:
            others = [digest for digest, session in self._sessions.items() if session.member.id == staff]
            for digest in others:
                if digest != _digest(but):
                    self._drop(digest)

    def close(self) -> None:
        """Lets go of the file."""
        if self._file is not None:
            self._file.close()

    def _expire(self, now: Millis) -> None:
        for digest in [digest for digest, session in self._sessions.items() if _over(session, now)]:
            self._drop(digest)

    def _keep(self, digest: str, session: Session) -> None:
        self._sessions[digest] = session
        if self._file is not None:
            self._file.keep(digest, session)

    def _drop(self, digest: str) -> None:
        if self._sessions.pop(digest, None) is not None and self._file is not None:
            self._file.drop(digest)


def _over(session: Session, now: Millis) -> bool:
    """Both ways: a session from the future belongs to a clock that was wrong."""
    return abs(now - session.opened) >= ABSOLUTE_MILLIS or abs(now - session.seen) >= IDLE_MILLIS


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class _File:
    """The table, best effort."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._try("open", self._open)

    def _open(self) -> None:
        connection = sqlite3.connect(self._path, timeout=0.25, isolation_level=None, check_same_thread=False)
        self._connection = connection
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS login_session (digest TEXT PRIMARY KEY, session BLOB NOT NULL) STRICT"
        )

    def read(self) -> dict[str, Session]:
        found: dict[str, Session] = {}

        def rows() -> None:
            if self._connection is None:
                return
            for digest, session in self._connection.execute("SELECT digest, session FROM login_session"):
                found[digest] = msgspec.json.decode(session, type=Session)

        self._try("read", rows)
        return found

    def keep(self, digest: str, session: Session) -> None:
        self._do("INSERT OR REPLACE INTO login_session VALUES (?, ?)", digest, msgspec.json.encode(session))

    def drop(self, digest: str) -> None:
        self._do("DELETE FROM login_session WHERE digest = ?", digest)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _do(self, statement: str, *values: str | bytes) -> None:
        connection = self._connection
        if connection is not None:
            self._try("write", lambda: connection.execute(statement, values))

    def _try(self, what: str, action: Callable[[], object]) -> None:
        try:
            action()
        except (sqlite3.Error, msgspec.DecodeError) as fault:
            log.warning("can't %s login sessions in %s (%s): a restart will log people out", what, self._path, fault)
