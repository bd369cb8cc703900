"""A ledger of any schema that was ever released opens, whatever happens meanwhile; a newer one is let be."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from tests.ledger import released
from tests.ledger.making import event, record, sums
from vaultsync.errors import LedgerError
from vaultsync.ledger import Ledger, NoteState, schema, verify
from vaultsync.model import SessionTitle

VERSIONS = sorted(released.LEDGERS)
FIGURES = [2, 15, 2000, 300, 200]
"""Events, input, cache reads, cache writes, output: of the calls, with which an export is not added up."""


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def test_a_released_schema_is_never_edited() -> None:
    """A change of the tables is a new migration; then its digest is added, and a ledger of the one before."""
    found = tuple(sha256(script.encode()).hexdigest()[:16] for script in schema.MIGRATIONS)
    assert found == released.DIGESTS
    assert [*range(1, len(found))] == VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_ledger_keeps_all_it_knows_and_can_do_all_that_is_new(tmp_path: Path, version: int) -> None:
    path = tmp_path / "ledger.db"
    released.make(path, version)
    with Ledger.open(path) as ledger:
        assert (sums(ledger), ledger.check()) == (FIGURES, [])
        assert ledger.files()["a.jsonl"].offset == 100
        assert ledger.notes("mine") == [NoteState("daily", "2026-01-07", "Daily/2026-01-07.md", 100, 5)]
        record(ledger, event("k", 5), SessionTitle("claude-code", "S1", "Verses", 1))
        assert sums(ledger)[0] == 3
        assert ledger.titles() == {("claude-code", "S1"): "Verses"}
        assert ledger.check() == []


def test_rejected_lines_of_which_only_the_number_was_kept_stay_rejected(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    released.make(path, 3)
    with Ledger.open(path) as ledger:
        (issue,) = ledger.intake().rejected
        assert (issue.path, issue.line, issue.lines) == (Path("a.jsonl"), None, 2)


@pytest.mark.parametrize("version", VERSIONS)
def test_before_that_it_is_backed_up_once_and_the_backup_is_whole(tmp_path: Path, version: int) -> None:
    path = tmp_path / "ledger.db"
    released.make(path, version)
    Ledger.open(path).close()
    backup = tmp_path / f"ledger.db.schema{version}.backup"
    assert sorted(tmp_path.iterdir()) == [path, backup]
    assert (version_of(path), version_of(backup)) == (len(schema.MIGRATIONS), version)
    verify(backup)
    with Ledger.open(backup) as old:
        assert sums(old) == FIGURES


def test_a_second_backup_of_the_same_schema_does_not_overwrite_the_first(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    for _ in range(2):
        path.unlink(missing_ok=True)
        released.make(path, 1)
        Ledger.open(path).close()
    names = ["ledger.db", "ledger.db.schema1-2.backup", "ledger.db.schema1.backup"]
    assert sorted(each.name for each in tmp_path.iterdir()) == names


KILLED = """
import os, pathlib
from vaultsync.ledger import Ledger, schema
done = 0
def statements(script, real=schema.statements):
    global done
    for statement in real(script):
        if done == {after}:
            os._exit(9)
        done += 1
        yield statement
schema.statements = statements
Ledger.open(pathlib.Path({path!r}))
os._exit(0)
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_killed_in_the_middle_it_is_still_the_old_one_and_the_next_run_completes_it(
    tmp_path: Path, version: int
) -> None:
    after, codes = 0, []
    path = tmp_path / "ledger.db"
    released.make(path, version)
    while 0 not in codes:
        code = KILLED.format(path=str(path), after=after)
        codes.append(subprocess.run([sys.executable, "-c", code], check=False).returncode)
        assert version_of(path) == (version if codes[-1] else len(schema.MIGRATIONS))
        after += 2
    assert codes[0] == 9
    with Ledger.open(path) as ledger:
        assert (sums(ledger), ledger.check()) == (FIGURES, [])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_damaged_older_ledger_is_not_touched(tmp_path: Path, version: int) -> None:
    path = tmp_path / "ledger.db"
    released.make(path, version)
    with closing(sqlite3.connect(path)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event'").fetchone()
    data = bytearray(path.read_bytes())
    data[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
    path.write_bytes(data)
    with pytest.raises(LedgerError, match="damaged"):
        Ledger.open(path)
    assert (path.read_bytes(), version_of(path)) == (bytes(data), version)
    assert [each.name for each in tmp_path.iterdir() if ".backup" in each.name] == []


def test_two_runs_migrate_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    released.make(path, 1)
    code = (
        "import sys, pathlib\nfrom vaultsync.ledger import Ledger\n"
        "Ledger.open(pathlib.Path(sys.argv[1])).close()"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    with Ledger.open(path) as ledger:
        assert (sums(ledger), ledger.check()) == (FIGURES, [])


# --- newer, and what is no ledger ---


def newer(path: Path) -> None:
    with Ledger.open(path, wal=False) as ledger:
        record(ledger, event("k"))
        ledger._db.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize("read_only", [True, False])
def test_a_newer_ledger_is_left_alone_with_all_that_lies_beside_it(tmp_path: Path, read_only: bool) -> None:
    """Changes that wait in its write-ahead log stay there: to write them into the file is its program's."""
    path, live = tmp_path / "ledger.db", tmp_path / "live.db"
    newer(live)
    with closing(sqlite3.connect(live)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE later (id)")
        for end in ("", "-wal"):
            shutil.copy(f"{live}{end}", f"{path}{end}")
    before = [Path(f"{path}{end}").read_bytes() for end in ("", "-wal")]
    with pytest.raises(LedgerError, match=r"newer vaultsync \(schema 99, this one knows"):
        Ledger.open(path, read_only=read_only)
    assert [Path(f"{path}{end}").read_bytes() for end in ("", "-wal")] == before


def other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE photos (id)")


def half(path: Path) -> None:
    with Ledger.open(path, wal=False) as ledger:
        record(ledger, *(event(f"k{n}", n) for n in range(500)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


STRANGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "newer": (newer, "newer vaultsync"),
    "of another program": (other_program, "belongs to another program"),
    "garbage": (lambda path: path.write_bytes(b"# my notes\n" * 900), "not a ledger"),
    "a few bytes": (lambda path: path.write_bytes(b"SQLite format 3\0"), "ledger"),
    "empty": (Path.touch, "the file is empty"),
    "cut short": (half, "is damaged"),
}


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("read_only", [True, False])
def test_what_cannot_be_used_is_named_and_left_byte_for_byte(
    tmp_path: Path, what: str, read_only: bool
) -> None:
    path = tmp_path / "ledger.db"
    make, said = STRANGE[what]
    make(path)
    before = (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns, sorted(tmp_path.iterdir()))
    with pytest.raises(LedgerError, match=said) as caught:
        Ledger.open(path, read_only=read_only)
    assert str(caught.value).startswith(f"{path}: ")
    after = (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns, sorted(tmp_path.iterdir()))
    assert after == before


def test_a_ledger_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger.open(path, wal=False).close()
    with Ledger.open(path, wal=False) as ledger:
        ledger._db.execute("PRAGMA query_only = ON")  # what a read-only disk makes of each statement
        with pytest.raises(LedgerError, match=r"may not be written .*Mend its permissions"):
            record(ledger, event("k"))


def test_a_run_that_was_killed_while_it_made_the_ledger_leaves_nothing_that_hinders(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    (tmp_path / "ledger.db.new").write_bytes(b"half a ledger" * 999)
    with Ledger.open(path) as ledger:
        record(ledger, event("k"))
        assert ledger.check() == []
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.db"]


def test_runs_that_make_the_ledger_at_once_make_one(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.db"
    code = (
        "import sys, pathlib\nfrom tests.ledger.making import event, record\n"
        "from vaultsync.ledger import Ledger\n"
        "with Ledger.open(pathlib.Path(sys.argv[1])) as l: record(l, event(sys.argv[2]), path=sys.argv[2])"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(path), str(n)]) for n in range(4)]
    assert [run.wait(60) for run in runs] == [0] * 4
    with Ledger.open(path) as ledger:
        assert (sums(ledger)[0], ledger.check()) == (4, [])
