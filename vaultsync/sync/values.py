"""What a run was asked for and what it did: the values that `cli` prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vaultsync.periods import NoteKind, Period

if TYPE_CHECKING:
    from vaultsync.model import BudgetState, Issue, Line

Action = Literal[
    "written",
    "created",
    "restored",
    "removed",
    "would-write",
    "would-create",
    "would-restore",
    "would-remove",
    "unchanged",
    "skipped",
    "left",
]
"""`skipped`: not safe, named, exit 3. `left`: nothing to do by the rules (no note yet, kind not used)."""
CHANGING: tuple[Action, ...] = (
    "written",
    "created",
    "restored",
    "removed",
    "would-write",
    "would-create",
    "would-restore",
    "would-remove",
)


@dataclass(frozen=True, slots=True)
class Options:
    """How carefully notes are to be written."""

    dry_run: bool = False
    diff: bool = False
    check: bool = False
    force: bool = False
    adopt: bool = False
    only: bool = False
    strict: bool = False

    @property
    def writes(self) -> bool:
        """True unless the run only says what would change."""
        return not (self.dry_run or self.diff or self.check)


@dataclass(frozen=True, slots=True)
class Target:
    """One note to be told: its kind and its period; of the dashboard, the day it is told on."""

    kind: NoteKind
    period: Period


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What one collector found in one run."""

    source: str
    files: int = 0
    """Files that belong to it."""
    read: int = 0
    """Files that were new or had grown or changed."""
    new: int = 0
    joined: int = 0
    """Copies and later rows of calls already known."""
    partial: int = 0
    rejected: int = 0
    pending: int = 0
    """Last lines, and documents, that may still be being written; the next run asks again."""
    first: date | None = None
    last: date | None = None
    reasons: tuple[tuple[str, int], ...] = ()
    """Why lines were rejected, and how often, the commonest first."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collecting found."""

    sources: tuple[SourceCount, ...] = ()
    issues: tuple[Issue, ...] = ()
    removed: int = 0
    """Events of edited documents that the documents no longer say."""

    @property
    def new(self) -> int:
        """Events that were not known before."""
        return sum(s.new for s in self.sources)

    @property
    def rejected(self) -> int:
        """Lines and files that were not counted."""
        return sum(i.rejected for i in self.issues)


@dataclass(frozen=True, slots=True)
class NoteResult:
    """What happened to one note."""

    path: Path
    kind: str
    label: str
    action: Action
    reason: str = ""
    diff: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one command did."""

    collected: Collected | None = None
    notes: tuple[NoteResult, ...] = ()
    problems: tuple[str, ...] = ()
    """Sentences for standard error of no note and no log: a price warning, a budget that cannot be read."""

    hints: tuple[str, ...] = ()
    """Sentences for standard output: what the user may want to do next."""

    is_idle: bool = False
    """Nothing had happened since the last run, so no note was looked into."""

    @property
    def is_settled(self) -> bool:
        """True when the same run would find the same again: idle, no log opened or wrong, nothing to tell."""
        found = self.collected
        opened = found and (found.issues or found.removed or any(s.read for s in found.sources))
        return self.is_idle and not opened and not self.problems

    @property
    def changes(self) -> bool:
        """True when a note was or would be written."""
        return any(n.action in CHANGING for n in self.notes)

    @property
    def skipped(self) -> bool:
        """True when a note was left for trouble."""
        return any(n.action == "skipped" for n in self.notes)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session, for the overview."""

    session: str
    last: date
    project: str | None
    model: str | None
    tokens: int
    cost: Decimal | None
    title: str | None = None
    """What it is called, where that is known."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The screen of `show`."""

    currency: str
    day: Line
    week: Line
    month: Line
    labels: tuple[str, str, str]
    budgets: tuple[BudgetState, ...] = ()
    sessions: tuple[SessionLine, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `doctor`."""

    group: str
    name: str
    state: Literal["ok", "info", "warning", "error"]
    text: str
    remedy: str = ""
    more: tuple[str, ...] = ()
    """Further lines that belong to it."""
    details: tuple[str, ...] = ()
    """Lines for who wants to know everything."""
