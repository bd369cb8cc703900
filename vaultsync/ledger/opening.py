"""Open the ledger's file, make or migrate it, or say why that is refused; never delete or rebuild it."""

from __future__ import annotations

import errno
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from vaultsync.errors import LedgerDamagedError, LedgerError
from vaultsync.ledger import patience, schema
from vaultsync.ledger.founding import found
from vaultsync.ledger.private import private_file, private_folder, refuse_dead_link, write_through
from vaultsync.ledger.seals import Unsealed

CACHE_KIB = 64 * 1024
_SEEN = "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id"
_PAUSE = 0.05
_SMALLEST = 100
"""Bytes of the header of a database; SQLite takes what is shorter for one that has nothing in it yet."""
_ENDINGS = (".db", ".jsonl", ".backup")
"""What stays at the end of a name that gets a number."""
REMEDY = (
    "`vaultsync ledger restore BACKUP` puts a backup back; `vaultsync ledger rebuild` makes it anew from the "
    "logs and what can still be read of it."
)
"""What to do about a damaged ledger."""


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
        return LedgerDamagedError(
            path, f"this is not a ledger ({text}).", f"Name another file with --ledger. {REMEDY}"
        )
    is_damage = isinstance(error, Unsealed | sqlite3.IntegrityError)  # what is written fits sound tables
    if any(word in text for word in ("malformed", "corrupt", "decode")) or is_damage:
        return LedgerDamagedError(path, f"the ledger is damaged ({text}); it is kept as it is.", REMEDY)
    if "full" in text:
        return LedgerError(
            path, f"the ledger cannot grow ({text}).", "Make room, then run the same command again."
        )
    if "readonly" in text or "read-only" in text:
        return LedgerError(
            path, f"the ledger may not be written ({text}).", "Mend its permissions, then run again."
        )
    way_out = "Make room, or check the disk," if "I/O" in text else "See `vaultsync doctor`,"
    return LedgerError(path, f"the ledger cannot be used ({text}).", f"{way_out} then run again.")


def connect(
    path: Path, *, read_only: bool, wal: bool, wait: float, any_schema: bool = False
) -> sqlite3.Connection:
    """Open a ledger; make it, or bring it to the present schema first, unless it is only read.

    Args:
        any_schema: Read an older one as it is.

    Raises:
        LedgerError: It is missing (read only), locked, damaged, newer, or another program's.
    """
    with guard(path):
        is_there = _is_there(path)
        if read_only and not is_there:
            raise missing(path)
        if not is_there:
            private_folder(path.parent)
            found(path, wait)
        if read_only:
            return _opened(path, wait, read_only=True, any_schema=any_schema)
        if _has_more(path):  # closing it would write that into the file, even into one that is refused
            _opened(path, wait, read_only=True, any_schema=True).close()
        db = _opened(path, wait, read_only=False, any_schema=True)
        try:
            private_file(path)
            _use_journal(db, "WAL" if wal else "DELETE", wait)
            db.execute("PRAGMA synchronous = FULL")
            _migrate(db, path)
        except BaseException:
            db.close()
            raise
        return db


def prove(path: Path) -> bool:
    """See that a file is a ledger before anything is made beside it; neither locks nor bytes are touched.

    Returns:
        False where there is no file yet.

    Raises:
        LedgerError: It is something else, it comes from a newer program, or it cannot be read.
    """
    is_there = _is_there(path)
    if is_there:
        with guard(path), closing(patience.connect(path, "ro&immutable=1", 0)) as db:
            _version(db, path)
    return is_there


def missing(path: Path) -> LedgerError:
    """The error that says that nothing was collected yet."""
    return LedgerError(path, "there is no ledger yet.", "Run `vaultsync collect` first.")


def _opened(path: Path, wait: float, *, read_only: bool, any_schema: bool) -> sqlite3.Connection:
    """Open a file and see that it is a ledger; at most what a killed run began to write is undone."""
    is_broken_off = read_only and _has_more(path, "-journal") and prove(path)
    db = patience.connect(path, "ro" if read_only and not is_broken_off else "rw", wait)
    try:
        db.execute("PRAGMA cell_size_check = ON")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        version = _version(db, path)
        _refuse_cut(db, path)
        if read_only:
            db.execute("PRAGMA query_only = ON")
        if version < len(schema.MIGRATIONS) and not any_schema:
            raise LedgerError(
                path, f"the ledger has the older schema {version}.", "Run `vaultsync collect` once."
            )
    except BaseException:
        db.close()
        raise
    return db


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


def _is_there(path: Path) -> bool:
    """Say whether there is something that may be a ledger.

    Raises:
        LedgerError: It cannot be one, or it cannot be reached.
    """
    try:
        info = path.stat()
    except OSError as error:
        refuse_dead_link(path)
        if isinstance(error, FileNotFoundError):
            return False
        raise LedgerError(
            path, f"the ledger cannot be reached ({error.strerror}).", "Check the path."
        ) from error
    if not stat.S_ISREG(info.st_mode):
        raise LedgerError(path, "this is not a file.", "Name a file with --ledger.")
    if info.st_size < _SMALLEST:
        much = f"has {info.st_size} bytes" if info.st_size else "is empty"
        what = f"the file {much}, and a ledger never is so small; it is kept as it is."
        raise LedgerDamagedError(path, what, f"Delete it if there never was a ledger. {REMEDY}")
    return True


def _has_more(path: Path, end: str = "-wal") -> bool:
    """True when changes wait beside a file: to be written into it, or to be undone."""
    with suppress(OSError):
        return path.with_name(f"{path.name}{end}").stat().st_size > 0
    return False


def _version(db: sqlite3.Connection, path: Path) -> int:
    """Schema version of an open file."""
    seen: tuple[int, int] = db.execute(_SEEN).fetchone()
    version, owner = seen
    if owner != schema.APPLICATION_ID:
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
        raise LedgerDamagedError(path, what, REMEDY)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """Run the missing migrations, all or none, after a backup; another run waits meanwhile."""
    if _version(db, path) == len(schema.MIGRATIONS):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        version = _version(db, path)
        if version < len(schema.MIGRATIONS):  # else another run was faster
            copy = free_name(path.with_name(f"{path.name}.schema{version}.backup"))
            with closing(_opened(path, 0, read_only=True, any_schema=True)) as source:
                back_up(source, copy)
            schema.advance(db, version)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # else SQLite has undone all of it: disk full, for one
            db.execute("ROLLBACK")
        raise


def free_name(path: Path) -> Path:
    """A path as it is where nothing has that name, else with the next number."""
    end = path.suffix if path.suffix in _ENDINGS else ""
    stem = path.name.removesuffix(end)
    names = (path.with_name(f"{stem}-{number}{end}") for number in count(2))
    return next(each for each in chain([path], names) if not each.exists())


def back_up(db: sqlite3.Connection, copy: Path) -> None:
    """Copy an open ledger to a new file, which is checked before it gets its name.

    Raises:
        LedgerError: There is such a file already, the ledger is damaged, or the copy is not whole.
    """
    unfinished = copy.with_name(f"{copy.name}.part")
    with guard(copy):
        unfinished.unlink(missing_ok=True)
        private_folder(copy.parent)
        private_file(unfinished)
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as target:
            db.backup(target)
            target.execute("PRAGMA journal_mode = DELETE").fetchone()
            verdict = target.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        unfinished.unlink()
        what = f"what is copied into it is damaged ({verdict}), so there is no backup."
        raise LedgerError(copy, what, "`vaultsync ledger check` tells more.")
    _name(unfinished, copy)


def _name(unfinished: Path, copy: Path) -> None:
    """Give a file its name, if that is free."""
    try:
        if copy.exists():
            raise FileExistsError(errno.EEXIST, "there is such a file already")
        unfinished.rename(copy)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise LedgerError(
            copy, f"the backup cannot be kept ({error.strerror}).", "Name another file."
        ) from error
    write_through(copy.parent)
