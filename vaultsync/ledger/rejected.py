"""The books of reading: which lines and files do not count, and why; how much was told more than once."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from vaultsync.ledger.files import path_bytes
from vaultsync.model import Intake, Issue

LONGEST = 600
"""Characters of a reason."""


def forget(db: sqlite3.Connection, file: int) -> None:
    """Forget which lines of a file did not count: it was read anew."""
    db.execute("DELETE FROM rejected WHERE file = ?", (file,))


def keep(db: sqlite3.Connection, file: int, path: Path, issues: Iterable[Issue]) -> None:
    """Keep which lines of a file do not count, beside those that are known."""
    rows = ((file, _other(i.path, path), i.line, i.lines, _line(i.text)) for i in issues if i.rejected)
    db.executemany("INSERT INTO rejected VALUES (?, ?, ?, ?, ?)", rows)


Left = frozenset[tuple[int | None, str | None]]
"""Why nothing could be recorded of a file: lines and reasons; without a reason it is still being written."""


def unread_news(
    db: sqlite3.Connection, left: Mapping[Path, Collection[Issue | None]], looked: Collection[Path]
) -> dict[bytes, Left]:
    """What is to be kept anew of the files of which nothing could be recorded, by path.

    Args:
        left: Such files now; None: still being written.
        looked: All files that were looked at; of others the ledger keeps what it knows.
    """
    known: dict[bytes, Left] = {}
    for path, *why in db.execute("SELECT path, line, reason FROM unread").fetchall():
        known[path] = known.get(path, Left()) | {tuple(why)}
    now = {path_bytes(path): Left(map(_why, issues)) for path, issues in left.items()}
    news = {path: why for path, why in now.items() if known.get(path) != why}
    if over := known.keys() - now.keys():
        news |= dict.fromkeys(over.intersection(map(path_bytes, looked)), Left())
    return news


def keep_unread(db: sqlite3.Connection, news: Mapping[bytes, Left]) -> None:
    """Keep it."""
    db.executemany("DELETE FROM unread WHERE path = ?", ((path,) for path in news))
    rows = ((path, *each) for path, why in news.items() for each in why)
    db.executemany("INSERT INTO unread VALUES (?, ?, ?)", rows)


def _why(issue: Issue | None) -> tuple[int | None, str | None]:
    return (issue.line, _line(issue.text)) if issue else (None, None)


def intake(db: sqlite3.Connection) -> Intake:
    """What became of all that was ever read, also of files that are gone; the caller keeps the books still.

    Returns:
        Pending files by path, rejected lines by path and line.
    """
    counted, duplicates = db.execute(_COUNTS).fetchone()
    pending = [Path(os.fsdecode(path)) for (path,) in db.execute(_PENDING).fetchall()]
    lines = [
        Issue(Path(os.fsdecode(path)), line, reason, lines=count)
        for path, line, count, reason in db.execute(_REJECTED).fetchall()
    ]
    for path, line, reason in db.execute("SELECT path, line, reason FROM unread").fetchall():
        where = Path(os.fsdecode(path))
        if reason is None:
            pending.append(where)
        else:
            lines.append(Issue(where, line, reason))
    lines.sort(key=lambda issue: (str(issue.path), issue.line or 0, issue.text))
    return Intake(counted, duplicates, tuple(sorted(pending)), tuple(lines))


def rejected_lines(db: sqlite3.Connection) -> dict[Path, int]:
    """Files that were read, with the number of their lines that do not count, by path."""
    return {Path(os.fsdecode(path)): count for path, count in db.execute(_LINES).fetchall()}


def _other(path: Path | str, file: Path) -> bytes | None:
    """What an issue is about, where that is not the file itself."""
    return None if Path(path) == file else path_bytes(path)


def _line(text: str) -> str:
    """A reason as one line that can be stored, whatever a collector from elsewhere says."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text.encode("utf-8", "replace").decode())[:LONGEST]


_COUNTS = "SELECT (SELECT count(*) FROM event), (SELECT coalesce(sum(duplicates), 0) FROM file)"
_PENDING = "SELECT path FROM file WHERE pending AND path IS NOT NULL"
_REJECTED = """SELECT coalesce(rejected.path, file.path), rejected.line, lines, reason
    FROM rejected JOIN file ON file.id = rejected.file WHERE file.path IS NOT NULL"""
_LINES = """SELECT file.path, sum(lines) FROM rejected JOIN file ON file.id = rejected.file
    WHERE file.path IS NOT NULL GROUP BY file.path ORDER BY file.path"""
