"""A sound log of every collector, to be damaged: the samples of the tests, and those that lie here."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tests.collectors.support import NOW, SAMPLES
from tests.collectors.test_samples import COLLECTORS
from vaultsync.collectors import loading
from vaultsync.collectors.reading import LogFile, Reader, capped
from vaultsync.collectors.registry import Collector, tells_of
from vaultsync.ledger import Batch, prepare
from vaultsync.model import Finding, Issue, UsageEvent

HERE = Path(__file__).parent / "samples"
DUMP = ".sql"
"""Ending of a store that lies here as text; it is made when it is wanted."""
Form = Literal["json lines", "csv", "document", "text", "store"]
"""What a log is made of, and so what may be damaged in it."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """A sound log."""

    name: str
    collector: Collector
    file: str
    """The file that is damaged, below the folder."""
    form: Form
    data: bytes
    """What it holds; of a store the statements that make it."""
    beside: dict[str, bytes]
    """Files that are read with it."""
    lines: tuple[bytes, ...] = field(default=())
    """Without their line feeds."""

    def put(self, folder: Path) -> Path:
        """Lay the files beside it into a folder; where its own goes."""
        for name, data in self.beside.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@dataclass(frozen=True, slots=True)
class Said:
    """What a reading of a log said."""

    events: Counter[UsageEvent]
    facts: tuple[Finding, ...]
    """What stands beside them: titles, names, totals."""
    issues: tuple[Issue, ...]
    reader: Reader
    is_claimed: bool

    @property
    def told(self) -> Counter[tuple[int, str]]:
        """What is told, by line; 0: of the whole file."""
        return Counter((issue.line or 0, issue.text) for issue in self.issues)

    @property
    def rejected(self) -> bool:
        """True when anything was not counted, and that was told."""
        return any(issue.rejected for issue in self.issues)

    @property
    def held(self) -> bool:
        """True when something waits for the next run."""
        return self.reader.verdict == "pending" or self.reader.end < self.reader.file.size

    @property
    def flags(self) -> Counter[str]:
        """What was noticed in the events."""
        return Counter(flag for event in self.events.elements() for flag in event.flags)


def read(collector: Collector, path: Path, rested: float = 1e5) -> Said:
    """Read a log as a run would, up to what is to be recorded.

    Raises:
        OSError: The file cannot be looked at, which a run would tell.
    """
    now = int(NOW.timestamp() * 1e9)
    reader = Reader(LogFile.look(path), UTC, now_ns=now, last_modified_ns=now - int(rested * 1e9))
    is_claimed = collector.claims(reader.file)
    found: list[Finding] = list(capped(collector.collect(reader), reader))
    batch = Batch(collector.name, reader, found, collector.kind == "document", tells=tells_of(collector))
    if reader.verdict == "read":
        prepare(batch).whole()
    issues = (*(one for one in found if isinstance(one, Issue)), *reader.issues)
    counts = collector.kind == "lines" or reader.verdict == "read"
    events = Counter(one for one in found if isinstance(one, UsageEvent) and counts)
    facts = tuple(one for one in found if not isinstance(one, Issue | UsageEvent))
    return Said(events, facts, issues, reader, is_claimed)


@cache
def specimens() -> tuple[Specimen, ...]:
    """The sound logs; every collector has one at least."""
    shipped = {collector.name: collector for collector in loading.load()[0]}
    found = [_specimen(name, collector, SAMPLES, name) for name, collector in COLLECTORS.items()]
    for folder in sorted(HERE.iterdir()):
        collector = shipped[folder.name]
        collector = getattr(collector, "collector", collector)
        files = [path for path in folder.rglob("*") if path.is_file()]
        (main,) = [p for p in files if p.suffix == DUMP or collector.claims(LogFile.look(p))]
        found.append(_specimen(folder.name, collector, folder, main.relative_to(folder).as_posix()))
    return tuple(found)


def _specimen(name: str, collector: Collector, root: Path, main: str) -> Specimen:
    data = (root / main).read_bytes()
    others = [] if root == SAMPLES else [p for p in root.rglob("*") if p.is_file() and p != root / main]
    beside = {path.relative_to(root).as_posix(): path.read_bytes() for path in others}
    form = _form(main, data)
    lines = tuple(data.removesuffix(b"\n").split(b"\n")) if form in ("json lines", "csv") else ()
    return Specimen(name, collector, main.removesuffix(DUMP), form, data, beside, lines)


def _form(name: str, data: bytes) -> Form:
    if name.endswith(DUMP):
        return "store"
    if name.endswith(".csv"):
        return "csv"
    if all(_is_object(line) for line in data.splitlines() if line.strip()) and not name.endswith(".md"):
        return "json lines" if data.count(b"\n") > 1 else "document"
    try:
        json.loads(data)
    except ValueError:
        return "json lines" if name.endswith(".jsonl") else "text"
    return "document"


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def make_store(path: Path, statements: str) -> None:
    """Make a SQLite database of its statements."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = MEMORY")
        db.execute("PRAGMA synchronous = OFF")
        db.executescript(statements)


def cells(path: Path) -> Iterator[tuple[str, int, str, Any]]:
    """Everything that stands in a store: table, row, column, value."""
    with closing(sqlite3.connect(path)) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            found = db.execute(f"SELECT rowid, * FROM {table}")
            names = [column[0] for column in found.description][1:]
            for row, *values in found.fetchall():
                yield from ((table, row, name, value) for name, value in zip(names, values, strict=True))
