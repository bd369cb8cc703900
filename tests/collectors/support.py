"""Read a log in a test as a run would: look, claim, collect."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from vaultsync.collectors.marks import MARKS
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Collector
from vaultsync.model import Finding, Issue, SessionTitle, TokenCounts, UsageEvent

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 2, 15, 12, tzinfo=UTC)
"""When the tests take place."""
LONG_AGO = int(datetime(2026, 2, 14, tzinfo=UTC).timestamp() * 1e9)
"""When their logs were last written."""


def reader_of(
    path: Path, zone: tzinfo = UTC, start: int = 0, first_line: int = 1, rested: float = 1e5
) -> Reader:
    """A reader of a file that was last written `rested` seconds ago."""
    now = int(NOW.timestamp() * 1e9)
    return Reader(
        LogFile.look(path), zone, start, first_line, now_ns=now, last_modified_ns=now - int(rested * 1e9)
    )


def read(collector: Collector, path: Path, **how: Any) -> list[Finding]:
    """Everything that a collector says about a file it claims, the reader's own issues last."""
    reader = reader_of(path, **how)
    assert collector.claims(reader.file), f"{collector.name} does not claim {path.name}"
    return [*collector.collect(reader), *reader.issues]


def read_on(collector: Collector, path: Path, *before: Reader) -> tuple[list[Finding], Reader]:
    """What a collector says of a database now, after earlier readings of it; and this reading."""
    reader = reader_of(path)
    reader.state = {MARKS: dict(before[-1].state.get(MARKS, {}))} if before else {}
    return [*collector.collect(reader), *reader.issues], reader


def events(findings: list[Finding]) -> list[UsageEvent]:
    """Only the events."""
    return [finding for finding in findings if isinstance(finding, UsageEvent)]


def issues(findings: list[Finding]) -> list[Issue]:
    """Only the issues."""
    return [finding for finding in findings if isinstance(finding, Issue)]


def titled(findings: list[Finding]) -> dict[str, str]:
    """Session -> the title that would be kept of those found."""
    found = [
        (title.rank, title.title, title.session) for title in findings if isinstance(title, SessionTitle)
    ]
    return {session: title for _, title, session in sorted(found)}


def rejected(findings: list[Finding]) -> list[int | None]:
    """Lines that were not counted."""
    return [issue.line for issue in issues(findings) if issue.rejected]


def written(path: Path, text: str | bytes) -> Path:
    """Write a log; packed if its name says so."""
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def plain(findings: list[Finding]) -> list[dict[str, Any]]:
    """Findings for a golden file: only what differs from the default of a field."""
    return [_plain(finding) for finding in findings]


def _plain(finding: Finding) -> dict[str, Any]:
    if isinstance(finding, Issue):
        return {"issue": finding.text, "line": finding.line, "rejected": finding.rejected}
    assert isinstance(finding, UsageEvent)
    shown: dict[str, Any] = {}
    for name, value in finding._asdict().items():
        if isinstance(value, TokenCounts):
            value = {of: count for of, count in value._asdict().items() if count}
        if value != UsageEvent._field_defaults.get(name):
            shown[name] = value
    return shown
