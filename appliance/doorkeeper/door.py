"""The one use case: gather what is known of a presentation, decide, record."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from typing import Final

import msgspec

from appliance.doorkeeper.protocol import Scan, Verdict
from appliance.doorkeeper.recorder import Recorder
from appliance.domain.admission import Admitted, History, Refused, Rules, decide
from appliance.domain.attendance import OCCUPANCY, history
from appliance.domain.clock import Moment
from appliance.domain.credential import Credential, read_credential
from appliance.domain.row import Placed, Row
from appliance.domain.ticket import CheckinList, Ticket
from appliance.store import roster, rows

AGAIN_MILLIS: Final = 30_000
"""How long a verdict that nobody saw is given again."""
_REMEMBERED: Final = 4096


class Door(msgspec.Struct, frozen=True):
    """What this node's door is: its hub and the check-in list that it goes by."""

    hub: str
    list: CheckinList
    closed: bool = False


class Gathered(msgspec.Struct, frozen=True):
    """All that a decision needs, read at one moment."""

    credential: Credential | None
    ticket: Ticket | None
    rows: list[Placed]
    history: History
    rules: Rules


class Doorkeeper:
    """Decides on presentations and records them."""

    def __init__(self, *, recorder: Recorder, door: Door) -> None:
        self.recorder = recorder
        self.door = door
        self._given: OrderedDict[str, Verdict] = OrderedDict()

    # -- reading ---------------------------------------------------------------------------------------------------

    def gather(self, connection: sqlite3.Connection, text: str) -> Gathered:
        """Read what is known of `text`. The caller holds a transaction, so that it is one moment's knowledge."""
        credential = read_credential(text)
        ticket = None if credential is None else roster.ticket_by_code(connection, credential.code)
        found = [] if ticket is None else rows.rows_of_ticket(connection, ticket.id, self.door.list.id)
        rules = Rules(list=self.door.list, hub=self.door.hub, occupancy=self._occupancy(connection), closed=self.door.closed)
        return Gathered(credential, ticket, found, history(found), rules)

    def _occupancy(self, connection: sqlite3.Connection) -> int:
        if self.door.list.capacity is None:
            return 0
        query = "SELECT n FROM tallies WHERE list = ? AND gate = '' AND figure = ?"
        row = connection.execute(query, (self.door.list.id, OCCUPANCY)).fetchone()
        return row[0] if row else 0

    def earlier_verdict(self, connection: sqlite3.Connection, nonce: str, request: int) -> Verdict | None:
        """The verdict that this nonce got, if it got one."""
        given = self._given.get(nonce)
        if given is not None:
            return msgspec.structs.replace(given, id=request)
        placed = rows.row_of_nonce(connection, nonce)
        return None if placed is None else self._verdict_of_row(connection, placed.row, request)

    def refuse_at_once(self, connection: sqlite3.Connection, scan: Scan, moment: Moment) -> Verdict | None:
        """The verdict on `scan` if it needs nothing written first: a refusal, or one that was given to this nonce before.

        None: the writer must see it. What is read is one committed moment, so a refusal here is one that the door could
        have given at that moment.
        """
        connection.execute("BEGIN")
        try:
            verdict = self.earlier_verdict(connection, scan.nonce, scan.id)
            if verdict is not None:
                return verdict
            gathered = self.gather(connection, scan.text)
            unseen = None if gathered.credential is None else self._unshown(connection, gathered.credential, moment)
            if unseen is not None:
                return self._refuse_again(self.earlier_verdict(connection, unseen, scan.id), scan)
        finally:
            connection.execute("COMMIT")
        decision = decide(gathered.ticket, gathered.history, gathered.rules, direction=scan.direction, now=moment.now)
        return self.remember(_refusal(scan, decision, moment)) if isinstance(decision, Refused) else None

    def _refuse_again(self, unseen: Verdict | None, scan: Scan) -> Verdict | None:
        """A refusal that nobody saw, once more; its mark is then removed by `shown`. An admission is the writer's to give again."""
        if unseen is None or unseen.outcome != "refused" or unseen.direction != scan.direction:
            return None
        return self.remember_for(scan.nonce, msgspec.structs.replace(unseen, again=True))

    def remember(self, verdict: Verdict) -> Verdict:
        """Keep a verdict whose row isn't on the disk yet (or is one of many in a row), for its nonce asked again."""
        return self.remember_for(verdict.nonce, verdict)

    def remember_for(self, nonce: str, verdict: Verdict) -> Verdict:
        """Keep `verdict` as the answer to the scan of `nonce`."""
        # Two threads come here; each operation on the dictionary is atomic, and a lost memory costs a read.
        self._given[nonce] = verdict
        if len(self._given) > _REMEMBERED:
            self._given.popitem(last=False)
        return verdict

    # -- writing: inside the recorder's transaction ----------------------------------------------------------------

    def scan(self, scan: Scan, moment: Moment) -> Verdict:
        """Decide and record one presentation; the same nonce gets the first verdict, and one that nobody saw is given again."""
        connection = self.recorder.connection
        verdict = self.earlier_verdict(connection, scan.nonce, scan.id)
        if verdict is not None:
            return verdict
        gathered = self.gather(connection, scan.text)
        if gathered.credential is not None:
            again = self._give_again(gathered.credential, scan, moment)
            if again is not None:
                return again
        decision = decide(gathered.ticket, gathered.history, gathered.rules, direction=scan.direction, now=moment.now)
        if isinstance(decision, Refused):
            verdict = _refusal(scan, decision, moment)
            self.record_refusal(verdict, scan, moment)
            return verdict
        return self._admit(scan, decision, gathered, moment)

    def _admit(self, scan: Scan, decision: Admitted, gathered: Gathered, moment: Moment) -> Verdict:
        # Touching: the ticket's own rows are read already, and the nonce is new (earlier_verdict looked).
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
        self._await_shown(scan, moment)
        return _admission(placed.row, decision.ticket, scan.id)

    def record_refusal(self, verdict: Verdict, scan: Scan, moment: Moment, *, times: int = 1) -> None:
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
        if times == 1:
            self._await_shown(scan, moment)

    def shown(self, nonce: str) -> None:
        """A person has seen the verdict on this nonce."""
        self.recorder.connection.execute("DELETE FROM unshown WHERE nonce = ?", (nonce,))

    # -- verdicts that nobody saw ----------------------------------------------------------------------------------

    def _await_shown(self, scan: Scan, moment: Moment) -> None:
        credential = read_credential(scan.text)
        if credential is None:
            return
        connection = self.recorder.connection
        connection.execute("DELETE FROM unshown WHERE at < ? OR at > ?", (moment.now - AGAIN_MILLIS, moment.now + AGAIN_MILLIS))
        connection.execute(
            "INSERT OR IGNORE INTO unshown VALUES (?,?,?,?,?)",
            (scan.nonce, self.recorder.node, credential.digest(), moment.now, self.recorder.boot),
        )

    def _unshown(self, connection: sqlite3.Connection, credential: Credential, moment: Moment) -> str | None:
        """The nonce of a verdict on this credential that was given here lately and that nobody saw.

        After a reboot the time since then is known by a synchronised clock alone.
        """
        row = connection.execute(
            "SELECT nonce FROM unshown WHERE credential = ? AND node = ? AND at BETWEEN ? AND ? AND (boot = ? OR ?) "
            "ORDER BY at DESC LIMIT 1",
            (credential.digest(), self.recorder.node, moment.now - AGAIN_MILLIS, moment.now, self.recorder.boot, moment.synced),
        ).fetchone()
        return row[0] if row else None

    def _give_again(self, credential: Credential, scan: Scan, moment: Moment) -> Verdict | None:
        connection = self.recorder.connection
        nonce = self._unshown(connection, credential, moment)
        if nonce is None:
            return None
        self.shown(nonce)
        verdict = self.earlier_verdict(connection, nonce, scan.id)
        if verdict is None or verdict.direction != scan.direction:
            return None
        return self.remember_for(scan.nonce, msgspec.structs.replace(verdict, again=True))

    def _verdict_of_row(self, connection: sqlite3.Connection, row: Row, request: int) -> Verdict:
        ticket = roster.ticket_by_id(connection, row.ticket) if row.ticket else None
        if row.kind != "refusal":
            return _admission(row, ticket or Ticket(id=row.ticket or "?", code="?"), request)  # type: ignore[arg-type]
        return Verdict(
            id=request,
            outcome="refused",
            nonce=row.nonce,
            at=row.at,
            reason=row.reason,  # type: ignore[arg-type]  # our own rows; `flaw` holds it for others'
            ticket=row.ticket or "",
            name=ticket.name if ticket else "",
            product=ticket.product if ticket else "",
        )


def _admission(row: Row, ticket: Ticket, request: int) -> Verdict:
    return Verdict(
        id=request,
        outcome="admitted",
        direction="exit" if row.kind == "exit" else "entry",
        nonce=row.nonce,
        at=row.at,
        ticket=ticket.id,
        name=ticket.name,
        product=ticket.product,
    )


def _refusal(scan: Scan, refused: Refused, moment: Moment) -> Verdict:
    ticket, earlier = refused.ticket, refused.earlier
    return Verdict(
        id=scan.id,
        outcome="refused",
        direction=scan.direction,
        nonce=scan.nonce,
        at=moment.at,
        reason=refused.reason,
        ticket=ticket.id if ticket else "",
        name=ticket.name if ticket else "",
        product=ticket.product if ticket else "",
        earlier_at=earlier.at if earlier else "",
        earlier_gate=earlier.gate if earlier else "",
    )
