"""Say what a missing note begins with, or why it is left for the app to make.

A note that we make first never gets the user's template, so it is made only where that cannot lose anything.
Source: formats/obsidian.md 2.5.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from vaultsync.errors import NoteSkipped
from vaultsync.periods import Period
from vaultsync.vault import moment, note
from vaultsync.vault.app import Place, VaultSettings

Wanted = Literal["auto", "always", "never"]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_VARIABLE = re.compile(
    r"\{\{\s*(?P<name>[a-z]+)\s*(?:(?P<count>[+-]\d{1,4})(?P<unit>[yqmwdhs]))?\s*(?::(?P<format>.+?))?\s*\}\}",
    re.IGNORECASE,
)
_ANY = re.compile(r"\{\{.*?\}\}")
_KNOWN = {"date", "time", "title", "yesterday", "tomorrow", "month", "quarter", "year"}


@dataclass(frozen=True, slots=True)
class Start:
    """What a missing note begins with."""

    text: str | None
    """None: it is not made."""
    reason: str = ""
    """Why not; continues "it does not exist yet, and"."""


def start(
    vault: Path,
    place: Place,
    period: Period,
    path: Path,
    settings: VaultSettings,
    *,
    wanted: Wanted,
    now: datetime,
) -> Start:
    """Say what a missing note begins with.

    Args:
        path: Where it would be made; its name is the title.
        wanted: `auto`: only where nothing can be lost; `always`: also with Templater's commands in it, unrun.
        now: Aware, in the vault's zone; for `{{time}}`.
    """
    if wanted == "never":
        return Start(None, "the settings say never to create it")
    if wanted == "auto" and settings.templater.on_creation:
        return Start(None, "Templater runs on every new note; open it in Obsidian first")
    if place.template is None:
        return Start("")
    try:
        text = note.read(place.template, vault).text
    except NoteSkipped as trouble:
        return (
            Start("") if wanted == "always" else Start(None, f"its template cannot be used: {trouble.reason}")
        )
    if wanted == "auto" and "<%" in text:
        return Start(None, "its template holds Templater commands; open it in Obsidian first")
    filled = _Filler(place, period, path, settings, now).fill(text)
    if wanted == "auto" and (unknown := _ANY.search(filled)):
        return Start(None, f"its template holds {unknown.group()}, which another plugin fills in")
    return Start(filled)


@dataclass(frozen=True, slots=True)
class _Filler:
    """Fills in the variables of the core plugin and of Periodic Notes."""

    place: Place
    period: Period
    path: Path
    settings: VaultSettings
    now: datetime

    def fill(self, text: str) -> str:
        return _VARIABLE.sub(self._value, text)

    def _value(self, found: re.Match[str]) -> str:
        name, fmt = found["name"].lower(), found["format"]
        day = datetime.combine(self.period.start, self.now.timetz())
        if name in _WEEKDAYS and fmt and self.place.kind == "weekly":
            same = (d for d in self.period.days() if d.weekday() == _WEEKDAYS.index(name))
            return self._format(datetime.combine(next(same), self.now.timetz()), fmt)
        if name not in _KNOWN:
            return found.group()
        if name == "title" or (name == "date" and not fmt and not found["count"]):
            return self._title(name)
        if name in ("yesterday", "tomorrow"):
            day += timedelta(days=1 if name == "tomorrow" else -1)
        try:
            when = _shifted(_begun(day, name), int(found["count"] or 0), found["unit"] or "d")
        except (ValueError, OverflowError):  # thousands of years away
            return found.group()
        return self._format(when, fmt or ("HH:mm" if name == "time" else self._own_format()))

    def _title(self, name: str) -> str:
        """The note's name; the core plugin writes its date as YYYY-MM-DD in any case."""
        if name == "date" and self.place.origin in ("Daily notes", "default"):
            return self.period.start.isoformat()
        return self.path.stem

    def _own_format(self) -> str:
        return self.place.format.rpartition("/")[2]

    def _format(self, when: datetime, fmt: str) -> str:
        return moment.format(when, fmt.strip(), self.settings.locale)


def _begun(day: datetime, name: str) -> datetime:
    """The day at which the month, quarter or year of a day begins; other names: the day."""
    first = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}.get(name)
    return day if first is None else day.replace(month=first, day=1)


def _shifted(when: datetime, count: int, unit: str) -> datetime:
    """A date moved by Moment's units: m are minutes, M months, and a small q is none of its units."""
    unit = unit if unit in "mMqQ" else unit.lower()
    if unit in "yMQ":
        months = when.year * 12 + when.month - 1 + count * {"y": 12, "M": 1, "Q": 3}[unit]
        year, month = divmod(months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return when.replace(year=year, month=month + 1, day=min(when.day, last))
    step = {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1)}
    step |= {"m": timedelta(minutes=1), "s": timedelta(seconds=1), "q": timedelta(0)}
    return when + count * step[unit]
