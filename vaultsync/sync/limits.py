"""What the user wrote into notes for us to read: budgets, projects' budgets, counted results."""

from __future__ import annotations

import errno
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vaultsync.errors import NoteSkipped
from vaultsync.periods import KINDS, NOTE_OF, Kind, Period
from vaultsync.sync.books import Books
from vaultsync.sync.places import Places
from vaultsync.vault import locate

if TYPE_CHECKING:
    from vaultsync import budget
    from vaultsync.model import Budget, BudgetState, Figures, Line

INDEX = "project-notes"
PASSING = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Errors of the system that are not the note's own."""
WORD = b"llm_project"


@dataclass
class Limits:
    """Budgets and counted results, read from notes once per run."""

    books: Books
    places: Places
    problems: list[str] = field(default_factory=list)
    """Sentences on what could not be read in this run; each once."""
    _read: dict[Path, tuple[Mapping[str, object], str | None]] = field(default_factory=dict)
    _found: dict[object, tuple[list[Budget], list[str]]] = field(default_factory=dict)
    """Budgets of a note and its problems; a note is asked for them by every period inside its own."""
    _here: dict[str, None] = field(default_factory=dict)

    @contextmanager
    def troubles(self) -> Iterator[list[str]]:
        """Gather, until it ends, what could not be read of the notes that are asked for meanwhile.

        The same is told whichever notes were read before: a note says the same, told alone or with others.
        """
        self._here, found = {}, list[str]()
        yield found
        found += self._here

    @property
    def standing(self) -> list[Budget]:
        """Budgets of the dashboard note and of project notes; the dashboard's come first."""
        found = []
        if self.places.has_dashboard():
            found += self._budgets(self.places.dashboard(), "dashboard", None)
        for path in self.project_notes:
            found += self._budgets(path, "project", None)
        return found

    @cached_property
    def project_notes(self) -> list[Path]:
        """Notes that tie themselves to a project; only notes that changed since the last run are opened."""
        vault, ledger = self.books.settings.vault, self.books.ledger
        index = f"{INDEX}.{self.books.vault_id}"
        known = json.loads(ledger.get(index) or "{}")
        seen: dict[str, list[object]] = {}
        for path in locate.iter_notes(vault, self.books.vault):
            try:
                info = path.stat()
            except OSError:
                continue  # gone meanwhile
            name, mark = path.relative_to(vault).as_posix(), [info.st_size, info.st_mtime_ns]
            before = known.get(name)
            if before and before[:2] == mark:
                seen[name] = before
            else:
                seen[name] = [*mark, _mentions(path)]
        if seen != known:
            ledger.set(index, json.dumps(seen, sort_keys=True))
        return [vault / name for name, (_, _, is_project) in sorted(seen.items()) if is_project]

    def of(self, period: Period, parts: Sequence[Period] = ()) -> list[Budget]:
        """Every budget that may limit a period or its parts: of own notes, of wider periods, standing."""
        found = [b for part in (*parts, period) for b in self._own(part)]
        for kind in KINDS[KINDS.index(period.kind) + 1 :]:
            for wide in self.books.calendar.split(period, kind):
                found += self._own(wide)
        return [*dict.fromkeys([*found, *self.standing])]

    def states(
        self, period: Period, figures: Figures, parts: Sequence[Period] = ()
    ) -> tuple[BudgetState, ...]:
        """What was spent in a period, and in each part, against the budgets that reach it.

        Of the parts only the budget on everything counts.
        """
        from vaultsync import budget

        budgets = self.of(period, parts)
        calendar = self.books.calendar

        def spent(of: Period, where: Mapping[str, str]) -> Line:
            return figures.summarize(of, where=where).total

        whole = budget.states(budgets, period, calendar, lambda where: spent(period, where))
        general = [b for b in budgets if b.is_general]
        inner = [
            state
            for part in parts
            for state in budget.states(general, part, calendar, lambda where, part=part: spent(part, where))  # type: ignore[misc]
        ]
        return (*whole, *inner)

    def outcomes(self, period: Period) -> dict[str, int]:
        """Results that daily notes of a period count in the properties named in the settings."""
        names = self.books.settings.outcomes
        found: Counter[str] = Counter()
        for path in self._daily_notes(period) if names else ():
            values = self._properties(path)
            for name in names:
                amount = values.get(name)
                if amount is None or amount == "":
                    continue
                if isinstance(amount, bool) or not isinstance(amount, int) or amount < 0:
                    self._trouble(
                        f"{self._name(path)}: {name} is {amount!r}; write a whole number, 0 or more."
                    )
                else:
                    found[name] += amount
        return {name: found[name] for name in names if found[name]}

    def _daily_notes(self, period: Period) -> Iterator[Path]:
        last = min(period.last, self.books.today)
        for one in period.days():
            path = self.places.existing("daily", self._period("day", one)) if one <= last else None
            if path:
                yield path

    def _period(self, kind: Kind, day: date) -> Period:
        return self.books.calendar.period(kind, day)

    def _own(self, period: Period) -> list[Budget]:
        kind = NOTE_OF[period.kind]
        path = self.places.existing(kind, period)
        return self._budgets(path, kind, period) if path else []

    def _budgets(self, path: Path, kind: budget.Origin, period: Period | None) -> list[Budget]:
        from vaultsync import budget

        values, key = self._properties(path), (path, kind, period)
        if key not in self._found:
            self._found[key] = budget.read(
                values,
                self._name(path),
                kind,
                period,
                self.books.settings.currency,
                lambda: self._providers,
            )
        found, problems = self._found[key]
        for problem in problems:
            self._trouble(problem)
        return list(found)

    @cached_property
    def _providers(self) -> set[str]:
        """Every provider that a price list or the ledger tells of."""
        return {*self.books.prices.providers, *self.books.ledger.providers()}

    def _properties(self, path: Path) -> Mapping[str, object]:
        """Front matter of a note; empty, with a problem said once, where it cannot be read.

        Raises:
            NoteSkipped: The next run may be able to; until then nothing is told without its budgets.
        """
        from vaultsync.vault import files, properties

        if path not in self._read:
            try:
                found, why = properties.read(path.read_bytes().decode())
                self._read[path] = found, why and f"{why}. Mend it; until then its budgets do not count."
            except UnicodeDecodeError:
                self._read[path] = {}, "it is not UTF-8. Save it as UTF-8."
            except OSError as error:
                why = f"it cannot be read ({error.strerror})."
                if error.errno in PASSING:
                    raise NoteSkipped(path, why, files.advice(error)) from error
                self._read[path] = {}, f"{why} {files.advice(error)}"
        values, problem = self._read[path]
        if problem:
            self._trouble(f"{self._name(path)}: {problem}")
        return values

    def _name(self, path: Path) -> str:
        return path.relative_to(self.books.settings.vault).as_posix()

    def _trouble(self, text: str) -> None:
        self._here[text] = None
        if text not in self.problems:
            self.problems.append(text)


def _mentions(path: Path) -> bool:
    """True for a note whose text has the word that ties it to a project."""
    try:
        return WORD in path.read_bytes()
    except OSError:
        return False
