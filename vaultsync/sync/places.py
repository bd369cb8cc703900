"""Which note a period has, and which kinds of notes are kept at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from vaultsync.periods import NoteKind, Period
from vaultsync.sync.books import Books
from vaultsync.vault import locate


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
        return self.dashboard().is_file() if kind == "dashboard" else self.place(kind).used

    def place(self, kind: NoteKind) -> locate.Place:
        """Where the vault keeps a kind of note, with what the settings say laid over it."""
        wanted = self.books.settings.notes[kind]
        return locate.with_settings(self.books.vault.places[kind], wanted.folder, wanted.format)

    def dashboard(self) -> Path:
        """Path of the dashboard note."""
        return self.books.settings.vault / (self.books.settings.notes["dashboard"].path or "LLM Costs.md")

    def find(self, kind: NoteKind, period: Period) -> locate.Located:
        """The note of a period: the existing one in whatever spelling, else the one that would be made.

        Raises:
            NoteSkipped: It would lie outside the vault, or two notes claim the period.
        """
        key = (kind, period.label)
        if key not in self._found:
            self._found[key] = locate.note_for(
                self.books.settings.vault, self.place(kind), period, self.books.vault
            )
        return self._found[key]

    def existing(self, kind: NoteKind, period: Period) -> Path | None:
        """Path of the note of a period, if there is one."""
        from vaultsync.errors import NoteSkipped

        try:
            found = self.find(kind, period)
        except NoteSkipped:
            return None
        return found.path if found.exists else None
