"""A ledger in a synced or network folder: every run that writes says so, and no write-ahead log is used."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.sync.conftest import World, event
from vaultsync.sync import shared


def journal(ledger: Path) -> str:
    with closing(sqlite3.connect(ledger)) as db:
        return str(db.execute("PRAGMA journal_mode").fetchone()[0])


PLACES = {"Dropbox/state": "a synced folder", "vault/state": "the vault"}


@pytest.mark.parametrize(("folder", "kind"), PLACES.items(), ids=PLACES)
def test_each_run_warns_in_one_line_and_uses_no_write_ahead_log(world: World, folder: str, kind: str) -> None:
    ledger = world.root / folder / "ledger.db"
    world.log("a.jsonl", event("2026-01-08T10:00:00Z"))
    for command in ("collect", "daily", "daily"):
        told = world.run(command, "--ledger", str(ledger)).stderr.splitlines()
        assert told[0].startswith(f"{ledger}: the ledger lies in {kind}. Move it")
        assert len(told) == 1
        assert journal(ledger) == "delete"
    assert world.run("show", "--ledger", str(ledger)).stderr == ""


def test_a_network_folder_is_known_by_its_file_system(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.log("a.jsonl", event("2026-01-08T10:00:00Z"))
    mounts = world.root / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/b {world.root.resolve()}/state nfs4 rw 0 0\n")
    monkeypatch.setattr(shared, "MOUNTS", mounts)
    assert "the ledger lies in a network folder" in world.run("collect").stderr
    assert "it lies in a network folder" in world.run("doctor", code=None).stdout
    mounts.write_text("/dev/a / ext4 rw 0 0\n")
    assert world.run("collect").stderr == ""


def test_a_ledger_that_came_from_a_disk_of_this_machine_is_switched_back(world: World) -> None:
    world.run("collect")
    here, there = world.root / "state" / "ledger.db", world.root / "OneDrive" / "ledger.db"
    assert journal(here) == "wal"
    there.parent.mkdir()
    here.rename(there)
    world.run("ledger", "vacuum", "--ledger", str(there))
    assert journal(there) == "delete"
    there.rename(here)
    world.run("collect")
    assert journal(here) == "wal"
