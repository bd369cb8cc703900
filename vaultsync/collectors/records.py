"""Turn the bytes of a log into records: JSON values of a line or a document, cells of a CSV line.

Knows JSON and CSV, but no log format. Fractions become `Decimal`; whatever is wrong with the text is
`Malformed`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from vaultsync.collectors.reading import LINE_LIMIT, REJECTED_LIMIT, Reader
from vaultsync.model import Issue

Path = tuple[str | int, ...]
"""Where a value stands: ordinal of the top-level value, then keys and indexes: `(0, "runs", 3)`."""

REST_CSV = 600.0
"""Seconds after which the last line of a CSV file without a line feed is believed to be whole."""
BLANK = " \t\r\n\0"
DEPTH = 5
"""How deep paths are followed."""
_TOKEN = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)("|\\?\Z)|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)

csv.field_size_limit(LINE_LIMIT)  # a long note in a cell that nobody reads must not cost its line


class Malformed(ValueError):
    """Text that is not what its format says; the message tells why and at which line, without quoting it."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.line = line


class Repeated(dict[str, Any]):
    """A JSON object in which a key stands more than once; `repeated` names those keys."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.repeated = frozenset(name for name in self if names.count(name) > 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    return record if len(record) == len(pairs) else Repeated(pairs)


def _fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_fraction, parse_constant=Decimal, strict=False
)


def json_values(text: str) -> list[Any]:
    """Decode one or more JSON values that stand one after another.

    Blank space and NUL between them is skipped, raw control characters in strings are let be.

    Raises:
        Malformed: Any part is not JSON, nests too deep, or holds a number of thousands of digits.
    """
    found, at = [], 0
    try:
        while (at := _skip_blank(text, at)) < len(text):
            value, at = _DECODER.raw_decode(text, at)
            found.append(value)
    except json.JSONDecodeError as error:
        raise Malformed(f"is not JSON ({error.msg}, column {error.colno})", error.lineno) from None
    except RecursionError:
        raise Malformed("is nested too deep") from None
    except ValueError:
        raise Malformed("holds a number of thousands of digits") from None
    return found


def _skip_blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in BLANK:
        at += 1
    return at


def json_document(reader: Reader) -> tuple[list[Any], str]:
    """Read a whole JSON file: a value, several values, or values line by line of which some are damaged.

    What cannot be read is noted in `reader.issues`; see `Reader.give_up` for a file that is still being
    written.

    Returns:
        The values, and the text they stand in (for `lines_of`).
    """
    text = reader.content().decode("utf-8", "replace")
    try:
        return json_values(text), text
    except Malformed as error:
        if not reader.is_resting or not (found := _whole_lines(text)):
            reader.give_up(f"the file {error}. Restore it, or remove it.", error.line)
            return [], text
    bad = [n for n, line in enumerate(text.split("\n"), 1) if line.strip(BLANK) and n not in found]
    for number in bad[:REJECTED_LIMIT]:
        reader.reject(number, "the line is not a whole JSON record. Restore or remove it.")
    if len(bad) > REJECTED_LIMIT:
        reader.reject(None, f"{len(bad) - REJECTED_LIMIT:,} more lines are rejected.")
    return [value for values in found.values() for value in values], text


def _whole_lines(text: str) -> dict[int, list[Any]]:
    """The objects of a damaged file that stand whole on a line of their own, by line."""
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        try:
            values = json_values(line)
        except Malformed:
            continue
        if values and all(isinstance(value, dict) for value in values):
            found[number] = values
    return found


def outline(text: str) -> Iterator[tuple[Path, int]]:
    """Walk over JSON text, whole or cut anywhere: where each value stands, and at which offset it begins.

    Never raises; of text that is not JSON it tells nonsense. Values deeper than `DEPTH` are passed over.
    """
    path: list[str | int] = [0]
    opened: list[str] = []
    key: str | None = None
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == ":":
            continue
        if token == ",":
            if len(path) <= DEPTH and opened and isinstance(path[-1], int):
                path[-1] += 1
            key = None
        elif token in "}]":
            key = ""
            if opened:
                opened.pop()
                path.pop()
            if not opened:
                path = [path[0] + 1] if isinstance(path[0], int) else [0]
        elif token in "{[":
            if len(path) <= DEPTH:
                yield tuple(path), match.start()
            key = None
            opened.append(token)
            path.append(0 if token == "[" else "")
        elif opened and opened[-1] == "{" and key is None and token[0] == '"':
            key = match[1]
            path[-1] = key if len(key) <= 64 else ""
        elif len(path) <= DEPTH:
            yield tuple(path), match.start()
            if not opened and isinstance(path[0], int):
                path[0] += 1


def first_record(text: str) -> tuple[str, frozenset[str]]:
    """Look at the first record of JSON text: the top-level object, or the first of the top-level array.

    Returns:
        How the text opens (`{`, `[` or empty), and the dotted paths of all values in the record.
    """
    opening = text.lstrip(BLANK)[:1]
    if opening not in ("{", "["):
        return "", frozenset()
    start = 1 if opening == "{" else 2
    names = set()
    for path, _ in outline(text):
        if path[0] != 0 or (start == 2 and path[1:2] not in ((), (0,))):
            break
        names.add(".".join(str(part) for part in path[start:]))
    return opening, frozenset(names - {""})


def lines_of(text: str) -> dict[Path, int]:
    """Line numbers of all values in JSON text, by path; built only when an issue needs one."""
    found: dict[Path, int] = {}
    line, last = 1, 0
    for path, offset in outline(text):
        line += text.count("\n", last, offset)
        last = offset
        found.setdefault(path, line)
    return found


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
            names = tuple(name.strip() for name in _cells(line, delimiter))
        except Malformed:
            continue
        if len(names) > (len(best.names) if best else 1):
            best = Header(names, delimiter, number)
    named = [name for name in best.names if name] if best else []
    return best if len(set(named)) == len(named) else None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise Malformed(f"is not CSV ({error})") from None


def json_lines(reader: Reader) -> Iterator[tuple[int, dict[str, Any]] | Issue]:
    """The records of a file of JSON lines with their line numbers, and an issue for each line that is none.

    A last line without a line feed counts if it is whole, else it is left for the next run.
    """
    path = reader.file.path
    for line in reader.lines():
        text = line.data.decode("utf-8", "replace")
        if not text.strip(BLANK):
            continue
        try:
            values = json_values(text)
        except Malformed as error:
            if not line.complete and not reader.file.packed:
                reader.hold(line)
                return
            yield Issue(path, line.number, f"the line {error}. Fix the log, or remove the line.")
            continue
        if len(values) > 1 or text[0] == "\0":
            yield Issue(
                path, line.number, "several records or NUL bytes on one line; they count.", rejected=False
            )
        for value in values:
            if isinstance(value, dict):
                yield line.number, value
            else:
                yield Issue(path, line.number, "the line is JSON, but not an object. Remove the line.")


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
    found = _cells(text.strip("\0"), head.delimiter)
    if number < head.line:
        raise Malformed("stands before the header")
    if tuple(cell.strip() for cell in found) == head.names:
        raise Malformed("is the header again")
    if len(found) != len(head.names):
        raise Malformed(f"has {len(found)} cells, but the header has {len(head.names)}")
    return dict(zip(head.names, found, strict=True))
