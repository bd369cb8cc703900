"""Commands that only ask: with a ledger that is not there, or is none, they make nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vaultsync import sync
from vaultsync.cli import common, main
from vaultsync.sync.run import Run

Cli = Callable[..., Result]
ASKING = (("show",), ("report",), ("reconcile",), ("prices", "explain"), ("prices", "check"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault that names no ledger, and a home folder without one."""
    vault = tmp_path / "vault"
    (vault / ".obsidian").mkdir(parents=True)
    (vault / "vaultsync.yaml").write_text("timezone: UTC\nlocale: en-gb\nagents: none\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sync, "Run", Run)
    monkeypatch.setattr(common, "now", lambda: datetime(2026, 1, 9, 12, tzinfo=UTC))
    monkeypatch.chdir(vault)
    return tmp_path


@pytest.fixture
def cli(home: Path) -> Cli:
    return lambda *arguments: CliRunner().invoke(main, arguments)


def names(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_before_the_first_run_all_is_nothing_and_nothing_is_made(
    cli: Cli, home: Path, arguments: tuple[str, ...]
) -> None:
    before = names(home)
    told = cli(*arguments)
    assert (told.exit_code, "`vaultsync collect` reads" in told.stderr) == (0, True)
    assert told.stdout
    assert names(home) == before
    assert cli(*arguments, "-q").stderr == ""


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_a_ledger_that_was_named_and_is_not_there_is_an_error(
    cli: Cli, home: Path, arguments: tuple[str, ...]
) -> None:
    before = names(home)
    told = cli(*arguments, "--ledger", str(home / "typo" / "x.db"))
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr.startswith(f"{home / 'typo' / 'x.db'}: there is no ledger. Mend --ledger")
    assert names(home) == before


@pytest.mark.parametrize(
    "arguments",
    [("doctor",), ("prices", "list"), ("prices", "explain", "claude-opus-4-5", "--input", "1000")],
    ids=" ".join,
)
def test_what_needs_no_ledger_makes_none(cli: Cli, home: Path, arguments: tuple[str, ...]) -> None:
    before = names(home)
    told = cli(*arguments, "--ledger", str(home / "typo" / "x.db"))
    assert told.exit_code == 0 and told.stdout
    assert names(home) == before


@pytest.mark.parametrize("arguments", [*ASKING, ("collect",), ("daily",), ("prices", "list")], ids=" ".join)
def test_beside_a_file_that_is_no_ledger_nothing_is_made(
    cli: Cli, home: Path, arguments: tuple[str, ...]
) -> None:
    log = home / "logs" / "some.jsonl"
    log.parent.mkdir()
    log.write_text('{"input_tokens": 1}\n' * 99)
    before = names(home)
    told = cli(*arguments, "--ledger", str(log))
    if arguments != ("prices", "list"):
        assert told.exit_code == 1
        assert told.stderr.startswith(f"{log}: this is not a ledger")
    assert names(home) == before


def test_who_asks_a_ledger_finds_what_was_collected(cli: Cli, home: Path) -> None:
    ledger = str(home / "x.db")
    assert cli("collect", "--ledger", ledger).exit_code == 0
    assert cli("show", "--ledger", ledger).stderr == ""
