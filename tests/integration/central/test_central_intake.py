"""Batches in any order, twice, with bad rows and with two contents for one place: what central holds afterwards."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from appliance.central import store
from appliance.central.books import MAX_HUBS, MAX_ISLANDS, MAX_LOGS, HubBook, LogBook
from appliance.central.schema import PARKED, REFUSED, ROWS
from appliance.central.spans import Held
from appliance.domain import wire
from appliance.domain.attendance import CONFLICTS, ENTRIES, OCCUPANCY, UNKNOWN, fold
from appliance.domain.row import LogId, Row
from tests.integration.central.desk import NOW, Desk, checkins, message, snapshot
from tests.ledgers import LOG, START, rows
from tests.unit.central.reported import placed

OTHER = LogId("91ab00")
ROWS_100 = list(rows(100))


def changed(row: Row, **fields: Any) -> Row:
    return msgspec.structs.replace(row, **fields)


def count(desk: Desk, table: Any) -> int:
    with desk.engine.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def outcomes(desk: Desk, *messages: Any) -> list[tuple[str, str]]:
    return [(comparison.outcome, comparison.text) for _, comparison in desk.take(*messages).compared]


def agrees(desk: Desk, hub: str = "berlin") -> bool:
    return desk.books[hub].tally == desk.recount(hub) == desk.stored_tally(hub)


# Batches ------------------------------------------------------------------------------------------------------------


def test_a_batch_is_stored_counted_and_acknowledged(desk: Desk) -> None:
    intake = desk.take(checkins(ROWS_100))
    assert intake.touched == {"berlin"}
    assert desk.acked() == wire.LogAcked(100, seen=100)
    assert desk.books["berlin"].tally == fold(placed(ROWS_100))
    assert agrees(desk)


def test_a_batch_that_comes_twice_changes_nothing_and_is_acknowledged_again(desk: Desk) -> None:
    desk.take(checkins(ROWS_100))
    before = desk.stored_tally()
    intake = desk.take(checkins(ROWS_100), checkins(ROWS_100[20:50], 21))
    assert intake.touched == {"berlin"}
    assert intake.notes == []
    assert intake.counted["rows_again", "berlin", ""] == 130
    assert (desk.stored_tally(), count(desk, ROWS), count(desk, REFUSED)) == (before, 100, 0)


def test_the_same_row_written_with_other_spaces_and_order_is_the_same(desk: Desk) -> None:
    desk.take(checkins(ROWS_100[:1]))
    body = msgspec.json.format(msgspec.json.encode(ROWS_100[0], order="sorted"), indent=2)
    assert desk.take(checkins([body])).notes == []
    assert count(desk, REFUSED) == 0


def test_a_gap_is_asked_for_and_closed_and_what_came_behind_it_counts_at_once(desk: Desk) -> None:
    desk.take(checkins(ROWS_100[:10]), checkins(ROWS_100[20:30], 21), checkins(ROWS_100[50:], 51))
    assert desk.acked() == wire.LogAcked(10, [(11, 20), (31, 50)], seen=100)
    assert agrees(desk)
    assert count(desk, ROWS) == 70
    desk.reload()
    assert desk.acked() == wire.LogAcked(10, [(11, 20), (31, 50)], seen=100)
    desk.take(checkins(ROWS_100[5:60], 6))
    assert desk.acked() == wire.LogAcked(100, seen=100)
    assert desk.books["berlin"].tally == fold(placed(ROWS_100))


def test_each_log_has_its_own_place(desk: Desk) -> None:
    others = list(rows(40, node="k9"))
    desk.take(checkins(others[:20], log=OTHER), checkins(ROWS_100), checkins(others[20:], 21, log=OTHER))
    assert (desk.acked().through, desk.acked(log=OTHER).through) == (100, 40)
    assert desk.books["berlin"].tally == fold([*placed(ROWS_100), *placed(others, log=OTHER)])


def test_hubs_do_not_touch_each_other_whatever_ids_they_use(desk: Desk) -> None:
    desk.take(checkins(ROWS_100), checkins(ROWS_100, hub="oslo"))
    annul = changed(
        ROWS_100[0], kind="annulment", annuls=ROWS_100[1].nonce, nonce="annulling", ticket=None, gate="", list=""
    )
    desk.take(checkins([annul], 101, hub="oslo"))
    assert desk.books["berlin"].tally == fold(placed(ROWS_100))
    assert desk.books["oslo"].tally == fold(placed([*ROWS_100, annul]))
    assert agrees(desk, "oslo")


# Rows that are not counted ------------------------------------------------------------------------------------------


def test_one_bad_row_is_refused_with_its_place_and_reason_and_the_rest_is_stored(desk: Desk) -> None:
    bodies: list[Row | bytes] = [*ROWS_100[:3], b'{"kind":"entry","tick":1}', *ROWS_100[4:10]]
    intake = desk.take(checkins(bodies))
    acked = desk.acked()
    assert acked.through == 10
    assert [(first, last) for first, last, _ in acked.refused] == [(4, 4)]
    assert "node" in acked.refused[0][2]
    assert [note.kind for note in intake.notes] == ["refused"]
    assert (count(desk, ROWS), count(desk, REFUSED)) == (9, 1)
    assert agrees(desk)
    desk.reload()
    assert desk.acked() == acked


def test_neighbours_refused_for_one_reason_are_one_range_and_the_list_ends_somewhere(desk: Desk) -> None:
    bad = [b"1"] * 30
    desk.take(checkins(bad))
    assert [(first, last) for first, last, _ in desk.acked().refused] == [(1, 30)]
    for first in range(31, 400, 2):
        desk.take(checkins([ROWS_100[0], b"2"], first))
    assert len(desk.acked().refused) == 50
    assert desk.acked().refused[-1][0] == 400


def test_a_row_from_the_future_is_parked_and_counted_once_its_time_has_come(desk: Desk) -> None:
    late = changed(ROWS_100[0], tick=NOW + wire.AHEAD_MILLIS + 1)
    intake = desk.take(checkins([late, ROWS_100[1]]))
    assert [note.kind for note in intake.notes] == ["ahead"]
    assert desk.acked().refused == [(1, 1, "tick is more than an hour ahead of central's time")]
    assert desk.stored_tally()["door", "", OCCUPANCY] == 1
    desk.take(checkins([late]), now=NOW + 5000)
    assert desk.acked() == wire.LogAcked(2, seen=2)
    assert desk.stored_tally() == fold(placed([late, ROWS_100[1]]))
    assert (agrees(desk), count(desk, REFUSED), desk.books["berlin"].rows()) == (True, 0, 2)


def test_other_content_for_a_place_is_kept_told_and_never_counted(desk: Desk) -> None:
    desk.take(checkins(ROWS_100[:10]))
    before = desk.stored_tally()
    twisted = changed(ROWS_100[4], gate="south", nonce="another")
    intake = desk.take(checkins([*ROWS_100[:4], twisted, *ROWS_100[5:12]]))
    assert [note.kind for note in intake.notes] == ["conflicting"]
    assert desk.acked().through == 12
    assert [(first, last) for first, last, _ in desk.acked().refused] == [(5, 5)]
    again = desk.take(checkins([twisted], 5))
    assert again.notes == []
    assert count(desk, REFUSED) == 1
    assert desk.stored_tally() == fold(placed(ROWS_100[:12]))
    assert desk.stored_tally() != before
    third = changed(ROWS_100[4], nonce="a third")
    assert [note.kind for note in desk.take(checkins([third], 5)).notes] == ["conflicting"]
    assert desk.books["berlin"].refusals["conflicting"] == 2


def test_two_contents_for_one_place_within_one_transaction_are_told_apart_too(desk: Desk) -> None:
    intake = desk.take(checkins(ROWS_100[:5]), checkins([changed(ROWS_100[0], nonce="other"), *ROWS_100[1:9]]))
    assert [note.kind for note in intake.notes] == ["conflicting"]
    assert desk.stored_tally() == fold(placed(ROWS_100[:9]))


def test_a_sound_row_does_not_take_the_place_of_another_that_was_refused(desk: Desk) -> None:
    desk.take(checkins([b'{"kind":"entry"}']))
    assert [note.kind for note in desk.take(checkins(ROWS_100[:1])).notes] == ["conflicting"]
    assert (count(desk, ROWS), count(desk, REFUSED)) == (0, 2)


def test_rows_of_unknown_kinds_are_stored_and_passed_over(desk: Desk) -> None:
    weighing = changed(ROWS_100[0], kind="weighing")
    desk.take(checkins([weighing, *ROWS_100[1:3]]))
    assert desk.stored_tally()["", "", UNKNOWN] == 1
    assert desk.acked() == wire.LogAcked(3, seen=3)
    assert agrees(desk)


def test_a_nonce_in_two_rows_is_an_alarm_unless_one_is_the_late_answer(desk: Desk) -> None:
    first, second = ROWS_100[0], changed(ROWS_100[1], nonce=ROWS_100[0].nonce)
    unverified = changed(ROWS_100[0], unverified=True)
    assert desk.take(checkins([first]), checkins([unverified], log=OTHER)).notes == []
    intake = desk.take(checkins([first], hub="oslo"), checkins([second], log=OTHER, hub="oslo"))
    assert [(note.kind, note.hub) for note in intake.notes] == [("repeated", "oslo")]


# Tallies move by what the arrived rows touch ------------------------------------------------------------------------


def test_an_annulment_that_comes_before_its_scan_holds(desk: Desk) -> None:
    entry = ROWS_100[0]
    annul = changed(ROWS_100[1], kind="annulment", annuls=entry.nonce, ticket=None, gate="", list="")
    desk.take(checkins([annul]))
    desk.take(checkins([entry], log=OTHER))
    assert desk.stored_tally() == fold([*placed([annul]), *placed([entry], log=OTHER)])
    assert not desk.stored_tally()["door", "", OCCUPANCY]


def test_a_settlement_closes_a_conflict_that_came_earlier(desk: Desk) -> None:
    entry = ROWS_100[0]
    second = changed(entry, nonce="second", tick=entry.tick + 5)
    settled = changed(entry, kind="settlement", as_="error", nonce="settled", tick=entry.tick + 9)
    desk.take(checkins([entry]))
    desk.take(checkins([second], log=OTHER))
    assert desk.stored_tally()["door", "", CONFLICTS] == 1
    desk.take(checkins([settled], 2))
    assert not desk.stored_tally()["door", "", CONFLICTS]
    assert desk.stored_tally()["door", "north", ENTRIES] + desk.stored_tally()["door", "south", ENTRIES] == 2
    assert agrees(desk)


KINDS = st.sampled_from(["entry", "entry", "exit", "refusal", "annulment", "settlement", "weighing"])


@st.composite
def any_rows(draw: st.DrawFn) -> list[Row]:
    """Few tickets, gates, nonces and ticks, so that everything touches everything."""
    made = []
    for _ in range(draw(st.integers(1, 24))):
        few = [f"n{i}" for i in range(8)]
        made.append(
            Row(
                kind=draw(KINDS),
                tick=START + draw(st.integers(0, 9)),
                node="n1",
                at="",
                clock="synced",
                nonce=draw(st.sampled_from(few)),
                ticket=draw(st.sampled_from(["T1", "T2", "T3"])),
                list=draw(st.sampled_from(["door", "vip"])),
                gate=draw(st.sampled_from(["north", "south"])),
                reason=draw(st.sampled_from(["invalid", "full"])),
                annuls=draw(st.sampled_from(few)),
                as_="error",
                unverified=draw(st.booleans()),
                multiple=draw(st.booleans()),
                override=draw(st.sampled_from([None, "s1"])),
                times=draw(st.integers(1, 3)),
            )
        )
    return made


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs=st.lists(any_rows(), min_size=1, max_size=3), data=st.data())
def test_shuffled_split_and_repeated_batches_count_as_one_fold(
    desk: Desk, logs: list[list[Row]], data: st.DataObject
) -> None:
    hub = f"h{len(desk.books)}"
    batches = []
    for number, of_log in enumerate(logs):
        cuts = sorted(data.draw(st.sets(st.integers(0, len(of_log)), max_size=4)) | {0, len(of_log)})
        log = LogId(f"{number:04x}")
        batches += [checkins(of_log[a:b], a + 1, log=log, hub=hub) for a, b in itertools.pairwise(cuts) if b > a]
        whole = data.draw(st.booleans())
        batches += [checkins(of_log, log=log, hub=hub)] if whole else []
    order = data.draw(st.permutations(batches))
    while order:
        n = data.draw(st.integers(1, len(order)))
        desk.take(*order[:n])
        order = order[n:]
        assert agrees(desk, hub)
    expected = fold([one for number, of_log in enumerate(logs) for one in placed(of_log, log=LogId(f"{number:04x}"))])
    assert desk.stored_tally(hub) == expected
    assert all(log.held.beyond == [] for log in desk.books[hub].logs.values())


# Snapshots ----------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_compared_with_exactly_its_rows_though_more_are_committed_with_them(desk: Desk) -> None:
    said = [snapshot(placed(ROWS_100[:n]), n=n) for n in (30, 60, 100)]
    batches = [checkins(ROWS_100[a:b], a + 1) for a, b in ((0, 30), (30, 45), (45, 60), (60, 100))]
    assert outcomes(desk, said[0], said[1], said[2], *batches) == [("equal", "equal")] * 3


def test_a_snapshot_that_comes_after_its_rows_is_compared_at_once(desk: Desk) -> None:
    desk.take(checkins(ROWS_100))
    assert outcomes(desk, snapshot(placed(ROWS_100))) == [("equal", "equal")]


def test_a_snapshot_that_differs_says_both_figures(desk: Desk) -> None:
    ((outcome, text),) = outcomes(desk, checkins(ROWS_100), snapshot(placed(ROWS_100), occupancy=7))
    assert outcome == "different"
    assert text == f"occupancy: hub 7, central {fold(placed(ROWS_100))['door', '', OCCUPANCY]}"


def test_a_snapshot_of_rows_that_came_in_parts_from_several_logs_waits_for_all(desk: Desk) -> None:
    others = list(rows(10, node="k9"))
    said = snapshot([*placed(ROWS_100), *placed(others, log=OTHER)])
    assert outcomes(desk, said, checkins(ROWS_100)) == []
    assert outcomes(desk, checkins(others, log=OTHER)) == [("equal", "equal")]


def test_a_snapshot_that_rows_have_passed_by_is_never_compared(desk: Desk) -> None:
    desk.take(checkins(ROWS_100))
    assert outcomes(desk, snapshot(placed(ROWS_100[:50]), occupancy=9999)) == []


def test_a_snapshot_over_a_hole_is_left_out_and_says_so(desk: Desk) -> None:
    found = outcomes(desk, checkins(ROWS_100[:10]), checkins(ROWS_100[20:], 21), snapshot(placed(ROWS_100)))
    assert found == [("left_out", "10 rows are missing here")]


def test_a_snapshot_over_rows_of_unknown_kinds_is_left_out_and_says_so(desk: Desk) -> None:
    some = [changed(ROWS_100[0], kind="weighing"), *ROWS_100[1:]]
    found = outcomes(desk, checkins(some), snapshot(placed(some), entries=1))
    assert found == [("left_out", "1 rows of kinds that this central does not know")]


def test_figures_of_an_older_session_are_told_and_change_nothing(desk: Desk) -> None:
    desk.take(snapshot([], session=5, n=9))
    intake = desk.take(snapshot([], session=4, n=10, occupancy=3))
    assert [note.kind for note in intake.notes] == ["outdated"]
    assert desk.take(replaced_retained(snapshot([], session=4, n=11))).notes == []
    live = desk.live["berlin"].snapshot
    assert live is not None
    assert live.counts.session == 5


def replaced_retained(message_: Any) -> Any:
    return message_._replace(retained=True)


# Hostile hubs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("hub/v1/conf/berlin/n1/checkins/x", "unreadable"),
        ("hub/v1/conf/Berlin/n1/checkins", "unreadable"),
        ("hub/v1/conf/acked/n1/checkins", "unreadable"),
        ("hub/v1/conf/berlin/command/status", "unreadable"),
        ("hub/v1/conf/berlin/n1/health", "unreadable"),
        ("hub/v1/conf//n1/checkins", "unreadable"),
        ("hub/v1/conf/../n1/checkins", "unreadable"),
        ("hub/v1/conf/" + "x" * 33 + "/n1/checkins", "unreadable"),
        ("other/conf/berlin/n1/checkins", "unreadable"),
    ],
)
def test_fail__a_topic_that_no_hub_may_have(desk: Desk, topic: str, kind: str) -> None:
    intake = desk.take(checkins(ROWS_100)._replace(topic=topic))
    assert [note.kind for note in intake.notes] == [kind]
    assert desk.books == {}


def test_a_message_of_another_version_is_parked_and_the_newest_stay(desk: Desk) -> None:
    intake = desk.take(message("checkins", b'{"v":7,"what":"ever"}'))
    assert [note.kind for note in intake.notes] == ["version"]
    assert count(desk, PARKED) == 1
    for _ in range(3):
        desk.take(*[message("status", b'{"v":8}')] * 100)
    assert count(desk, PARKED) == store.MAX_PARKED
    assert "berlin" in desk.books


def test_what_cannot_be_read_is_told_and_changes_nothing(desk: Desk) -> None:
    bad = [b"", b"\xff", b"{", b"[" * 200_000, b"x" * 130_000, b"1", b'{"v":1}']
    messages = [message(what, payload) for what in ("checkins", "counts", "status") for payload in bad]
    intake = desk.take(*messages, message("counts", b"x" * (wire.MAX_PAYLOAD_BYTES + 1)), checkins(ROWS_100))
    assert {note.kind for note in intake.notes} == {"unreadable"}
    assert len(intake.notes) == len(messages) + 1
    assert desk.acked().through == 100


def test_logs_hubs_and_holes_beyond_what_central_keeps_are_not_taken(desk: Desk) -> None:
    desk.take(checkins(ROWS_100[:1]))
    berlin = desk.books["berlin"]
    berlin.logs |= {LogId(f"{n:08x}"): LogBook(-n, Held()) for n in range(1, MAX_LOGS)}
    assert [note.kind for note in desk.take(checkins(ROWS_100, log=OTHER)).notes] == ["crowded"]
    berlin.logs[LOG].held = Held(1, [(n * 3, n * 3) for n in range(1, MAX_ISLANDS + 1)])
    intake = desk.take(checkins(ROWS_100[:1], 10_000), checkins(ROWS_100[1:2], 2))
    assert [note.kind for note in intake.notes] == ["crowded"]
    assert berlin.logs[LOG].held.through == 3
    desk.books |= {f"h{n}": HubBook(-n, f"h{n}") for n in range(1, MAX_HUBS)}
    assert [note.kind for note in desk.take(checkins(ROWS_100, hub="new")).notes] == ["crowded"]


def test_acked_stays_within_what_a_hub_reads_however_many_logs_holes_and_refusals_there_are() -> None:
    book = HubBook(1, "berlin")
    for n in range(MAX_LOGS):
        log = book.logs[LogId(f"{n:064x}")] = LogBook(n, Held(n, [(n + i * 10, n + i * 10) for i in range(1, 80)]))
        for i in range(60):
            log.refuse(i * 2, "ü" * 120)
    acked = book.acked()
    assert len(acked) == MAX_LOGS
    assert [log.through for log in acked.values()] == list(range(MAX_LOGS))
    assert acked[LogId("0" * 64)].missing
    assert len(msgspec.json.encode(wire.Acked(at="", logs=acked))) < wire.MAX_PAYLOAD_BYTES


def test_the_log_used_last_keeps_its_lists_where_not_all_have_room(desk: Desk) -> None:
    desk.take(checkins(ROWS_100[:1], log=OTHER), checkins(ROWS_100[:1], 5, log=OTHER), checkins(ROWS_100[:1]))
    desk.take(checkins(ROWS_100[:1], 9))
    assert next(iter(desk.books["berlin"].acked())) == LOG


def test_a_database_that_lost_its_books_reads_them_again_from_its_tables(desk: Desk) -> None:
    others = list(rows(5, node="k9"))
    desk.take(checkins(ROWS_100), checkins(others, 3, log=OTHER), checkins([b"1"], 101), snapshot(placed(ROWS_100)))
    with desk.engine.begin() as connection:
        store.set_counts(connection, desk.books["berlin"].id, "n1", b"{}", 0)
    before = replace(desk.books["berlin"])
    desk.reload()
    after = desk.books["berlin"]
    assert (after.acked(), after.tally, after.refusals, after.rows()) == (
        before.acked(), before.tally, before.refusals, before.rows()
    )  # fmt: skip
