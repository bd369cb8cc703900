"""Which notes a scheduled run has to look at: what changed, what ended, what somebody edited; often none."""

from __future__ import annotations

import hashlib
import json
import os
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from vaultsync.ledger import Changes, NoteState
from vaultsync.periods import KINDS, NOTE_KINDS, NOTE_OF, PERIOD_OF, NoteKind, Period
from vaultsync.sync.books import Books
from vaultsync.sync.limits import Limits
from vaultsync.sync.places import Places
from vaultsync.sync.values import Target


@dataclass(frozen=True, slots=True)
class Last:
    """What the last scheduled run of a vault left behind."""

    day: str = ""
    """Local day its notes were told on; empty: there was no such run."""
    setting: str = ""
    """Fingerprint of what decides how every note looks, besides events and budgets."""
    stamps: str = ""
    """Fingerprint of the notes that hold standing budgets, as files: the same, where none was edited."""
    budgets: str = ""
    """Fingerprint of the standing budgets themselves."""
    token: int = 0
    """The notes show all changes of the ledger up to here."""
    skipped: tuple[tuple[str, str], ...] = ()
    """Kind and label of notes that were not safe to write."""
    zone: str = ""
    """Name of the time zone that cut its days."""


@dataclass
class Plan:
    """What `daily` does on a day."""

    books: Books
    places: Places
    limits: Limits
    day: date
    only: bool = False
    """Daily notes alone."""

    @property
    def today(self) -> date:
        """The day to tell notes on: not before the last run's, or what has ended would be open again."""
        if not self._last.day:
            return self.day
        return max(self.day, min(date.fromisoformat(self._last.day), self.books.today))

    @property
    def zone_before(self) -> str:
        """Time zone of the last run, where it was another one; else empty."""
        return self._last.zone if self._last.zone != self.books.settings.zone_name else ""

    def is_idle(self) -> bool:
        """True when nothing happened since the last run of this day: no event, no edit, no other setting."""
        return (
            self._last.day == self.day.isoformat()
            and not self._last.skipped
            and not self._changes.intervals
            and self._last.setting == self._setting
            and self._last.stamps == self._stamps()
            and not self._edited()
            and not self._appeared()
        )

    def finish(self, skipped: Iterable[tuple[str, str]]) -> None:
        """Remember that all notes show what is known now, but for some that were skipped."""
        last = Last(
            self.today.isoformat(),
            self._setting,
            self._stamps(),
            self._budgets,
            self._changes.token,
            tuple(skipped),
            self.books.settings.zone_name,
        )
        self.books.ledger.set(self._fact, json.dumps(asdict(last)))

    def targets(self) -> list[tuple[Target, bool]]:
        """Notes to look at, shorter periods first; and whether each may be made if it is missing."""
        calendar = self.books.calendar
        current = self._current
        changes = self.books.ledger.changes() if self.zone_before else self._changes
        times = [datetime.fromtimestamp(start, UTC) for start in changes.intervals]
        days = {self.books.day_of(when) for when in times}
        if self.books.competes:
            days |= {when.date() for when in times}  # a note compares tellings by its days of UTC
        if self._last.day:
            days.add(date.fromisoformat(self._last.day))
        periods = current | {calendar.period(kind, day) for day in days for kind in KINDS} | self._after(days)
        if (self._last.setting, self._last.budgets) != (self._setting, self._budgets):
            periods |= self._noted.keys()
        periods |= self._touched(self._edited())
        periods |= {period for of in self._last.skipped if (period := self._named(*of))}
        found = [
            (Target(NOTE_OF[period.kind], period), period in current)
            for period in periods
            if NOTE_OF[period.kind] in self._kinds
        ]
        found.sort(key=lambda each: (NOTE_KINDS.index(each[0].kind), each[0].period.start))
        if "dashboard" in self._kinds:
            found.append((Target("dashboard", calendar.period("day", self.today)), True))
        return found

    # --- what is known ---

    @cached_property
    def _kinds(self) -> list[NoteKind]:
        """The kinds of notes that the run keeps."""
        return [k for k in NOTE_KINDS if self.places.is_used(k) and (k == "daily" or not self.only)]

    @cached_property
    def _current(self) -> set[Period]:
        return {self.books.calendar.period(kind, self.day) for kind in KINDS}

    @property
    def _fact(self) -> str:
        """Name under which the ledger keeps what the last run left behind; each vault has its own."""
        return f"{'daily-only' if self.only else 'daily'}.{self.books.vault_id}"

    @cached_property
    def _last(self) -> Last:
        raw = json.loads(self.books.ledger.get(self._fact) or "{}")
        return Last(**raw | {"skipped": tuple((kind, label) for kind, label in raw.get("skipped", ()))})

    @cached_property
    def _changes(self) -> Changes:
        return self.books.ledger.changes(self._last.token)

    @cached_property
    def _noted(self) -> dict[Period, NoteState]:
        """Notes of the kept kinds that were looked at before, by period."""
        states = self.books.ledger.notes(self.books.vault_id)
        known = [(self._named(state.kind, state.label), state) for state in states]
        return {period: state for period, state in known if period and state.kind in self._kinds}

    def _named(self, kind: str, label: str) -> Period | None:
        """A period by its kind of note and its label; None: of the dashboard, or by other rules for weeks."""
        with suppress(ValueError, KeyError):
            return self.books.calendar.named(PERIOD_OF[kind], label)  # type: ignore[index]
        return None

    # --- what happened ---

    @cached_property
    def _setting(self) -> str:
        return _mark(self.books.settings.digest(), self.books.calendar.weeks)

    @cached_property
    def _budgets(self) -> str:
        """Read before the notes are, whose own problems would mix in."""
        return _mark(self.limits.standing, self.limits.problems)

    def _stamps(self) -> str:
        notes = [self.places.dashboard(), *self.limits.project_notes]
        return _mark([(os.fsencode(path), _stamp(path)) for path in notes])

    def _edited(self) -> list[Period]:
        """Periods whose note somebody changed, moved or deleted since."""
        vault = self.books.settings.vault
        return [
            period
            for period, state in self._noted.items()
            if _stamp(vault / state.path) != (state.size, state.mtime_ns)
        ]

    def _touched(self, edited: Iterable[Period]) -> set[Period]:
        """Noted periods that overlap edited ones: budgets reach inward, counted results outward."""
        spans = [*edited]
        return {p for p in self._noted if any(p.start < e.end and e.start < p.end for e in spans)}

    def _after(self, days: Iterable[date]) -> set[Period]:
        """Noted periods that come after a changed day, and are compared with what it belongs to."""
        from vaultsync.sync.telling import LOOK_BACK

        changed, found = sorted(days), set()
        for period in self._noted:
            first = min(self.books.calendar.previous(period).start, period.start - LOOK_BACK)
            if bisect_left(changed, first) < bisect_left(changed, period.start):
                found.add(period)
        return found

    def _appeared(self) -> bool:
        """True when somebody made a note of the day that was not there when it was last looked for."""
        missing = [p for p in self._current if NOTE_OF[p.kind] in self._kinds and p not in self._noted]
        return any(self.places.existing(NOTE_OF[period.kind], period) for period in missing)


def _mark(*facts: object) -> str:
    """Fingerprint of values whose `repr` tells all of them."""
    return hashlib.blake2b(repr(facts).encode(errors="backslashreplace"), digest_size=16).hexdigest()


def _stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of a file; None when it is not there."""
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_size, info.st_mtime_ns
