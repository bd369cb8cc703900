"""Which note a period has, and which kinds of notes are kept at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from vaultsync.errors import NoteSkipped
from vaultsync.periods import NoteKind, Period
from vaultsync.sync.books import Books
from vaultsync.vault import files, locate


@dataclass
class Places:
    """The notes of the vault, by kind and period."""

    books: Books
    _found: dict[tuple[str, str], locate.Located] = field(default_factory=dict)

    def is_used(self, kind: NoteKind) -> bool:
        """Say whether `daily` and `sync` keep a kind of note: by our settings, else by the vault's own."""
        wanted = self.books.settings.notes[kind].enabled
        if wanted is not None:
            return wanted
        return self.has_dashboard() if kind == "dashboard" else self.place(kind).used

    def place(self, kind: NoteKind) -> locate.Place:
        """Where the vault keeps a kind of note, with what the settings say laid over it."""
        wanted = self.books.settings.notes[kind]
        return locate.with_settings(self.books.vault.places[kind], wanted.folder, wanted.format)

    def dashboard(self) -> Path:
        """Path of the dashboard note."""
        return self.books.settings.vault / (self.books.settings.notes["dashboard"].path or "LLM Costs.md")

    def has_dashboard(self) -> bool:
        """Say whether there is a dashboard note; one out of reach counts, and is named when it is read."""
        try:
            return self.dashboard().is_file()
        except OSError:
            return True

    def find(self, kind: NoteKind, period: Period) -> locate.Located:
        """The note of a period: the existing one in whatever spelling, else the one that would be made.

        Raises:
            NoteSkipped: It would lie outside the vault, two notes claim the period, or it cannot be reached.
        """
        key = (kind, period.label)
        if key not in self._found:
            self._found[key] = self._locate(kind, period)
        return self._found[key]

    def _locate(self, kind: NoteKind, period: Period) -> locate.Located:
        where = self.place(kind)
        try:
            return locate.note_for(self.books.settings.vault, where, period, self.books.vault)
        except OSError as error:
            reason = f"the {kind} note of {period.label} cannot be looked for: {error.strerror or error}."
            raise NoteSkipped(error.filename or where.folder, reason, files.advice(error)) from error

    def existing(self, kind: NoteKind, period: Period) -> Path | None:
        """Path of the note of a period, if there is one."""
        try:
            found = self.find(kind, period)
        except NoteSkipped:
            return None
        return found.path if found.exists else None


def vault_name(path: Path, vault: Path) -> str:
    """The path of a note in the vault, with `/`; of a file outside, the whole path."""
    return path.relative_to(vault).as_posix() if path.is_relative_to(vault) else str(path)
