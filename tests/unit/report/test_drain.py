"""The delivery window against a broker that loses and a central that forgets."""

from __future__ import annotations

from math import inf
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from appliance.domain.row import LogId
from appliance.domain.wire import IN_FLIGHT_BATCHES, LogAcked
from appliance.report.drain import MAX_PARKED, MAX_REASON, Drain, Slice
from appliance.report.log_window import MAX_MARKS, PATIENCE_SECONDS
from appliance.report.spans import united, without
from appliance.store.live import Parked

A: Final = LogId("aaaa")
B: Final = LogId("bbbb")
PROBE: Final = 30.0


def sent_all(drain: Drain, now: float, *, batch: int = 500) -> list[tuple[LogId, int, int]]:
    """Send until the drain wants no more; the batches."""
    batches = []
    while (some := drain.next(now)) is not None:
        last = some.until if some.whole else min(some.until, some.after + batch)
        drain.sent(some.log, some.after + 1, last, now)
        batches.append((some.log, some.after + 1, last))
    return batches


def drain_of(through: dict[LogId, int], cursors: dict[LogId, int] | None = None) -> Drain:
    drain = Drain(cursors or {}, probe_seconds=PROBE)
    drain.hold(through)
    return drain


def test_sends_on_from_the_cursor_in_batches() -> None:
    assert sent_all(drain_of({A: 1200}, {A: 100}), 0.0) == [(A, 101, 600), (A, 601, 1100), (A, 1101, 1200)]


def test_stops_when_the_window_is_full_and_goes_on_as_central_acknowledges() -> None:
    drain = drain_of({A: 1000})
    assert len(sent_all(drain, 0.0, batch=10)) == IN_FLIGHT_BATCHES - 1
    drain.acknowledge({A: LogAcked(30)}, 0.1)
    assert [first for _, first, _ in sent_all(drain, 0.1, batch=10)] == [191, 201, 211]


def test_no_batch_crosses_a_published_snapshot() -> None:
    drain = drain_of({A: 100})
    drain.mark({A: 30})
    drain.mark({A: 30})
    drain.mark({A: 77})
    assert sent_all(drain, 0.0) == [(A, 1, 30), (A, 31, 77), (A, 78, 100)]


def test_snapshots_of_a_long_silence_are_forgotten_from_the_oldest_on() -> None:
    drain = drain_of({A: 3 * MAX_MARKS})
    for offset in range(1, 3 * MAX_MARKS, 2):
        drain.mark({A: offset})
    assert sent_all(drain, 0.0, batch=10**6)[0] == (A, 1, MAX_MARKS + 1)


def test_rows_of_several_logs_go_snapshot_by_snapshot() -> None:
    drain = drain_of({A: 100, B: 50})
    drain.mark({A: 10, B: 5})
    drain.mark({A: 20, B: 9})
    assert [(log, last) for log, _, last in sent_all(drain, 0.0)][:4] == [(A, 10), (B, 5), (A, 20), (B, 9)]


def test_missing_ranges_go_again_exactly_and_before_all_else() -> None:
    drain = drain_of({A: 100})
    sent_all(drain, 0.0, batch=10)
    drain.hold({A: 200})
    drain.acknowledge({A: LogAcked(30, [(31, 33), (51, 60)])}, 0.2)
    assert sent_all(drain, 0.2)[:3] == [(A, 31, 33), (A, 51, 60), (A, 101, 200)]


def test_a_missing_range_on_its_way_goes_again_only_after_a_while() -> None:
    drain = drain_of({A: 100})
    sent_all(drain, 0.0, batch=10)
    missing = {A: LogAcked(30, [(31, 40)], seen=100)}
    for now, wanted in ((0.2, [(A, 31, 40)]), (0.3, []), (1.9, []), (2.3, [(A, 31, 40)])):
        drain.acknowledge(missing, now)
        assert [batch for batch in sent_all(drain, now) if batch[1] < 90] == wanted


def test_follows_acked_down_when_central_was_restored_from_a_backup() -> None:
    drain = drain_of({A: 50})
    sent_all(drain, 0.0)
    drain.acknowledge({A: LogAcked(50)}, 0.1)
    assert drain.progress().waiting == 0
    drain.acknowledge({A: LogAcked(20)}, 9.0)
    assert drain.cursors() == {A: 20}
    assert sent_all(drain, 9.0) == [(A, 21, 50)]


def test_a_log_that_acked_leaves_out_goes_again_from_its_start() -> None:
    drain = drain_of({A: 50, B: 7}, {A: 50, B: 7})
    drain.acknowledge({A: LogAcked(50)}, 0.0)
    assert drain.cursors() == {A: 50, B: 0}
    assert sent_all(drain, 0.0) == [(B, 1, 7)]


def test_a_new_connection_sends_all_past_the_cursor_again() -> None:
    drain = drain_of({A: 50}, {A: 10})
    sent_all(drain, 0.0)
    assert sent_all(drain, 1.0) == []
    drain.reset()
    assert sent_all(drain, 2.0) == [(A, 11, 50)]


def test_probes_with_one_batch_at_a_time_while_acked_is_silent() -> None:
    drain = drain_of({A: 1000})
    sent_all(drain, 0.0, batch=10)
    assert drain.due() == PROBE
    assert drain.next(PROBE - 0.1) is None
    for n in (1, 2, 3):
        assert drain.next(n * PROBE) == Slice(A, 10 * n - 10, 10 * n, whole=True)
        drain.sent(A, 10 * n - 9, 10 * n, n * PROBE)
        assert drain.next(n * PROBE) is None
    assert drain.in_flight == IN_FLIGHT_BATCHES - 1


def test_probes_soon_when_central_speaks_and_knows_nothing_of_what_is_in_flight() -> None:
    drain = drain_of({A: 1000})
    sent_all(drain, 0.0, batch=10)
    drain.acknowledge({A: LogAcked(0)}, 0.5)
    assert drain.next(0.5) is None
    assert drain.due() == PATIENCE_SECONDS
    assert drain.next(PATIENCE_SECONDS) == Slice(A, 0, 10, whole=True)
    drain.sent(A, 1, 10, PATIENCE_SECONDS)
    assert drain.next(PATIENCE_SECONDS) is None


def test_a_batch_that_arrived_says_that_those_sent_before_it_never_will() -> None:
    drain = drain_of({A: 50, B: 3})
    sent_all(drain, 0.0, batch=10)
    drain.acknowledge({}, 5.0)
    assert sent_all(drain, 5.0) == [(A, 1, 10)]
    drain.acknowledge({A: LogAcked(10)}, 5.1)
    assert sent_all(drain, 5.1) == [(A, 11, 50), (B, 1, 3)]


def test_nothing_in_flight_needs_no_probe() -> None:
    drain = drain_of({A: 10})
    sent_all(drain, 0.0)
    drain.acknowledge({A: LogAcked(10)}, 0.1)
    assert drain.due() == inf
    assert drain.next(1e9) is None


def test_rows_that_the_ledger_lost_are_passed_over_and_never_asked_for_again() -> None:
    drain = drain_of({A: 100})
    drain.absent(A, 1, 3)
    drain.sent(A, 4, 50, 0.0)
    drain.absent(A, 51, 60)
    drain.sent(A, 61, 100, 0.0)
    drain.acknowledge({A: LogAcked(0, [(1, 3), (51, 60)], seen=100)}, 0.1)
    assert drain.next(0.1) is None
    assert drain.progress().waiting == 0
    assert drain.cursors() == {A: 0}


def test_after_a_new_connection_what_lies_behind_our_own_hole_is_not_sent_again() -> None:
    drain = drain_of({A: 100}, {A: 50})
    drain.acknowledge({A: LogAcked(50, [(51, 60)], seen=90)}, 0.0)
    assert drain.next(0.0) == Slice(A, 50, 60)
    drain.absent(A, 51, 60)
    assert drain.next(0.0) == Slice(A, 90, 100)


def test_behind_our_own_hole_a_central_that_does_not_say_what_it_saw_still_gets_everything() -> None:
    drain = drain_of({A: 1000})
    drain.absent(A, 1, 3)
    sent: set[int] = set()
    for now in range(200):
        for _, first, last in sent_all(drain, float(now), batch=10):
            sent.update(range(first, last + 1))
        drain.acknowledge({A: LogAcked(0, [(1, 3)])}, now + 0.5)
    assert sent == set(range(4, 1001))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {LogId("ffff"): LogAcked(10**30)},
        {A: LogAcked(10**30)},
        {A: LogAcked(-(10**30))},
        {A: LogAcked(3, [(10**30, 10**31)])},
        {A: LogAcked(3, [(5, 1), (-9, 10**30), (0, 0)])},
        {A: LogAcked(3, [], [(-5, 10**30, "x\0\x1b[31m"), (9, 1, "")], 10**30)},
        {A: LogAcked(0, [(i, i) for i in range(1, 20_000, 2)])},
    ],
    ids=str,
)
def test_a_hostile_acked_does_no_harm_that_the_next_honest_one_does_not_undo(said: dict[LogId, LogAcked]) -> None:
    drain = drain_of({A: 40}, {A: 5})
    drain.acknowledge(said, 0.0)
    assert all(0 <= offset <= 40 for offset in drain.cursors().values())
    assert all(1 <= first <= last <= 40 for _, first, last in sent_all(drain, 0.0))
    for honest in (LogAcked(10), LogAcked(10, seen=10)):
        drain.acknowledge({A: honest}, 100.0)
        sent_all(drain, 100.0)
        assert drain.progress().waiting == 30
    drain.reset()
    assert sent_all(drain, 200.0) == [(A, 11, 40)]


def test_refused_rows_are_told_cleaned_and_capped() -> None:
    drain = drain_of({A: 5000})
    refused = [(i, i, "bad\x00row\n" + "x" * 500) for i in range(1, 2000)]
    drain.acknowledge({A: LogAcked(5000, [], refused), B: LogAcked(1, [], [(1, 1, "not ours")])}, 0.0)
    assert len(drain.parked) == MAX_PARKED
    assert drain.parked[0] == Parked(A, 1, 1, ("bad row " + "x" * 500)[:MAX_REASON])
    drain.acknowledge({A: LogAcked(5000)}, 1.0)
    assert drain.parked == []


def test_a_ledger_that_lost_its_tail_is_sent_from_what_it_still_has() -> None:
    drain = drain_of({A: 100})
    sent_all(drain, 0.0)
    drain.acknowledge({A: LogAcked(60)}, 0.1)
    drain.hold({A: 40, B: 3})
    assert drain.cursors() == {A: 40, B: 0}
    assert sent_all(drain, 0.2) == [(B, 1, 3)]


class Delivery(RuleBasedStateMachine):
    """Any order of writing, sending, losing, forgetting and lying; then calm, in which all must arrive."""

    @initialize(seen=st.booleans())
    def begin(self, *, seen: bool) -> None:
        self.now = 0.0
        self.says_seen = seen
        self.ledger: dict[LogId, set[int]] = {A: set(), B: set()}
        self.central: dict[LogId, set[int]] = {A: set(), B: set()}
        self.backup = {A: set[int](), B: set[int]()}
        self.wire: list[tuple[LogId, int, int]] = []
        self.marks: dict[LogId, set[int]] = {A: set(), B: set()}
        self.passed = {A: 0, B: 0}
        self.drain = Drain({}, probe_seconds=PROBE)

    def top(self, log: LogId) -> int:
        return max(self.ledger[log], default=0)

    @rule(log=st.sampled_from([A, B]), n=st.integers(1, 60), hole=st.integers(0, 3))
    def write(self, log: LogId, n: int, hole: int) -> None:
        start = self.top(log) + hole + 1
        self.ledger[log].update(range(start, start + n))
        self.drain.hold({name: self.top(name) for name in (A, B) if self.ledger[name]})

    @rule()
    def publish_snapshot(self) -> None:
        self.drain.mark({name: self.top(name) for name in (A, B) if self.ledger[name]})
        for name in (A, B):
            self.marks[name].add(self.top(name))

    @rule(batches=st.integers(1, 25), rows=st.integers(1, 20), seconds=st.sampled_from([0.0, 0.3, 2.0, 31.0]))
    def send(self, batches: int, rows: int, seconds: float) -> None:
        self.now += seconds
        for _ in range(batches):
            some = self.drain.next(self.now)
            if some is None:
                return
            self.send_one(some, rows)

    def send_one(self, some: Slice, rows: int) -> None:
        assert 0 <= some.after < some.until <= self.top(some.log)
        present = sorted(o for o in self.ledger[some.log] if some.after < o <= some.until)
        if not present:
            self.drain.absent(some.log, some.after + 1, some.until)
            return
        first = last = present[0]
        if first > some.after + 1:
            self.drain.absent(some.log, some.after + 1, first - 1)
        while last + 1 in present and (some.whole or last - first + 1 < rows):
            last += 1
        live_marks = {mark for mark in self.marks[some.log] if mark > self.passed[some.log]}
        assert not any(first <= mark < last for mark in live_marks)
        self.drain.sent(some.log, first, last, self.now)
        self.wire.append((some.log, first, last))

    @precondition(lambda self: self.wire)
    @rule(n=st.integers(1, 25), lose=st.booleans(), twice=st.booleans())
    def deliver(self, n: int, *, lose: bool, twice: bool) -> None:
        some, self.wire = self.wire[:n], self.wire[n:]
        for log, first, last in [] if lose else some:
            self.central[log].update(range(first, last + 1))
        if twice:
            self.wire = some + self.wire

    def word(self, log: LogId) -> LogAcked:
        stored = united((offset, offset) for offset in self.central[log])
        if not stored:
            return LogAcked(0)
        through = stored[0][1] if stored[0][0] == 1 else 0
        missing = without([(through + 1, stored[-1][1])], stored)
        seen = (missing[50][0] - 1 if len(missing) > 50 else stored[-1][1]) if self.says_seen else 0
        return LogAcked(through, missing[:50], seen=seen)

    @rule()
    def acknowledge(self) -> None:
        said = {log: self.word(log) for log in (A, B) if self.central[log]}
        self.drain.acknowledge(said, self.now)
        for log, acked in self.drain.cursors().items():
            self.passed[log] = max(self.passed[log], acked)

    @rule()
    def reconnect(self) -> None:
        self.wire = []
        self.drain.reset()

    @rule()
    def back_up(self) -> None:
        self.backup = {log: set(stored) for log, stored in self.central.items()}

    @rule()
    def restore(self) -> None:
        self.central = {log: set(stored) for log, stored in self.backup.items()}

    @rule(
        log=st.sampled_from([A, B, LogId("ffff")]),
        numbers=st.lists(st.integers(-10, 10**12), min_size=2, max_size=2),
        missing=st.lists(st.tuples(st.integers(-5, 300), st.integers(-5, 10**12)), max_size=5),
    )
    def lie(self, log: LogId, numbers: list[int], missing: list[tuple[int, int]]) -> None:
        self.drain.acknowledge({log: LogAcked(numbers[0], missing, [], numbers[1])}, self.now)
        for name, acked in self.drain.cursors().items():
            self.passed[name] = max(self.passed[name], acked)

    @invariant()
    def the_window_holds(self) -> None:
        assert self.drain.in_flight <= IN_FLIGHT_BATCHES
        for log, acked in self.drain.cursors().items():
            assert 0 <= acked <= self.top(log)

    def teardown(self) -> None:
        if not hasattr(self, "drain"):
            return
        for _ in range(400):
            self.now += 6.0
            self.send(25, 20, 0.0)
            for log, first, last in self.wire:
                self.central[log].update(range(first, last + 1))
            self.wire = []
            self.acknowledge()
            if all(self.ledger[log] <= self.central[log] for log in (A, B)):
                break
        assert self.ledger == {log: self.central[log] & self.ledger[log] for log in (A, B)}
        if self.says_seen:
            self.send(25, 20, 0.0)
            self.acknowledge()
            assert self.drain.progress().waiting == 0


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
