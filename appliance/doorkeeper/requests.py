"""What each request on the socket does: at once, or as the writer's job."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Final

from appliance.domain.clock import Moment
from appliance.doorkeeper.asker import Asker
from appliance.doorkeeper.door import Doorkeeper
from appliance.doorkeeper.flood import Gathered, UnknownCodes
from appliance.doorkeeper.jobs import Jobs
from appliance.doorkeeper.protocol import (
    Answer,
    AnyRequest,
    Done,
    DoorStanding,
    Failed,
    Scan,
    Shown,
    Standing,
    Verdict,
    Watch,
)
from appliance.doorkeeper.writer import Job, Writer
from appliance.store import roster
from appliance.store.opening import is_damage

_NONCE_BYTES: Final = 12


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
        switched: Callable[[], None],
    ) -> None:
        self._doorkeeper = doorkeeper
        self._recorder = doorkeeper.recorder
        self._reader = reader
        self._writer = writer
        self._moment = moment
        self._monotonic = monotonic
        self._counted = counted
        self._unknown = UnknownCodes()
        self._jobs = Jobs(doorkeeper, writer, moment, switched)
        self._deciding: set[str] = set()
        """Nonces that the writer has in hand: none of them is refused here meanwhile."""

    def handle(self, request: AnyRequest, asker: Asker) -> None:
        """Answer now, or when the writer has written."""
        if isinstance(request, Scan):
            self._scan(request, asker)
        elif isinstance(request, Shown):
            self._shown(request, asker)
        elif isinstance(request, Standing):
            asker.reply(self._standing(request))
        elif isinstance(request, Watch):
            asker.reply(Done(id=request.id))
        else:
            self._writer.put(self._jobs.job(request, asker.reply))

    def begin(self) -> None:
        """At the start: forget what an earlier life left half done."""
        self._jobs.sweep()

    def tick(self) -> None:
        """About once a second: what a flood gathered becomes a row, and the clock is looked at."""
        self._moment()
        for gathered in self._unknown.due(self._monotonic()):
            self._put_gathered(gathered)

    def end(self) -> None:
        """At a clean stop: write what is gathered."""
        for gathered in self._unknown.rest():
            self._put_gathered(gathered)

    def close(self) -> None:
        """Nothing is asked any more."""
        self._reader.close()

    # -- scans -----------------------------------------------------------------------------------------------------

    def _scan(self, scan: Scan, asker: Asker) -> None:
        moment = self._moment()
        try:
            foreseen = self._doorkeeper.refuse_at_once(self._reader, scan, moment, asker)
        except sqlite3.OperationalError as fault:
            if is_damage(fault):
                raise
            asker.reply(Failed(id=scan.id, kind="busy", what=f"ledger.db can't be read: {fault}"))
            return
        if isinstance(foreseen, Verdict) and scan.nonce not in self._deciding:
            asker.reply(foreseen)
            self._counted(foreseen)
            self._record(foreseen, scan, moment, asker)
            return
        gathered = None if isinstance(foreseen, Verdict) else foreseen
        self._deciding.add(scan.nonce)

        def answer(given: Answer) -> None:
            self._deciding.discard(scan.nonce)
            asker.reply(given)
            if isinstance(given, Verdict):
                self._counted(given)

        self._writer.put(Job(lambda: self._doorkeeper.scan(scan, moment, asker, gathered), answer, scan.id))

    def _record(self, told: Verdict, scan: Scan, moment: Moment, asker: Asker) -> None:
        """Write what was told at once, unless it is written already or lost in a flood."""
        doorkeeper = self._doorkeeper
        if told.again:
            self._writer.put(Job(lambda: doorkeeper.note_given_again(told.nonce, scan), durable=False, kept=True))
        elif told.outcome == "refused" and told.nonce == scan.nonce and self._is_row(told, scan):
            run = lambda: doorkeeper.record_refusal(told, scan, moment, asker)  # noqa: E731 (one of three alike)
            self._writer.put(Job(run, durable=False, kept=True))

    def _is_row(self, refused: Verdict, scan: Scan) -> bool:
        if refused.reason != "invalid":
            return True
        self.tick()
        return self._unknown.is_row(scan.gate, self._monotonic())

    def _put_gathered(self, gathered: Gathered) -> None:
        moment = self._moment()
        nonce = f"gathered-{secrets.token_hex(_NONCE_BYTES)}"
        verdict = Verdict(id=0, outcome="refused", reason="invalid", nonce=nonce, at=moment.at)
        scan = Scan(id=0, text="", gate=gathered.gate, nonce=nonce)

        def run() -> None:
            self._doorkeeper.record_refusal(verdict, scan, moment, None, times=gathered.times)

        self._writer.put(Job(run, durable=False, kept=True))

    def _shown(self, request: Shown, asker: Asker) -> None:
        """An admission's mark is on the file before the answer; a refusal's may follow: red never waits."""
        moment = self._moment()
        self._doorkeeper.memory.shown(request.nonce)
        told_at_once = self._doorkeeper.memory.given(request.nonce) is not None
        done = Done(id=request.id)
        if told_at_once:
            asker.reply(done)

        def run() -> Answer:
            self._doorkeeper.shown(request.nonce, moment)
            return done

        self._writer.put(Job(run, None if told_at_once else asker.reply, request.id, durable=False, kept=True))

    # -- health ----------------------------------------------------------------------------------------------------

    def _standing(self, request: Standing) -> Answer:
        try:
            living = roster.living(self._reader)
            with closing(self._reader.execute("SELECT key, value FROM meta")) as found:
                meta = dict(found)
            count = self._reader.execute("SELECT coalesce(max(seq), 0) FROM ledger").fetchone()[0]
        except sqlite3.OperationalError as fault:
            if is_damage(fault):
                raise
            return Failed(id=request.id, kind="busy", what=f"ledger.db can't be read: {fault}")
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
