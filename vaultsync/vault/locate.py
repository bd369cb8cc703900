"""Find the note of a period in a vault, in whatever spelling it is there; and walk over all notes."""

from __future__ import annotations

import dataclasses
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from vaultsync.errors import NoteSkipped
from vaultsync.periods import Period, WeekRule
from vaultsync.vault import moment
from vaultsync.vault.app import (
    DEFAULT_FORMATS,
    Place,
    Templater,
    VaultSettings,
    clean_folder,
    config_folder,
    read_settings,
)
from vaultsync.vault.note import is_in_cloud, missing, place

__all__ = [
    "Located",
    "Place",
    "Templater",
    "VaultSettings",
    "config_folder",
    "conflict_copies",
    "is_conflict_copy",
    "iter_notes",
    "note_for",
    "read_settings",
    "week_rule",
    "with_settings",
]

_CONFLICT = re.compile(
    r".+(?: \((?:[^)]*'s )?conflicted copy [^)]*\)|\.sync-conflict-\d{8}-\d{6}-\w{7})(?: \d+)?", re.IGNORECASE
)
_NUMBERED = re.compile(r"(?P<name>.+?)(?: [2-9]| \([1-9]\))")
_SCRATCH = ("~", ".swp", ".swo", ".tmp", ".bak", ".part", ".crdownload")


@dataclass(frozen=True, slots=True)
class Located:
    """The note of a period."""

    path: Path
    """As it is spelled on disk; where there is none, as it would be made."""
    exists: bool


def with_settings(place: Place, folder: str | None, format: str | None) -> Place:
    """Lay the user's own configuration over what the vault says; None: as the vault says."""
    if folder is None and format is None:
        return place
    if place.origin.startswith("Journals") and format is None:
        format = DEFAULT_FORMATS[place.kind]
    return dataclasses.replace(
        place,
        used=True,
        origin="vaultsync.yaml",
        folder=place.folder if folder is None else clean_folder(folder),
        format=place.format if format is None else format,
    )


def week_rule(settings: VaultSettings, format: str | None = None) -> WeekRule:
    """The week that the vault's weekly notes mean.

    Args:
        format: The weekly format of the user's own configuration; None: the vault's.
    """
    return moment.week_rule(format or settings.places["weekly"].format, settings.locale)


def note_for(vault: Path, where: Place, period: Period, settings: VaultSettings) -> Located:
    """Find the note of a period.

    A week's note may be named by any of its days; a note that was moved to another folder below the
    configured one is found by its name.

    Raises:
        NoteSkipped: Two notes claim the period, the note is in the cloud, or it would lie outside the vault.
    """
    spelled = _spellings(where, period, settings)
    for path in spelled:
        place(vault / path, vault)
    found = _distinct(on_disk for path in spelled if (on_disk := _on_disk(vault, path, settings)))
    if not found:
        found = _distinct(moved for path in spelled for moved in _moved(vault, where, path.name, settings))
    if len(found) > 1:
        names = " and ".join(f"{path.relative_to(vault).as_posix()!r}" for path in found[:2])
        raise NoteSkipped(found[0], f"{names} both claim {period.label}.", "Keep one of them.")
    if found:
        return Located(found[0], True)
    expected = _expected(vault, spelled[0], settings)
    if is_in_cloud(expected):
        raise missing(expected)
    return Located(expected, False)


def _spellings(where: Place, period: Period, settings: VaultSettings) -> list[PurePosixPath]:
    """Paths that the period's note may have, the one to be made first."""
    days = list(period.days()) if where.kind == "weekly" else [_day_of(period)]
    names = (moment.format(day, where.format, settings.locale) for day in days)
    paths = dict.fromkeys(PurePosixPath(where.folder, f"{name.strip().lstrip('/')}.md") for name in names)
    if any(path.name == ".md" for path in paths):
        raise NoteSkipped(where.format, f"the format gives no name for {period.label}.", "Mend the format.")
    return list(paths)


def _day_of(period: Period) -> date:
    """The day that names a note: the first, except of a quarter of weeks that begins in another one."""
    start = period.start
    if period.kind == "quarter" and period.label != f"{start.year}-Q{(start.month + 2) // 3}":
        return start.fromordinal(start.toordinal() + period.length // 2)
    return start


def _distinct(paths: Iterator[Path]) -> list[Path]:
    """Paths of different files; two names of one file count once."""
    found: list[Path] = []
    for path in paths:
        if not any(path == other or path.samefile(other) for other in found):
            found.append(path)
    return found


# --- names on disk -----------------------------------------------------------------------------


def _key(name: str) -> str:
    """A name as the app compares it: NFC, no-break spaces as spaces; letter case does not count either."""
    return unicodedata.normalize("NFC", name).replace("\u00a0", " ").replace("\u202f", " ").casefold()


def _on_disk(vault: Path, path: PurePosixPath, settings: VaultSettings) -> Path | None:
    """The file at a path, whatever the spelling of its parts."""
    exact = vault / path
    if exact.is_file():
        return exact
    here = vault
    for part in path.parts:
        entry = _entry(here, part, settings)
        if entry is None:
            return None
        here = entry
    return here if here.is_file() else None


def _entry(folder: Path, name: str, settings: VaultSettings) -> Path | None:
    """The entry of a folder that has a name in the app's eyes; the exact spelling first.

    A folder is read once; what this run makes in it has the exact spelling.
    """
    if (folder / name).exists():
        return folder / name
    spelled = settings.entries.get(folder)
    if spelled is None:
        spelled = settings.entries[folder] = {}
        with suppress(OSError):
            for entry in sorted(entry.name for entry in os.scandir(folder)):
                spelled.setdefault(_key(entry), entry)
    found = spelled.get(_key(name))
    return folder / found if found else None


def _expected(vault: Path, path: PurePosixPath, settings: VaultSettings) -> Path:
    """Where a note would be made: in the folders that are there, in their spelling."""
    here = vault
    for part in path.parts[:-1]:
        here = _entry(here, part, settings) or here / part
    return here / path.name


def _moved(vault: Path, where: Place, name: str, settings: VaultSettings) -> list[Path]:
    """Notes of a name anywhere below the configured folder."""
    folder = _expected(vault, PurePosixPath(where.folder, "x"), settings).parent
    names = settings.names.get(folder)
    if names is None:
        names = settings.names[folder] = {}
        for path in _walk(folder):
            names.setdefault(_key(path.name), []).append(path)
    return [path for path in names.get(_key(name), []) if path.is_file()]


def _walk(folder: Path) -> Iterator[Path]:
    """Notes below a folder, sorted; no hidden folders, no links, no pipes."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        elif entry.is_file(follow_symlinks=False) and entry.name.endswith(".md"):
            yield Path(entry.path)  # a pipe of this name would be waited on for ever


def iter_notes(vault: Path, settings: VaultSettings) -> Iterator[Path]:
    """Walk over the notes of a vault, sorted, without excluded files, conflict copies, hidden ones, links."""
    ignored = [_filter(text) for text in settings.ignore]
    for path in _walk(vault):
        relative = path.relative_to(vault).as_posix()
        if not is_conflict_copy(path.name) and not any(is_out.search(relative) for is_out in ignored):
            yield path


def _filter(text: str) -> re.Pattern[str]:
    """An excluded-files filter of the app as a pattern; one that is no pattern is taken literally."""
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        try:
            return re.compile(text[1:-1])
        except re.error:
            pass
    return re.compile("^" + re.escape(text.lstrip("/")))


# --- conflict copies ---------------------------------------------------------------------------


def is_conflict_copy(name: str) -> bool:
    """Say whether a file's name is one that a sync service gives to a second version of a note.

    Source: formats/obsidian.md 3.5. Names such as `2026-01-07 2.md` are told only beside their note, see
    `conflict_copies`.
    """
    stem = name.removesuffix(".md")
    return bool(_CONFLICT.fullmatch(stem)) or name.startswith("~") or name.endswith(_SCRATCH)


def conflict_copies(note: Path) -> list[Path]:
    """Other versions of a note that sync services left beside it, sorted."""
    try:
        names = sorted(entry.name for entry in os.scandir(note.parent) if entry.name.endswith(note.suffix))
    except OSError:
        return []
    return [note.with_name(name) for name in names if _is_copy_of(name.removesuffix(note.suffix), note.stem)]


def _is_copy_of(name: str, note: str) -> bool:
    if not name.startswith(note) or name == note:
        return False
    numbered = _NUMBERED.fullmatch(name)
    return bool(_CONFLICT.fullmatch(name)) or bool(numbered and numbered["name"] == note)
