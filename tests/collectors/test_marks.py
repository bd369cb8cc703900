"""Reading on in a database: what is new or was changed, and all of it when it is another one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collectors.support import NOW, reader_of
from vaultsync.collectors.databases import database
from vaultsync.collectors.marks import MARKS, OVERLAP_MS, Unread

NOW_MS = int(NOW.timestamp() * 1000)
BEGIN = NOW_MS - 10**9
STEP = OVERLAP_MS * 2


class Base:
    """A database of one table, and what a reader knows of it."""

    def __init__(self, path: Path, made: str = "(id TEXT PRIMARY KEY, changed, said)") -> None:
        self.path, self.state = path, dict[str, Any]()
        self.now = BEGIN
        self.do(f"CREATE TABLE call {made}")

    def do(self, ask: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.execute(ask, values)

    def add(self, *idents: str, said: str = "a") -> None:
        for ident in idents:
            self.now += STEP
            self.do("INSERT INTO call (id, changed, said) VALUES (?, ?, ?)", ident, self.now, said)

    def change(self, ident: str, said: str) -> None:
        self.now += STEP
        self.do("UPDATE call SET said = ?, changed = ? WHERE id = ?", said, self.now, ident)

    def read(self, changed: str | None = "changed", waiting: Sequence[str] = ()) -> list[str]:
        """Ids of the rows that are read, in their order; those that are waited for are read again."""
        reader = reader_of(self.path)
        reader.state[MARKS] = self.state
        with database(reader) as db:
            assert db is not None
            unread, found = Unread(reader, db, "call", ("id",), changed), []
            for ident, said, *_ in unread.rows("id", "said"):
                found.append(f"{ident}{said}")
                if ident in waiting:
                    unread.wait()
        self.state = reader.state[MARKS]
        return found


@pytest.fixture
def base(tmp_path: Path) -> Base:
    made = Base(tmp_path / "a.db")
    made.add("x", "y", "z")
    return made


def test_a_table_is_read_whole_and_then_only_what_is_new(base: Base) -> None:
    assert base.read(changed=None) == ["xa", "ya", "za"]
    assert base.read(changed=None) == []
    base.add("v", "w")
    assert base.read(changed=None) == ["va", "wa"]
    assert base.read(changed=None) == []


def test_rows_that_were_changed_are_read_again_with_some_overlap(base: Base) -> None:
    base.read()
    base.change("x", "b")
    assert base.read() == ["xb", "za"]
    assert base.read() == ["xb"]


def test_changes_that_seem_to_lie_ahead_hide_none_that_come_later(base: Base) -> None:
    base.do("UPDATE call SET changed = ? WHERE id = 'z'", NOW_MS * 1000)
    base.read()
    base.now = NOW_MS
    base.change("x", "b")
    assert "xb" in base.read()


def test_changes_may_be_told_as_text(base: Base) -> None:
    for day, ident in ((3, "x"), (5, "y"), (8, "z")):
        base.do("UPDATE call SET changed = ? WHERE id = ?", f"2026-01-0{day}T09:00:00.123+00:00", ident)
    base.read()
    assert base.read() == ["za"]
    base.do("UPDATE call SET changed = '2026-01-07T00:00:01Z', said = 'b' WHERE id = 'x'")
    assert base.read() == ["xb", "za"]
    base.do("UPDATE call SET changed = 'zebra'")
    base.read()
    assert base.read() == ["xb", "ya", "za"]


def test_a_row_that_is_waited_for_is_read_again_though_nothing_tells_of_a_change(base: Base) -> None:
    for changed in ("changed", None):
        base.state = {}
        base.read(changed, waiting=["x"])
        base.do("UPDATE call SET said = 'b' WHERE id = 'x'")
        assert "xb" in base.read(changed)
        assert "xb" not in base.read(changed)


@pytest.mark.parametrize(
    ("ask", "left"),
    [
        ("DELETE FROM call WHERE id = 'z'", ["xa", "ya"]),
        ("UPDATE call SET id = 'other' WHERE id = 'z'", ["xa", "ya", "othera"]),
        ("UPDATE call SET rowid = -rowid", ["za", "ya", "xa"]),
        ("DELETE FROM call", []),
    ],
)
def test_where_the_last_row_is_not_the_same_all_are_read(base: Base, ask: str, left: list[str]) -> None:
    base.read(changed=None)
    base.do(ask)
    assert base.read(changed=None) == left


def test_a_database_that_was_restored_is_read_whole(base: Base, tmp_path: Path) -> None:
    shutil.copyfile(base.path, tmp_path / "backup")
    base.add("lost")
    assert base.read() == ["xa", "ya", "za", "losta"]
    shutil.copyfile(tmp_path / "backup", base.path)
    base.add("new")
    assert base.read() == ["xa", "ya", "za", "newa"]


@pytest.mark.parametrize(
    "made", ["(id TEXT PRIMARY KEY, changed, said) WITHOUT ROWID", "(id, changed, said, RowID)"]
)
def test_a_table_without_numbers_is_always_read_whole(tmp_path: Path, made: str) -> None:
    base = Base(tmp_path / "a.db", made)
    base.add("x", "y")
    assert base.read() == base.read() == ["xa", "ya"] and base.state == {}


def test_a_table_that_does_not_tell_of_changes_is_read_on_by_its_new_rows(base: Base) -> None:
    assert base.read("updated") == ["xa", "ya", "za"]
    base.add("w")
    assert base.read("updated") == ["wa"]


def test_a_table_without_what_its_rows_are_known_by_is_always_read_whole(base: Base) -> None:
    base.do("ALTER TABLE call RENAME COLUMN id TO ident")
    for _ in range(2):
        with database(reader_of(base.path)) as db:
            assert db is not None
            assert len(list(Unread(reader_of(base.path), db, "call", ("id",)).rows("said"))) == 3


def test_no_id_is_kept_as_it_is(base: Base) -> None:
    base.add("a-telling-id")
    base.read()
    assert "a-telling-id" not in repr(base.state)


WHAT = st.sampled_from(["add", "change", "delete", "backup", "restore", "tidy", "read", "read"])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(WHAT, st.integers(1, 7)), max_size=25))
def test_whatever_happens_to_a_database_no_row_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[str, int]]
) -> None:
    """Nor what a row said last, unless a backup takes it back to what it once was."""
    folder = tmp_path_factory.mktemp("law")
    base, seen, is_restored = Base(folder / "a.db"), set[str](), False
    for number, (what, which) in enumerate([*operations, ("read", 0)]):
        if what == "add":
            base.add(f"n{number}-")
        elif what == "change":
            base.now += STEP
            base.do("UPDATE call SET said = ?, changed = ? WHERE rowid = ?", f"c{number}", base.now, which)
        elif what == "delete":
            base.do("DELETE FROM call WHERE rowid >= ?", which)
        elif what == "tidy":
            base.do("VACUUM")
        elif what == "backup":
            shutil.copyfile(base.path, folder / "backup")
        elif what == "restore" and (folder / "backup").exists():
            shutil.copyfile(folder / "backup", base.path)
            is_restored = True
        elif what == "read":
            seen |= set(base.read())
            with closing(sqlite3.connect(base.path)) as db:
                told = [f"{ident}{said}" for ident, said in db.execute("SELECT id, said FROM call")]
            assert is_restored or set(told) <= seen
            assert {one.partition("-")[0] for one in told} <= {one.partition("-")[0] for one in seen}


def test_a_view_in_the_place_of_a_table_is_read_whole(tmp_path: Path) -> None:
    base = Base(tmp_path / "a.db")
    base.add("a", "b")
    base.do("ALTER TABLE call RENAME TO calls")
    base.do("CREATE VIEW call AS SELECT * FROM calls")
    assert base.read() == base.read() == ["aa", "ba"]
