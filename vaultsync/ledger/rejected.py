"""Which lines of logs, and which whole files, do not count, and why; of a file as it was last read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from vaultsync.ledger.files import path_bytes
from vaultsync.model import Issue


def keep(db: sqlite3.Connection, file: Path, issues: Iterable[Issue], *, goes_on: bool) -> None:
    """Keep what is rejected of a file.

    Args:
        goes_on: It was read on, so what was rejected before still is.
    """
    key = path_bytes(file)
    if not goes_on:
        db.execute("DELETE FROM rejected WHERE file = ?", (key,))
    rows = ((key, path_bytes(i.path), i.line, i.lines, _whole(i.text)) for i in issues if i.rejected)
    db.executemany("INSERT INTO rejected VALUES (?, ?, ?, ?, ?)", rows)


def kept(db: sqlite3.Connection) -> dict[Path, list[Issue]]:
    """All that is rejected by file, both in the order of paths, then by line."""
    found: dict[Path, list[Issue]] = {}
    ask = "SELECT file, path, line, lines, reason FROM rejected ORDER BY file, path, line, rowid"
    for file, path, line, lines, reason in db.execute(ask).fetchall():
        issue = Issue(Path(os.fsdecode(path)), line, reason, lines=lines)
        found.setdefault(Path(os.fsdecode(file)), []).append(issue)
    return found


def move(db: sqlite3.Connection, old: bytes, new: bytes) -> None:
    """Let what is rejected of a file follow it to its new path."""
    db.execute(_MOVE, {"old": old, "new": new})


def sightings(db: sqlite3.Connection) -> tuple[int, int]:
    """How many events there are, and how many more times files tell of them."""
    ask = "SELECT (SELECT count(*) FROM event), coalesce(sum(max(told, counted) - counted), 0) FROM file"
    counted, again = db.execute(ask).fetchone()
    return counted, again


def _whole(text: str) -> str:
    """A text that can be stored, whatever a name in it holds."""
    return text.encode("utf-8", "replace").decode()


_MOVE = """UPDATE rejected SET file = :new, path = CASE path WHEN :old THEN :new ELSE path END
    WHERE file = :old"""
