"""Open another program's SQLite database, only to read it, while that program may be writing.

Nothing is ever written beside it. A database without waiting changes is opened as one that cannot change; one
with changes in its `-wal` is read together with its program, through the `-shm` that this one made; where
that program is gone, so that a reader would have to make a `-shm`, a private copy is read, and removed again.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from vaultsync.collectors.reading import LogFile, Reader

MAGIC = b"SQLite format 3\0"
SUFFIXES = (".db", ".sqlite", ".sqlite3", ".vscdb")
"""How the names of databases end; only these are asked for a `-wal` while nothing else has changed."""
SMALLEST = 512
"""Bytes of the smallest database that holds anything."""
WAIT_SECONDS = 5.0
TROUBLE = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged database raises; the second where a message of SQLite quotes bytes that are no text."""
STEPS = 50_000_000
"""Instructions of SQLite after which a query is given up; a hundred thousand calls take a hundredth."""


@contextmanager
def database(reader: Reader) -> Iterator[sqlite3.Connection | None]:
    """Open the database that a reader is of; None when it cannot be read, which the reader then says.

    Rows are `sqlite3.Row`. Trouble of SQLite inside the block is told as trouble of the file: it is set aside
    until it rests, and nothing of it counts.
    """
    with ExitStack() as stack:
        try:
            if is_cut(reader.file):
                raise sqlite3.DatabaseError("its end is missing")
            db = stack.enter_context(closing(_open(_readable(reader.file.path, stack))))
        except (*TROUBLE, OSError) as error:
            _give_up(reader, error)
            yield None
            return
        try:
            yield db
            reader.end = reader.file.size
        except TROUBLE as error:
            _give_up(reader, error)


def is_cut(file: LogFile) -> bool:
    """Say whether the end of a database is missing; SQLite takes a page in part for empty rows."""
    head = file.head
    if file.size < SMALLEST:
        return file.size > 0
    if not head.startswith(MAGIC) or head[24:28] != head[92:96] or wal_mark(file.path):
        return False  # what it says of its length is not valid, or its changes lie beside it
    page = int.from_bytes(head[16:18], "big")
    return file.size < (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")


def _readable(path: Path, stack: ExitStack) -> Path:
    """The database, or a copy of it where reading would leave something beside it."""
    if wal_mark(path) is None or _beside(path, "shm").exists():
        return path
    from shutil import copyfile  # seldom needed, and slow to load
    from tempfile import TemporaryDirectory

    folder = Path(stack.enter_context(TemporaryDirectory(prefix="vaultsync-")))
    for each in (path, _beside(path, "wal")):
        copyfile(each, folder / each.name)
    return folder / path.name


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}-{what}")


def _give_up(reader: Reader, error: Exception) -> None:
    said = "its names are damaged" if isinstance(error, UnicodeDecodeError) else str(error)
    why = re.split(r"[\"(:]", said)[0].strip()  # what follows is quoted from the database
    reader.give_up(f"the database cannot be read ({why}). Close the program that writes it, or restore it.")


def columns(db: sqlite3.Connection, table: str) -> list[str]:
    """Names of a table's columns, as they are written; none: there is no such table."""
    return [row["name"] for row in db.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def rows(db: sqlite3.Connection, table: str, wanted: Collection[str]) -> Iterator[dict[str, Any]]:
    """The rows of a table in their order, of the wanted columns those that are there; none without it."""
    known = ", ".join(name for name in columns(db, table) if name in wanted)
    if known:
        yield from map(dict, db.execute(f"SELECT {known} FROM {table} ORDER BY rowid"))


def lacks_ids(reader: Reader, known: Collection[str]) -> bool:
    """Say whether a table has no column `id`, and tell it: nothing in it could be known again."""
    if known and "id" not in known:
        reader.reject(
            None, "a table of the database has no column `id`, so it is not read. Update vaultsync."
        )
        return True
    return False


def wal_mark(path: Path) -> list[int] | None:
    """Size and time of the changes that are not yet in the database itself; None: there are none."""
    with suppress(OSError):
        info = _beside(path, "wal").stat()
        return [info.st_size, info.st_mtime_ns] if info.st_size else None
    return None


def written_ms(reader: Reader) -> int:
    """When a database or its waiting changes were last written; milliseconds since 1970."""
    waiting = wal_mark(reader.file.path)
    return max(reader.last_modified_ns, waiting[1] if waiting else 0) // 10**6


def _open(path: Path) -> sqlite3.Connection:
    mode = "mode=ro" if wal_mark(path) else "mode=ro&immutable=1"
    db = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=WAIT_SECONDS)
    try:
        db.row_factory = sqlite3.Row
        db.text_factory = _text
        db.execute("PRAGMA query_only = ON")
        db.execute("PRAGMA trusted_schema = OFF")
        db.set_progress_handler(lambda: 1, STEPS)
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def _text(data: bytes) -> Any:
    """Text in UTF-8, with U+FFFD for what is none."""
    return data.decode("utf-8", "replace")
