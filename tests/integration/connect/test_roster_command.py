"""`appliance roster import`, against a real doorkeeper and its ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from prometheus_client import CollectorRegistry

from appliance.connect.commands import roster
from appliance.domain.row import NodeId
from appliance.domain.ticket import CheckinList, Ticket
from appliance.doorkeeper.builder import build_doorkeeper
from appliance.doorkeeper.client import DoorkeeperClient
from appliance.doorkeeper.door import Door
from appliance.store.opening import open_reader
from appliance.store.roster import read_tickets

TEN = "code,id,name\n" + "".join(f"code-{n:04},T-{n},Guest {n}\n" for n in range(10))


class Box:
    """What the command line's builder hands to the room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = SimpleNamespace(event=SimpleNamespace(key="key", timezone="Europe/Berlin"))

    def open_client(self) -> AbstractContextManager[DoorkeeperClient]:
        return closing(DoorkeeperClient(self.folder / "doorkeeper.sock", timeout=5))

    @contextmanager
    def living_tickets(self) -> Iterator[Iterator[Ticket]]:
        with closing(open_reader(self.folder / "ledger.db")) as connection:
            yield read_tickets(connection)

    def run(self, content: str, *options: str) -> Result:
        (self.folder / "roster.csv").write_text(content, encoding="utf-8")
        return CliRunner().invoke(roster, ["import", str(self.folder / "roster.csv"), *options], obj=self)

    def codes(self) -> list[str]:
        with self.living_tickets() as living:
            return [ticket.code for ticket in living]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    process = build_doorkeeper(
        ledger=tmp_path / "ledger.db",
        socket=tmp_path / "doorkeeper.sock",
        node=NodeId("k1"),
        door=Door("hamburg", CheckinList()),
        trusted_clock=True,
        registry=CollectorRegistry(),
    )
    process.start()
    yield Box(tmp_path)
    process.stop()


def lines(result: Result) -> list[dict[str, dict[str, object]]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_roster_is_imported_and_the_difference_told_first(box: Box) -> None:
    """The first line is the difference, the second what was done; stdout holds nothing else."""
    result = box.run(TEN, "--yes", "--json")
    first, second = lines(result)
    assert result.exit_code == 0
    assert [first["difference"][kind] for kind in ("new", "changed", "gone", "same")] == [10, 0, 0, 0]
    assert second["done"]["rows"] == 10
    assert len(box.codes()) == 10
    assert "code-0000" not in result.stdout


def test_a_second_import_tells_new_changed_and_gone(box: Box) -> None:
    """And the same file again changes nothing."""
    box.run(TEN, "--yes")
    again = box.run(TEN, "--json")
    assert again.exit_code == 0
    assert lines(again)[1]["done"]["rows"] == 0
    other = TEN.replace("Guest 3", "Anna").replace("code-0004,T-4,Guest 4\n", "") + "code-x,T-x,New\n"
    first, second = lines(box.run(other, "--yes", "--json"))
    assert [first["difference"][kind] for kind in ("new", "changed", "gone", "same")] == [1, 1, 1, 8]
    assert second["done"]["rows"] == 10
    assert "code-x" in box.codes()


def test_without_yes_and_without_a_person_nothing_is_changed(box: Box) -> None:
    """A script that forgot --yes gets the difference and exit code 1."""
    result = box.run(TEN, "--json")
    assert result.exit_code == 1
    assert "--yes" in str(lines(result)[1]["done"]["why"])
    assert box.codes() == []


def test_every_bad_row_is_an_object_and_nothing_is_changed(box: Box) -> None:
    """Line, column, found, expected; exit code 1."""
    box.run(TEN, "--yes")
    result = box.run("code,status\na,paid\n,paid\nb,what\n", "--yes", "--json")
    assert result.exit_code == 1
    assert [list(line["problem"]) for line in lines(result)] == [["line", "column", "found", "expected"]] * 2
    assert len(box.codes()) == 10
    told = box.run("code,status\na,paid\n,paid\nb,what\n", "--yes")
    assert 'line 4, column "status": found what; expected paid' in told.stdout
    assert "2 problems: nothing was changed." in told.stdout


def test_many_chunks_and_long_fields_go_through(box: Box) -> None:
    """The doorkeeper's line has a limit; a chunk stays below it."""
    content = "code,id,name\n" + "".join(f"{'x' * 1000}{n:04},T-{n},{'名' * 200}\n" for n in range(1200))
    assert box.run(content, "--yes").exit_code == 0
    assert len(box.codes()) == 1200


def test_a_doorkeeper_that_is_away_is_said_and_nothing_is_changed(box: Box) -> None:
    """With the socket that did not answer."""
    box.open_client = lambda: closing(DoorkeeperClient(box.folder / "nobody.sock", timeout=0.2))  # type: ignore[method-assign]
    result = box.run(TEN, "--yes", "--json")
    assert result.exit_code == 1
    assert "nobody.sock" in str(lines(result)[1]["done"]["why"])


def test_a_roster_in_words_of_ones_own_is_imported_with_choices(box: Box) -> None:
    """--column and --encoding, and a wrong choice is said at once."""
    path = box.folder / "own.csv"
    path.write_bytes("番号2,名前\nabc,佐藤\n".encode("cp932"))
    options = ["import", str(path), "--yes", "--encoding", "cp932", "--column", "code=番号2"]
    assert CliRunner().invoke(roster, options, obj=box).exit_code == 0
    assert box.codes() == ["abc"]
    wrong = CliRunner().invoke(roster, ["import", str(path), "--column", "kode=x"], obj=box)
    assert wrong.exit_code == 2
    assert "code, id" in wrong.stderr


def test_help_says_what_it_does() -> None:
    """For people who meet it first at the door."""
    result = CliRunner().invoke(roster, ["import", "--help"])
    assert "whole or not at all" in result.stdout
