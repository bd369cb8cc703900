"""`init` writes one commented file, keeps what a user wrote in it, and shows what it found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CHECKS, Cli
from vaultsync.cli.init import known_vaults
from vaultsync.settings import load
from vaultsync.settings.keys import READERS
from vaultsync.sync import Check

TITLE = "## 💰 Token Usage Today"


@pytest.fixture
def fresh(vault: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault without our file, in UTC."""
    (vault / "vaultsync.yaml").unlink()
    monkeypatch.setenv("VAULTSYNC_TIMEZONE", "Asia/Tokyo")
    return vault


def files(folder: Path) -> set[str]:
    """All files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_first_run_writes_one_file_and_nothing_else(cli: Cli, fresh: Path) -> None:
    result = cli("init")
    assert result.exit_code == 0
    assert files(fresh) == {"vaultsync.yaml"}
    assert f"Wrote {fresh / 'vaultsync.yaml'}.\n" in result.stdout


def test_what_it_writes_is_the_defaults_and_the_zone_of_the_machine(cli: Cli, fresh: Path) -> None:
    before = load({}, {"VAULTSYNC_TIMEZONE": "Asia/Tokyo"}, fresh)
    cli("init")
    after = load({}, {}, fresh)
    assert after.zone_name == "Asia/Tokyo"
    assert (after.notes, after.ledger, after.logs) == (before.notes, before.ledger, before.logs)


def test_every_setting_is_there_as_a_comment_that_can_be_switched_on(cli: Cli, fresh: Path) -> None:
    cli("init")
    text = (fresh / "vaultsync.yaml").read_text(encoding="utf-8")
    (fresh / "pricing.yaml").write_text("")
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    on = "\n".join(line for line in lines if line.startswith("  ") or line.split(":")[0] in READERS)
    (fresh / "vaultsync.yaml").write_text(on, encoding="utf-8")
    settings = load({}, {}, fresh)
    assert settings.notes["daily"].heading == TITLE
    assert set(READERS) - {"vault"} <= {line.split(":")[0] for line in on.splitlines()}


def test_a_second_run_changes_nothing(cli: Cli, fresh: Path) -> None:
    cli("init")
    before = (fresh / "vaultsync.yaml").read_bytes()
    assert "nothing was changed" in cli("init").stdout
    assert (fresh / "vaultsync.yaml").read_bytes() == before


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_values_and_comments_of_the_user_stay_to_the_byte(cli: Cli, vault: Path, newline: str) -> None:
    own = newline.join(["# mine", "currency:   EUR  # not USD", "logs: [a]", "#quarter: weeks"])
    (vault / "vaultsync.yaml").write_bytes(own.encode())
    cli("init", "--timezone", "UTC")
    text = (vault / "vaultsync.yaml").read_bytes().decode()
    assert text.startswith(own + newline)
    added = text[len(own) :]
    assert all(line.startswith("#") or not line for line in added.split(newline))
    assert "# locale: en-gb" in added
    assert "currency:" not in added
    assert "quarter:" not in added
    assert load({"timezone": "UTC"}, {}, vault).currency == "EUR"


def test_a_dry_run_shows_the_file_and_writes_nothing(cli: Cli, fresh: Path) -> None:
    assert "timezone: Asia/Tokyo\n" in cli("init", "--dry-run").stdout
    assert files(fresh) == set()


def test_headings_budgets_and_what_doctor_finds_are_shown(cli: Cli, fresh: Path) -> None:
    CHECKS.append(Check("Notes", "daily", "ok", "2026-01-08.md exists"))
    output = cli("init").stdout
    assert f"  daily      {TITLE}\n" in output
    assert "  llm_budget_monthly_usd:\n" in output
    assert "Notes\n  ok   daily: 2026-01-08.md exists\n" in output


def test_a_vault_can_be_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "other/.obsidian").mkdir(parents=True)
    assert cli("init", str(tmp_path / "other"), "--timezone", "UTC").exit_code == 0
    assert files(tmp_path / "other") == {"vaultsync.yaml"}


def test_a_broken_file_is_not_touched(cli: Cli, vault: Path) -> None:
    (vault / "vaultsync.yaml").write_text("curency: EUR")
    assert cli("init").exit_code == 2
    assert (vault / "vaultsync.yaml").read_text() == "curency: EUR"


def test_outside_a_vault_those_that_the_app_knows_are_offered(
    cli: Cli, vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = {"vaults": {"a1": {"path": str(vault), "ts": 1}, "b2": {"path": str(tmp_path / "gone")}}}
    (tmp_path / "home/obsidian").mkdir(parents=True)
    (tmp_path / "home/obsidian/obsidian.json").write_text(json.dumps(listed))
    monkeypatch.chdir(tmp_path)
    result = cli("init")
    assert result.exit_code == 2
    assert f"vaultsync init {vault}\n" in result.stderr
    assert "gone" not in result.stderr


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"vaults": []}', '{"vaults": {"a": 1}}', "\udcff"])
def test_a_list_of_vaults_that_cannot_be_read_is_no_list(tmp_path: Path, text: str) -> None:
    (tmp_path / "obsidian").mkdir()
    (tmp_path / "obsidian/obsidian.json").write_bytes(text.encode(errors="surrogateescape"))
    assert known_vaults({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}) == []
