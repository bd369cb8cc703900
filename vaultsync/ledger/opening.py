"""Open the ledger's file, make or migrate it, or say why that is refused; never delete or rebuild it."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from vaultsync.errors import LedgerError
from vaultsync.ledger import schema

WAIT_SECONDS = 60.0
CACHE_KIB = 64 * 1024
_SEEN = """SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema)
    FROM pragma_user_version, pragma_application_id"""
"""One statement, so that a ledger that another run is just making is not seen half made."""
_PAUSE = 0.05
_RESTORE = "Put back a backup of it, or move it away and run `vaultsync collect` to read the logs anew."


@contextmanager
def guard(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into `LedgerError` with the way out."""
    try:
        yield
    except sqlite3.Error as error:
        raise explained(path, error) from error


def explained(path: Path, error: sqlite3.Error) -> LedgerError:
    """The error that tells a person what happened to the ledger and what to do."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return LedgerError(
            path, f"the ledger is locked ({text}).", "Wait until the other program ends, then run again."
        )
    if "not a database" in text:
        return LedgerError(
            path, f"this is not a ledger ({text}).", f"Name another file with --ledger. {_RESTORE}"
        )
    if "malformed" in text or "corrupt" in text:
        return LedgerError(path, f"the ledger is damaged ({text}); it is kept as it is.", _RESTORE)
    if "full" in text:
        return LedgerError(
            path, f"the ledger cannot grow ({text}).", "Make room, then run the same command again."
        )
    return LedgerError(
        path, f"the ledger cannot be used ({text}).", "See `vaultsync doctor`, then run again."
    )


def connect(path: Path, *, read_only: bool, wal: bool, wait: float) -> sqlite3.Connection:
    """Open a ledger; make it, or bring it to the present schema first, unless it is only read.

    Raises:
        LedgerError: It is missing (read only), locked, damaged, newer, or another program's.
    """
    with guard(path):
        _refuse_strange_files(path, read_only)
        if not read_only:
            private_folder(path.parent)
            private_file(path)
        uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
        db = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
        try:
            _prepare(db, path, read_only=read_only)
            if not read_only:
                _use_journal(db, "WAL" if wal else "DELETE", wait)
                db.execute("PRAGMA synchronous = FULL")
                _migrate(db, path)
        except BaseException:
            db.close()
            raise
        return db


def _prepare(db: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    db.execute("PRAGMA cell_size_check = ON")
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    version = _version(db, path)
    _refuse_cut(db, path)
    if read_only:
        db.execute("PRAGMA query_only = ON")
        if version < len(schema.MIGRATIONS):
            raise LedgerError(
                path, f"the ledger has the older schema {version}.", "Run `vaultsync collect` once."
            )


def _use_journal(db: sqlite3.Connection, mode: str, wait: float) -> None:
    """Choose the journal; SQLite does not wait where another run is just doing the same."""
    while True:
        try:
            db.execute(f"PRAGMA journal_mode = {mode}").fetchone()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or wait <= 0:
                raise
        time.sleep(_PAUSE)
        wait -= _PAUSE


def _refuse_strange_files(path: Path, read_only: bool) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if read_only:
            raise LedgerError(path, "there is no ledger yet.", "Run `vaultsync collect` first.") from None
        return
    except OSError as error:
        raise LedgerError(
            path, f"the ledger cannot be reached ({error.strerror}).", "Check the path."
        ) from error
    if not stat.S_ISREG(mode):
        raise LedgerError(path, "this is not a file.", "Name a file with --ledger.")


def _version(db: sqlite3.Connection, path: Path) -> int:
    """Schema version of an open file; 0 of an empty one."""
    seen: tuple[int, int, int] = db.execute(_SEEN).fetchone()
    version, owner, tables = seen
    if owner != schema.APPLICATION_ID and (tables or owner or version):
        raise LedgerError(
            path, "this database belongs to another program.", "Name another file with --ledger."
        )
    newest = len(schema.MIGRATIONS)
    if version > newest:
        what = f"it was written by a newer vaultsync (schema {version}, this one knows {newest})."
        raise LedgerError(path, what, "Update vaultsync; nothing was touched.")
    return version


def _refuse_cut(db: sqlite3.Connection, path: Path) -> None:
    """Notice a file that was cut short at once, not only when the missing page is asked for."""
    pages, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    with suppress(OSError):
        if path.with_name(path.name + "-wal").stat().st_size:
            return  # the rest may be there
    found = path.stat().st_size
    if found < pages * size:
        what = f"the ledger is damaged: {found} of {pages * size} bytes are left; it is kept as it is."
        raise LedgerError(path, what, _RESTORE)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """Run the missing migrations, each in its own transaction, after a backup where there was a ledger."""
    is_new = _version(db, path) == 0
    for number in range(len(schema.MIGRATIONS)):
        if _version(db, path) > number:
            continue
        if not is_new:
            _backup(db, path, number)
        db.execute("BEGIN EXCLUSIVE")
        try:
            if _version(db, path) == number:  # else another run was faster
                for statement in schema.statements(schema.MIGRATIONS[number]):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {number + 1}")
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise


def _backup(db: sqlite3.Connection, path: Path, version: int) -> None:
    copy = path.with_name(f"{path.name}.schema{version}.backup")
    back_up(db, copy)


def back_up(db: sqlite3.Connection, copy: Path) -> None:
    """Copy an open ledger to another file and check the copy.

    Raises:
        LedgerError: The copy is not whole.
    """
    private_file(copy)
    with guard(copy), closing(sqlite3.connect(copy)) as target:
        db.backup(target)
        verdict = target.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise LedgerError(copy, f"the backup is not whole ({verdict}).", "Check the disk, then run again.")


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it, that only the user may enter; leave existing ones as they are."""
    if folder.is_dir():
        return
    private_folder(folder.parent)
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            folder.chmod(0o700)
    except OSError as error:
        raise LedgerError(
            folder, f"the folder cannot be made ({error.strerror}).", "Check the path."
        ) from error


def private_file(path: Path) -> None:
    """Make an empty file that only the user may read; an existing one loses the rights of others."""
    try:
        try:
            number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            os.close(number)
            path.chmod(0o600)
        except FileExistsError:
            if os.name == "posix" and path.stat().st_mode & 0o077:
                path.chmod(0o600)
    except OSError as error:
        raise LedgerError(path, f"the file cannot be made ({error.strerror}).", "Check the path.") from error
