"""The sample event's file, read by the import."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.connect.roster_file import read_roster
from appliance.tickets.sample import sample_tickets, write_roster_csv


def test_the_sample_event_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Names, statuses, hubs and moments come back."""
    write_roster_csv(tmp_path / "sample.csv", sample_tickets(500))
    found = read_roster(tmp_path / "sample.csv", event_key=b"", tz=ZoneInfo("Asia/Tokyo"))
    assert not found.problems
    assert found.tickets == sample_tickets(500)
