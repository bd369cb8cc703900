"""Read what the app and its plugins say about periodic notes, from their JSON files in the config folder.

All files are optional, keys may be missing, and a damaged file is a warning. Nothing here is ever written.
Source: formats/obsidian.md 2.1.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vaultsync.periods import PERIOD_OF
from vaultsync.vault.locales import ENGLISH, Locale, find_locale

DEFAULT_FORMATS: Mapping[str, str] = {
    "daily": "YYYY-MM-DD",
    "weekly": "gggg-[W]ww",
    "monthly": "YYYY-MM",
    "quarterly": "YYYY-[Q]Q",
    "yearly": "YYYY",
}
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_UNITS = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}
_VARIABLE = re.compile(r"\{\{\s*([^}:]*?)\s*(?::([^}]*))?\}\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the notes of one kind live."""

    kind: str
    """`daily`, `weekly`, `monthly`, `quarterly`, `yearly`."""
    used: bool
    """The vault keeps notes of this kind."""
    origin: str
    """Who says so, for people: `Periodic Notes`, `default`."""
    folder: str
    """Below the vault, with `/`; empty: the vault's root."""
    format: str
    """Moment.js format of the name without `.md`, perhaps with sub-folders."""
    template: Path | None = None
    """Absolute path of the template's note, whether or not it is there."""


@dataclass(frozen=True, slots=True)
class Templater:
    """What matters of the Templater plugin."""

    enabled: bool = False
    on_creation: bool = False
    """It runs on every new note."""
    folder: str = ""
    """Where its templates lie."""


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """What the vault's own settings say."""

    vault: Path
    config: Path | None
    """The config folder, normally `.obsidian`."""
    places: Mapping[str, Place]
    locale: Locale
    """Names and week rule, a plugin's first day of the week applied."""
    locale_origin: str
    """Who says so, for people: `vaultsync.yaml`, `Calendar`, `the system`, `default`."""
    week_start: int | None = None
    """First day of the week (0 Sunday) where a plugin sets it."""
    ignore: tuple[str, ...] = ()
    """Excluded files: path prefixes, or regular expressions between slashes."""
    templater: Templater = Templater()
    warnings: tuple[str, ...] = ()
    """Files that could not be read, and settings that are not understood."""
    names: dict[Path, dict[str, list[Path]]] = field(default_factory=dict, compare=False, repr=False)
    """Names found below a folder, once it was searched; belongs to `locate`."""
    entries: dict[Path, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)
    """Names found in a folder, in the app's eyes -> as spelled; belongs to `locate`."""


def read_settings(
    vault: Path, *, locale: str | None = None, environ: Mapping[str, str] | None = None
) -> VaultSettings:
    """Read the settings of a vault.

    Args:
        locale: As the user's own configuration names it; it wins over the plugins' and the system's.
        environ: Where the system's locale is looked up; default: the process's environment.
    """
    app = _App(vault, config_folder(vault))
    found, origin = app.locale(locale, os.environ if environ is None else environ)
    week_start = app.week_start()
    filters = app.json("app.json").get("userIgnoreFilters")
    return VaultSettings(
        vault,
        app.config,
        {kind: app.place(kind) for kind in PERIOD_OF},
        found.with_week_start(week_start),
        origin,
        week_start,
        tuple(f for f in filters if isinstance(f, str) and f) if isinstance(filters, list) else (),
        app.templater(),
        tuple(app.warnings),
    )


def config_folder(vault: Path) -> Path | None:
    """The app's config folder: `.obsidian`, or another dot folder that holds its files."""
    usual = vault / ".obsidian"
    if usual.is_dir():
        return usual
    try:
        dots = sorted(entry for entry in vault.iterdir() if entry.name.startswith(".") and entry.is_dir())
    except OSError:
        return None
    marks = ("app.json", "core-plugins.json")
    return next((dot for dot in dots if any((dot / mark).is_file() for mark in marks)), None)


def clean_folder(value: object) -> str:
    """A folder as the app takes it: trimmed, `/` between its parts, none at its ends."""
    return text_of(value).replace("\\", "/").strip("/").strip()


def text_of(value: object) -> str:
    """A trimmed text, or nothing."""
    return value.strip() if isinstance(value, str) else ""


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


@dataclass
class _App:
    """The config folder of a vault, its files read once."""

    vault: Path
    config: Path | None
    warnings: list[str] = field(default_factory=list)
    _files: dict[str, Any] = field(default_factory=dict)

    def load(self, name: str) -> Any:
        """The content of a file; None when missing or damaged."""
        if name not in self._files:
            self._files[name] = self._parse(name)
        return self._files[name]

    def _parse(self, name: str) -> Any:
        path = self.config / name if self.config else None
        if path is None or not path.is_file():
            return None
        try:
            return json.loads(path.read_bytes().decode("utf-8-sig") or "null")
        except (OSError, ValueError, RecursionError) as error:
            self.warnings.append(f"{path}: it cannot be read ({error}); its settings are taken as unset.")
            return None

    def json(self, name: str) -> Mapping[str, Any]:
        """The object in a file; empty when there is none."""
        return _map(self.load(name))

    def plugin(self, name: str) -> Mapping[str, Any] | None:
        """Settings of a community plugin, None when it is off; without a list of plugins they count."""
        listed = self.load("community-plugins.json")
        file = f"plugins/{name}/data.json"
        if isinstance(listed, list):
            return self.json(file) if name in listed else None
        return self.json(file) or None

    # --- places --------------------------------------------------------------------------------

    def place(self, kind: str) -> Place:
        """Where notes of a kind live: the first plugin that keeps them, else the default."""
        for found in (self._periodic(kind), self._other(kind), self._journal(kind)):
            if found:
                return found
        if kind == "daily":
            return self._core(used=False)
        return self._place(kind, False, "default", {})

    def _place(
        self, kind: str, used: bool, origin: str, said: Mapping[str, Any], template: str = "template"
    ) -> Place:
        return Place(
            kind,
            used,
            origin,
            clean_folder(said.get("folder")),
            text_of(said.get("format")).replace("\\/", "/") or DEFAULT_FORMATS[kind],
            self._template(said.get(template)),
        )

    def _template(self, value: object) -> Path | None:
        name = clean_folder(value)
        if not name:
            return None
        path = self.vault / name
        return path if path.suffix == ".md" else path.with_name(f"{path.name}.md")

    def _periodic(self, kind: str) -> Place | None:
        """Periodic Notes, in its store version and its beta."""
        data = self.plugin("periodic-notes")
        if not data:
            return None
        sets = [entry for entry in data.get("calendarSets") or () if isinstance(entry, dict)]
        if sets:
            active = [entry for entry in sets if entry.get("id") == data.get("activeCalendarSet")]
            said, template = _map((active or sets)[0].get(_UNITS[kind])), "templatePath"
        else:
            said, template = _map(data.get(kind)), "template"
        return (
            self._place(kind, True, "Periodic Notes", said, template) if said.get("enabled") is True else None
        )

    def _other(self, kind: str) -> Place | None:
        """The core plugin for days, Calendar for weeks."""
        if kind == "daily":
            return self._core(used=True) if self._core_is_on() else None
        data = self.plugin("calendar") if kind == "weekly" else None
        if not data:
            return None
        said = {name: data.get(f"weeklyNote{name.title()}") for name in ("format", "folder", "template")}
        used = data.get("showWeeklyNote") is True or any(text_of(value) for value in said.values())
        return self._place(kind, True, "Calendar", said) if used else None

    def _core(self, used: bool) -> Place:
        said = self.json("daily-notes.json")
        return self._place("daily", used, "Daily notes" if said else "default", said)

    def _core_is_on(self) -> bool:
        """Is the core plugin on, as in a vault that says nothing? Calendar uses its settings in any case."""
        plugins = self.load("core-plugins.json")
        if isinstance(plugins, list):
            return "daily-notes" in plugins or self.plugin("calendar") is not None
        return _map(plugins).get("daily-notes", True) is not False or self.plugin("calendar") is not None

    def _journal(self, kind: str) -> Place | None:
        """The first journal of the Journals plugin that keeps a kind."""
        for name, said in self._journals(_UNITS[kind]):
            place = self._journal_place(kind, name, said)
            if place:
                return place
        return None

    def _journals(self, unit: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for name, journal in _map((self.plugin("journals") or {}).get("journals")).items():
            journal = _map(journal)
            if _map(journal.get("write")).get("type") == unit:
                yield name, journal
            elif _map(journal.get(unit)).get("enabled") is True:
                yield name, _map(journal[unit])

    def _journal_place(self, kind: str, name: str, said: Mapping[str, Any]) -> Place | None:
        dates = text_of(said.get("dateFormat")) or "YYYY-MM-DD"
        parts = [clean_folder(said.get("folder")), text_of(said.get("nameTemplate")) or "{{date}}"]
        known = {"date": dates, "journal_name": None}
        formats = [self._as_format(part, known, name) for part in parts if part]
        if None in formats:
            self.warnings.append(
                f"Journals: the note names of {name!r} use variables that are not known here."
            )
            return None
        templates = said.get("templates")
        template = templates[0] if isinstance(templates, list) and templates else said.get("template")
        path = "/".join(part for part in formats if part)
        return Place(kind, True, f"Journals: {name}", "", path, self._template(template))

    @staticmethod
    def _as_format(text: str, known: Mapping[str, str | None], name: str) -> str | None:
        """A text with `{{date:FORMAT}}` in it as one Moment.js format; None: another variable is in it."""
        pieces, at = [], 0
        for match in _VARIABLE.finditer(text):
            if match[1] not in known:
                return None
            pieces.append(_literal(text[at : match.start()]))
            pieces.append(match[2] or known[match[1]] or _literal(name))
            at = match.end()
        return "".join(pieces) + _literal(text[at:])

    # --- locale --------------------------------------------------------------------------------

    def locale(self, wanted: str | None, environ: Mapping[str, str]) -> tuple[Locale, str]:
        """The locale, and who says so."""
        override = next(iter(self._said("localeOverride")), "")
        system = next((environ[name] for name in ("LC_ALL", "LC_TIME", "LANG") if environ.get(name)), "")
        asked = [(wanted or "", "vaultsync.yaml"), (override, "Calendar"), (system, "the system")]
        for name, origin in asked:
            if not name or name in ("system-default", "C", "POSIX") or name.startswith("C."):
                continue
            found = find_locale(name)
            if found:
                return found, origin
            self.warnings.append(f"{origin}: the locale {name!r} is not known; weeks and names may differ.")
        return ENGLISH, "default"

    def week_start(self) -> int | None:
        """First day of the week that a plugin sets, 0 for Sunday."""
        return next((WEEKDAYS.index(day) for day in self._said("weekStart") if day in WEEKDAYS), None)

    def _said(self, key: str) -> Iterator[str]:
        """What Calendar says, then what the beta of Periodic Notes keeps in the app's own file."""
        for source in (self.plugin("calendar"), self.json("app.json")):
            value = text_of((source or {}).get(key))
            if value:
                yield value

    def templater(self) -> Templater:
        """What matters of Templater."""
        data = self.plugin("templater-obsidian")
        if data is None:
            return Templater()
        on_creation = data.get("trigger_on_file_creation") is True
        return Templater(True, on_creation, clean_folder(data.get("templates_folder")))


def _literal(text: str) -> str:
    """A text that a Moment.js format prints as it is; slashes stay outside the brackets."""
    if "[" in text or "]" in text or "\\" in text:
        return "".join(sign if sign == "/" else f"\\{sign}" for sign in text)
    return "/".join(f"[{part}]" if part else "" for part in text.split("/"))
