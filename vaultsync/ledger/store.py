"""The ledger: every event once, for ever; what of each file was read; the usage table of a range.

It holds numbers, names and ids, and why lines of logs do not count; no other text of theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vaultsync.ledger import rejected
from vaultsync.ledger.figures import Figures
from vaultsync.ledger.files import FILE_COLUMNS, Batch, Files, Recorded
from vaultsync.ledger.notes import NOTE_COLUMNS, NoteState, note_row, note_state
from vaultsync.ledger.opening import guard

if TYPE_CHECKING:
    from vaultsync.ledger.prepared import Prepared
    from vaultsync.model import Issue


class Changes(NamedTuple):
    """Which figures changed since somebody last looked."""

    token: int
    """Given back to `Ledger.changes` the next time; what changed after this was read is told then."""
    intervals: list[int]
    """Starts of UTC quarter-hours, in seconds since 1970, ascending."""


class Ledger(Figures):
    """One open ledger. Every method raises `LedgerError` when the file cannot be used."""

    def record(self, batch: Batch | Prepared) -> Recorded:
        """Record what one reading of one file found, and how far it read, in one transaction.

        Issues among the findings are ignored. Without ids, equal rows of one file are told apart by their
        number, so a batch that does not begin where the ledger stands in that file is refused:
        `Recorded.is_stale`.
        """
        from vaultsync.ledger.prepared import prepare
        from vaultsync.ledger.record import Recorder

        said = prepare(batch) if isinstance(batch, Batch) else batch
        with self._guarded(), self.transaction():
            return Recorder(self._db, self._names, said).run(self._marks)

    def settle(self, *, is_choosing: bool = False) -> int:
        """Apply what was read beside the events, once all files of a run are recorded.

        Decides which session owns a copied call, names agents, raises placeholders to the final output; marks
        figures as changed for which another telling may count now. Safe to repeat; an interrupted run is
        settled by the next one.

        Args:
            is_choosing: The user prefers some sources to others; else tellings compete only where they are of
                different kinds.

        Returns:
            How many events are shown otherwise now.
        """
        from vaultsync.ledger.settle import Settler
        from vaultsync.ledger.tellings import is_behind, look

        changed = 0
        with guard(self.path):
            self._note()
            is_unsettled = self._db.execute("SELECT EXISTS (SELECT 1 FROM unsettled)").fetchone()[0]
        if is_unsettled:
            with self._guarded(), self.transaction():
                changed = Settler(self._db, self._names).run()
        with guard(self.path):
            is_stale = is_behind(self._db, is_choosing=is_choosing)
        if is_stale:
            with self._guarded(), self.transaction():
                look(self._db, self._names)
        return changed

    # --- files, changes, notes, facts about the ledger ---

    def keep_rejected(self, file: int, path: Path, issues: Iterable[Issue]) -> None:
        """Keep which lines of a file did not count when it was just recorded.

        Args:
            file: Its number, as `Recorded` tells it.
        """
        with self._guarded(), self.transaction():
            rejected.keep(self._db, file, path, issues)

    def keep_unread(self, left: Mapping[Path, Collection[Issue | None]], looked: Collection[Path]) -> None:
        """Keep of which files nothing could be recorded, and why; what is known already costs no write.

        Args:
            left: Such files; None: still being written.
            looked: All files that were looked at: of these the others can be read again, or are gone.
        """
        with self._guarded():
            news = rejected.unread_news(self._db, left, looked)
        if news:
            with self._guarded(), self.transaction():
                rejected.keep_unread(self._db, news)

    def files(self) -> Files:
        """Every file that was read, by path; files whose path another one took are left out."""
        ask = f"SELECT {FILE_COLUMNS} FROM file WHERE path IS NOT NULL ORDER BY id"
        with self._guarded():
            return Files(self._db.execute(ask).fetchall())

    def changes(self, since: int = 0) -> Changes:
        """What changed after a token was given; after 0, all that was ever recorded."""
        ask = "SELECT interval, serial FROM change WHERE serial > ? ORDER BY interval"
        with self._guarded():
            self._note()
            found = self._db.execute(ask, (since,)).fetchall()
        return Changes(max((serial for _, serial in found), default=since), [start for start, _ in found])

    def notes(self, vault: str) -> list[NoteState]:
        """Every note of a vault that was written or found unchanged, by kind and label."""
        ask = f"SELECT {NOTE_COLUMNS} FROM note WHERE vault = ? ORDER BY kind, label"
        with self._guarded():
            return [note_state(row) for row in self._db.execute(ask, (vault,)).fetchall()]

    def remember_note(self, vault: str, note: NoteState) -> None:
        """Keep what the note of a period looks like now; what is known already costs no write."""
        ask = f"SELECT {NOTE_COLUMNS} FROM note WHERE vault = ? AND kind = ? AND label = ?"
        with self._guarded():
            known = self._db.execute(ask, (vault, note.kind, note.label)).fetchone()
        if known == note_row(note):
            return
        insert = f"INSERT OR REPLACE INTO note (vault, {NOTE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
        with self.transaction():
            self._db.execute(insert, (vault, *note_row(note)))

    def forget_note(self, vault: str, kind: str, label: str) -> None:
        """Know no longer that a period had a note."""
        delete = "DELETE FROM note WHERE vault = ? AND kind = ? AND label = ?"
        with self.transaction():
            self._db.execute(delete, (vault, kind, label))

    def get(self, key: str) -> str | None:
        """A fact about the ledger."""
        with self._guarded():
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (f"user.{key}",)).fetchone()
        return row[0] if row else None

    def set(self, key: str, value: str) -> None:
        """Keep a fact about the ledger."""
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"user.{key}", value))
