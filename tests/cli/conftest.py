"""A vault, a run that only remembers what it was asked, and a way to call the program as a user does."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from vaultsync import sync
from vaultsync.cli import common, main
from vaultsync.model import Amount, Coverage, Intake, Line, Notice, Summary, TokenCounts
from vaultsync.periods import Calendar, Kind, Period
from vaultsync.sync import Collected, NoteResult, Outcome, Overview
from vaultsync.sync.reconcile import Reconciled

NOW = datetime(2026, 1, 7, 23, 30, tzinfo=UTC)
"""Already the eighth in Berlin."""
COSTS = {"opus": Decimal("1234.5"), "own": None}

Cli = Callable[..., Result]


def line(keys: Sequence[str | None], cost: Decimal | None, period: str | None = None) -> Line:
    """A line of three calls with a million tokens of input."""
    tokens = TokenCounts(input=1_000_000, cache_read=20, output=300)
    coverage = Coverage(events=3, calculated=3 * (cost is not None), unpriced=3 * (cost is None))
    return Line(tuple(keys), period, tokens, 3, 0, 1, cost, cost, None, None, (), (), coverage)


@dataclass
class Figures:
    """Two models, one without a price; remembers what was asked."""

    asked: list[Any]
    calendar: Calendar = field(default_factory=Calendar)

    def summarize(
        self, period: Period, by: Sequence[str] = (), bucket: Kind | None = None, where: Any = None
    ) -> Summary:
        self.asked.append(("summarize", period.start, period.end, tuple(by), bucket, where))
        label = "2026-W02" if bucket else None
        lines = [line([name] * len(by), cost, label) for name, cost in COSTS.items()]
        return Summary(period.start, period.end, tuple(by), bucket, tuple(lines), line([], COSTS["opus"]))


class FakeRun:
    """Stands for `sync.Run`; `outcome` is what its commands answer, `asked` what they were asked."""

    asked: list[Any]
    outcome: Outcome | BaseException
    reconciled: Reconciled | None = None
    lacks_ledger = False

    def __init__(self, settings: Any, now: datetime, progress: Any = None, **_: Any) -> None:
        self.settings, self.calendar = settings, Calendar(settings.zone)
        FakeRun.asked.append(("run", settings, now))

    def __enter__(self) -> FakeRun:
        return self

    def __exit__(self, *_: object) -> None:
        self.asked.append(("closed",))

    def answer(self, *asked: Any) -> Outcome:
        self.asked.append(asked)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    def daily(self, day: date, options: Any) -> Outcome:
        return self.answer("daily", day, options)

    def refresh(self, kind: str, day: date, options: Any) -> Outcome:
        return self.answer(kind, day, options)

    def backfill(self, since: date | None, until: date | None, options: Any) -> Outcome:
        return self.answer("sync", since, until, options)

    def undo(self, note: Path | None, options: Any) -> Outcome:
        return self.answer("undo", note, options)

    def collect(self) -> Collected:
        return self.answer("collect").collected or Collected()

    def figures(self, since: date, until: date, dimensions: object = None) -> Figures:
        self.asked.append(("figures", since, until))
        return Figures(self.asked)

    def intake(self) -> Intake:
        return Intake(3, 1, (), ())

    def unpriced(self, provider: str | None = None) -> list[Line]:
        self.asked.append(("unpriced", provider))
        return [line([name] * 2, cost) for name, cost in COSTS.items() if cost is None]

    def titles(self) -> dict[str, str]:
        return {"own": "Weed the beds"}

    def beside(self, period: Period) -> list[Notice]:
        return [Notice("telling", "By the bill {}, see `vaultsync reconcile`.", (Amount(Decimal(2)),))]

    def reconcile(self, period: Period | None, provider: str | None = None) -> Reconciled:
        self.asked.append(("reconcile", period and (period.start, period.end), provider))
        assert FakeRun.reconciled
        return FakeRun.reconciled

    def show(self, day: date) -> Overview:
        self.answer("show", day)
        one = line([], COSTS["opus"])
        return Overview("USD", one, one, line([], None), ("2026-01-08", "2026-W02", "2026-01"))

    def doctor(self) -> list[sync.Check]:
        return list(CHECKS)


CHECKS: list[sync.Check] = []


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No clock, no home folder, no environment of the machine; a fresh fake run."""
    FakeRun.asked, FakeRun.outcome = [], Outcome()
    CHECKS.clear()
    monkeypatch.setattr(sync, "Run", FakeRun)
    monkeypatch.setattr(common, "now", lambda: NOW)
    for name in [name for name in os.environ if name.startswith("VAULTSYNC_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault in Berlin, as the current folder."""
    folder = tmp_path / "vault"
    (folder / ".obsidian").mkdir(parents=True)
    (folder / "vaultsync.yaml").write_text("timezone: Europe/Berlin\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def cli(vault: Path) -> Cli:
    """Call the program in the vault."""

    def call(*args: str, **environ: str) -> Result:
        result = CliRunner().invoke(main, list(args), env=environ)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return call


@pytest.fixture
def asked() -> list[Any]:
    """What the run was asked, in order."""
    return FakeRun.asked


@pytest.fixture
def answer() -> Callable[[Outcome | BaseException], None]:
    """Choose what the run answers."""

    def choose(outcome: Outcome | BaseException) -> None:
        FakeRun.outcome = outcome

    return choose


def note(vault: Path, action: Any, reason: str = "", diff: str | None = None) -> NoteResult:
    """What became of the note of 2026-01-07."""
    return NoteResult(vault / "2026-01-07.md", "daily", "2026-01-07", action, reason, diff)
