"""Make events, batches and a plain picture of a ledger."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pickle import dumps, loads
from typing import Any

from vaultsync.ledger import Batch, Ledger, Recorded, prepare
from vaultsync.model import Finding, Tells, TokenCounts, UsageEvent

NOON = datetime(2026, 1, 7, 12, tzinfo=UTC)
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class File:
    path: Path
    size: int = 100
    mtime_ns: int = 1
    inode: int = 1
    device: int = 1
    head: bytes = b"head"
    ctime_ns: int = 0


@dataclass
class Reading:
    file: File
    start: int = 0
    end: int = 100
    next_line: int = 2
    state: dict[str, Any] = field(default_factory=dict)
    is_pending: bool = False


def tokens(
    input: int = 10, cache_write_5m: int = 300, cache_read: int = 2000, output: int = 140
) -> TokenCounts:
    return TokenCounts(input=input, cache_write_5m=cache_write_5m, cache_read=cache_read, output=output)


def event(key: str | None = None, minute: float = 0, **fields: Any) -> UsageEvent:
    base: dict[str, Any] = {
        "when": NOON + timedelta(minutes=minute),
        "source": "claude-code",
        "provider": "anthropic",
        "model": "claude-opus-4-5",
        "tokens": tokens(),
        "key": key,
    }
    return UsageEvent(**(base | fields))


def record(
    ledger: Ledger,
    *findings: Finding,
    path: str = "a.jsonl",
    start: int = 0,
    end: int = 100,
    replaces: bool = False,
    file_id: int | None = None,
    head: bytes = b"head",
    is_table: bool = False,
    elsewhere: bool = False,
    tells: Tells | Mapping[str, Tells] = "calls",
) -> Recorded:
    reading = Reading(File(Path("logs") / path, head=head), start, end)
    batch = Batch("claude-code", reading, findings, replaces, file_id, is_table, tells)
    return ledger.record(loads(dumps(prepare(batch).whole())) if elsewhere else batch)


def picture(ledger: Ledger) -> list[tuple[str, UsageEvent]]:
    """All visible facts of all events, in an order of their own."""
    return sorted(((found.id, found.event) for found in ledger.latest(100_000)), key=lambda pair: pair[0])


def events(ledger: Ledger) -> list[UsageEvent]:
    """All events, in order of time."""
    return sorted((found.event for found in ledger.latest(100_000)), key=lambda e: (e.when, e.tokens.total))


def sums(
    ledger: Ledger, names: Sequence[str] = ("events", "input", "cache_read", "cache_write_5m", "output")
) -> list[int]:
    """Sums of columns of the usage table, over all time."""
    columns = ledger.rows(*EVER).columns
    return [sum(columns[name]) for name in names]  # type: ignore[arg-type]


def apart(path: Path, table: str, statement: str) -> None:
    """Change a table of a closed ledger, but not the index that has all of it again, as a bad disk does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        ask = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema WHERE tbl_name = ?"
        before = db.execute(ask, (table,)).fetchall()
        (made,) = (sql for kind, *_, sql in before if kind == "table")
        alone = re.sub(r" UNIQUE\b(?! \()|,\s+UNIQUE \([^)]*\)", "", made)
        db.execute("DELETE FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?", (table,))
        db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (alone, table))
        _forget_schema(db)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute(statement).rowcount
        db.execute("PRAGMA writable_schema = ON")
        db.execute("DELETE FROM sqlite_schema WHERE tbl_name = ?", (table,))
        db.executemany("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", before)
        _forget_schema(db)


def _forget_schema(db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA schema_version").fetchone()
    db.execute(f"PRAGMA schema_version = {version + 1}")


def spoil(path: Path, key: str) -> None:
    """Overwrite the page of a closed ledger that holds an event, as a bad disk does."""
    data, page = path.read_bytes(), 4096
    leaf = b"\x0d"
    (start,) = (
        start for start in range(0, len(data), page)
        if data[start : start + 1] == leaf and bytes.fromhex(key) in data[start : start + page]
    )  # fmt: skip
    path.write_bytes(data[:start] + b"\xa5" * page + data[start + page :])
