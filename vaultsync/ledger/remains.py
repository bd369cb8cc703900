"""Read the tables of a damaged ledger around its damage; the file is only read."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from vaultsync.ledger import schema
from vaultsync.ledger.identity import LAST, microseconds
from vaultsync.ledger.queries import QUARTER_HOUR
from vaultsync.ledger.twice import BY, asks

CHUNK = 1000
MOST_CHUNKS = 100_000
"""Parts of a table that are looked into; a number beyond them is damage."""
MOST_TRIES = 100_000
"""Parts that are tried again by halves; a table of which nothing can be read has billions."""
SMALLEST_ROW = 20
"""Bytes; to tell how many rows a file may have whose last one cannot be found."""
_LATEST = microseconds(LAST) // 1_000_000


class Copies(NamedTuple):
    """What became of comparing a table with its index."""

    unsure: set[Any]
    """First column of rows of which the two say different things: nobody can tell which is true."""
    is_by_index: bool
    """Only the index can be read as a whole."""


class _Copy:
    """What one of the two says: of each number a sum over its rows."""

    def __init__(self) -> None:
        self.sums: dict[Any, int] = {}
        self.is_whole = True


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
        self.schema = int(db.execute("PRAGMA user_version").fetchone()[0])
        db.text_factory = lambda data: data.decode("utf-8", "replace")

    def rows(self, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a table, by their number; the first column is that."""
        number = columns.partition(",")[0]
        ask = f"SELECT {columns} FROM {table} NOT INDEXED WHERE {number} >= ? AND {number} < ?"
        yield from self._in_parts(table, number, ask)

    def mentions(self) -> Iterator[tuple[Any, ...]]:
        """Which file says which event: number of the event, its key, number of the file.

        Where it is not sure who says an event, nobody is told.
        """
        unsure, is_by_index = self.copies("mention", "event, file", is_list=True)
        by_index = self._in_parts("mention", "event", _MENTIONS)
        rows = by_index if is_by_index else self._to_damage(_MENTIONS_BY_FILE)
        yield from (row for row in rows if row[0] not in unsure)

    def outcomes(self) -> tuple[list[tuple[Any, ...]], set[int]]:
        """Event, name and amount of outcomes; and the events of which it is not sure."""
        unsure, is_by_index = self.copies("outcome", "event, name, amount", is_list=True)
        ask = asks("outcome", f"SELECT event, name, amount FROM outcome {BY}")[is_by_index]
        return list(self._to_damage(ask)), unsure

    def copies(self, table: str, columns: str, *, is_list: bool = False) -> Copies:
        """Compare what a table says with its index.

        Args:
            columns: Those that both have; the first one is a number.
            is_list: Several rows may have that number, and belong together.
        """
        one, other = map(self._copy, asks(table, f"SELECT {columns} FROM {table} {BY}"))
        is_by_index = other.is_whole and not one.is_whole
        if one.is_whole and other.is_whole:
            seen = one.sums.keys() | other.sums.keys()
        elif is_list and (one.is_whole or other.is_whole):
            seen = set()
        else:
            seen = one.sums.keys() & other.sums.keys()
        return Copies({id for id in seen if one.sums.get(id) != other.sums.get(id)}, is_by_index)

    def _copy(self, ask: str) -> _Copy:
        copy = _Copy()
        for first, *values in self._to_damage(ask, copy):
            copy.sums[first] = copy.sums.get(first, 0) + hash((*values,))
        return copy

    def _to_damage(self, ask: str, copy: _Copy | None = None) -> Iterator[tuple[Any, ...]]:
        """Rows until one cannot be read."""
        try:
            yield from self._db.execute(ask)
        except sqlite3.DatabaseError:
            if copy:
                copy.is_whole = False

    def _in_parts(self, table: str, number: str, ask: str) -> Iterator[tuple[Any, ...]]:
        """Rows of a range after the other; where one meets damage, afterwards those of its halves.

        Of all damaged places the largest parts are tried first, and an end is made of trying.
        """
        least = QUARTER_HOUR if table == "seal" else 1
        step = CHUNK * least
        damaged: deque[tuple[int, int]] = deque()
        for first in range(0, min(self._last(table, number), MOST_CHUNKS * step) + 1, step):
            yield from self._between(ask, first, first + step, damaged)
        for _ in range(MOST_TRIES):
            if not damaged:
                return
            first, end = damaged.popleft()
            if end - first > least:
                middle = (first + end) // 2
                yield from self._between(ask, first, middle, damaged)
                yield from self._between(ask, middle, end, damaged)

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

    def _between(
        self, ask: str, first: int, end: int, damaged: deque[tuple[int, int]]
    ) -> list[tuple[Any, ...]]:
        """Rows of a range; one that cannot be read is noted."""
        try:
            return self._db.execute(ask, (first, end)).fetchall()
        except sqlite3.DatabaseError:
            damaged.append((first, end))
            return []


_MENTIONS = """SELECT event.id, key, file FROM mention INDEXED BY mention_event
    CROSS JOIN event ON event.id = mention.event
    WHERE mention.event >= ? AND mention.event < ? AND typeof(file) = 'integer'"""
_MENTIONS_BY_FILE = """SELECT event.id, key, file FROM mention NOT INDEXED
    CROSS JOIN event ON event.id = mention.event WHERE typeof(file) = 'integer'"""
