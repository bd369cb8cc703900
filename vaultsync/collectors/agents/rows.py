"""Read the records of an agent's file of JSON lines, one after another; knows no agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from vaultsync.collectors.agents.lines import BrokenLine, records_of
from vaultsync.collectors.reading import Reader
from vaultsync.model import Issue

T = TypeVar("T")
SPLICED = "the line is more than one plain record; all are counted. Nothing needs to be done."


def rows_in(reader: Reader, decode: Callable[[bytes], T]) -> Iterator[tuple[int, T] | Issue]:
    """The records of a file of JSON lines with their line numbers; an issue for each odd line.

    A last line without a line feed counts if it is whole, else it is left for the next run.
    """
    path = reader.file.path
    for line in reader.lines():
        if not line.data or line.data.isspace():
            continue
        try:
            rows, is_spliced = records_of(line.data, decode)
        except BrokenLine as fault:
            if not line.complete:
                reader.hold(line)
                return
            yield Issue(path, line.number, f"{fault} Restore the file if it was damaged.")
            continue
        if is_spliced:
            yield Issue(path, line.number, SPLICED, rejected=False)
        yield from ((line.number, row) for row in rows)
