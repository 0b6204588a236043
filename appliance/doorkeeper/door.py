"""The one use case: gather what is known of a presentation, decide, record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from appliance.domain.admission import Admitted, Earlier, History, Refused, Rules, decide
from appliance.domain.attendance import OCCUPANCY, history, order
from appliance.domain.clock import Moment
from appliance.domain.credential import Credential, read_credential
from appliance.domain.row import Placed
from appliance.domain.ticket import CheckinList, Ticket
from appliance.doorkeeper.asker import Asker
from appliance.doorkeeper.memory import Memory
from appliance.doorkeeper.protocol import Scan, Verdict
from appliance.doorkeeper.recorder import Recorder
from appliance.doorkeeper.verdicts import of_row, refusal
from appliance.store import roster, rows, unshown


class Door(msgspec.Struct, frozen=True):
    """What this node's door is: its hub and the check-in list that it goes by."""

    hub: str
    list: CheckinList
    closed: bool = False


class Gathered(msgspec.Struct, frozen=True):
    """All that a decision needs, read at one moment. `unseen`: the nonce of a verdict to be given again."""

    credential: Credential | None
    ticket: Ticket | None
    rows: list[Placed]
    history: History
    rules: Rules
    unseen: str | None
    version: int
    """The recorder's, from before it was read."""


class Doorkeeper:
    """Decides on presentations and records them. `memory` is shared by the socket's thread and the writer's."""

    def __init__(self, *, recorder: Recorder, door: Door) -> None:
        self.recorder = recorder
        self.door = door
        self.memory = Memory()

    # -- reading ---------------------------------------------------------------------------------------------------

    def _gather(
        self, connection: sqlite3.Connection, scan: Scan, moment: Moment, asker: Asker, version: int
    ) -> Gathered:
        """Read what is known. The caller holds a transaction, so that it is one moment's knowledge."""
        credential = read_credential(scan.text)
        rules = Rules(
            list=self.door.list, hub=self.door.hub, occupancy=self._occupancy(connection), closed=self.door.closed
        )
        if credential is None:
            return Gathered(None, None, [], History(), rules, None, version)
        ticket = roster.ticket_by_code(connection, credential.code)
        found = [] if ticket is None else rows.rows_of_ticket(connection, ticket.id, self.door.list.id)
        unseen = self._unseen(connection, credential, scan, moment, asker)
        return Gathered(credential, ticket, found, history(found), rules, unseen, version)

    def _unseen(
        self, connection: sqlite3.Connection, credential: Credential, scan: Scan, moment: Moment, asker: Asker
    ) -> str | None:
        unseen = unshown.unshown(connection, credential.digest(), moment, self.recorder.boot)
        if unseen is None or unseen.again not in (None, scan.nonce):
            return None
        return unseen.nonce if self.memory.may_be_given_again(unseen.nonce, asker, scan.nonce) else None

    def _occupancy(self, connection: sqlite3.Connection) -> int:
        if self.door.list.capacity is None:
            return 0
        return rows.tally_of_list(connection, self.door.list.id, OCCUPANCY)

    def _earlier_verdict(self, connection: sqlite3.Connection, nonce: str, scan: Scan) -> Verdict | None:
        """The verdict that this nonce got, if it got one; for the request `scan`."""
        given = self.memory.given(nonce)
        if given is not None:
            return msgspec.structs.replace(given, id=scan.id)
        placed = rows.row_of_nonce(connection, nonce)
        if placed is None:
            return None
        # What is asked again is presented again, so its ticket is found by its code.
        credential = read_credential(scan.text)
        ticket = roster.ticket_by_code(connection, credential.code) if credential else None
        known = ticket if ticket is not None and ticket.id == placed.row.ticket else None
        return of_row(placed.row, known, self._used_by(connection, placed), scan)

    def _used_by(self, connection: sqlite3.Connection, refused: Placed) -> Earlier | None:
        """The entry that had used the ticket up when this row was written."""
        row = refused.row
        if row.reason != "already_redeemed" or row.ticket is None:
            return None
        found = rows.rows_of_ticket(connection, row.ticket, row.list)
        return history(placed for placed in found if order(placed) < order(refused)).entry

    def refuse_at_once(
        self, connection: sqlite3.Connection, scan: Scan, moment: Moment, asker: Asker
    ) -> Verdict | Gathered:
        """The verdict on `scan` if it needs nothing written first: a refusal, or one that was given to this nonce.

        Otherwise what was gathered, for the writer. What is read is one committed moment, so a refusal here is one that
        the door could have given at that moment.
        """
        version = self.recorder.version
        with _one_moment(connection):
            verdict = self._earlier_verdict(connection, scan.nonce, scan)
            if verdict is not None:
                return verdict
            gathered = self._gather(connection, scan, moment, asker, version)
            if gathered.unseen is not None:
                again = self._earlier_verdict(connection, gathered.unseen, scan)
                if again is None or again.outcome == "admitted" or again.direction != scan.direction:
                    return gathered
                self.memory.give_again(again.nonce, scan.nonce)
                return self.memory.give(scan.nonce, msgspec.structs.replace(again, again=True))
        decision = self._decide(gathered, scan, moment)
        if isinstance(decision, Admitted):
            return gathered
        return self.memory.give(scan.nonce, refusal(scan, decision, moment))

    def _decide(self, gathered: Gathered, scan: Scan, moment: Moment) -> Admitted | Refused:
        return decide(gathered.ticket, gathered.history, gathered.rules, direction=scan.direction, now=moment.now)

    # -- writing: inside the recorder's transaction ----------------------------------------------------------------

    def scan(self, scan: Scan, moment: Moment, asker: Asker, foreseen: Gathered | None) -> Verdict:
        """Decide and record one presentation.

        The same nonce gets the first verdict, and one that nobody saw is given again. `foreseen`, which
        `refuse_at_once` read, holds if nothing was written since.
        """
        connection = self.recorder.connection
        if foreseen is None or foreseen.version != self.recorder.version:
            verdict = self._earlier_verdict(connection, scan.nonce, scan)
            if verdict is not None:
                return verdict
            foreseen = self._gather(connection, scan, moment, asker, self.recorder.version)
        if foreseen.unseen is not None:
            verdict = self._give_again(foreseen.unseen, scan)
            if verdict is not None:
                return verdict
        decision = self._decide(foreseen, scan, moment)
        if isinstance(decision, Admitted):
            return self._admit(scan, decision, foreseen, moment, asker)
        verdict = refusal(scan, decision, moment)
        self.record_refusal(verdict, scan, moment, asker)
        return verdict

    def _admit(self, scan: Scan, decision: Admitted, gathered: Gathered, moment: Moment, asker: Asker) -> Verdict:
        # Touching: the ticket's own rows are read already, and the nonce is new.
        placed = self.recorder.write(
            moment,
            touching=gathered.rows,
            kind=decision.kind,
            ticket=decision.ticket.id,
            list=self.door.list.id,
            gate=scan.gate,
            nonce=scan.nonce,
            multiple=decision.multiple,
        )
        self._await_shown(gathered.credential, scan, moment, asker, admitted=True)
        return of_row(placed.row, decision.ticket, None, scan)

    def record_refusal(
        self, verdict: Verdict, scan: Scan, moment: Moment, asker: Asker | None, *, times: int = 1
    ) -> None:
        """Write the row of a refusal that may have been told already; a nonce that has a row gets no other."""
        if rows.row_of_nonce(self.recorder.connection, verdict.nonce) is not None:
            return
        self.recorder.write(
            moment,
            touching=(),
            kind="refusal",
            reason=verdict.reason,
            ticket=verdict.ticket or None,
            list=self.door.list.id,
            gate=scan.gate,
            nonce=verdict.nonce,
            times=times,
        )
        if asker is not None:
            self._await_shown(read_credential(scan.text), scan, moment, asker, admitted=False)

    def annul(self, annuls: str, *, nonce: str, by: str, moment: Moment) -> bool:
        """Undo the scan of a nonce by a row of its own, once for each `nonce`; False if there is no such scan."""
        connection = self.recorder.connection
        if rows.row_of_nonce(connection, annuls) is None:
            return False
        if rows.annulment_of_nonce(connection, nonce) is None:
            self.recorder.write(moment, kind="annulment", annuls=annuls, by=by, nonce=nonce)
            self.shown(annuls, moment)
        return True

    def shown(self, nonce: str, moment: Moment) -> None:
        """The verdict on this nonce isn't to be given again: a person has seen it, or it was undone."""
        self.memory.shown(nonce)
        unshown.shown(self.recorder.connection, nonce, moment)

    def _await_shown(
        self, credential: Credential | None, scan: Scan, moment: Moment, asker: Asker, *, admitted: bool
    ) -> None:
        if credential is None or self.memory.is_shown(scan.nonce):
            return
        self.memory.hand(scan.nonce, asker)
        connection, boot = self.recorder.connection, self.recorder.boot
        unshown.await_shown(connection, credential.digest(), scan.nonce, moment, boot, admitted=admitted)

    def _give_again(self, unseen: str, scan: Scan) -> Verdict | None:
        verdict = self._earlier_verdict(self.recorder.connection, unseen, scan)
        if verdict is None or verdict.direction != scan.direction:
            return None
        self.note_given_again(unseen, scan)
        return msgspec.structs.replace(verdict, again=True)

    def note_given_again(self, unseen: str, scan: Scan) -> None:
        """The verdict on `unseen` was given again, to `scan`: the same scan asked again gets it too, no other."""
        credential = read_credential(scan.text)
        if credential is not None:
            unshown.give_again(self.recorder.connection, credential.digest(), unseen, scan.nonce)


@contextmanager
def _one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """A read transaction."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
