"""Make a new ledger whole before it has its name: an empty file is then never one that is half made."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from vaultsync.ledger import schema
from vaultsync.ledger.locking import hold
from vaultsync.ledger.private import private_file, write_through


def found(path: Path, wait: float) -> None:
    """Make a ledger without events, unless another run is quicker.

    Args:
        wait: Seconds to wait for that.

    Raises:
        LedgerError: The file cannot be made.
        sqlite3.Error: It cannot be written.
    """
    new = path.with_name(f"{path.name}.new")
    private_file(new)
    with _alone(new, wait):
        if path.exists():
            new.unlink(missing_ok=True)
            return
        os.truncate(new, 0)  # a run that was killed may have left something
        build(new)
        with suppress(FileExistsError):  # as Windows tells it, where nobody is kept waiting
            new.rename(path)
    write_through(path.parent)


def build(path: Path) -> None:
    """Make an empty file a ledger of the present schema; nobody else may use it yet."""
    with closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?nolock=1", uri=True, isolation_level=None)
    ) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("BEGIN")
        schema.advance(db, 0)
        db.execute("COMMIT")


def in_memory() -> sqlite3.Connection:
    """An empty ledger that is in no file, for who only reads where there is none."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    schema.advance(db, 0)
    return db


@contextmanager
def _alone(file: Path, wait: float) -> Iterator[None]:
    """Let others that make the same file wait; by a lock of the system, which dies with its process."""
    if sys.platform == "win32":  # a lock would keep SQLite out, too; there no name is ever taken over
        yield
        return
    number = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)  # a quicker run may just have named it
    try:
        hold(number, file, wait)
        yield
    finally:
        os.close(number)
