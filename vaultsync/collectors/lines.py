"""Find the lines of a stream, in a buffer that is filled again and again; knows no file and no format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

PIECE = 1024 * 1024
"""Bytes that are read at once."""
MOST_SPARE = 8 * PIECE
LINE_LIMIT = 64 * 1024 * 1024
LONG_LINE = 8 * 1024
"""Longer lines stand alone in a piece, and may be passed over by what stands at their ends."""
LF = 0x0A
BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One physical line, without its line feed and carriage return."""

    number: int
    """From 1, in the whole file."""
    data: bytes
    complete: bool
    """False: the file ends here without a line feed; hold it unless it is plainly whole."""
    offset: int
    """Byte at which it begins in the (unpacked) file."""
    size: int
    """Bytes in the file, with its line feed."""


class Piece(NamedTuple):
    """Some whole short lines, or a single one that is long or not finished."""

    number: int
    """Of the first line, from 1, in the whole file."""
    data: bytes
    """As in the file."""
    offset: int
    """Byte at which it begins in the (unpacked) file."""

    @property
    def finished(self) -> int:
        """How many of its lines are; 0: the only one is not."""
        return self.data.count(b"\n")

    def lines(self) -> Iterator[Line]:
        """The lines one by one."""
        offset = self.offset
        *whole, rest = self.data.split(b"\n")
        for number, data in enumerate(whole, self.number):
            size = len(data) + 1
            yield Line(number, _bare(data, number), True, offset, size)
            offset += size
        if rest:
            yield Line(
                self.number + len(whole), _bare(rest, self.number + len(whole)), False, offset, len(rest)
            )


def _bare(data: bytes, number: int) -> bytes:
    """A line without what is not its text."""
    if data.endswith(b"\r"):
        data = data.rstrip(b"\r")
    return data if number > 1 else data.removeprefix(BOM)


_spare: list[bytearray] = []
"""A buffer that nobody uses now; making one for each of many files costs more than reading them."""


def cut(stream: IO[bytes], limit: int) -> Iterator[tuple[bytearray, int, int, int]]:
    """Find runs of short lines, and long lines, so that nothing is copied in vain.

    Args:
        limit: Bytes after which the reader wants no more.

    Returns:
        The buffer, where in it a run or a line begins and where it ends, and how many bytes of a line were
        dropped before, since it is too long to be held. Only the last one may lack its line feed.
    """
    fill: Callable[[memoryview], int] = getattr(stream, "readinto1", None) or stream.readinto  # type: ignore[attr-defined]
    buffer = _spare.pop() if _spare else bytearray(PIECE)
    begin = filled = seen = dropped = 0
    while True:
        # Of a line that is too long only the end is wanted, not what comes after it.
        while stop := _end(buffer, begin, seen, seen if dropped else filled, filled):
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


def _end(buffer: bytearray, begin: int, seen: int, run: int, filled: int) -> int:
    """Where the next run of short lines ends, or the next long line; 0: not in the buffer yet.

    Args:
        seen: There is no line feed between `begin` and here.
        run: A run ends before this place.
    """
    end = min(begin + LONG_LINE, run)
    return buffer.rfind(b"\n", seen, end) + 1 or buffer.find(b"\n", seen, filled) + 1
