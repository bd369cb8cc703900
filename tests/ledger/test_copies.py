"""Backups are whole or not there; what they replace is kept; a damaged ledger gives out what can be read."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from collections import namedtuple
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from tests.ledger.making import event, picture, record, spoil, sums
from vaultsync.errors import LedgerError
from vaultsync.ledger import Ledger, restore, save_events, vacuum, verify
from vaultsync.ledger.identity import log_key

BIG = 3000
KEY = log_key("k1500").hex()
"""Of an event in the middle."""


def made(path: Path, count: int = 1) -> Path:
    with Ledger.open(path) as ledger:
        record(ledger, *(event(f"k{n}", n / 10, session=f"S{n % 9}") for n in range(count)))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return made(tmp_path / "ledger.db", 3)


# --- backups ---


def test_a_backup_is_one_private_file_that_verifies(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "backups" / "copy.db"
    with Ledger.open(path, read_only=True) as ledger:
        ledger.back_up(copy)
    verify(copy)
    assert names(copy.parent) == ["copy.db"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700


def test_a_backup_overwrites_nothing(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(b"mine")
    with Ledger.open(path) as ledger, pytest.raises(LedgerError, match="there is such a file already"):
        ledger.back_up(copy)
    assert copy.read_bytes() == b"mine"
    assert "copy.db.part" not in names(tmp_path)


def test_of_damage_no_backup_is_made(tmp_path: Path) -> None:
    path = made(tmp_path / "ledger.db", BIG)
    spoil(path, KEY)
    with Ledger.open(path, read_only=True) as ledger, pytest.raises(LedgerError, match="no backup"):
        ledger.back_up(tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


# --- restoring ---


@pytest.mark.parametrize(
    "present",
    [
        None,
        lambda path: made(path, 9),
        lambda path: path.write_bytes(b"# garbage\n" * 900),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(made(path, BIG).read_bytes()[:50_000]),
    ],
    ids=["missing", "whole", "garbage", "empty", "cut"],
)
def test_a_backup_takes_the_place_of_whatever_is_there(
    tmp_path: Path, present: Callable[[Path], object] | None
) -> None:
    backup, path = made(tmp_path / "backup.db", 3), tmp_path / "state" / "ledger.db"
    path.parent.mkdir()
    if present:
        present(path)
    before = path.read_bytes() if present else None
    kept = restore(path, backup, "before-2026-01-07")
    assert (kept.read_bytes() if kept else None) == before
    assert names(path.parent) == ["ledger.db", *(["ledger.db.before-2026-01-07"] if present else [])]
    with Ledger.open(path) as ledger:
        assert (sums(ledger)[0], ledger.check()) == (3, [])
    verify(backup)


def test_what_waits_beside_the_present_ledger_is_kept_with_it_and_does_not_spoil_the_new_one(
    tmp_path: Path,
) -> None:
    backup, path = made(tmp_path / "backup.db", 3), tmp_path / "ledger.db"
    with Ledger.open(tmp_path / "live.db") as live:
        record(live, *(event(f"n{n}", n) for n in range(50)))
        for end in ("", "-wal"):
            shutil.copy(f"{live.path}{end}", f"{path}{end}")
    kept = restore(path, backup, "before")
    assert kept
    with Ledger.open(path) as now, Ledger.open(kept) as before:
        assert (sums(now)[0], sums(before)[0]) == (3, 50)


def test_a_second_restore_keeps_both_ledgers_of_before(path: Path, tmp_path: Path) -> None:
    backup = made(tmp_path / "backup.db", 1)
    kept = [restore(path, backup, "before") for _ in range(2)]
    assert [each and each.name for each in kept] == ["ledger.db.before", "ledger.db.before-2"]


@pytest.mark.parametrize(
    "damage", [lambda p: p.write_bytes(b"x" * 9000), lambda p: spoil(p, KEY), Path.unlink]
)
def test_a_backup_that_is_not_whole_changes_nothing(
    path: Path, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    backup = made(tmp_path / "backup.db", BIG)
    damage(backup)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"backup.db: (this is no whole backup|there is no such file)"):
        verify(backup)
    with pytest.raises(LedgerError):
        restore(path, backup, "before")
    assert path.read_bytes() == before
    assert [name for name in names(tmp_path) if name.startswith("ledger.db.")] == []


# --- room ---


def test_room_that_is_free_is_given_back(tmp_path: Path) -> None:
    path = made(tmp_path / "ledger.db", BIG)
    with Ledger.open(path) as ledger:
        record(ledger, *(event(f"d{n}", n) for n in range(BIG)), path="doc", replaces=True)
        record(ledger, event("d1", 1), path="doc", replaces=True, end=90)
        wanted = picture(ledger)
    before, after = vacuum(path)
    assert after < before * 0.7
    assert path.stat().st_size == after
    with Ledger.open(path) as ledger:
        assert (picture(ledger), ledger.check()) == (wanted, [])


def test_no_ledger_is_made_to_be_shrunk(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger yet"):
        vacuum(tmp_path / "ledger.db")
    assert names(tmp_path) == []


def test_without_room_for_a_second_copy_nothing_is_done(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**6, 10**6, 1000))
    with pytest.raises(LedgerError, match=r"1,000 are free\. Make room"):
        vacuum(path)


# --- saving what can be read ---


def lines(path: Path) -> list[dict[str, object]]:
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


def test_all_events_around_a_damaged_page_are_saved(tmp_path: Path) -> None:
    path = made(tmp_path / "ledger.db", BIG)
    spoil(path, KEY)
    before = path.read_bytes()
    found = save_events(path, tmp_path / "good", tmp_path / "doubtful")
    assert path.read_bytes() == before
    assert 0 < (found.lost or 0) < 100
    assert found.events + found.doubtful + (found.lost or 0) == BIG
    assert found.events > BIG * 0.8
    assert (len(lines(tmp_path / "good")), len(lines(tmp_path / "doubtful"))) == found[:2]
    assert stat.S_IMODE((tmp_path / "good").stat().st_mode) == 0o600


def test_events_of_a_quarter_hour_that_does_not_fit_are_kept_apart(path: Path, tmp_path: Path) -> None:
    with Ledger.open(path) as ledger:
        record(ledger, event("late", 100), path="b")
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE event SET output = 99 WHERE id = 1")
        db.commit()
    assert save_events(path, tmp_path / "good", tmp_path / "doubtful") == (1, 3, 0)
    assert [line["timestamp"] for line in lines(tmp_path / "good")] == ["2026-01-07T13:40:00.000000Z"]


def test_a_number_that_no_row_can_have_is_not_counted_up_to(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE event SET id = 1 << 62 WHERE id = 3")
        db.commit()
    assert save_events(path, tmp_path / "good", tmp_path / "doubtful") == (0, 2, 1)


@pytest.mark.parametrize("content", [b"", b"# garbage\n" * 900])
def test_of_garbage_nothing_is_saved(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    assert save_events(path, tmp_path / "good", tmp_path / "doubtful") == (0, 0, None)
    assert names(tmp_path) == ["ledger.db"]


def test_a_saved_line_holds_all_that_the_ledger_knows(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    said = event(
        "k", 1.5, session="S1", project="a b", cost=Decimal("0.250"), cost_kind="billed", currency="EUR",
        outcomes=(("poems", 2),), duration_ms=7, flags=("future", "bad_count"), unsplit=5, web_searches=3,
    )  # fmt: skip
    with Ledger.open(path) as ledger:
        record(ledger, said)
        key = ledger.latest(1)[0].id
    save_events(path, tmp_path / "good", tmp_path / "doubtful")
    assert lines(tmp_path / "good") == [
        {
            "ledger_event": key,
            "timestamp": "2026-01-07T12:01:30.000000Z",
            "source": "claude-code",
            "model_provider": "anthropic",
            "model_name": "claude-opus-4-5",
            "mode": "standard",
            "grain": "request",
            "session_id": "S1",
            "project": "a b",
            "quality": "final",
            "flags": "bad_count future",
            "currency": "EUR",
            "cost_kind": "billed",
            "input_tokens": 10,
            "cache_read_tokens": 2000,
            "cache_write_5m_tokens": 300,
            "output_tokens": 140,
            "requests": 1,
            "web_search_requests": 3,
            "unsplit_tokens": 5,
            "duration_ms": 7,
            "cost": "0.25",
            "outcomes": {"poems": 2},
        }
    ]


def test_the_days_of_a_damaged_page_are_named(tmp_path: Path) -> None:
    path = made(tmp_path / "ledger.db", BIG)
    spoil(path, KEY)
    with Ledger.open(path, read_only=True) as ledger:
        found = list(map(str, ledger.check()))
        assert "the table event cannot be read as a whole" in found
        assert any(text.startswith("2026-01-07 (UTC): ") for text in found)
        with pytest.raises(LedgerError, match="damaged"):
            sums(ledger)


@pytest.mark.parametrize("table", ["seal", "event", "mention", "name"])
def test_a_table_of_which_nothing_can_be_read_does_not_take_for_ever(tmp_path: Path, table: str) -> None:
    path = made(tmp_path / "ledger.db", 300)
    with closing(sqlite3.connect(path)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    data = path.read_bytes()
    path.write_bytes(data[: (root - 1) * 4096] + b"\xa5" * 4096 + data[root * 4096 :])
    saved = save_events(path, tmp_path / "good", tmp_path / "unsure")
    with Ledger.open(path, read_only=True) as ledger:
        assert ledger.check() != []
    assert saved.events + saved.doubtful == (0 if table in ("event", "name") else 300)
