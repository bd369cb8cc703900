"""Read a sample in a test cut off at every length, and with every count replaced by what is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.collectors.support import reader_of
from vaultsync.collectors.reading import Reader
from vaultsync.collectors.registry import Collector
from vaultsync.ledger import Batch, Ledger
from vaultsync.model import Finding, UsageEvent

HOSTILE: tuple[Any, ...] = (
    -1, 1.5, True, "x", "", [], {}, None, 10**13, 10**30, "NaN", "1,500", "0x10", " ", [[1]], {"a": 1},
)  # fmt: skip
"""What may stand where a count or a name should."""


def cut(collector: Collector, path: Path, data: bytes) -> Iterator[tuple[int, list[Finding], Reader]]:
    """What a collector says of each beginning of a sample, once the file rests."""
    for length in range(len(data)):
        path.write_bytes(data[:length])
        reader = reader_of(path)
        yield length, [*collector.collect(reader), *reader.issues], reader


def held(ledger: Ledger, collector: Collector, *paths: Path) -> list[UsageEvent]:
    """Read files into a ledger, on from where reading stopped; all events that it then holds, by time."""
    for path in paths:
        known = ledger.files().get(str(path)) if collector.kind == "lines" else None
        reader = reader_of(path)
        if known:
            reader = reader_of(path, start=known.offset, first_line=known.line)
            reader.state = dict(known.state)
        ledger.record(Batch(collector.name, reader, list(collector.collect(reader))))
    ledger.settle()
    events = (stored.event for stored in ledger.latest(100))
    return sorted(events, key=lambda event: (event.when, event.tokens.total))
