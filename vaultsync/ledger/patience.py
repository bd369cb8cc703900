"""Wait for another program that writes, in short steps, so that a signal is heard meanwhile."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

STEP = 0.5
"""Seconds in which SQLite waits, and nothing else happens in this process."""


class Patient(sqlite3.Connection):
    """A connection whose statements wait together with SQLite; one that has to wait has done nothing yet."""

    def __init__(self, database: str, *given: Any, wait: float, **more: Any) -> None:
        """Open a database.

        Args:
            wait: Seconds to wait for others, at each statement.
        """
        super().__init__(database, *given, **more)
        self._wait = wait

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Execute a statement; a database that is locked is tried again until the wait is over."""
        waited = STEP
        while True:
            try:
                return super().execute(sql, parameters)
            except UnicodeDecodeError as error:  # a message of SQLite quotes bytes that are no text
                raise sqlite3.DatabaseError("the schema is malformed") from error
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in _PASSING or waited >= self._wait:
                    raise
            waited += STEP


_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY_TIMEOUT}
"""Others come from another state of the database, and would come again."""


def connect(path: Path, mode: str, wait: float) -> sqlite3.Connection:
    """Open a database; nothing is begun by itself.

    Args:
        mode: `ro` or `rw`, and what else SQLite is to know of the file.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    patient: Any = partial(Patient, wait=wait)
    db: sqlite3.Connection = sqlite3.connect(
        uri, uri=True, timeout=min(wait, STEP), isolation_level=None, factory=patient
    )
    return db
