"""Open a log file and hand out its bytes, lines from a position or the whole, never more than allowed.

Knows packed files, unfinished last lines and files that are still being written; knows no format.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

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
LINE_LIMIT = 64 * 1024 * 1024
CONTENT_LIMIT = 256 * 1024 * 1024
UNPACKED_LIMIT = 1024 * 1024 * 1024
UNPACKED_RATIO = 100
PIECE = 1024 * 1024
MOST_SPARE = 8 * PIECE
LF = 0x0A
REST_DOCUMENT = 60.0
"""Seconds for which a document that cannot be read counts as still being written."""
REJECTED_LIMIT = 1000
"""Rejected lines of one file that are named; as many and none good: it is no log."""
BOM = b"\xef\xbb\xbf"
LONG_LINE = 8 * 1024
"""Lines longer than this may be passed over by what stands at their ends."""
SEEN_FIRST, SEEN_LAST = 1024, 2048
"""Bytes at the ends of a long line by which that is decided."""

Skip = Callable[[bytes, bytes], bool]
"""Tells by its first and its last bytes that a long whole line says nothing of interest."""


class Line(NamedTuple):
    """One physical line, without its line feed and carriage return."""

    number: int
    """From 1, in the whole file."""
    data: bytes
    complete: bool
    """False: the file ends here without a line feed; hold it unless it is plainly whole."""
    offset: int
    """Byte at which it begins in the (unpacked) file."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A regular file that may be a log, as found on disk."""

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
            if packed:
                head = unpacked(head + raw.read(BLOCK), packed, HEAD_SIZE)
            if not packed and info.st_size > HEAD_SIZE:
                raw.seek(max(HEAD_SIZE, info.st_size - TAIL_SIZE))
                tail = raw.read(TAIL_SIZE)
        return cls(path, info.st_size, info.st_mtime_ns, info.st_ino, info.st_dev, head, packed, tail)


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

    def _open(self, buffering: int = PIECE) -> IO[bytes]:
        if self.file.packed:
            return open_packed(self.file.path, self.file.packed)
        raw = self.file.path.open("rb", buffering=buffering)
        raw.seek(self.start)
        return raw

    def _limit(self) -> int:
        """Unpacked bytes that are believed."""
        if not self.file.packed:
            return 1 << 62
        return min(UNPACKED_LIMIT, max(self.file.size * UNPACKED_RATIO, HEAD_SIZE))

    def lines(self, skip: Skip | None = None) -> Iterator[Line]:
        """Hand out line after line from `start`; damage and excess end the reading with an issue.

        Args:
            skip: Asked about each long whole line; one that it tells to skip is counted, not handed out.
        """
        if self._is_foreign():
            return
        limit = self._limit()
        try:
            with self._open(buffering=0) as stream:
                for buffer, begin, stop, dropped in _cut(stream, limit):
                    offset, number, size = self.end, self.next_line, stop - begin
                    self.end = offset + dropped + size
                    complete = size > 0 and buffer[stop - 1] == LF
                    if complete:
                        self.next_line = number + 1  # an unfinished line keeps its number: more may follow
                    if self.end > limit:
                        self.reject(number, "it unpacks to over 1 GB or 100 times its size. Unpack it.")
                        return
                    if dropped:
                        self.reject(number, "the line is over 64 MB. Shorten it at its source.")
                        continue
                    if size > LONG_LINE and skip and complete and _ask(skip, buffer, begin, stop):
                        continue
                    data = bytes(buffer[begin : stop - 1 if complete else stop])
                    if data.endswith(b"\r"):
                        data = data.rstrip(b"\r")
                    yield Line(number, data if number > 1 else data.removeprefix(BOM), complete, offset)
        except damages(self.file.packed) as error:
            self.reject(
                self.next_line,
                f"the {self.file.packed} data is damaged ({error}). What came before it counts.",
            )
        except OSError as error:
            self.give_up(f"the file cannot be read ({error.strerror}). Check its permissions and its disk.")

    def hold(self, line: Line) -> None:
        """Leave an unfinished last line for the next run."""
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
        self.end = len(data)
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

    def reject(self, line: int | None, text: str) -> None:
        """Note a line, or the file, that does not count."""
        self.issues.append(Issue(self.file.path, line, text))


_spare: list[bytearray] = []
"""A buffer that nobody uses now; making one for each of many files costs more than reading them."""


def _cut(stream: IO[bytes], limit: int) -> Iterator[tuple[bytearray, int, int, int]]:
    """Find the lines of a stream in a buffer that is filled again and again, so that none is copied in vain.

    Returns:
        The buffer, where in it a line begins and where it ends, and how many bytes of it were dropped before,
        since it is too long to be held.
    """
    fill: Callable[[memoryview], int] = getattr(stream, "readinto1", None) or stream.readinto  # type: ignore[attr-defined]
    buffer = _spare.pop() if _spare else bytearray(PIECE)
    begin = filled = seen = dropped = 0
    while True:
        while stop := buffer.find(b"\n", seen, filled) + 1:
            yield buffer, begin, stop, dropped
            begin, seen, dropped = stop, stop, 0
        if begin:
            buffer[: filled - begin] = buffer[begin:filled]
        filled, begin = filled - begin, 0
        if filled >= min(LINE_LIMIT, limit + 1):
            dropped, filled = dropped + filled, 0
        if dropped > limit:
            yield buffer, 0, 0, dropped
            return
        seen = filled
        if filled == len(buffer):
            buffer.extend(bytes(filled))
        with memoryview(buffer) as view:
            more = fill(view[filled:])
        if not more:
            if filled or dropped:
                yield buffer, 0, filled, dropped
            _spare[:] = [buffer] if len(buffer) <= MOST_SPARE else []
            return
        filled += more


def _ask(skip: Skip, buffer: bytearray, begin: int, stop: int) -> bool:
    """Show the ends of a line."""
    with memoryview(buffer) as view:
        return skip(bytes(view[begin : begin + SEEN_FIRST]), bytes(view[stop - SEEN_LAST : stop - 1]))


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
            yield Issue(reader.file.path, None, text)
            return
    if (more := rejected - REJECTED_LIMIT) > 0:
        yield Issue(reader.file.path, None, f"{more:,} more lines are rejected.")
