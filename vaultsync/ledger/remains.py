"""Read the tables of a damaged ledger around its damage; the file is only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from vaultsync.ledger import schema
from vaultsync.ledger.identity import LAST, microseconds
from vaultsync.ledger.queries import QUARTER_HOUR

CHUNK = 1000
MOST_CHUNKS = 100_000
"""Parts of a table that are looked into; a number beyond them is damage."""
SMALLEST_ROW = 20
"""Bytes; to tell how many rows a file may have whose last one cannot be found."""
_LATEST = microseconds(LAST) // 1_000_000


def is_ours(db: sqlite3.Connection) -> bool:
    """True for a ledger that this program can read; nothing can be written through it from now on."""
    db.execute("PRAGMA query_only = ON")
    owner, version = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    return bool(owner == schema.APPLICATION_ID and version <= len(schema.MIGRATIONS))


class Remains:
    """What can be read; values may be anything."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.text_factory = lambda data: data.decode("utf-8", "replace")

    def rows(self, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a table, by their number; the first column is that."""
        number = columns.partition(",")[0]
        ask = f"SELECT {columns} FROM {table} NOT INDEXED WHERE {number} >= ? AND {number} < ?"
        yield from self._in_parts(table, number, ask)

    def mentions(self) -> Iterator[tuple[Any, ...]]:
        """The key of each event that files say, and their numbers as a text with commas."""
        yield from self._in_parts("mention", "event", _MENTIONS)

    def _in_parts(self, table: str, number: str, ask: str) -> Iterator[tuple[Any, ...]]:
        step = CHUNK * (QUARTER_HOUR if table == "seal" else 1)
        for first in range(0, min(self._last(table, number), MOST_CHUNKS * step) + 1, step):
            yield from self._between(ask, first, first + step)

    def _last(self, table: str, number: str) -> int:
        """The last row's number; where it cannot be found, one that is surely not less."""
        try:
            return int(self._db.execute(f"SELECT max({number}) FROM {table}").fetchone()[0] or 0)
        except sqlite3.OperationalError:
            return -1  # an older schema has no such table
        except sqlite3.DatabaseError:
            if table == "seal":
                return _LATEST
            ask = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            return int(self._db.execute(ask).fetchone()[0]) // SMALLEST_ROW

    def _between(self, ask: str, first: int, end: int) -> list[tuple[Any, ...]]:
        """Rows of a range; where it meets damage, those of its halves."""
        try:
            return self._db.execute(ask, (first, end)).fetchall()
        except sqlite3.DatabaseError:
            if end - first == 1:
                return []
            middle = (first + end) // 2
            return self._between(ask, first, middle) + self._between(ask, middle, end)


_MENTIONS = """SELECT key, group_concat(file) FROM mention INDEXED BY mention_event
    CROSS JOIN event ON event.id = mention.event
    WHERE mention.event >= ? AND mention.event < ? AND typeof(file) = 'integer'
    GROUP BY mention.event"""
