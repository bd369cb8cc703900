"""What of each log file was read, and where the next reading begins."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from vaultsync.ledger.digest import blake2b

if TYPE_CHECKING:
    from datetime import datetime

    from vaultsync.model import Finding, Issue, Tells

Key = TypeVar("Key")
HEAD_SIZE = 1024
"""Bytes of a file's beginning by which it is known again."""


class Source(Protocol):
    """A file as found on disk; `collectors.reading.LogFile` is one."""

    @property
    def path(self) -> Path: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...
    @property
    def inode(self) -> int: ...
    @property
    def device(self) -> int: ...
    @property
    def ctime_ns(self) -> int: ...
    @property
    def head(self) -> bytes:
        """The beginning, unpacked; at least the first KB."""


class Reading(Protocol):
    """One reading of a file; `collectors.reading.Reader` is one. Its end is asked after its findings."""

    @property
    def file(self) -> Source: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def next_line(self) -> int: ...
    @property
    def state(self) -> dict[str, Any]: ...
    @property
    def is_pending(self) -> bool: ...


class Batch(NamedTuple):
    """What one reading of one file found; recorded whole or not at all."""

    collector: str
    reading: Reading
    findings: Iterable[Finding]
    """May be lazy: it is consumed while recording, and the reading's end is asked after that."""
    replaces: bool = False
    """The file is a document, read whole: what it says now takes the place of what it said before."""
    file_id: int | None = None
    """`FileState.id` of the file that this one continues, if under another path; None: that at its path."""
    is_table: bool = False
    """A file that grows but may be edited by hand: what it says is noted even where it has ids, so that a
    batch that `replaces` can take it back later."""
    tells: Tells | Mapping[str, Tells] = "calls"
    """What kind of telling the events are; for several, by their source."""
    is_moved: bool = False
    """Read whole, and its times are taken for others than before: events that it said then are taken back."""


class Recorded(NamedTuple):
    """What became of a batch; findings that are events = new + duplicates + issues."""

    new: int = 0
    duplicates: int = 0
    """Sightings of a call that was known already, here or in another file."""
    changed: int = 0
    """Known events whose facts are others now."""
    removed: int = 0
    """Events that a document said and says no more."""
    first: datetime | None = None
    """UTC instant of the earliest new, changed or removed event."""
    last: datetime | None = None
    is_stale: bool = False
    """Nothing was recorded: another run read on in this file meanwhile. Read it again from its first byte."""
    issues: tuple[Issue, ...] = ()
    """Events that cannot be believed."""
    file: int = 0
    """Number of the file."""


class FileState(NamedTuple):
    """How far a file was read, and what it looked like then; a row of the ledger, decoded where asked."""

    id: int
    path_bytes: bytes | None
    collector: str
    size: int
    mtime_ns: int
    inode_text: str
    device_text: str
    offset: int
    """Byte (unpacked) at which the next reading of an append-only file begins."""
    line: int
    """Number of the line at `offset`, from 1."""
    head: bytes
    """Hash of the first `head_size` bytes."""
    head_size: int
    state_text: str
    ctime_ns: int = 0
    """When anything of it had last been changed; 0: not known."""

    @property
    def path(self) -> Path | None:
        """None: another file stands at its path now."""
        return Path(os.fsdecode(self.path_bytes)) if self.path_bytes else None

    @property
    def inode(self) -> int:
        """Number of the file in its file system."""
        return int(self.inode_text)

    @property
    def device(self) -> int:
        """Number of its file system."""
        return int(self.device_text)

    @property
    def state(self) -> Mapping[str, Any]:
        """What its collector wanted to know again."""
        import json

        found: Mapping[str, Any] = json.loads(self.state_text)
        return found

    def is_same(self, file: Source) -> bool:
        """True when a file begins as this one did: it is this one, perhaps longer, renamed or copied."""
        return len(file.head) >= self.head_size and head_hash(file.head[: self.head_size]) == self.head

    def is_grown(self, file: Source) -> bool:
        """True when reading may go on at `offset`; else it starts at 0, and identity keeps that harmless."""
        return (
            (file.inode, file.device) == (self.inode, self.device)
            and file.size >= self.size
            and self.is_same(file)
        )


class Files(Mapping[str, FileState]):
    """Files that were read, by path; cheap to make and to send to another process, whatever their number."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take rows with the columns of `FileState` that have a path."""
        self._rows = {os.fsdecode(row[1]): row for row in rows}

    def __getitem__(self, path: str) -> FileState:
        return FileState._make(self._rows[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def with_inode(self, inode: int, device: int) -> list[FileState]:
        """Files that had an inode when they were read."""
        return [self[path] for path in self._by_inode.get((str(inode), str(device)), ())]

    def with_name(self, name: str) -> list[FileState]:
        """Files that had a name, in whatever folder."""
        return [self[path] for path in self._by_name.get(name, ())]

    @cached_property
    def _by_inode(self) -> Mapping[tuple[str, str], list[str]]:
        return _grouped((path, (row[5], row[6])) for path, row in self._rows.items())

    @cached_property
    def _by_name(self) -> Mapping[str, list[str]]:
        return _grouped((path, path.rpartition(os.sep)[2]) for path in self._rows)


def _grouped(pairs: Iterable[tuple[str, Key]]) -> dict[Key, list[str]]:
    found: dict[Key, list[str]] = {}
    for path, key in pairs:
        found.setdefault(key, []).append(path)
    return found


def find(files: Files, file: Source, exists: Callable[[Path], bool]) -> FileState | None:
    """The known file that a file on disk is, even if it was renamed or moved.

    Args:
        files: As `Ledger.files` gives them.
        exists: Tells whether an old path is still there.

    Returns:
        The file at this path if it begins the same; else one with the same inode and beginning; else the file
        at this path though it begins otherwise; else one with the same name whose path is gone, for a
        document may be moved and edited at once; else None. Its `id` goes into the batch.
    """
    here = files.get(str(file.path))
    if here and here.is_same(file):
        return here
    for known in files.with_inode(file.inode, file.device):
        if known.is_same(file):
            return known
    if here:
        return here
    named = (known for known in files.with_name(file.path.name) if known.path and not exists(known.path))
    return next(named, None)


def head_hash(head: bytes) -> bytes:
    """Hash by which the beginning of a file is known again."""
    return blake2b(head, digest_size=16).digest()


def path_bytes(path: Path | str) -> bytes:
    """A path as the ledger keeps it, whatever bytes its name has."""
    return os.fsencode(path)


_WRITTEN = "path, collector, size, mtime_ns, inode, device, offset, line, head, head_size, state"
FILE_COLUMNS = f"id, {_WRITTEN}, ctime_ns"
_BUT_ID = _WRITTEN.split(", ")
ADD_FILE = f"INSERT INTO file ({', '.join(_BUT_ID)}) VALUES ({', '.join('?' * len(_BUT_ID))})"
UPDATE_FILE = f"UPDATE file SET {', '.join(f'{name} = ?' for name in _BUT_ID)} WHERE id = ?"
NOTE_READ = "UPDATE file SET ctime_ns = ?, pending = ?, duplicates = duplicates + ? WHERE id = ?"
"""What stands beside the state of a file after each reading."""


def file_row(batch: Batch) -> tuple[object, ...]:
    """The columns of a file after its reading, without id."""
    import json

    reading, file = batch.reading, batch.reading.file
    head = file.head[:HEAD_SIZE]
    return (
        path_bytes(file.path),
        batch.collector,
        file.size,
        file.mtime_ns,
        str(file.inode),
        str(file.device),
        reading.end,
        reading.next_line,
        head_hash(head),
        len(head),
        json.dumps(reading.state, sort_keys=True, separators=(",", ":")),
    )
