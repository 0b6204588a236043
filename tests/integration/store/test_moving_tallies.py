"""Tallies moved row by row equal a recount, in whatever order and grouping rows arrive: with what SQLite finds."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.domain.attendance import Tally, fold, history, moved
from appliance.domain.row import Placed
from appliance.store.opening import migrate
from appliance.store.rows import append, move_tallies, rows_of_ticket, touching
from tests.unit.domain.folding import row

LOGS = ("aaaa", "bbbb")
NONCES = ("n1", "n2", "n3", "n4", "n5")


@st.composite
def ledgers(draw: st.DrawFn) -> list[Placed]:
    """Few tickets, lists and nonces, so that rows collide in every way; two logs with their own offsets and ticks."""
    found: list[Placed] = []
    last = dict.fromkeys(LOGS, 0)
    for _ in range(draw(st.integers(1, 12))):
        log = draw(st.sampled_from(LOGS))
        last[log] += 1
        tick = draw(st.integers(0, 3)) + 4 * last[log]
        kind = draw(st.sampled_from(["entry", "entry", "exit", "refusal", "annulment", "settlement", "blessing"]))
        nonce = draw(st.sampled_from(NONCES))
        fields: dict[str, object] = {"log": log, "offset": last[log]}
        if kind == "annulment":
            fields |= {"annuls": draw(st.sampled_from(NONCES)), "by": "s7"}
        else:
            fields |= {
                "list": draw(st.sampled_from(["door", "vip"])),
                "gate": draw(st.sampled_from(["north", "south"])),
            }
        if kind in ("entry", "exit", "settlement"):
            fields |= {"ticket": draw(st.sampled_from(["T-1", "T-2"]))}
        if kind in ("entry", "exit", "refusal"):
            fields |= {"unverified": draw(st.booleans())}
        if kind == "entry":
            fields |= {"multiple": draw(st.booleans()), "override": draw(st.sampled_from([None, "s7"]))}
        if kind == "refusal":
            fields |= {"times": draw(st.integers(1, 3))}
        found.append(row(kind, tick, nonce, **fields))  # type: ignore[arg-type]
    return found


@given(ledgers(), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_the_fold_does_not_depend_on_the_order_of_arrival(rows: list[Placed], chance: random.Random) -> None:
    expected = fold(rows)
    chance.shuffle(rows)
    assert fold(rows) == expected


@given(ledgers(), st.randoms(use_true_random=False), st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_tallies_moved_by_groups_in_any_order_equal_the_fold_of_all(
    rows: list[Placed], chance: random.Random, data: st.DataObject
) -> None:
    chance.shuffle(rows)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, "ledger", Path("memory"))
        connection.executemany(
            "INSERT INTO logs (log, node, boot, begun) VALUES (?,'','','')", [(log,) for log in LOGS]
        )
        at = 0
        while at < len(rows):
            size = data.draw(st.integers(1, 4))
            group = rows[at : at + size]
            at += size
            change = moved(touching(connection, group), group)
            for log, offset, content in group:
                append(connection, 1 + LOGS.index(log), offset, content)
            move_tallies(connection, change)
        stored = Tally({(a, b, c): n for a, b, c, n in connection.execute("SELECT * FROM tallies WHERE n <> 0")})
        assert stored == fold(rows)
        # What the door reads of one ticket is what all rows would say of it.
        assert history(rows_of_ticket(connection, "T-1", "door")) == history(  # type: ignore[arg-type]
            placed for placed in rows if placed.row.kind == "annulment" or _may_stand_for(placed, rows)
        )


def _may_stand_for(placed: Placed, rows: list[Placed]) -> bool:
    """Rows of T-1 at the door, and all that share a nonce with one."""
    own = {
        other.row.nonce
        for other in rows
        if (other.row.ticket, other.row.list) == ("T-1", "door") and other.row.kind in ("entry", "exit", "settlement")
    }
    return placed.row.nonce in own and placed.row.kind in ("entry", "exit", "refusal")
