"""A ledger is opened, made, migrated, or refused with the way out; it is never touched when refused."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from tests.ledger.making import event, record, sums
from vaultsync.errors import LedgerDamagedError, LedgerError
from vaultsync.ledger import Ledger, founding, save_events, schema
from vaultsync.ledger.opening import explained

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="rights of files are of POSIX")


def made(path: Path, count: int = 1) -> bytes:
    """Make a ledger with some events and close it; the bytes of its file."""
    with Ledger.open(path) as ledger:
        record(ledger, *(event(f"k{n}", n) for n in range(count)))
    return path.read_bytes()


def refused(path: Path, **how: bool) -> str:
    with pytest.raises(LedgerError) as caught:
        Ledger.open(path, **how).close()
    return str(caught.value)


@posix_only
@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_folder_and_files_are_the_users_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = tmp_path / "state" / "vaultsync" / "ledger.db"
        with Ledger.open(path) as ledger:
            record(ledger, event("k"))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}
    assert {stat.S_IMODE(f.stat().st_mode) for f in (path.parent, path.parent.parent)} == {0o700}


@posix_only
def test_a_folder_that_was_there_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    made(tmp_path / "ledger.db")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@posix_only
def test_a_ledger_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    made(path)
    path.chmod(0o644)
    Ledger.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_opening_twice_keeps_the_events(tmp_path: Path) -> None:
    made(tmp_path / "ledger.db")
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        assert sums(ledger)[0] == 1


def test_reading_needs_a_ledger(tmp_path: Path) -> None:
    assert "there is no ledger yet" in refused(tmp_path / "ledger.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_opened_to_read_cannot_be_written(tmp_path: Path) -> None:
    made(tmp_path / "ledger.db")
    with Ledger.open(tmp_path / "ledger.db", read_only=True) as ledger:
        assert sums(ledger)[0] == 1
        with pytest.raises(LedgerError):
            record(ledger, event("other"))


def test_a_ledger_without_a_write_ahead_log_leaves_one_file(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.db", wal=False) as ledger:
        record(ledger, event("k"))
        assert [file.name for file in tmp_path.iterdir()] == ["ledger.db"]


def test_what_a_killed_run_began_to_write_without_such_a_log_hinders_no_reader(tmp_path: Path) -> None:
    path, left = tmp_path / "ledger.db", tmp_path / "left.db"
    with Ledger.open(path, wal=False) as ledger:
        record(ledger, *(event(f"k{n}", n) for n in range(500)))
        ledger._db.execute("PRAGMA cache_size = 1")  # so that much is written before the end
        ledger._db.execute("BEGIN IMMEDIATE")
        ledger._db.execute("UPDATE event SET at = at + 1")
        shutil.copy(path, left)
        shutil.copy(tmp_path / "ledger.db-journal", tmp_path / "left.db-journal")
        ledger._db.execute("ROLLBACK")
    with Ledger.open(left, read_only=True) as ledger:
        assert sums(ledger)[0] == 500
        assert ledger.check() == []


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "this is not a file" in refused(tmp_path)


def test_a_ledger_that_was_cut_short_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    whole = made(path, 500)
    path.write_bytes(whole[: len(whole) // 2])
    message = refused(path)
    assert "is damaged" in message
    assert "vaultsync ledger rebuild" in message
    assert path.read_bytes() == whole[: len(whole) // 2]


def test_a_schema_that_is_no_text_is_damage_too(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger.open(path).close()
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE told", b"\xff\xfeEATE TABLE told"))
    before = path.read_bytes()
    for read_only in (True, False):
        with pytest.raises(LedgerDamagedError, match="kept as it is"):
            Ledger.open(path, read_only=read_only)
    assert save_events(path, tmp_path / "good", tmp_path / "doubtful") == (0, 0, None)
    assert path.read_bytes() == before


def test_a_run_that_was_quicker_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, alone = tmp_path / "ledger.db", founding._alone

    def late(new: Path, wait: float) -> AbstractContextManager[None]:
        monkeypatch.setattr(founding, "_alone", alone)
        founding.found(path, wait)
        return alone(new, wait)

    monkeypatch.setattr(founding, "_alone", late)
    with Ledger.open(path) as ledger:
        assert ledger.check() == []
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.db"]


def test_a_damaged_page_ends_the_run_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    whole = made(path, 2000)
    path.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 8192))
    with pytest.raises(LedgerError, match="damaged"), Ledger.open(path) as ledger:
        sums(ledger)


def test_check_finds_damage_that_no_query_meets(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Ledger.open(path) as ledger:
        record(ledger, event("k"))
        assert ledger.check() == []
        ledger._db.execute("INSERT INTO outcome VALUES (77, 999, 1)")
        assert list(map(str, ledger.check())) == ["1 outcomes have no event", "1 outcomes have no name"]


def test_a_locked_ledger_is_an_error_after_the_wait(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    made(path)
    with Ledger.open(path) as one, Ledger.open(path, wait=0.05) as two, one.transaction():
        record(one, event("k9"))
        with pytest.raises(LedgerError, match="is locked"):
            record(two, event("k8"))


def test_a_reader_is_not_hindered_by_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    made(path)
    with Ledger.open(path) as one, Ledger.open(path, read_only=True, wait=0.05) as two, one.transaction():
        record(one, event("k9"))
        assert sums(two)[0] == 1


MORE = "ALTER TABLE note ADD COLUMN extra TEXT"


def test_an_older_ledger_is_brought_forward_after_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    made(path)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, MORE))
    with Ledger.open(path) as ledger:
        assert sums(ledger)[0] == 1
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    monkeypatch.undo()
    with Ledger.open(tmp_path / f"ledger.db.schema{len(schema.MIGRATIONS)}.backup") as old:
        assert sums(old)[0] == 1


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    made(path)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, f"{MORE};\nDROP TABLE nothing"))
    refused(path)
    monkeypatch.undo()
    with Ledger.open(path) as ledger:
        assert ledger.notes("vault") == []
        assert sums(ledger)[0] == 1


def test_an_older_ledger_is_not_read_before_it_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "ledger.db")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, MORE))
    assert f"older schema {len(schema.MIGRATIONS) - 1}" in refused(tmp_path / "ledger.db", read_only=True)


def test_a_backup_of_a_ledger_in_use_is_whole(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        record(ledger, event("k"))
        ledger.back_up(tmp_path / "copy.db")
    with Ledger.open(tmp_path / "copy.db", read_only=True) as copy:
        assert sums(copy)[0] == 1


def test_a_disk_that_fails_or_is_full_is_told_as_that(tmp_path: Path) -> None:
    """Without room SQLite cannot make what it keeps beside the file, and calls that an error of the disk."""
    told = str(explained(tmp_path / "ledger.db", sqlite3.OperationalError("disk I/O error")))
    assert told.endswith("(disk I/O error). Make room, or check the disk, then run again.")
