"""What each request on the socket does: at once, or as the writer's job."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from typing import Final

from appliance.doorkeeper.door import Doorkeeper
from appliance.doorkeeper.flood import Gathered, UnknownCodes
from appliance.doorkeeper.protocol import (
    Annul,
    Answer,
    AnyRequest,
    Done,
    DoorStanding,
    Failed,
    LinkRedeem,
    PasswordSet,
    RosterAbandon,
    RosterBegin,
    RosterChunk,
    RosterSwitch,
    Scan,
    SessionBegin,
    Shown,
    StaffAdd,
    StaffLink,
    StaffMember,
    Standing,
    Verdict,
    Watch,
)
from appliance.doorkeeper.writer import Job, Writer
from appliance.domain.clock import Moment
from appliance.store import roster, rows, staff
from appliance.store.opening import is_damage

_SWEPT: Final = 2000
Reply = Callable[[Answer], None]


class Requests:
    """Answers requests. All methods but those given to the writer run on the socket's thread."""

    def __init__(
        self,
        *,
        doorkeeper: Doorkeeper,
        reader: sqlite3.Connection,
        writer: Writer,
        moment: Callable[[], Moment],
        monotonic: Callable[[], int],
        counted: Callable[[Verdict], None],
    ) -> None:
        self._doorkeeper = doorkeeper
        self._recorder = doorkeeper.recorder
        self._reader = reader
        self._writer = writer
        self._moment = moment
        self._monotonic = monotonic
        self._counted = counted
        self._unknown = UnknownCodes()

    def handle(self, request: AnyRequest, reply: Reply) -> None:
        """Answer now, or when the writer has written."""
        if isinstance(request, Scan):
            self._scan(request, reply)
        elif isinstance(request, Shown):
            self._writer.put(Job(lambda: self._doorkeeper.shown(request.nonce), durable=False))
            reply(Done(id=request.id))
        elif isinstance(request, Standing):
            reply(self._standing(request))
        elif isinstance(request, Watch):
            reply(Done(id=request.id))
        else:
            self._writer.put(self._job(request, reply))

    def tick(self) -> None:
        """About once a second: what a flood gathered becomes a row."""
        for gathered in self._unknown.due(self._monotonic()):
            self._put_gathered(gathered)

    def rest(self) -> None:
        """At a clean stop: write what is gathered."""
        for gathered in self._unknown.rest():
            self._put_gathered(gathered)

    def sweep(self) -> None:
        """Delete old rosters in short steps, each queued behind whoever waits."""

        def step() -> Answer | None:
            if roster.sweep(self._recorder.connection, _SWEPT):
                self._writer.put(job)
            return None

        job = Job(step, durable=False)
        self._writer.put(job)

    # -- scans -----------------------------------------------------------------------------------------------------

    def _scan(self, scan: Scan, reply: Reply) -> None:
        moment = self._moment()
        try:
            refused = self._doorkeeper.refuse_at_once(self._reader, scan, moment)
        except sqlite3.Error as fault:
            if is_damage(fault):
                raise
            reply(Failed(id=scan.id, kind="busy", what=f"ledger.db can't be read: {fault}"))
            return
        if refused is None:
            self._writer.put(Job(lambda: self._doorkeeper.scan(scan, moment), self._counting(reply), scan.id))
            return
        reply(refused)
        self._counted(refused)
        if refused.again:
            self._writer.put(Job(lambda: self._doorkeeper.shown(refused.nonce), durable=False))
        elif refused.outcome == "refused" and refused.nonce == scan.nonce and self._is_row(refused, scan):
            self._put_refusal(refused, scan, moment)

    def _counting(self, reply: Reply) -> Reply:
        def answer(given: Answer) -> None:
            reply(given)
            if isinstance(given, Verdict):
                self._counted(given)

        return answer

    def _is_row(self, refused: Verdict, scan: Scan) -> bool:
        if refused.reason != "invalid":
            return True
        self.tick()
        return self._unknown.is_row(scan.gate, self._monotonic())

    def _put_refusal(self, refused: Verdict, scan: Scan, moment: Moment, times: int = 1) -> None:
        def write() -> None:
            self._doorkeeper.record_refusal(refused, scan, moment, times=times)

        self._writer.put(Job(write, durable=False, kept=True))

    def _put_gathered(self, gathered: Gathered) -> None:
        moment = self._moment()
        nonce = f"gathered-{secrets.token_hex(12)}"
        verdict = Verdict(id=0, outcome="refused", reason="invalid", nonce=nonce, at=moment.at)
        self._put_refusal(verdict, Scan(id=0, text="", gate=gathered.gate, nonce=nonce), moment, gathered.times)

    # -- the rest --------------------------------------------------------------------------------------------------

    def _standing(self, request: Standing) -> DoorStanding:
        living = roster.living(self._reader)
        meta = dict(self._reader.execute("SELECT key, value FROM meta"))
        count = self._reader.execute("SELECT coalesce(max(seq), 0) FROM ledger").fetchone()[0]
        return DoorStanding(
            id=request.id,
            node=self._recorder.node,
            log=self._recorder.log,
            rows=count,
            roster=living.id if living else 0,
            tickets=living.rows if living else 0,
            clock=self._moment().clock,
            history_since=meta.get("history_since", ""),
            damage=meta.get("damage", ""),
            disk=self._writer.disk,
        )

    def _job(self, request: AnyRequest, reply: Reply) -> Job:
        connection = self._recorder.connection
        done = Done(id=request.id)

        def refuse(what: str) -> Failed:
            return Failed(id=request.id, kind="unknown", what=what)

        def run() -> Answer:  # noqa: PLR0911 (one return a request)
            now = self._recorder.moment()
            match request:
                case RosterBegin():
                    return Done(id=request.id, number=roster.begin(connection, request.source, request.digest, now.at))
                case RosterChunk():
                    if not roster.is_staged(connection, request.roster):
                        return refuse(f"roster {request.roster} is not being written: start the import again")
                    roster.add(connection, request.roster, request.tickets)
                    return done
                case RosterSwitch():
                    if not roster.switch(connection, request.roster, request.rows):
                        return refuse(f"roster {request.roster} does not hold {request.rows} tickets: start the import again")
                    self.sweep()
                    return done
                case RosterAbandon():
                    roster.discard(connection, request.roster)
                    self.sweep()
                    return done
                case StaffAdd():
                    return self._staff_link(request, now)
                case LinkRedeem():
                    member = staff.redeem_link(connection, request.token, now.now)
                    if member is None:
                        return refuse("this link was used or is too old: ask for a new one")
                    return StaffMember(id=request.id, staff=member.id, name=member.name, role=member.role)  # type: ignore[arg-type]  # ours
                case PasswordSet():
                    return done if staff.set_password(connection, request.staff, request.hash) else refuse("no such staff")
                case SessionBegin():
                    return Done(id=request.id, number=_begin_session(connection, request.above, request.term))
                case Annul():
                    if rows.row_of_nonce(connection, request.annuls) is None:
                        return refuse("no scan has this nonce")
                    self._recorder.write(now, kind="annulment", annuls=request.annuls, by=request.by, nonce=request.nonce)
                    return done
                case _:
                    return refuse("not a request")

        durable = not isinstance(request, RosterBegin | RosterChunk | RosterAbandon)
        return Job(run, reply, request.id, durable=durable, alone=True)

    def _staff_link(self, request: StaffAdd, now: Moment) -> StaffLink:
        connection = self._recorder.connection
        member = staff.add(connection, request.name, request.role, now.at)
        token = secrets.token_urlsafe(24)
        staff.add_link(connection, member, token, now.now)
        return StaffLink(id=request.id, staff=member, token=token)


def _begin_session(connection: sqlite3.Connection, above: int, term: int) -> int:
    known = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('session', 'term')"))
    session = max(int(known.get("session", "0")), above) + 1
    reign = max(int(known.get("term", "1")), term)
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?,?)", [("session", str(session)), ("term", str(reign))])
    return session
