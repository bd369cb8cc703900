"""Open a log file and hand out its bytes, lines from a position or the whole, never more than allowed.

Knows packed files, unfinished last lines and files that are still being written; knows no format.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from vaultsync.collectors.lines import BOM, LF, PIECE, Piece, cut
from vaultsync.collectors.lines import LINE_LIMIT as LINE_LIMIT
from vaultsync.collectors.lines import LONG_LINE as LONG_LINE
from vaultsync.collectors.lines import Line as Line
from vaultsync.collectors.packing import (
    BLOCK,
    Packing,
    damages,
    open_packed,
    packing_of,
    plain_name,
    unpacked,
)
from vaultsync.model import Finding, Issue, UsageEvent

HEAD_SIZE = 64 * 1024
"""Bytes of the (unpacked) beginning that a collector may look at to claim a file."""
TAIL_SIZE = 8 * 1024
"""Bytes of the end that a collector may look at too, of plain files longer than the head."""
CONTENT_LIMIT = 256 * 1024 * 1024
UNPACKED_LIMIT = 1024 * 1024 * 1024
UNPACKED_RATIO = 100
REST_DOCUMENT = 60.0
"""Seconds for which a document that cannot be read counts as still being written."""
REJECTED_LIMIT = 1000
"""Rejected lines of one file that are named; as many and none good: it is no log."""
SEEN_FIRST, SEEN_LAST = 1024, 2048
"""Bytes at the ends of a long line by which that is decided."""

Skip = Callable[[bytes, bytes], bool]
"""Tells by its first and its last bytes that a long whole line says nothing of interest."""


class Member(Protocol):
    """A file in a ZIP; `zips.Member` is one."""

    @property
    def limit(self) -> int:
        """Unpacked bytes that are believed."""

    def open(self) -> IO[bytes]:
        """Begin to unpack it; reading raises `damages("ZIP")` where it is damaged."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A regular file that may be a log, as found on disk or in a ZIP."""

    path: Path
    size: int
    mtime_ns: int
    inode: int
    device: int
    head: bytes = b""
    """The beginning, unpacked; at most `HEAD_SIZE` bytes."""
    packed: Packing = ""
    """How it is packed; empty: it is not."""
    tail: bytes = b""
    """The end of a plain file that is longer than its head; at most `TAIL_SIZE` bytes."""
    member: Member | None = None
    """What a file in a ZIP is read by; its path, below that of the ZIP, leads nowhere."""
    ctime_ns: int = 0
    """When anything of it was last changed, which nobody can set back; 0: not told."""

    @property
    def is_zip(self) -> bool:
        """True for a ZIP itself, which says nothing; its head is what stands in it."""
        return self.packed == "ZIP" and self.member is None

    @property
    def name(self) -> str:
        """File name without a `.gz` or `.zst` at its end."""
        return plain_name(self.path.name)

    @property
    def is_utf16(self) -> bool:
        """True for two bytes a character, by the byte-order mark or by NUL in every other byte."""
        if self.head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return True
        start = self.head[:512]
        if 0 not in start[:2]:
            return False
        even, odd = start[0::2].count(0), start[1::2].count(0)
        return max(even, odd) > len(start) / 4 and min(even, odd) < len(start) / 32

    @classmethod
    def look(cls, path: Path) -> LogFile:
        """Stat a file and read its beginning, without ever waiting on it.

        Raises:
            OSError: Not readable, or not a regular file.
        """
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(opened, "rb") as raw:
            info = os.fstat(raw.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise OSError("not a regular file")
            head, tail = raw.read(HEAD_SIZE), b""
            packed = packing_of(head)
            if packed and packed != "ZIP":
                head = unpacked(head + raw.read(BLOCK), packed, HEAD_SIZE)
            if not packed and info.st_size > HEAD_SIZE:
                raw.seek(max(HEAD_SIZE, info.st_size - TAIL_SIZE))
                tail = raw.read(TAIL_SIZE)
        found = cls(path, info.st_size, info.st_mtime_ns, info.st_ino, info.st_dev, head, packed, tail)
        return replace(found, ctime_ns=info.st_ctime_ns)


@dataclass(slots=True)
class Reader:
    """One reading of one file: where it starts, what it found out on the way, where it stopped."""

    file: LogFile
    zone: tzinfo = UTC
    """Zone of times without one."""
    start: int = 0
    """Byte at which to begin; 0 for a packed file."""
    first_line: int = 1
    state: dict[str, Any] = field(default_factory=dict)
    """What a collector wants to know again when the file has grown; JSON values, never text of a prompt."""
    end: int = 0
    """Byte up to which the file is read, set while reading."""
    next_line: int = 1
    issues: list[Issue] = field(default_factory=list)
    """Lines that could not even be handed out."""
    last_modified_ns: int = 0
    now_ns: int = 0
    """The present, told by the caller; for logs that count only when they rest."""
    is_held: bool = False
    """The last line waits for the next run."""
    verdict: Literal["read", "pending", "damaged"] = "read"
    """`pending`: the file is being written, nothing of it counts yet, ask again. `damaged`: it could not be
    read as a whole, and an issue says why. In both cases what it said before stands."""

    def __post_init__(self) -> None:
        self.end, self.next_line = self.start, self.first_line
        self.last_modified_ns = self.last_modified_ns or self.file.mtime_ns

    @property
    def is_fresh(self) -> bool:
        """True when reading from the first byte."""
        return self.start == 0

    @property
    def rest_seconds(self) -> float:
        """Seconds since the file was last written."""
        return max(0.0, (self.now_ns - self.last_modified_ns) / 1e9)

    @property
    def is_resting(self) -> bool:
        """True when nobody seems to be writing the document."""
        return self.rest_seconds >= REST_DOCUMENT

    @property
    def is_pending(self) -> bool:
        """True when the last line is not finished, or the document still being written; known at the end."""
        return self.is_held or self.verdict == "pending"

    def _open(self, buffering: int = PIECE) -> IO[bytes]:
        if self.file.member:
            return self.file.member.open()
        if self.file.packed:
            return open_packed(self.file.path, self.file.packed)
        raw = self.file.path.open("rb", buffering=buffering)
        raw.seek(self.start)
        return raw

    def _limit(self) -> int:
        """Unpacked bytes that are believed."""
        if self.file.member:
            return self.file.member.limit
        return unpacked_limit(self.file.size) if self.file.packed else 1 << 62

    def lines(self, skip: Skip | None = None) -> Iterator[Line]:
        """Hand out line after line from `start`; damage and excess end the reading with an issue.

        Args:
            skip: Asked about each long whole line; one that it tells to skip is counted, not handed out.
        """
        for piece in self.pieces(skip):
            for line in piece.lines():
                self.end = line.offset + line.size
                self.next_line = line.number + line.complete  # an unfinished line keeps its number
                yield line

    def pieces(self, skip: Skip | None = None) -> Iterator[Piece]:
        """Hand out the same, many short lines at once; see `lines`."""
        if self._is_foreign():
            return
        limit = self._limit()
        try:
            with self._open(buffering=0) as stream:
                for buffer, begin, stop, dropped in cut(stream, limit):
                    offset, number = self.end, self.next_line
                    self.end = offset + dropped + stop - begin
                    if self.end > limit:
                        self.reject(number, "it unpacks to over 1 GB or 100 times its size. Unpack it.")
                        return
                    is_long = stop - begin > LONG_LINE and buffer[stop - 1] == LF
                    if dropped or (is_long and skip and _ask(skip, buffer, begin, stop)):
                        self.next_line += buffer[stop - 1] == LF if stop > begin else 0
                        if dropped:
                            self.reject(number, "the line is over 64 MB. Shorten it at its source.")
                        continue
                    piece = Piece(number, bytes(buffer[begin:stop]), offset)
                    self.next_line += piece.finished
                    yield piece
        except damages(self.file.packed) as error:
            self.reject(
                self.next_line,
                f"the {self.file.packed} data is damaged ({error}). What came before it counts.",
            )
        except OSError as error:
            self.give_up(f"the file cannot be read ({error.strerror}). Check its permissions and its disk.")

    def hold(self, line: Line) -> None:
        """Leave an unfinished last line for the next run."""
        self.is_held = True
        self.end, self.next_line = line.offset, line.number

    def content(self) -> bytes:
        """The whole file, unpacked, without byte-order mark; empty when too large or damaged."""
        if self._is_foreign():
            return b""
        limit = min(CONTENT_LIMIT, self._limit())
        try:
            with self._open() as stream:
                data = stream.read(limit + 1)
        except damages(self.file.packed) as error:
            self.give_up(f"the {self.file.packed} data is damaged ({error}). Restore the file.")
            return b""
        except OSError as error:
            self.give_up(f"the file cannot be read ({error.strerror}). Check its permissions and its disk.")
            return b""
        if len(data) > limit:
            what = "unpacks to over 256 MB or 100 times its size" if self.file.packed else "is over 256 MB"
            self._damage(f"the file {what}. Split it, or write one event per line.")
            return b""
        self.end = self.start + len(data)
        return data.removeprefix(BOM)

    def _is_foreign(self) -> bool:
        if self.file.is_utf16:
            self._damage("the file is UTF-16. Save it as UTF-8.")
        return self.file.is_utf16

    def give_up(self, text: str, line: int | None = None) -> None:
        """Set a file that cannot be read aside: pending while it may still be being written, then damaged.

        Args:
            text: The issue to note once it rests.
        """
        if self.is_resting:
            self._damage(text, line)
        else:
            self.verdict = "pending"

    def _damage(self, text: str, line: int | None = None) -> None:
        self.verdict = "damaged"
        self.reject(line, text)

    def reject(self, line: int | None, text: str, lines: int = 1) -> None:
        """Note a line, or the file, that does not count; or only how many lines."""
        self.issues.append(Issue(self.file.path, line, text, lines=lines))


def unpacked_limit(size: int) -> int:
    """Unpacked bytes that are believed of a packed file of some size."""
    return min(UNPACKED_LIMIT, max(size * UNPACKED_RATIO, HEAD_SIZE))


def _ask(skip: Skip, buffer: bytearray, begin: int, stop: int) -> bool:
    """Show the ends of a line."""
    return skip(bytes(buffer[begin : begin + SEEN_FIRST]), bytes(buffer[stop - SEEN_LAST : stop - 1]))


def capped(findings: Iterator[Finding], reader: Reader) -> Iterator[Finding]:
    """Pass findings on, but name at most `REJECTED_LIMIT` rejected lines of one file.

    As many rejected lines and no event: the reading stops, for the file is not a usage log. Past the limit
    only the number of rejected lines is told.
    """
    rejected = events = 0
    for finding in findings:
        if isinstance(finding, Issue) and finding.rejected:
            rejected += 1
            if rejected > REJECTED_LIMIT:
                continue
        yield finding
        events += isinstance(finding, UsageEvent)
        if rejected == REJECTED_LIMIT and not events and reader.is_fresh:
            reader.end = reader.file.size
            text = "it is not a usage log: 1,000 lines rejected, none good. Move it out."
            yield Issue(reader.file.path, None, text, lines=0)
            return
    if (more := rejected - REJECTED_LIMIT) > 0:
        yield Issue(reader.file.path, None, f"{more:,} more lines are rejected.", lines=more)
