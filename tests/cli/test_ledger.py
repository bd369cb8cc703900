"""`ledger`: what a person sees whose ledger is whole, damaged or gone; with the real program and ledger."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.ledger import making
from vaultsync import sync
from vaultsync.cli import common, main
from vaultsync.ledger import Ledger, lock
from vaultsync.ledger.identity import log_key
from vaultsync.sync.run import Run

EVENTS = 1500
Cli = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault, logs with an event a minute, and nothing of this machine."""
    vault, logs = tmp_path / "vault", tmp_path / "logs"
    (vault / ".obsidian").mkdir(parents=True)
    logs.mkdir()
    (vault / "vaultsync.yaml").write_text(
        "timezone: UTC\nlocale: en-gb\nagents: none\nlogs: [../logs]\nledger: ../state/ledger.db\n"
    )
    write(logs / "a.jsonl", range(EVENTS))
    monkeypatch.setattr(sync, "Run", Run)
    monkeypatch.setattr(common, "now", lambda: datetime(2026, 1, 9, 12, tzinfo=UTC))
    monkeypatch.chdir(vault)
    return tmp_path


def write(path: Path, numbers: range) -> None:
    lines = (
        {
            "timestamp": f"2026-01-07T{n // 60 % 24:02}:{n % 60:02}:00Z",
            "id": f"e{n}",
            "model_provider": "anthropic",
            "model_name": "claude-opus-4-5",
            "session_id": f"s{n % 7}",
            "input_tokens": 100 + n,
            "output_tokens": n,
        }
        for n in numbers
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def cli(home: Path) -> Iterator[Cli]:
    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, standalone_mode=True)

    yield call


def total(cli: Cli) -> dict[str, Any]:
    """The sums of a report."""
    told = cli("report", "--json", "--by", "none", "--since", "2026-01-01", "--until", "2026-01-31")
    assert told.exit_code == 0, told.stderr
    return dict(json.loads(told.stdout)["totals"])


def spoil(path: Path) -> None:
    making.spoil(path, log_key("flat-events:e750").hex())


@pytest.fixture
def ledger(home: Path, cli: Cli) -> Path:
    assert cli("collect", "-q").exit_code == 0
    return home / "state" / "ledger.db"


def test_a_whole_ledger_is_said_to_be_whole(cli: Cli, ledger: Path) -> None:
    told = cli("ledger", "check")
    assert (told.exit_code, told.stdout) == (0, f"{ledger}: 1,500 events, no damage.\n")
    assert json.loads(cli("ledger", "check", "--json").stdout) == {
        "schema": "vaultsync.ledger/1",
        "command": "check",
        "ledger": str(ledger),
        "whole": True,
        "events": EVENTS,
        "findings": [],
    }


def test_each_finding_is_a_line_and_the_remedy_stands_at_the_end(cli: Cli, ledger: Path) -> None:
    spoil(ledger)
    before = ledger.read_bytes()
    told = cli("ledger", "check")
    assert told.exit_code == 1
    lines = told.stdout.splitlines()
    assert len(lines) > 1
    assert all(line.startswith(f"{ledger}: ") for line in lines)
    assert re.fullmatch(
        rf"{ledger}: the ledger is damaged; .*ledger restore.*ledger rebuild.*\n", told.stderr
    )
    assert ledger.read_bytes() == before
    found = json.loads(cli("ledger", "check", "--json").stdout)
    assert (found["whole"], len(found["findings"])) == (False, len(lines))


@pytest.mark.parametrize("content", [b"", b"# garbage\n" * 900])
def test_a_file_that_is_no_ledger_is_a_finding_too(cli: Cli, ledger: Path, content: bytes) -> None:
    ledger.write_bytes(content)
    told = cli("ledger", "check", "--json")
    assert told.exit_code == 1
    assert len(json.loads(told.stdout)["findings"]) == 1
    assert ledger.read_bytes() == content


@pytest.mark.parametrize("command", ["daily", "collect", "report", "show"])
def test_no_command_makes_figures_of_a_damaged_ledger(cli: Cli, ledger: Path, command: str) -> None:
    whole = ledger.read_bytes()
    for damaged in (b"", b"garbage" * 999, whole[: len(whole) // 2]):
        ledger.write_bytes(damaged)
        told = cli(command)
        assert told.exit_code == 1
        assert told.stderr.startswith(f"{ledger}: ")
        assert "vaultsync ledger rebuild" in told.stderr
        assert ledger.read_bytes() == damaged


def test_backups_have_the_days_name_and_overwrite_nothing(cli: Cli, ledger: Path) -> None:
    names = [json.loads(cli("ledger", "backup", "--json").stdout)["file"] for _ in range(2)]
    folder = ledger.parent / "backups"
    assert names == [str(folder / "ledger-2026-01-09.db"), str(folder / "ledger-2026-01-09-2.db")]
    assert stat.S_IMODE((folder / "ledger-2026-01-09.db").stat().st_mode) == 0o600
    told = cli("ledger", "backup", names[0])
    assert told.exit_code == 2
    assert "there is such a file already" in told.stderr


def test_a_restored_ledger_has_the_old_figures_and_the_next_run_reads_the_rest(
    cli: Cli, ledger: Path, home: Path
) -> None:
    assert cli("ledger", "backup", "../copy.db").exit_code == 0
    before = total(cli)
    write(home / "logs" / "b.jsonl", range(EVENTS, EVENTS + 9))
    cli("collect")
    after = total(cli)
    told = cli("ledger", "restore", "../copy.db")
    assert told.exit_code == 0, told.stderr
    assert f"The one before is {ledger}.before-2026-01-09." in told.stdout
    assert total(cli) == before
    cli("collect")
    assert total(cli) == after


def test_the_ledger_is_no_backup_of_itself(cli: Cli, ledger: Path) -> None:
    assert cli("ledger", "restore", str(ledger)).exit_code == 2


def test_what_replaces_the_ledger_waits_for_a_run(
    cli: Cli, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaultsync.ledger.lock", lambda path: lock(path, 0))
    cli("ledger", "backup", "../copy.db")
    with lock(ledger):
        for command in (["restore", "../copy.db"], ["rebuild"], ["vacuum"]):
            told = cli("ledger", *command)
            assert (told.exit_code, "another run" in told.stderr) == (1, True)


def test_vacuum_says_the_bytes(cli: Cli, ledger: Path) -> None:
    told = json.loads(cli("ledger", "vacuum", "--json").stdout)
    assert told["bytes_before"] >= told["bytes_after"] == ledger.stat().st_size


# --- making it anew ---


def test_a_whole_ledger_is_not_made_anew(cli: Cli, ledger: Path) -> None:
    before = ledger.read_bytes()
    assert "no damage, so nothing was done" in cli("ledger", "rebuild").stdout
    assert ledger.read_bytes() == before


@pytest.mark.parametrize("has_backup", [True, False])
@pytest.mark.parametrize("has_logs", [True, False])
def test_logs_backup_and_what_can_be_read_give_each_event_once(
    cli: Cli, ledger: Path, home: Path, has_backup: bool, has_logs: bool
) -> None:
    if has_backup:
        cli("ledger", "backup")
    before = total(cli)
    spoil(ledger)
    damaged = ledger.read_bytes()
    if not has_logs:
        (home / "logs" / "a.jsonl").unlink()
    told = cli("ledger", "rebuild", "--json")
    assert told.exit_code == 0, told.stderr
    done = json.loads(told.stdout)
    assert Path(done["kept"]).read_bytes() == damaged
    assert done["saved_events"] + done["doubtful_events"] + done["lost_events"] == EVENTS
    assert done["saved_events"] > EVENTS / 2
    now = total(cli)
    if has_logs or has_backup:
        assert now == before
    else:
        assert now["events"] == done["events"] == done["saved_events"]
    assert cli("ledger", "check").exit_code == 0
    left = sorted(path.name for path in ledger.parent.iterdir())
    assert [name for name in left if "rebuilt" in name or name.endswith(".part")] == []


def test_saved_events_may_be_put_into_the_logs_and_the_logs_may_come_back(
    cli: Cli, ledger: Path, home: Path
) -> None:
    before = total(cli)
    spoil(ledger)
    done = json.loads(cli("ledger", "rebuild", "--json").stdout)
    for path in ledger.parent.iterdir():
        if path.is_file() and path.name != Path(done["saved"]).name:
            path.unlink()
    log = home / "logs" / "a.jsonl"
    kept = log.read_bytes()
    log.unlink()
    Path(done["saved"]).rename(home / "logs" / "saved.jsonl")
    assert cli("collect").exit_code == 0
    assert total(cli)["events"] == done["saved_events"]
    log.write_bytes(kept)
    cli("collect")
    assert total(cli) == before


def test_a_garbled_ledger_is_made_anew_from_the_logs(cli: Cli, ledger: Path) -> None:
    before = total(cli)
    ledger.write_bytes(b"# garbage\n" * 900)
    told = cli("ledger", "rebuild")
    assert told.exit_code == 0, told.stderr
    assert "There was no backup to begin with." in told.stdout.splitlines()
    assert total(cli) == before


def test_a_newer_ledger_is_not_made_anew(cli: Cli, ledger: Path) -> None:
    with Ledger.open(ledger, wal=False) as opened:
        opened._db.execute("PRAGMA user_version = 99")
    before = ledger.read_bytes()
    told = cli("ledger", "rebuild")
    assert (told.exit_code, "newer vaultsync" in told.stderr) == (1, True)
    assert ledger.read_bytes() == before
    assert sorted(path.name for path in ledger.parent.glob("ledger.db*")) == ["ledger.db", "ledger.db.lock"]


@pytest.mark.parametrize("command", ["check", "backup", "restore", "rebuild", "vacuum"])
def test_each_has_help(cli: Cli, command: str) -> None:
    told = cli("ledger", command, "--help")
    assert (told.exit_code, "--json" in told.stdout, "--vault" in told.stdout) == (0, True, True)


@pytest.mark.parametrize(
    "command",
    [["vacuum"], ["restore", "../none.db"], ["restore", "../logs"], ["rebuild", "--backup", "../none.db"]],
)
def test_what_cannot_be_done_leaves_nothing_where_no_ledger_is(
    cli: Cli, home: Path, command: list[str]
) -> None:
    told = cli("ledger", *command)
    assert told.exit_code in (1, 2)
    assert re.search("there is no ledger yet|does not exist|is a directory", told.stderr)
    assert not (home / "state").exists()


@pytest.mark.parametrize("command", [["restore"], ["rebuild", "--backup"]])
@pytest.mark.parametrize("content", [b"garbage" * 999, b"", None])
def test_a_damaged_backup_leaves_nothing_where_no_ledger_is(
    cli: Cli, home: Path, ledger: Path, command: list[str], content: bytes | None
) -> None:
    backup = home / "backup.db"
    cli("ledger", "backup", str(backup))
    backup.write_bytes(backup.read_bytes()[:40_960] if content is None else content)
    shutil.rmtree(ledger.parent)
    told = cli("ledger", *command, str(backup))
    assert (told.exit_code, told.stderr.startswith(f"{backup}: ")) == (1, True)
    assert sorted(each.name for each in home.iterdir()) == ["backup.db", "logs", "vault"]


def test_damage_met_while_sums_are_written_is_told_as_damage(cli: Cli, ledger: Path) -> None:
    total(cli)
    with closing(sqlite3.connect(ledger)) as db:
        db.execute("INSERT INTO stale SELECT min(interval) + 450 FROM seal")
        db.commit()
    told = cli("report")
    assert (told.exit_code, "the ledger is damaged" in told.stderr) == (1, True)
    assert cli("ledger", "check").exit_code == 1
    assert cli("ledger", "rebuild").exit_code == 0
    assert total(cli)["events"] == EVENTS


# --- where the ledger is ---


@pytest.mark.parametrize("command", [["collect"], ["ledger", "rebuild"], ["ledger", "restore", "../copy.db"]])
def test_a_link_to_a_disk_that_is_not_there_is_no_place_for_a_new_ledger(
    cli: Cli, ledger: Path, home: Path, command: list[str]
) -> None:
    cli("ledger", "backup", "../copy.db")
    shutil.rmtree(ledger.parent)
    ledger.parent.mkdir()
    for target in (home / "unmounted" / "ledger.db", ledger):
        ledger.symlink_to(target)
        told = cli(*command)
        assert (told.exit_code, told.stderr.startswith(f"{ledger}: this link leads to no file.")) == (1, True)
        assert ledger.is_symlink() and sorted(ledger.parent.iterdir()) == [ledger]
        ledger.unlink()
    assert not (home / "unmounted").exists()


def test_a_ledger_behind_a_link_stays_there_and_so_does_all_that_belongs_to_it(
    cli: Cli, ledger: Path, home: Path
) -> None:
    disk = home / "disk"
    disk.mkdir()
    place = disk / "books.db"
    ledger.rename(place)
    shutil.rmtree(ledger.parent)
    ledger.parent.mkdir()
    ledger.symlink_to(place)
    before = total(cli)
    assert cli("ledger", "backup").exit_code == 0
    spoil(place)
    assert cli("ledger", "rebuild").exit_code == 0
    assert cli("ledger", "restore", str(disk / "backups" / "ledger-2026-01-09.db")).exit_code == 0
    assert cli("ledger", "vacuum").exit_code == 0
    assert (total(cli), list(ledger.parent.iterdir()), ledger.readlink()) == (before, [ledger], place)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 99, 100, 512, 4095, 4096, 40_000])
def test_whatever_is_left_of_a_ledger_is_told_as_damage_and_made_anew(
    cli: Cli, ledger: Path, size: int
) -> None:
    before = total(cli)
    ledger.write_bytes(ledger.read_bytes()[:size])
    for command in (["collect"], ["report"], ["ledger", "check"], ["ledger", "vacuum"]):
        told = cli(*command)
        assert (told.exit_code, "vaultsync ledger rebuild" in told.stderr) == (1, True)
    assert ledger.stat().st_size == size
    assert cli("ledger", "rebuild").exit_code == 0
    assert total(cli) == before
