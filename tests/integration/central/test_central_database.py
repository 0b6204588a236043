"""Opening central's database: made, migrated, refused with a reason that holds no password."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

from appliance.central.database import open_reader, open_writer, statements, version
from appliance.central.exceptions import DatabaseUnusableError
from appliance.central.schema import METADATA
from tests.integration.central.desk import sqlite_url


def test_the_migrations_make_the_tables_that_the_code_knows(database_url: str) -> None:
    engine = open_writer(database_url)
    found = inspect(engine)
    made = {name: [column["name"] for column in found.get_columns(name)] for name in found.get_table_names()}
    made.pop("schema_version", None)
    assert made == {table.name: [column.name for column in table.columns] for table in METADATA.tables.values()}
    assert found.get_pk_constraint("tallies")["constrained_columns"] == ["hub", "list", "gate", "figure"]
    engine.dispose()


def test_opening_again_changes_nothing(database_url: str) -> None:
    for _ in range(2):
        engine = open_writer(database_url)
        with engine.begin() as connection:
            assert version(connection) == 1
        engine.dispose()


def test_a_commit_is_on_the_disk_and_readers_do_not_wait_for_it(tmp_path: Path) -> None:
    engine = open_writer(sqlite_url(tmp_path / "deep" / "central.db"))
    with engine.begin() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
        assert found == ["wal", 2, 1]
        reader = open_reader(sqlite_url(tmp_path / "deep" / "central.db"))
        with reader.begin() as other:
            assert version(other) == 1
        reader.dispose()
    engine.dispose()


def test_a_reader_cannot_write(database_url: str) -> None:
    open_writer(database_url).dispose()
    engine = open_reader(database_url)
    with pytest.raises(Exception, match=r"readonly|read-only"), engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM rows")
    engine.dispose()


def newer(path: Path) -> None:
    open_writer(sqlite_url(path)).dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def rubbish(path: Path) -> None:
    path.write_bytes(b"this is no database, whatever its name says" * 100)


def empty(path: Path) -> None:
    sqlite3.connect(path).close()


@pytest.mark.parametrize(("make", "says"), [(newer, "upgrade the appliance"), (rubbish, "not a database")])
@pytest.mark.parametrize("opening", [open_writer, open_reader])
def test_fail__a_file_that_is_not_central_s(
    tmp_path: Path, make: Callable[[Path], None], says: str, opening: Callable[[str], object]
) -> None:
    make(tmp_path / "central.db")
    with pytest.raises(DatabaseUnusableError, match=says):
        opening(sqlite_url(tmp_path / "central.db"))


def test_fail__reading_what_was_never_written(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusableError, match="does not exist"):
        open_reader(sqlite_url(tmp_path / "central.db"))
    empty(tmp_path / "central.db")
    (tmp_path / "central.db").touch()
    with pytest.raises(DatabaseUnusableError, match="has schema 0"):
        open_reader(sqlite_url(tmp_path / "central.db"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "central.db",
        "mysql://ana:hunter2@host/central",
        "oracle+nothing://ana:hunter2@host/central",
        "postgresql://ana:hunter2@127.0.0.1:1/central",
        "sqlite:////proc/nowhere/central.db",
        "sqlite:///:memory:",
        "sqlite://",
    ],
)
def test_fail__a_url_that_cannot_be_used_is_named_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnusableError) as caught:
        open_writer(url)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_comments_and_empty_statements_are_left_out_of_a_migration() -> None:
    assert statements("-- why\nCREATE TABLE a (\n  b TEXT\n);\n\n-- and\nDROP TABLE a;\n") == [
        "CREATE TABLE a (\n  b TEXT\n)",
        "DROP TABLE a",
    ]
