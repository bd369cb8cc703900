"""Hand out the files in a ZIP, each as a log of its own; never more than allowed, and nothing is written.

A file in a ZIP has a path below that of the ZIP, under which it is named and known again. Nothing is ever
opened there: whatever its name says (`../`, `C:`, `/etc`), it is only a name.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import IO, TYPE_CHECKING

from vaultsync.collectors.finding import is_passed_over
from vaultsync.collectors.packing import PACKED, damages
from vaultsync.collectors.reading import HEAD_SIZE, REJECTED_LIMIT, LogFile, Reader, unpacked_limit
from vaultsync.model import Issue

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

MOST_FILES = 10_000
DIRECTORY_LIMIT = 4 * 1024 * 1024
"""Bytes of the list of files at the end of a ZIP; it is held in memory as a whole."""
ENCRYPTED = 0x1 | 0x40
"""Flags of files that cannot be read without a password."""
STORED, DEFLATED = 0, 8
"""What is unpacked, by its numbers in a ZIP; other ways cannot be unpacked in small pieces."""
OLDEST = 2000
"""Year before which a file's time is made up: many programs write 1980."""
_END, _LOCATOR, _END_SIZE = b"PK\5\6", b"PK\6\7", 22
MARKED = re.compile(_END)


@dataclass(slots=True)
class Budget:
    """Unpacked bytes that are still believed of a ZIP."""

    left: int


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a ZIP that is open."""

    archive: ZipFile
    info: ZipInfo
    budget: Budget

    @property
    def limit(self) -> int:
        """Unpacked bytes that are believed."""
        return self.budget.left + self._head_size

    def open(self) -> IO[bytes]:
        """Begin to unpack it; more than the ZIP says of its size is never handed out."""
        self.budget.left -= self.info.file_size - self._head_size
        return self.archive.open(self.info)

    def head(self) -> bytes:
        """Its beginning; asked for once, before anything else."""
        self.budget.left -= self._head_size
        with self.archive.open(self.info) as stream:
            return stream.read(HEAD_SIZE)

    @property
    def _head_size(self) -> int:
        return min(HEAD_SIZE, self.info.file_size)


def members(reader: Reader) -> Iterator[LogFile]:
    """The files in a ZIP that may be logs, in its order; each is to be read before the next is asked for.

    What is refused is noted as an issue of the reader, and of the ZIP itself what its verdict says.
    """
    from zipfile import ZipFile

    try:
        if _is_crowded(reader.file.path):
            reader.reject(None, f"it may hold over {MOST_FILES:,} files. Unpack it.")
            return
        archive = ZipFile(reader.file.path)
    except damages("ZIP") as error:
        reader.give_up(f"the ZIP data is damaged ({error}). Restore the file.")
        return
    with archive:
        if len(archive.infolist()) > MOST_FILES:
            reader.reject(None, f"it holds over {MOST_FILES:,} files. Unpack it.")
            return
        yield from _named(_members(reader, archive), reader)


def _is_crowded(path: Path) -> bool:
    """True when the list of files is too large to be looked at."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 0x10000 - 2 * _END_SIZE - 56))
        tail = stream.read()
    return any(_directory_size(tail, found.start()) > DIRECTORY_LIMIT for found in MARKED.finditer(tail))


def _directory_size(tail: bytes, end: int) -> int:
    """Bytes of the list of files, as its end record says, or the larger one that may stand before that."""
    if tail[end - 20 : end - 16] == _LOCATOR:
        return int.from_bytes(tail[end - 36 : end - 28], "little")
    return int.from_bytes(tail[end + 12 : end + 16], "little")


def _named(found: Iterator[LogFile | Issue], reader: Reader) -> Iterator[LogFile]:
    """Pass files on, and note issues; past the limit only their number."""
    refused = 0
    for one in found:
        if isinstance(one, LogFile):
            yield one
            continue
        refused += 1
        reader.issues += [one] if refused <= REJECTED_LIMIT else []
    if (more := refused - REJECTED_LIMIT) > 0:
        reader.reject(None, f"{more:,} more files in it are refused.", more)


def _members(reader: Reader, archive: ZipFile) -> Iterator[LogFile | Issue]:
    budget = Budget(unpacked_limit(reader.file.size))
    seen: set[Path] = set()
    for info in archive.infolist():
        path = _path(reader.file.path, info.filename)
        names = path.parts[len(reader.file.path.parts) :]
        if not names or info.is_dir() or any(map(is_passed_over, names)):
            continue
        if budget.left <= 0:
            what = "this file and those behind it would unpack to over 1 GB or 100 times the size of the ZIP"
            yield Issue(path, None, f"{what}. Unpack it.")
            return
        if wrong := "its name stands twice in the ZIP" if path in seen else _refusal(info):
            yield Issue(path, None, f"{wrong}. Unpack it.")
            continue
        seen.add(path)
        try:
            yield _file(reader, path, Member(archive, info, budget))
        except damages("ZIP") as error:
            reader.verdict = "damaged"
            yield Issue(path, None, f"the ZIP data is damaged ({error}). Restore the file.")


def _refusal(info: ZipInfo) -> str:
    """Why a file cannot be read; empty: it can."""
    if info.flag_bits & ENCRYPTED:
        return "it is encrypted"
    if info.filename.lower().endswith(PACKED):
        return "it is packed once more inside the ZIP"
    return "" if info.compress_type in (STORED, DEFLATED) else "it is packed in a way that is not read here"


def _path(archive: Path, name: str) -> Path:
    """Where a file in a ZIP stands: below the ZIP, whatever its name says."""
    parts = (part for part in re.split(r"[/\\]", name) if part not in ("", "."))
    return archive.joinpath(*map(_harmless, parts))


def _harmless(part: str) -> str:
    if part[1:2] == ":":  # a drive
        return part.replace(":", "%3a", 1)
    return "%2e%2e" if part == ".." else part


def _file(reader: Reader, path: Path, member: Member) -> LogFile:
    """A file in a ZIP; its device tells it apart from others in the same ZIP, wherever that is moved."""
    info, zipped = member.info, reader.file
    modified = _modified_ns(info, reader.zone) or zipped.mtime_ns
    device = zlib.crc32(info.filename.encode("utf-8", "replace"))
    head = member.head()
    return LogFile(path, info.file_size, modified, zipped.inode, device, head, "ZIP", b"", member)


def _modified_ns(info: ZipInfo, zone: tzinfo) -> int:
    """When a file was written, by the clock of who packed it; 0: not told."""
    try:
        written = datetime(*info.date_time, tzinfo=zone)
    except ValueError:
        return 0
    return int(written.timestamp()) * 10**9 if written.year >= OLDEST else 0
