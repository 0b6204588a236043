"""Who may see the board: one-time links, passwords, and what happens when the database does not answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry

from appliance.central.blackboard import Blackboard
from appliance.central.database import open_reader, open_writer
from appliance.central.exceptions import DatabaseUnusableError
from appliance.central.inbox import Inbox
from appliance.central.metrics import CentralMetrics
from appliance.central.recorder import Recorder
from appliance.central.staff import LINK_MILLIS, CentralStaff, add_staff
from appliance.domain.ticket import Millis
from appliance.serving.exceptions import DirectoryUnavailable
from appliance.serving.members import Member
from tests.integration.central.desk import EVENT, NOW, ROOT


class Clock:
    now = NOW


@contextmanager
def directory(url: str, clock: Clock | None = None) -> Iterator[CentralStaff]:
    """With a recorder that writes for it."""
    clock = clock or Clock()
    writer, reader, inbox = open_writer(url), open_reader(url), Inbox()
    recorder = Recorder(
        writer,
        inbox,
        Blackboard(0),
        CentralMetrics(CollectorRegistry()),
        publish=lambda _topic, _payload: None,
        root=ROOT,
        event=EVENT,
        now=lambda: clock.now,
    )
    thread = threading.Thread(target=recorder.run)
    thread.start()
    try:
        yield CentralStaff(reader, inbox, now=lambda: Millis(clock.now))
    finally:
        inbox.close()
        thread.join(60)
        writer.dispose()
        reader.dispose()


def test_a_link_logs_in_once_and_for_a_day(database_url: str) -> None:
    clock = Clock()
    first = add_staff(database_url, "Ana", "lead", token="a" * 40, now=NOW)
    add_staff(database_url, "Ben", "viewer", token="b" * 40, now=NOW)
    assert (first.staff, first.token) == ("s1", "a" * 40)
    with directory(database_url, clock) as staff:
        assert staff.redeem_link("x" * 40) is None
        assert staff.redeem_link("\ud800") is None
        assert staff.redeem_link("a" * 40) == Member("s1", "Ana", "lead")
        assert staff.redeem_link("a" * 40) is None
        clock.now += LINK_MILLIS + 1
        assert staff.redeem_link("b" * 40) is None


def test_the_same_name_again_gets_the_new_role_and_a_new_link(database_url: str) -> None:
    add_staff(database_url, "Ana", "viewer", token="a" * 40, now=NOW)
    add_staff(database_url, "Ben", "viewer", token="b" * 40, now=NOW)
    assert add_staff(database_url, "Ana", "technician", token="c" * 40, now=NOW).staff == "s1"
    with directory(database_url) as staff:
        assert staff.find("Ana") == (Member("s1", "Ana", "technician"), None)
        assert staff.find("ana") is None
        assert staff.redeem_link("a" * 40) == staff.redeem_link("c" * 40) == Member("s1", "Ana", "technician")


def test_a_password_s_hash_is_kept(database_url: str) -> None:
    add_staff(database_url, "Ana", "viewer", token="a" * 40, now=NOW)
    with directory(database_url) as staff:
        staff.set_password("s1", "$argon2id$...")
        assert staff.find("Ana") == (Member("s1", "Ana", "viewer"), "$argon2id$...")
        staff.set_password("s9", "$argon2id$...")


def test_members_are_added_while_central_runs(database_url: str) -> None:
    with directory(database_url) as staff:
        add_staff(database_url, "Ana", "viewer", token="a" * 40, now=NOW)
        assert staff.redeem_link("a" * 40) == Member("s1", "Ana", "viewer")


def test_a_recorder_that_is_gone_is_a_directory_that_does_not_answer(database_url: str) -> None:
    with directory(database_url) as staff:
        pass
    with pytest.raises(DirectoryUnavailable, match="stopping"):
        staff.redeem_link("a" * 40)


def test_a_database_that_cannot_be_opened_is_said() -> None:
    with pytest.raises(DatabaseUnusableError):
        add_staff("sqlite:////proc/nowhere/central.db", "Ana", "viewer", token="a" * 40, now=NOW)
