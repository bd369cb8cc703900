"""The ledger: every event once, for ever; what of each file was read; the usage table of a range.

It holds numbers, names and ids only. Reading and writing happen in whole transactions, so a kill at any
moment leaves the state before or after.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from vaultsync.ledger import rejected
from vaultsync.ledger.files import FILE_COLUMNS, Batch, Files, Recorded
from vaultsync.ledger.founding import in_memory
from vaultsync.ledger.identity import Text, instant, microseconds
from vaultsync.ledger.locking import WAIT_SECONDS
from vaultsync.ledger.marks import Marks
from vaultsync.ledger.names import Names
from vaultsync.ledger.notes import NOTE_COLUMNS, NoteState, note_row, note_state
from vaultsync.ledger.opening import back_up, connect, guard
from vaultsync.ledger.rows import Range, Usage, is_rolled, roll, usage
from vaultsync.ledger.seals import ODD, Unsealed
from vaultsync.model import Preference

if TYPE_CHECKING:
    from vaultsync.ledger.facts import SessionGap
    from vaultsync.ledger.health import Damage
    from vaultsync.ledger.prepared import Prepared
    from vaultsync.ledger.stored import SessionSpan, SourceSpan, StoredEvent
    from vaultsync.ledger.tellings import Hidden, HiddenDay
    from vaultsync.model import Issue, SessionTotal

AS_USUAL = Preference()


class Changes(NamedTuple):
    """Which figures changed since somebody last looked."""

    token: int
    """Given back to `Ledger.changes` the next time; what changed after this was read is told then."""
    intervals: list[int]
    """Starts of UTC quarter-hours, in seconds since 1970, ascending."""


def as_logged(project: Text) -> Text:
    """A project under the name that the log has for it."""
    return project


class Ledger:
    """One open ledger; a context manager. Every method raises `LedgerError` when the file cannot be used."""

    def __init__(self, path: Path, db: sqlite3.Connection, *, is_read_only: bool = False) -> None:
        self.path = path
        self._is_read_only = is_read_only
        self._db = db
        self._names = Names(db)
        self._marks = Marks()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        wal: bool = True,
        wait: float = WAIT_SECONDS,
        any_schema: bool = False,
    ) -> Ledger:
        """Open a ledger; make it if there is none, migrate it after a backup if it is older.

        Args:
            wal: False on network and synced folders, where a write-ahead log is not safe.
            wait: Seconds to wait for another program that writes.
            any_schema: Where it is only read, read an older one, too: to check it or to copy it.

        Raises:
            LedgerError: Missing (read only), locked, damaged, written by a newer program, or not a ledger.
        """
        db = connect(path, read_only=read_only, wal=wal, wait=wait, any_schema=any_schema)
        return cls(path, db, is_read_only=read_only)

    @classmethod
    def empty(cls, path: Path) -> Ledger:
        """A ledger without events that is in no file, for who only reads.

        Args:
            path: Where there is none.
        """
        return cls(path, in_memory(), is_read_only=True)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn errors of SQLite into `LedgerError`; others, too, if the file is damaged."""
        with guard(self.path):
            try:
                yield
            except ODD as error:
                if not self.check():
                    raise
                raise Unsealed("values are not what they must be") from error

    # --- writing ---

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several writes one commit: all of them stay, or none when an exception leaves the block.

        Inside, a single `record` that fails is undone alone.
        """
        with guard(self.path):
            is_inner = self._db.in_transaction
            self._db.execute("SAVEPOINT one" if is_inner else "BEGIN IMMEDIATE")
            try:
                yield
                if not is_inner:
                    self._marks.write(self._db)
                self._db.execute("RELEASE one" if is_inner else "COMMIT")
            except BaseException:
                self._names.forget()
                if not is_inner:
                    self._marks.clear()
                self._undo(is_inner)
                raise

    def _note(self) -> None:
        """Write down what the transaction changed so far, for who asks within it."""
        if self._db.in_transaction:
            self._marks.write(self._db)

    def _undo(self, is_inner: bool) -> None:
        if not self._db.in_transaction:
            return  # SQLite has undone all of it: disk full, for one
        for statement in ("ROLLBACK TO one", "RELEASE one") if is_inner else ("ROLLBACK",):
            self._db.execute(statement)

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

    def keep_rejected(self, file: Path, issues: Iterable[Issue], *, goes_on: bool = False) -> None:
        """Keep what of a file does not count, in the place of what was kept before.

        Args:
            goes_on: Beside that, for the file was read on.
        """
        with self._guarded(), self.transaction():
            rejected.keep(self._db, file, issues, goes_on=goes_on)

    # --- files, changes, notes, facts about the ledger ---

    def files(self) -> Files:
        """Every file that was read, by path; files whose path another one took are left out."""
        ask = f"SELECT {FILE_COLUMNS} FROM file WHERE path IS NOT NULL ORDER BY id"
        with self._guarded():
            return Files(self._db.execute(ask).fetchall())

    def rejected(self) -> dict[Path, list[Issue]]:
        """Lines and files that do not count, by the file that was read; also of files that are gone."""
        with self._guarded():
            return rejected.kept(self._db)

    def sightings(self) -> tuple[int, int]:
        """How many events there are, and how many more times files tell of them, copies of files included."""
        with self._guarded():
            return rejected.sightings(self._db)

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

    # --- reading ---

    def rows(
        self,
        since: datetime,
        until: datetime,
        thresholds: Sequence[int] = (),
        minutes: int = 15,
        project_name: Callable[[Text], Text] = as_logged,
        *,
        needs: Collection[str] | None = None,
        cuts: Sequence[datetime] | None = None,
        preference: Preference | None = AS_USUAL,
    ) -> Usage:
        """The usage table of a range of instants, `until` excluded; columns as in `model.UsageRows`.

        Args:
            thresholds: Prompt sizes at which a price may change, ascending.
            minutes: Length of the UTC interval in which no price changes and that no local midnight cuts.
            project_name: Makes the name that is shown from what a log says; called once per distinct value.
            needs: Of `DETAILS`, those that are wanted; the others are None, and summed over. None: all.
            cuts: Instants at which rows must be apart, ascending: midnights, say. All of a row lies between
                two of them, and `quarter` is the former, or `since`. None: rows are apart by `minutes`. Where
                tellings compete, rows are apart at the midnights of UTC too.
            preference: Which telling counts where several tell of a provider and UTC day; None: all of them.

        Raises:
            ValueError: `needs` names something else.
        """
        from vaultsync.ledger.spans import Question, detail, summed

        asked = Range(microseconds(since), microseconds(until), tuple(thresholds), minutes)
        question = None
        if needs is not None or cuts is not None:
            seconds = None if cuts is None else tuple(int(cut.timestamp()) for cut in cuts)
            question = Question(asked, detail(needs), seconds)
        with self._guarded():
            self._note()
        if asked.can_be_rolled and not self._is_read_only:
            self._roll(asked)
        with self._guarded(), self._still():
            hidden = self._hidden(asked.since, asked.until, preference)
            if question:
                return summed(self._db, self._names, question, project_name, hidden)
            return usage(self._db, self._names, asked, project_name, hidden)

    def _hidden(self, since: int, until: int, preference: Preference | None) -> Hidden:
        from vaultsync.ledger.tellings import hidden

        return hidden(self._db, self._names, since, until, preference)

    def hidden(self, since: datetime, until: datetime, preference: Preference = AS_USUAL) -> list[HiddenDay]:
        """UTC days in a range of which a source tells something that does not count, sorted."""
        from vaultsync.ledger.tellings import hidden_days

        start, end = microseconds(since), microseconds(until)
        with self._guarded():
            self._note()
        with self._guarded(), self._still():
            return hidden_days(self._names, self._hidden(start, end, preference), start, end)

    def kinds(self) -> dict[str, str]:
        """The kind of telling of each source that tells something else than calls."""
        from vaultsync.ledger.tellings import kinds

        with self._guarded():
            return kinds(self._db, self._names)

    def _roll(self, asked: Range) -> None:
        with self._guarded():
            if is_rolled(self._db, asked):
                return
        with self.transaction():
            roll(self._db, asked)

    @contextmanager
    def _still(self) -> Iterator[None]:
        """Read several times from one state, whatever other programs write meanwhile."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")

    def span(self) -> tuple[datetime, datetime] | None:
        """Instants of the first and the last event; None without events."""
        ask = "SELECT (SELECT min(at) FROM event), (SELECT max(at) FROM event)"
        with self._guarded():
            first, last = self._db.execute(ask).fetchone()
            return None if first is None else (instant(first), instant(last))

    def session_totals(self, since: datetime, until: datetime) -> list[SessionTotal]:
        """The programs' own totals of sessions that have an event in a range, whole, sorted."""
        from vaultsync.ledger import facts

        with self._guarded():
            return facts.session_totals(self._db, self._names, microseconds(since), microseconds(until))

    def session_gaps(self, since: datetime, until: datetime) -> list[SessionGap]:
        """Sessions that have an event in a range, whole: the programs' own totals against the events."""
        from vaultsync.ledger import facts

        with self._guarded():
            return facts.session_gaps(self._db, self._names, microseconds(since), microseconds(until))

    def titles(self, sessions: Collection[str] | None = None) -> dict[tuple[str, str], str]:
        """What sessions are called, by source and session; those without a title are left out.

        Args:
            sessions: Those that are asked for; None: all.
        """
        from vaultsync.ledger import facts

        with self._guarded():
            return facts.titles(self._db, self._names, sessions)

    def find(self, text: str) -> list[StoredEvent]:
        """Events by the log's own id, or by the first hex digits of ours; at most 50."""
        from vaultsync.ledger import stored

        with self._guarded():
            return stored.find(self._db, self._names, text)

    def latest(self, count: int, where: Mapping[str, str | None] | None = None) -> list[StoredEvent]:
        """The last events, latest first.

        Args:
            where: Field of `UsageEvent` -> text that it must have; None: not stated.
        """
        from vaultsync.ledger import stored

        with self._guarded():
            return stored.latest(self._db, self._names, count, where or {})

    def sessions(self, count: int) -> list[SessionSpan]:
        """The sessions that were active last, latest first."""
        from vaultsync.ledger import stored

        with self._guarded():
            return stored.sessions(self._db, self._names, count)

    def sources(self) -> list[SourceSpan]:
        """What each collector found so far, by name."""
        from vaultsync.ledger import stored

        with self._guarded():
            return stored.sources(self._db, self._names)

    def providers(self) -> frozenset[str]:
        """Every provider that was ever told of."""
        from vaultsync.ledger import stored

        with self._guarded():
            return stored.providers(self._db, self._names)

    # --- health ---

    def check(self) -> list[Damage]:
        """What is wrong inside the file; empty when all is well. Reads all of it."""
        from vaultsync.ledger.health import examine

        with guard(self.path):
            self._note()
            return examine(self._db)

    def back_up(self, copy: Path) -> None:
        """Copy the ledger to a new file while it is in use, and check the copy.

        Raises:
            LedgerError: There is such a file already, or the copy is not whole.
        """
        with guard(self.path):
            back_up(self._db, copy)
