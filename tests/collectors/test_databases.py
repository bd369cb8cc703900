"""Databases of other programs are read as they are, and never written to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.collectors.support import reader_of
from vaultsync.collectors import databases
from vaultsync.collectors.databases import columns, database, wal_mark


def made(path: Path, *, wal: bool = False) -> sqlite3.Connection:
    """A database of one table with one row, still open."""
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
    with db:
        db.execute("CREATE TABLE calls (id TEXT, tokens INTEGER)")
        db.execute("INSERT INTO calls VALUES ('a', 5)")
    return db


def rows(path: Path, rested: float = 1e5) -> tuple[list[tuple[object, ...]], str, list[str]]:
    """The calls, the verdict, and what is said."""
    reader = reader_of(path, rested=rested)
    found: list[tuple[object, ...]] = []
    with database(reader) as db:
        found = [tuple(row) for row in db.execute("SELECT id, tokens FROM calls")] if db else []
    return found, reader.verdict, [issue.text for issue in reader.issues]


def test_a_database_at_rest_is_read_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    made(tmp_path / "a.db").close()
    before = (tmp_path / "a.db").read_bytes()
    assert rows(tmp_path / "a.db") == ([("a", 5)], "read", [])
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    assert (tmp_path / "a.db").read_bytes() == before


def test_what_its_program_has_not_yet_put_into_the_file_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(made(path, wal=True)) as db:
        first = wal_mark(path)
        with db:
            db.execute("INSERT INTO calls VALUES ('b', 6)")
        assert rows(path)[0] == [("a", 5), ("b", 6)]
        assert first and wal_mark(path) != first
    assert wal_mark(path) is None


def test_what_a_killed_program_left_beside_its_database_is_read(tmp_path: Path) -> None:
    with closing(made(tmp_path / "a.db", wal=True)):
        for name in ("a.db", "a.db-wal"):
            (tmp_path / f"killed-{name}").write_bytes((tmp_path / name).read_bytes())
    before = sorted(path.name for path in tmp_path.iterdir())
    assert rows(tmp_path / "killed-a.db") == ([("a", 5)], "read", [])
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0" + b"x" * 2000, b"no database" * 100])
def test_a_damaged_database_waits_while_it_may_be_written_and_is_named_when_it_rests(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(data)
    if data:
        assert rows(path, rested=1) == ([], "pending", [])
    found, verdict, said = rows(path)
    assert (found, verdict) == ([], "damaged") and "the database cannot be read" in said[0]


def test_a_database_that_is_cut_off_anywhere_tells_no_empty_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    made(path).close()
    data = path.read_bytes()
    for length in (*range(1, 200), *range(200, len(data), 97), len(data) - 1):
        path.write_bytes(data[:length])
        reader = reader_of(path)
        with database(reader) as db:
            assert db is None or db.execute("SELECT id FROM calls").fetchall() == []
        assert (reader.verdict, len(reader.issues)) == ("damaged", 1)


def test_columns_of_a_table_that_is_not_there_are_none(tmp_path: Path) -> None:
    made(tmp_path / "a.db").close()
    with database(reader_of(tmp_path / "a.db")) as db:
        assert db is not None
        assert columns(db, "calls") == ["id", "tokens"]
        assert columns(db, "calls'; DROP TABLE calls; --") == []


def test_text_that_is_no_utf_8_is_read_with_replacement(tmp_path: Path) -> None:
    with closing(made(tmp_path / "a.db")) as db, db:
        db.execute("INSERT INTO calls VALUES (CAST(x'ff41' AS TEXT), 1)")
    assert rows(tmp_path / "a.db")[0][1] == ("\ufffdA", 1)


def test_rows_come_in_their_order_with_the_wanted_columns_that_are_there(tmp_path: Path) -> None:
    with closing(made(tmp_path / "a.db")) as db, db:
        db.execute("INSERT INTO calls VALUES ('0', 6)")
    with database(reader_of(tmp_path / "a.db")) as db:
        assert db is not None
        assert list(databases.rows(db, "calls", ("id", "cost"))) == [{"id": "a"}, {"id": "0"}]
        assert list(databases.rows(db, "calls", ("cost",))) == list(databases.rows(db, "gone", ("id",))) == []


@pytest.mark.parametrize("name", [b"\xb8alls", b"\x06SECR"])
def test_names_that_are_damaged_are_trouble_of_the_file_and_not_quoted(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "a.db"
    made(path).close()
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE calls", b"CREATE TABLE " + name, 1))
    found, verdict, (said,) = rows(path)
    assert (found, verdict) == ([], "damaged")
    assert "cannot be read (" in said and said.isprintable() and "SECR" not in said
