"""Which notes a scheduled run has to look at: what changed, what ended, what somebody edited; often none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from vaultsync.ledger import NoteState
from vaultsync.periods import KINDS, Period
from vaultsync.settings import NOTE_KINDS
from vaultsync.sync.books import Books
from vaultsync.sync.limits import NOTE_OF, Limits
from vaultsync.sync.places import Places
from vaultsync.sync.telling import Target

LAST = "daily"
"""Under this name the ledger keeps what the last scheduled run left behind."""


@dataclass
class Plan:
    """What `daily` does on a day."""

    books: Books
    places: Places
    limits: Limits
    day: date

    def is_idle(self) -> bool:
        """True when nothing happened since the last run of this day: no event, no edit, no other setting."""
        last = self._last()
        return (
            not self.books.ledger.changes().intervals
            and last.get("day") == self.day.isoformat()
            and last.get("setting") == self._setting()
            and not self._edited()
        )

    def finish(self) -> None:
        """Remember that all notes show what is known now."""
        state = {"day": self.day.isoformat(), "setting": self._setting()}
        self.books.ledger.set(LAST, json.dumps(state))

    def targets(self) -> list[tuple[Target, bool]]:
        """Notes to look at, shorter periods first; and whether each may be made if it is missing."""
        last = self._last()
        calendar = self.books.calendar
        current = {calendar.period(kind, self.day) for kind in KINDS}
        days = {calendar.period("day", d) for d in self._changed_days()}
        if "day" in last:
            days.add(calendar.period("day", date.fromisoformat(last["day"])))
        periods = current | {calendar.period(kind, each.start) for each in days for kind in KINDS}
        states: Iterable[NoteState] = self._edited()
        if last.get("setting") != self._setting():
            states = self.books.ledger.notes().values()
        periods |= {period for state in states if (period := self._period_of(state))}
        found = [
            (Target(NOTE_OF[period.kind], period), period in current)
            for period in periods
            if self.places.is_used(NOTE_OF[period.kind])
        ]
        found.sort(key=lambda each: (NOTE_KINDS.index(each[0].kind), each[0].period.start))
        if self.places.is_used("dashboard"):
            found.append((Target("dashboard", calendar.period("day", self.day)), True))
        return found

    def _last(self) -> dict[str, str]:
        return dict(json.loads(self.books.ledger.get(LAST) or "{}"))

    def _setting(self) -> str:
        """Fingerprint of what decides how notes look besides events: settings, prices, templates, budgets."""
        notes = [self.places.dashboard(), *self.limits.project_notes]
        mark = hashlib.blake2b(self.books.settings.digest().encode(), digest_size=16)
        for path in notes:
            mark.update(f"\0{path}\0{_stamp(path)}".encode(errors="surrogateescape"))
        return mark.hexdigest()

    def _edited(self) -> list[NoteState]:
        """Notes of ours that somebody changed since, that were skipped, or that are gone."""
        vault = self.books.settings.vault
        states = self.books.ledger.notes().values()
        return [state for state in states if _stamp(vault / state.path) != (state.size, state.mtime_ns)]

    def _period_of(self, state: NoteState) -> Period | None:
        """The period of a note that was written before, by its label; None: of the dashboard, or of other
        rules."""
        kind = next((kind for kind, name in NOTE_OF.items() if name == state.kind), None)
        with suppress(ValueError):
            return self.books.calendar.named(kind, state.label) if kind else None
        return None

    def _changed_days(self) -> set[date]:
        starts = self.books.ledger.changes().intervals
        return {self.books.day_of(datetime.fromtimestamp(start, UTC)) for start in starts}


def _stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of a file; None when it is not there."""
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_size, info.st_mtime_ns
