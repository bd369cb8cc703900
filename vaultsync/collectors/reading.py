"""Open a log file and hand out its bytes: whole lines from a position, or the whole content; never more than allowed.

Knows gzip and unfinished last lines; knows no format.
"""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from vaultsync.model import Issue

HEAD_SIZE = 64 * 1024
"""Bytes of the (unpacked) beginning that a collector may look at to claim a file."""
LINE_LIMIT = 64 * 1024 * 1024
CONTENT_LIMIT = 256 * 1024 * 1024
UNPACKED_LIMIT = 1024 * 1024 * 1024
UNPACKED_RATIO = 100
GZIP_MAGIC = b"\x1f\x8b"


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
    packed: bool = False

    @property
    def name(self) -> str:
        """File name without a `.gz` at its end."""
        return self.path.name.removesuffix(".gz")

    @classmethod
    def look(cls, path: Path) -> LogFile:
        """Stat a file and read its beginning.

        Raises:
            OSError: Not readable, or not a regular file.
        """
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise OSError(f"{path} is not a regular file")
        packed = False
        with path.open("rb") as raw:
            head = raw.read(HEAD_SIZE)
        if head.startswith(GZIP_MAGIC):
            packed = True
            try:
                head = zlib.decompressobj(wbits=31).decompress(head, HEAD_SIZE)
            except zlib.error as error:
                raise OSError(f"{path} is a damaged gzip file") from error
        return cls(path, info.st_size, info.st_mtime_ns, info.st_ino, info.st_dev, head, packed)


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

    def __post_init__(self) -> None:
        self.end, self.next_line = self.start, self.first_line
        self.last_modified_ns = self.file.mtime_ns

    @property
    def is_fresh(self) -> bool:
        """True when reading from the first byte."""
        return self.start == 0

    @property
    def rest_seconds(self) -> float:
        """Seconds since the file was last written."""
        return max(0.0, (self.now_ns - self.last_modified_ns) / 1e9)

    def _open(self) -> IO[bytes]:
        if self.file.packed:
            return cast("IO[bytes]", gzip.open(self.file.path, "rb"))
        raw = self.file.path.open("rb")
        raw.seek(self.start)
        return raw

    def _limit(self) -> int:
        """Unpacked bytes that are believed."""
        if not self.file.packed:
            return 1 << 62
        return min(UNPACKED_LIMIT, max(self.file.size * UNPACKED_RATIO, HEAD_SIZE))

    def lines(self) -> Iterator[Line]:
        """Hand out line after line from `start`; damage and excess end the reading with an issue."""
        limit = self._limit()
        try:
            with self._open() as stream:
                while True:
                    offset = self.end
                    data = stream.readline(LINE_LIMIT)
                    if not data:
                        return
                    complete = data.endswith(b"\n")
                    number = self.next_line
                    if not complete and len(data) >= LINE_LIMIT:
                        self.end += len(data) + self._skip_line(stream)
                        self.next_line += 1
                        self._reject(number, "the line is over 64 MB. Shorten it at its source.")
                        continue
                    self.end += len(data)
                    self.next_line += 1
                    if self.end > limit:
                        self._reject(number, "it unpacks to over 1 GB or 100 times its size. Unpack it by hand.")
                        return
                    if number == 1 and data.startswith(b"\xef\xbb\xbf"):
                        data = data[3:]
                    yield Line(number, data.rstrip(b"\r\n"), complete, offset)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self._reject(self.next_line, f"the gzip data is damaged ({error}). What came before it counts.")

    def _skip_line(self, stream: IO[bytes]) -> int:
        skipped = 0
        while piece := stream.readline(LINE_LIMIT):
            skipped += len(piece)
            if piece.endswith(b"\n"):
                break
        return skipped

    def hold(self, line: Line) -> None:
        """Leave an unfinished last line for the next run."""
        self.end, self.next_line = line.offset, line.number

    def content(self) -> bytes:
        """The whole file, unpacked, without a byte-order mark; empty, with an issue, when too large or damaged."""
        try:
            with self._open() as stream:
                data = stream.read(CONTENT_LIMIT + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self._reject(None, f"the gzip data is damaged ({error}). Restore the file.")
            return b""
        if len(data) > CONTENT_LIMIT or len(data) > self._limit():
            self._reject(None, "the file is over 256 MB. Split it, or write one event per line.")
            return b""
        self.end = len(data)
        return data.removeprefix(b"\xef\xbb\xbf")

    def _reject(self, line: int | None, text: str) -> None:
        self.issues.append(Issue(self.file.path, line, text))
