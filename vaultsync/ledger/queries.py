"""Statements with more values than SQLite takes at once, and the marks of what changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import islice
from typing import Any

SLICE = 500
"""Values in one statement."""
_SIZES = (1, 8, 60, SLICE)
_MARKS = {size: ",".join("?" * size) for size in _SIZES}
QUARTER_HOUR = 15 * 60
INTERVAL = QUARTER_HOUR * 1_000_000
"""Microseconds of a quarter-hour."""
DAY = 24 * 3600 * 1_000_000
"""Microseconds."""


def select_in(db: sqlite3.Connection, ask: str, values: Iterable[object]) -> list[tuple[Any, ...]]:
    """Rows of a query that ends in IN, asked for some values at a time."""
    rows: list[tuple[Any, ...]] = []
    rest = iter(values)
    while some := list(islice(rest, SLICE)):
        size = next(size for size in _SIZES if size >= len(some))
        some += [None] * (size - len(some))  # few texts of statements, so that each is compiled once
        rows += db.execute(f"{ask} ({_MARKS[size]})", some).fetchall()
    return rows


def delete_in(db: sqlite3.Connection, table: str, column: str, values: Iterable[int], and_: str = "") -> None:
    """Delete the rows with these values in a column."""
    db.executemany(f"DELETE FROM {table} WHERE {column} = ? {and_}", ((value,) for value in values))


def touch(db: sqlite3.Connection, intervals: Iterable[int]) -> None:
    """Note that figures changed.

    Args:
        intervals: Quarter-hours since 1970, UTC.
    """
    starts = sorted(number * QUARTER_HOUR for number in intervals)
    if not starts:
        return
    bump = (
        "INSERT INTO meta VALUES ('changes', '1') ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value"
    )
    serial = int(db.execute(bump).fetchall()[0][0])
    db.executemany("INSERT OR REPLACE INTO change VALUES (?, ?)", ((start, serial) for start in starts))
    db.executemany("INSERT OR IGNORE INTO stale VALUES (?)", ((start,) for start in starts))
