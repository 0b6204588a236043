"""What requests other than scans write: rosters, staff, reporting sessions, annulments."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from appliance.domain.clock import Moment
from appliance.doorkeeper.door import Doorkeeper
from appliance.doorkeeper.protocol import (
    Annul,
    Answer,
    AnyRequest,
    Done,
    Failed,
    LinkRedeem,
    PasswordSet,
    RosterAbandon,
    RosterBegin,
    RosterChunk,
    RosterSwitch,
    SessionBegin,
    StaffAdd,
    StaffLink,
    StaffMember,
)
from appliance.doorkeeper.writer import Job, Writer
from appliance.store import roster, sessions, staff

_SWEPT: Final = 250
"""Tickets of old rosters deleted at a time: a scan may wait for one such step."""
_TOKEN_BYTES: Final = 24


class Jobs:
    """Makes the writer's jobs. What they run, runs in the writer's transaction."""

    def __init__(
        self, doorkeeper: Doorkeeper, writer: Writer, moment: Callable[[], Moment], switched: Callable[[], None]
    ) -> None:
        self._doorkeeper = doorkeeper
        self._connection = doorkeeper.recorder.connection
        self._writer = writer
        self._moment = moment
        self._switched = switched

    def job(self, request: AnyRequest, reply: Callable[[Answer], None]) -> Job:
        """The job that does what `request` asks and answers it."""
        durable = not isinstance(request, RosterBegin | RosterChunk | RosterAbandon)
        bulky = isinstance(request, RosterChunk)

        def answer(given: Answer) -> None:
            reply(given)
            if isinstance(request, RosterSwitch):
                self._switched()

        return Job(lambda: self._run(request), answer, request.id, durable=durable, bulky=bulky, alone=True)

    def sweep(self) -> None:
        """Give up rosters that an earlier life was writing; delete old ones in short steps, behind whoever waits."""

        def give_up() -> None:
            roster.discard_staged(self._connection)
            self._sweep_on()

        self._writer.put(Job(give_up, durable=False, kept=True))

    def _sweep_on(self) -> None:
        def step() -> None:
            if roster.sweep(self._connection, _SWEPT):
                self._sweep_on()

        self._writer.put(Job(step, durable=False))

    def _run(self, request: AnyRequest) -> Answer:
        match request:
            case RosterBegin() | RosterChunk() | RosterSwitch() | RosterAbandon():
                return self._roster(request)
            case StaffAdd() | LinkRedeem() | PasswordSet():
                return self._staff(request)
            case SessionBegin():
                return Done(id=request.id, number=sessions.begin_session(self._connection, request.above, request.term))
            case Annul(annuls=annuls, nonce=nonce, by=by):
                undone = self._doorkeeper.annul(annuls, nonce=nonce, by=by, moment=self._moment())
                return Done(id=request.id) if undone else _unknown(request, "no scan has this nonce")
            case _:
                return _unknown(request, "not a request")

    def _roster(self, request: RosterBegin | RosterChunk | RosterSwitch | RosterAbandon) -> Answer:
        connection = self._connection
        match request:
            case RosterBegin(source=source, digest=digest):
                return Done(id=request.id, number=roster.begin(connection, source, digest, self._moment().at))
            case RosterChunk(roster=number, tickets=tickets):
                if not roster.is_staged(connection, number):
                    return _unknown(request, f"roster {number} is not being written: start the import again")
                roster.add(connection, number, tickets)
            case RosterSwitch(roster=number, rows=rows):
                if not roster.switch(connection, number, rows):
                    return _unknown(request, f"roster {number} does not hold {rows} tickets: start the import again")
                self._sweep_on()
            case RosterAbandon(roster=number):
                roster.discard(connection, number)
                self._sweep_on()
        return Done(id=request.id)

    def _staff(self, request: StaffAdd | LinkRedeem | PasswordSet) -> Answer:
        connection, now = self._connection, self._moment()
        match request:
            case StaffAdd(name=name, role=role):
                member = staff.add(connection, name, role, now.at)
                token = secrets.token_urlsafe(_TOKEN_BYTES)
                staff.add_link(connection, member, token, now.now)
                return StaffLink(id=request.id, staff=member, token=token)
            case LinkRedeem(token=token):
                found = staff.redeem_link(connection, token, now.now)
                if found is None:
                    return _unknown(request, "this link was used or is too old: ask for a new one")
                return StaffMember(id=request.id, staff=found.id, name=found.name, role=found.role)  # type: ignore[arg-type]  # ours
            case PasswordSet(staff=number, hash=hashed):
                known = staff.set_password(connection, number, hashed)
                return Done(id=request.id) if known else _unknown(request, "no such staff")


def _unknown(request: AnyRequest, what: str) -> Failed:
    return Failed(id=request.id, kind="unknown", what=what)
