"""Tell a new ledger which files said the events that were saved from a damaged one.

Such a file counts as known and not yet read. So the next reading does what it always does: a document that
was edited takes back what it says no more, one that was moved is known again, and one that is gone keeps its
events. An event of which no file is known any more is left to history: nothing takes it back.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from vaultsync.ledger import patience
from vaultsync.ledger.calls import HISTORY
from vaultsync.ledger.files import ADD_FILE, HEAD_SIZE, UPDATE_FILE
from vaultsync.ledger.opening import connect, guard
from vaultsync.ledger.remains import Remains, is_ours


def regain(damaged: Path, new: Path) -> None:
    """Write into a new ledger who said those of its events that the damaged one holds, too.

    Raises:
        LedgerError: The new one cannot be written.
    """
    with (
        guard(new),
        closing(patience.connect(damaged, "ro", wait=0)) as old,
        closing(connect(new, read_only=False, wal=False, wait=0)) as db,
    ):
        if is_ours(old):
            db.execute("BEGIN IMMEDIATE")
            _Regaining(db, Remains(old)).run()
            db.execute("COMMIT")


class _Regaining:
    def __init__(self, db: sqlite3.Connection, remains: Remains) -> None:
        self._db, self._remains = db, remains
        self._files = {id: row for id, *row in remains.rows("file", _FILE) if _is_sound(row)}
        self._numbers: dict[int, int] = {HISTORY: HISTORY}
        """Number of a file in the damaged ledger -> its number here."""

    def run(self) -> None:
        said: dict[int, set[int]] = {}
        for _, key, file in self._remains.mentions():
            if row := self._db.execute("SELECT id FROM event WHERE key = ?", (key,)).fetchone():
                said.setdefault(row[0], set()).add(self._number(file))
        for event, files in said.items():
            # Where a backup knows the event, its saved line was one more log that said it; it is none.
            self._db.execute("DELETE FROM mention WHERE file = ? AND event = ?", (HISTORY, event))
            self._db.executemany(_MENTION, ((file, event) for file in files))

    def _number(self, file: int) -> int:
        if file not in self._numbers:
            row = self._files.get(file)
            self._numbers[file] = self._enter(row) if row else HISTORY
        return self._numbers[file]

    def _enter(self, row: list[Any]) -> int:
        """Make a file known as one that was not read; a backup may know it, by its name or a former one."""
        path, collector, inode, device, head, head_size, state = row
        unread = (path, collector, 0, 0, inode, device, 0, 1, head, head_size, _zone_of(state))
        for (number,) in self._db.execute(_KNOWN, (path, inode, device, head, head_size)).fetchall():
            if number not in self._numbers.values():
                self._db.execute(UPDATE_FILE, (*unread, number))
                return int(number)
        return self._db.execute(ADD_FILE, unread).lastrowid or HISTORY


def _is_sound(row: list[Any]) -> bool:
    """True for a file that has a path, and looks as one does."""
    path, collector, inode, device, head, head_size, state = row
    texts = isinstance(collector, str) and isinstance(state, str)
    numbers = all(isinstance(each, str) and each.isdecimal() for each in (inode, device))
    return isinstance(path, bytes) and texts and numbers and isinstance(head, bytes) and head_size in _SIZES


def _zone_of(state: str) -> str:
    """Of a file's state, the zone that its times were read in: it tells what another one takes back."""
    with suppress(ValueError, AttributeError):
        if zone := json.loads(state).get("zone"):
            return json.dumps({"zone": zone}, separators=(",", ":"))
    return "{}"


_FILE = "id, path, collector, inode, device, head, head_size, state"
_SIZES = range(HEAD_SIZE + 1)
_KNOWN = """SELECT id FROM file WHERE path = ? UNION ALL
    SELECT id FROM file WHERE inode = ? AND device = ? AND head = ? AND head_size = ?"""
_MENTION = "INSERT OR IGNORE INTO mention VALUES (?, ?)"
