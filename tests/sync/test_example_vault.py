"""The example vault is what the present program makes of it, and a run on it is the README's."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from vaultsync.cli import main
from vaultsync.vault import properties, section

EXAMPLES = Path(__file__).parents[2] / "examples"
KINDS = ("daily", "weekly", "monthly", "quarterly", "dashboard")
OURS = ("llm_cost_usd", "llm_tokens", "llm_requests", "llm_over_budget", "llm_period")


def load_script() -> ModuleType:
    """The script that makes the vault."""
    spec = importlib.util.spec_from_file_location("make_vault", EXAMPLES / "make_vault.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The vault as its owner left it, without sections; nothing has to come to rest."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    load_script().build(tmp_path / "vault", tmp_path / "tomorrow")
    return tmp_path / "vault"


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, [*arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_sections_are_current(plain: Path) -> None:
    run("daily", "--date", "2026-01-09", "--vault", str(plain))
    assert contents(plain) == contents(EXAMPLES / "vault")
    assert contents(plain.parent / "tomorrow") == contents(EXAMPLES / "tomorrow")


def test_every_word_of_the_owner_survives(plain: Path) -> None:
    before = {path: data for path, data in contents(plain).items() if path.endswith(".md")}
    for path, data in before.items():
        text = (EXAMPLES / "vault" / path).read_bytes().decode()
        for kind in KINDS:
            text = section.remove(text, kind).text
        text = properties.remove(text, OURS).text
        assert text.encode() == data, path


def test_the_run_of_the_readme_finds_the_next_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    vault = tmp_path / "example-vault"
    shutil.copytree(EXAMPLES / "vault", vault)
    before = contents(vault)
    logs = ["--logs", str(vault / "logs"), "--logs", str(EXAMPLES / "tomorrow")]
    said = run("daily", "--vault", str(vault), "--date", "2026-01-10", *logs)
    after = contents(vault)
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {
        "Journal/Daily/2026/01/2026-01-10.md",
        "Journal/Weekly/2026-W02.md",
        "Journal/Monthly/2026-01.md",
        "Journal/Quarterly/2026-Q1.md",
        "LLM Costs.md",
    }
    assert all(path in said for path in changed)
    run("daily", "--vault", str(vault), "--date", "2026-01-10", *logs)
    assert contents(vault) == after
