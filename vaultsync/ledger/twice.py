"""Compare what a ledger holds twice: in a table, and again in an index of it, written in one transaction.

Names, labels, keys of calls, outcomes and who said what have no check sum. Where a figure depends on them
both copies are read: damage hits one of them.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Any

from vaultsync.ledger.identity import LABEL_FIELDS
from vaultsync.ledger.queries import select_in
from vaultsync.ledger.seals import Unsealed

BY = "HOW"
"""Stands in a query where it is said which copy is read."""
INDEX_OF = {
    "event": "event_key",
    "file": "file_again",
    "label": "sqlite_autoindex_label_1",
    "mention": "mention_event",
    "name": "sqlite_autoindex_name_1",
    "outcome": "outcome_again",
    "present": "present_again",
    "telling": "telling_again",
}
"""Table -> the index that has all of it that is compared."""

_WITHOUT_NUMBERS = {"mention", "outcome", "present"}
"""Tables without numbers of rows; if they were `NOT INDEXED`, SQLite would still read their copy."""


def asks(table: str, ask: str) -> tuple[str, str]:
    """A query of the table itself, and the same of its copy."""
    own = f"INDEXED BY sqlite_autoindex_{table}_1" if table in _WITHOUT_NUMBERS else "NOT INDEXED"
    return ask.replace(BY, own), ask.replace(BY, f"INDEXED BY {INDEX_OF[table]}")


def same(db: sqlite3.Connection, table: str, ask: str, values: Any = ()) -> list[tuple[Any, ...]]:
    """Rows of a query, by both copies: a whole scan, where the index does not begin with what is asked for.

    Args:
        ask: With `BY` after the name of the table.

    Raises:
        Unsealed: They differ.
    """
    rows, again = (db.execute(one, values).fetchall() for one in asks(table, ask))
    if rows != again and Counter(rows) != Counter(again):
        raise differ(table)
    return rows


def differ(table: str) -> Unsealed:
    """The error that says so."""
    return Unsealed(f"{_CALLED[table]} are not what was written")


def prove_names(db: sqlite3.Connection, rows: Iterable[tuple[int, str]]) -> None:
    """See that the index of names has these, too.

    Raises:
        Unsealed: It has others.
    """
    known = {text: number for number, text in rows}
    again = select_in(db, f"SELECT text, id FROM name INDEXED BY {INDEX_OF['name']} WHERE text IN", known)
    if dict(again) != known:
        raise differ("name")


def prove_labels(db: sqlite3.Connection, numbers: set[int]) -> None:
    """See that the index of labels has these, too.

    Raises:
        Unsealed: It has others.
    """
    if {number for (number,) in select_in(db, _LABELS, numbers)} != numbers:
        raise differ("label")


_EQUAL = " AND ".join(f"again.{field} = label.{field}" for field in LABEL_FIELDS)
_LABELS = f"""SELECT label.id FROM label NOT INDEXED CROSS JOIN label AS again
    INDEXED BY {INDEX_OF["label"]} ON {_EQUAL} AND again.id = label.id WHERE label.id IN"""
_CALLED = {
    "event": "keys of calls",
    "file": "the places up to which logs were read",
    "label": "labels of calls",
    "mention": "the lists of who said what",
    "name": "names",
    "outcome": "outcomes",
    "present": "the lists of what is told twice",
    "telling": "kinds of sources",
}
