"""A small vault with logs of our own making, and the whole program on it with a clock that stands still."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from vaultsync.cli import common, main

NOW = datetime(2026, 1, 9, 20, 0, tzinfo=UTC)

CONFIG = """\
timezone: Europe/Berlin
locale: en-gb
agents: none
logs: [logs]
ledger: ../state/ledger.db
notes:
  daily: {folder: Daily}
  weekly: {folder: Weekly}
  quarterly: {folder: Quarterly}
  dashboard: {path: LLM Costs.md}
"""


@dataclass
class World:
    """A vault, its logs and the present."""

    root: Path
    now: datetime = NOW

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    def write(self, path: str, text: str | bytes, *, age: float = 3600) -> Path:
        """Write a file of the vault as it was some seconds ago."""
        target = self.vault / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        then = (self.now - timedelta(seconds=age)).timestamp()
        os.utime(target, (then, then))
        return target

    def read(self, path: str) -> str:
        return (self.vault / path).read_bytes().decode()

    def log(self, name: str, *events: dict[str, Any], age: float = 3600) -> Path:
        """Write flat events as JSON lines below the logs folder."""
        return self.write(f"logs/{name}", "".join(json.dumps(e) + "\n" for e in events), age=age)

    def run(self, *arguments: str, code: int | None = 0) -> Result:
        """Call the program; its exit code must be as expected."""
        done = CliRunner().invoke(main, [*arguments, "--vault", str(self.vault)])
        if code is not None:
            assert done.exit_code == code, f"exit {done.exit_code}\n{done.output}\n{done.exception!r}"
        return done

    def notes(self) -> dict[str, bytes]:
        """All notes of the vault."""
        return {str(p.relative_to(self.vault)): p.read_bytes() for p in sorted(self.vault.rglob("*.md"))}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A vault without notes and logs, at eight in the evening of 9 January 2026."""
    for name in [n for n in os.environ if n.startswith("VAULTSYNC_")]:
        monkeypatch.delenv(name)
    made = World(tmp_path)
    made.write("vaultsync.yaml", CONFIG)
    monkeypatch.setattr(common, "now", lambda: made.now)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    yield made


def event(when: str, tokens_in: int = 1000, tokens_out: int = 100, **more: Any) -> dict[str, Any]:
    """One flat event of a priced model."""
    return {
        "timestamp": when,
        "model_provider": "anthropic",
        "model_name": "claude-opus-4-5",
        "input_tokens": tokens_in,
        "output_tokens": tokens_out,
        **more,
    }
