"""Write what one reading said into the ledger, and how far it read; take back what a document says no more.

The caller holds the transaction; see `store.Ledger.record`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vaultsync.ledger import rejected, twice
from vaultsync.ledger.calls import HISTORY, Calls, Done, Manner, mention
from vaultsync.ledger.facts import keep
from vaultsync.ledger.files import ADD_FILE, FILE_COLUMNS, NOTE_READ, UPDATE_FILE, Recorded, head_hash
from vaultsync.ledger.identity import AT, content, content_key, instant
from vaultsync.ledger.marks import Marks
from vaultsync.ledger.names import Names
from vaultsync.ledger.part import Part
from vaultsync.ledger.prepared import Prepared
from vaultsync.ledger.queries import DAY, delete_in, select_in
from vaultsync.ledger.tellings import tell
from vaultsync.model import WHOLE, Issue

_SOURCE = AT["source"]


class Recorder:
    """Records one reading; used once."""

    def __init__(self, db: sqlite3.Connection, names: Names, said: Prepared) -> None:
        self._db, self._names, self._said = db, names, said
        self._is_fresh = said.start == 0
        self._file: int | None = None
        """Row of the file, once it has one."""
        self._new_file: int | None = None
        """The same, where it was not known."""
        self._done = Done()
        self._issues: list[Issue] = []

    def run(self, marks: Marks) -> Recorded:
        """Record what was said and the state of its file.

        Args:
            marks: Joined by what changed, if all went well.
        """
        if not self._enter_file():
            return Recorded(is_stale=True)
        if self._said.is_moved:
            self._take_back_moved()
        if self._said.replaces:
            self._document()
        else:
            self._lines()
        self._leave_file()
        marks.join(self._done.marks)
        return self._result()

    # --- the file ---

    def _enter_file(self) -> bool:
        """Find the file's row; False when the reading began where the ledger no longer stands."""
        said, row = self._said, None
        ask = f"SELECT {FILE_COLUMNS} FROM file WHERE"
        if said.file_id is not None:
            row = self._db.execute(f"{ask} id = ?", (said.file_id,)).fetchone()
        row = row or self._db.execute(f"{ask} path = ?", (said.path,)).fetchone()
        if not self._is_fresh and not (row and self._goes_on(row)):
            return False
        if row:
            self._file = row[0]
            if row[1] != said.path:
                self._db.execute("UPDATE file SET path = NULL WHERE path = ?", (said.path,))
        return True

    def _goes_on(self, row: tuple[Any, ...]) -> bool:
        number, offset, line, head, size, state = row[0], *row[7:12]
        if not self._db.execute(_AGAIN, (number, offset, line, state)).fetchone():
            raise twice.differ("file")
        return bool(offset == self._said.start and head_hash(self._said.head[:size]) == head)

    def _file_id(self) -> int:
        """Number of the file; made before its state is known, if something must point to it."""
        if self._file is None:
            blank = (self._said.path, self._said.collector, 0, 0, "0", "0", 0, 1, b"", 0, "{}")
            self._file = self._new_file = self._db.execute(ADD_FILE, blank).lastrowid or 0
        return self._file

    def _leave_file(self) -> None:
        if self._file is None:
            self._file = self._db.execute(ADD_FILE, self._said.file).lastrowid
        else:
            self._db.execute(UPDATE_FILE, (*self._said.file, self._file))
            if self._is_fresh:
                rejected.forget(self._db, self._file)
        seen = (self._said.ctime_ns, self._said.pending, self._done.duplicates, self._file)
        self._db.execute(NOTE_READ, seen)

    # --- what it says ---

    def _lines(self) -> None:
        if self._is_fresh and self._file is not None:
            self._forget_mentions(self._file)
        goes_on = not self._is_fresh
        for part in self._said.parts:
            self._keep_others(part)
            self._write(self._renumbered(part) if part.ordinals and goes_on else part)
            goes_on = True

    def _write(self, part: Part) -> set[int]:
        """Insert and join the calls of a part; the ids of all of them."""
        said = self._said
        tells, sources = said.tells, {label[_SOURCE] or "" for label in part.labels}
        kinds = {each: tells if isinstance(tells, str) else tells.get(each, "calls") for each in sources}
        tell(self._db, self._names, kinds, self._done.marks)
        is_pointed_to = said.replaces or said.is_table or part.ordinals
        file = self._file_id() if is_pointed_to else HISTORY
        last = max(part.numbers["at"], default=None) if self._is_report else None
        is_again = self._is_fresh and self._file not in (None, self._new_file)
        manner = Manner(file, said.replaces, said.is_table, last, is_again, said.is_moved)
        return Calls(self._db, self._names, part, manner, self._done).write()

    def _keep_others(self, part: Part) -> None:
        """Keep what a part says beside its calls."""
        keep(self._db, self._names, part.facts)
        for text in part.unbelievable:
            self._issues.append(Issue(Path(os.fsdecode(self._said.path)), None, text))

    def _document(self) -> None:
        """Record a document, and take back what it said before and says no more."""
        file = self._file_id()
        (part,) = self._said.parts
        self._keep_others(part)
        if not part.keys:
            return
        old = self._mentioned(file)
        now = self._write(part)
        if self._is_report:
            self._take_back(self._among(old - now, part))
        elif old and (old & now or self._days_of(old) <= part.days):
            self._take_back(old - now)
        else:
            self._forget_mentions(file)
        mention(self._db, file, now)

    def _mentioned(self, file: int) -> set[int]:
        """What a file said before."""
        if file == self._new_file:
            return set()
        self._names.prove_mentions()
        ask = "SELECT event FROM mention WHERE file = ?"
        return {row[0] for row in self._db.execute(ask, (file,)).fetchall()}

    @property
    def _is_report(self) -> bool:
        """True for what a provider tells of its range of days, and of no others."""
        return self._said.replaces and self._said.tells in WHOLE

    def _among(self, events: set[int], part: Part) -> set[int]:
        """Those of some events that lie between the first and the last event of a part."""
        ask = "SELECT id, at FROM event WHERE id IN"
        first, last = min(part.numbers["at"]), max(part.numbers["at"])
        return {row[0] for row in select_in(self._db, ask, events) if first <= row[1] <= last}

    def _days_of(self, events: set[int]) -> set[int]:
        return {row[0] // DAY for row in select_in(self._db, "SELECT at FROM event WHERE id IN", events)}

    def _take_back(self, events: set[int]) -> None:
        """Remove events that no other file mentions."""
        delete_in(self._db, "mention", "event", events, f"AND file = {self._file}")
        others = {row[0] for row in select_in(self._db, "SELECT event FROM mention WHERE event IN", events)}
        self._remove(events - others)

    def _take_back_moved(self) -> None:
        """Remove what the file said in another time zone, but for what a file says that needs none.

        Copies of it said the same: those that are still there are read anew as well.
        """
        events = self._mentioned(self._file or HISTORY)
        firm = {row[0] for row in select_in(self._db, _FIRM, events)}
        delete_in(self._db, "mention", "event", events - firm)
        self._db.execute("DELETE FROM mention WHERE file = ?", (self._file,))
        self._remove(events - firm)

    def _remove(self, gone: set[int]) -> None:
        rows = select_in(self._db, "SELECT at, label FROM event WHERE id IN", gone)
        self._done.touch([at for at, _ in rows], {label for _, label in rows})
        claims = select_in(self._db, "SELECT session FROM claim WHERE event IN", gone)
        self._done.marks.sessions.update(session for (session,) in claims)
        self._done.marks.seals.add_these(self._db, gone, -1)
        for table, column in (("outcome", "event"), ("claim", "event"), ("told", "event"), ("event", "id")):
            delete_in(self._db, table, column, gone)
        self._done.removed += len(gone)

    def _forget_mentions(self, file: int) -> None:
        """Leave what a file said before to history: it is never taken back."""
        keep = "SELECT 0, event FROM mention m WHERE file = ? AND EXISTS ({})".format(
            "SELECT 1 FROM mention o WHERE o.event = m.event AND o.file <> m.file"
        )
        self._db.execute(f"INSERT OR IGNORE INTO mention (file, event) {keep}", (file,))
        self._db.execute("DELETE FROM mention WHERE file = ?", (file,))

    def _renumbered(self, part: Part) -> Part:
        """A part in which the equal rows that the file said before are counted too."""
        first = [part.keys[place] for place, ordinal in part.ordinals.items() if not ordinal]
        if not self._mine(first):
            return part
        sightings = part.sightings()
        contents = {}
        for place in part.ordinals:
            at, counts, _, _, label = sightings[place]
            contents[place] = content(at, counts, label)
        said = self._count_said(set(contents.values()))
        keys = list(part.keys)
        for place, what in contents.items():
            keys[place] = content_key(what, part.ordinals[place] + said.get(what, 0))
        return part._replace(keys=keys)

    def _mine(self, keys: Iterable[bytes]) -> list[bytes]:
        """Those keys of calls without id that this file has said already."""
        ask = (
            f"SELECT key FROM event CROSS JOIN mention ON mention.event = event.id AND file = {self._file} "
            "WHERE key IN"
        )
        return [row[0] for row in select_in(self._db, ask, keys)]

    def _count_said(self, contents: Iterable[bytes]) -> dict[bytes, int]:
        """How many equal rows of each content this file has said already."""
        asked = {content_key(what, 0): (what, 0) for what in contents}
        said: dict[bytes, int] = {}
        while asked:
            again = {}
            for key in self._mine(asked):
                what, ordinal = asked[key]
                said[what] = ordinal + 1
                again[content_key(what, ordinal + 1)] = (what, ordinal + 1)
            asked = again
        return said

    # --- afterwards ---

    def _result(self) -> Recorded:
        done = self._done
        first, last = (None if at is None else instant(at) for at in (done.first, done.last))
        moved = min(done.new, done.removed) if self._said.is_moved else 0
        counts = (done.new - moved, done.duplicates, done.changed + moved, done.removed - moved)
        return Recorded(*counts, first, last, False, tuple(self._issues), self._file or 0)


_AGAIN = f"""SELECT 1 FROM file INDEXED BY {twice.INDEX_OF["file"]}
    WHERE id = ? AND "offset" = ? AND line = ? AND state = ?"""
_FIRM = """SELECT event FROM mention JOIN file ON file.id = mention.file
    WHERE json_extract(file.state, '$.zone') IS NULL AND event IN"""
"""Events that a file says whose times name their zones."""
