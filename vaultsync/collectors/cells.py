"""Turn the lines of a CSV file into records by its header; knows CSV, but no log format."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from vaultsync.collectors.outline import BLANK
from vaultsync.collectors.reading import LINE_LIMIT, Reader
from vaultsync.collectors.records import Malformed
from vaultsync.model import Issue

REST_CSV = 600.0
"""Seconds after which the last line of a CSV file without a line feed is believed to be whole."""
LOOKED_AT = 20
"""Lines of the head among which the header must be."""

csv.field_size_limit(LINE_LIMIT)  # a long note in a cell that nobody reads must not cost its line


class Header(NamedTuple):
    """The first line of a CSV file."""

    names: tuple[str, ...]
    delimiter: str
    line: int
    """At which line it stands."""


def header(line: str, number: int = 1, delimiters: str = ",;\t") -> Header | None:
    """Read a line as a CSV header, with the delimiter that gives most columns; None when it cannot be one."""
    best: Header | None = None
    for delimiter in delimiters:
        try:
            names = tuple(name.strip() for name in _unwrapped(line, delimiter))
        except Malformed:
            continue
        if len(names) > (len(best.names) if best else 1):
            best = Header(names, delimiter, number)
    named = [name for name in best.names if name] if best else []
    return best if len(set(named)) == len(named) else None


@lru_cache(maxsize=32)
def headers(head: str) -> tuple[Header, ...]:
    """The lines near the top of a file that could be its header; remembered, since every collector asks."""
    lines = enumerate(head.split("\n", LOOKED_AT)[:LOOKED_AT], 1)
    found = (header(line.rstrip("\r"), number) for number, line in lines if line.strip(BLANK))
    return tuple(one for one in found if one)


def cells(line: str, delimiter: str) -> list[str]:
    """Cut one line of CSV.

    Raises:
        Malformed: A quote is not closed, or stands where none may.
    """
    if '"' not in line and "\r" not in line and line:
        return line.split(delimiter)  # what the reader below would give
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise Malformed(f"is not CSV ({error})") from None


def _unwrapped(line: str, delimiter: str) -> list[str]:
    """Cut one line of CSV, one that stands in quotes as a whole within them.

    Raises:
        Malformed: As above.
    """
    found = cells(line, delimiter)
    return cells(found[0], delimiter) if len(found) == 1 and delimiter in found[0] else found


def csv_lines(reader: Reader, head: Header) -> Iterator[tuple[int, dict[str, str]] | Issue]:
    """The records of a CSV file by column name, with line numbers; an issue for each line that is none.

    A record is one physical line. A last line without a line feed is left for the next run until the file has
    rested for ten minutes, since `800` may become `8001`.
    """
    path = reader.file.path
    for line in reader.lines():
        text = line.data.decode("utf-8", "replace")
        if not line.complete and not reader.file.packed and reader.rest_seconds < REST_CSV:
            reader.hold(line)
            return
        if line.number == head.line or not text.strip(BLANK):
            continue
        try:
            found = _row(text, line.number, head)
        except Malformed as error:
            yield Issue(path, line.number, f"the line {error}. Fix the log, or remove the line.")
        else:
            yield line.number, found


def _row(text: str, number: int, head: Header) -> dict[str, str]:
    found = _unwrapped(text.strip("\0"), head.delimiter)
    if number < head.line:
        raise Malformed("stands before the header")
    if len(found) != len(head.names):
        raise Malformed(f"has {len(found)} cells, but the header has {len(head.names)}")
    if found[0].strip() == head.names[0] and tuple(cell.strip() for cell in found) == head.names:
        raise Malformed("is the header again")
    return dict(zip(head.names, found, strict=True))
