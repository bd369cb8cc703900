"""Make what one reading found ready to be written; without a ledger, so it may be done in another process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from vaultsync.ledger.files import HEAD_SIZE, Batch, file_row, path_bytes
from vaultsync.ledger.gather import gather
from vaultsync.ledger.part import Part
from vaultsync.model import Tells

CHUNK = 20_000
"""Findings that are held in memory at once while an append-only file is read."""


@dataclass(slots=True)
class Prepared:
    """What one reading of one file said; recorded whole or not at all, and only once."""

    path: bytes
    collector: str
    start: int
    """Byte at which the reading began."""
    head: bytes
    """Its beginning, where the reading did not begin at its first byte."""
    replaces: bool
    file_id: int | None
    is_table: bool
    tells: Tells | Mapping[str, Tells]
    is_moved: bool
    parts: Iterable[Part]
    """Read from the file while they are consumed, until `whole` is asked for."""
    ctime_ns: int
    file: tuple[object, ...] = ()
    """The columns of the file after its reading; known when the parts are consumed."""
    pending: bool = False
    """Its last line waits; known then, too."""

    def whole(self) -> Prepared:
        """Read the file to its end; what then is there may be sent to another process."""
        self.parts = list(self.parts)
        return self


def prepare(batch: Batch) -> Prepared:
    """Do all that needs no ledger; the file is read while the parts are consumed."""
    file = batch.reading.file
    prepared = Prepared(
        path_bytes(file.path),
        batch.collector,
        batch.reading.start,
        file.head[:HEAD_SIZE] if batch.reading.start else b"",
        batch.replaces,
        batch.file_id,
        batch.is_table,
        batch.tells,
        batch.is_moved,
        (),
        file.ctime_ns,
    )
    prepared.parts = _parts(batch, prepared)
    return prepared


def _parts(batch: Batch, prepared: Prepared) -> Iterator[Part]:
    """A document as one part, an append-only file as many; where reading stopped is known at the end."""
    findings = iter(batch.findings)
    if batch.replaces:
        yield gather(findings)
    while some := list(islice(findings, CHUNK)):
        yield gather(some)
    prepared.file, prepared.pending = file_row(batch), batch.reading.is_pending
