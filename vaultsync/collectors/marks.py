"""Read on in a table of another program's database: only the rows that are new, or were changed, since.

A mark is the last row that was read: its number and what it is known by. Rows are numbered as they are added,
so all beyond it are new as long as it is there. In a database that was restored, replaced, or tidied up it is
gone, or another row has its number; then the table is read whole. Rows may be read twice, but none is left
out: each event has a key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any

from vaultsync.collectors.databases import columns
from vaultsync.collectors.reading import Reader

MARKS = "marks"
"""Under this name a reader's state keeps the mark of each table; without it all tables are read whole."""
OVERLAP_MS = 600_000
"""By so much changes may be out of order that are told in milliseconds."""
OVERLAP_DAYS = timedelta(days=1)
"""By so much, where they are told as text."""
MOST_WAITING = 1000
"""Rows that are waited for; where there are more, the table is read whole again."""


class Unread:
    """The rows of a table that no reading has seen as they are now; all of them where that is not known."""

    def __init__(
        self,
        reader: Reader,
        db: sqlite3.Connection,
        table: str,
        ident: Collection[str],
        changed: str | None = None,
    ) -> None:
        """Look for the mark.

        Args:
            ident: Columns by which a row is known again, other than by its number.
            changed: Column with the time of a row's last change: milliseconds since 1970, or ISO text in UTC.
                None, or one that is not there: rows never change.
        """
        known = columns(db, table)
        self._reader, self._db, self._table = reader, db, table
        self._ident, self._changed = ", ".join(ident), changed if changed in known else "NULL"
        self._is_numbered = set(ident) <= set(known) and self._has_numbers(known)
        self._before: dict[str, Any] = reader.state.get(MARKS, {}).get(table, {})
        if not self._is_numbered or self._before.get("id") != self._known_by(self._before.get("row")):
            self._before = {}
        self._waiting: list[int] = []
        self._number = 0

    def rows(self, *selected: str) -> Iterator[sqlite3.Row]:
        """Yield what is selected of each row, in their order; then set the mark.

        Raises:
            sqlite3.Error: As in any query.
        """
        ask = f"SELECT {', '.join(selected)}, {self._changed}"
        if not self._is_numbered:
            yield from self._db.execute(f"{ask} FROM {self._table}")
            return
        at, number = self._before.get("at"), self._before.get("row")
        for where, values in self._conditions():
            for row in self._db.execute(
                f"{ask}, rowid FROM {self._table} WHERE {where} ORDER BY rowid", values
            ):
                changed, self._number = row[-2], row[-1]
                if at is None or (type(changed) is type(at) and changed > at):
                    at = changed
                yield row
            number = max(self._number, self._number if number is None else number)
        self._set({"row": number, "at": self._not_ahead(at), "waiting": self._waiting})

    def _set(self, mark: dict[str, Any]) -> None:
        """Keep a mark; none where its row is not there, or where there is too much to wait for."""
        marks: dict[str, Any] = self._reader.state.setdefault(MARKS, {})
        marks.pop(self._table, None)
        if (known_by := self._known_by(mark["row"])) and len(self._waiting) <= MOST_WAITING:
            marks[self._table] = mark | {"id": known_by}

    def wait(self) -> None:
        """Have the present row read again next time, whatever becomes of it."""
        self._waiting.append(self._number)

    def _conditions(self) -> Iterator[tuple[str, Sequence[Any]]]:
        """Rows that were there and may have changed, then those that are new."""
        row, at, waiting = (self._before.get(name) for name in ("row", "at", "waiting"))
        listed = f"rowid IN ({', '.join(map(str, waiting or ()))})"
        if row is None:
            yield "1", ()
            return
        if at is not None:
            yield f"rowid <= ? AND ({self._changed} >= ? OR {listed})", (row, _floor(at))
        elif waiting:
            yield listed, ()
        yield "rowid > ?", (row,)

    def _known_by(self, number: Any) -> str | None:
        """What a row is known by, without telling it; None where it is not there."""
        ask = f"SELECT {self._ident} FROM {self._table} WHERE rowid = ?"
        found = self._db.execute(ask, (number,)).fetchone()
        return found and blake2b(repr([*found]).encode("utf-8", "replace"), digest_size=8).hexdigest()

    def _has_numbers(self, known: Collection[str]) -> bool:
        """False for a table whose rows have no numbers, where these are something else, and for a view."""
        kind = self._db.execute(
            "SELECT type FROM sqlite_schema WHERE name = ? COLLATE NOCASE", (self._table,)
        ).fetchone()
        if kind is not None and kind[0] != "table":
            return False
        try:
            self._db.execute(f"SELECT rowid FROM {self._table} LIMIT 0")
        except sqlite3.OperationalError:
            return False
        return "rowid" not in map(str.lower, known)

    def _not_ahead(self, at: Any) -> int | str | None:
        """A time of change that is not in the future, for all that follows would seem older."""
        now = self._reader.now_ns // 10**6
        if isinstance(at, str):
            return min(at, datetime.fromtimestamp(now // 1000, UTC).isoformat())
        return min(at, now) if isinstance(at, int) else None


def _floor(at: int | str) -> int | str:
    """The time from which on changes are looked for again; before all others for a text that is no time."""
    if isinstance(at, int):
        return at - OVERLAP_MS
    with suppress(ValueError, OverflowError):
        return (date.fromisoformat(at[:10]) - OVERLAP_DAYS).isoformat()
    return ""
