"""One open file of a ledger: its transactions, and what becomes of errors in them.

Reading and writing happen in whole transactions, so a kill at any moment leaves the state before or after.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vaultsync.ledger.founding import in_memory
from vaultsync.ledger.locking import WAIT_SECONDS
from vaultsync.ledger.marks import Marks
from vaultsync.ledger.names import Names
from vaultsync.ledger.opening import back_up, connect, guard
from vaultsync.ledger.seals import ODD, Unsealed

if TYPE_CHECKING:
    from vaultsync.ledger.health import Damage


class Book:
    """An open file; a context manager."""

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
    ) -> Self:
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
    def empty(cls, path: Path) -> Self:
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
