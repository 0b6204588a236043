"""Sessions in a real file: kept over a restart, and no harm when they can't be."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.domain.ticket import Millis
from appliance.serving.members import Member
from appliance.serving.sessions import SessionStore
from appliance.store.live import open_live, reporting

JO = Member("s1", "Jo", "lead")
NOW = Millis(1_795_511_564_120)


def test_a_session_outlives_a_restart_and_a_logout_does_too(tmp_path: Path) -> None:
    first = SessionStore(tmp_path / "live.db")
    first.open("kept", JO, NOW)
    first.open("ended", JO, NOW)
    first.end("ended")
    first.close()
    second = SessionStore(tmp_path / "live.db")
    found = second.find("kept", NOW)
    assert found is not None
    assert found.member == JO
    assert second.find("ended", NOW) is None
    second.close()


def test_tokens_are_nowhere_in_the_file(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "live.db")
    store.open("a-secret-token", JO, NOW)
    store.close()
    assert not any(b"a-secret-token" in path.read_bytes() for path in tmp_path.iterdir())


def test_the_table_stands_beside_those_of_live_db(tmp_path: Path) -> None:
    with closing(open_live(tmp_path / "live.db")) as live:
        store = SessionStore(tmp_path / "live.db")
        store.open("token", JO, NOW)
        store.close()
        assert reporting(live) is None


@pytest.mark.parametrize("content", [b"this is no database, it only looks long enough" * 100, b""])
def test_a_damaged_file_costs_nothing_but_what_was_in_it(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "live.db").write_bytes(content)
    store = SessionStore(tmp_path / "live.db")
    store.open("token", JO, NOW)
    assert store.find("token", NOW) is not None
    store.close()
    assert not content or "a restart will log people out" in caplog.text


def test_a_file_that_another_holds_keeps_nobody_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = SessionStore(tmp_path / "live.db")
    with closing(sqlite3.connect(tmp_path / "live.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.open("token", JO, NOW)
        assert store.find("token", NOW) is not None
        other.execute("ROLLBACK")
    store.close()
    assert "can't write login sessions" in caplog.text


def test_a_directory_that_isn_t_there_is_no_reason_not_to_start(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "nowhere" / "live.db")
    store.open("token", JO, NOW)
    assert store.find("token", NOW) is not None
    store.close()
