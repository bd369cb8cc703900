"""Turn the bytes of a log into records: the JSON values of a line or of a document.

Knows JSON, but no log format. Fractions become `Decimal`; whatever is wrong with the text is `Malformed`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from vaultsync.collectors.outline import BLANK, Path
from vaultsync.collectors.reading import REJECTED_LIMIT, Reader
from vaultsync.model import Issue


class Malformed(ValueError):
    """Text that is not what its format says; the message tells why and at which line, without quoting it."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.line = line


class Repeated(dict[str, Any]):
    """A JSON object in which a key stands more than once; `repeated` names those keys."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(name for name, _ in pairs)
        self.repeated = frozenset(name for name, count in times.items() if count > 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    return record if len(record) == len(pairs) else Repeated(pairs)


def _fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


MOST_RECORDS = 1000
"""Records on one line that are believed."""
DEEPEST = 200
"""Objects and lists inside one another that are believed; who reads them may then go down level by level."""
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_fraction, parse_constant=Decimal, strict=False
)
_plain = msgspec.json.Decoder(float_hook=_fraction).decode
_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises where `json_values` may still know what to do, or says what is wrong."""


def json_values(text: str, most: int | None = None) -> list[Any]:
    """Decode one or more JSON values that stand one after another.

    Blank space and NUL between them is skipped, raw control characters in strings are let be.

    Args:
        most: How many are believed; None: any number.

    Raises:
        Malformed: Any part is not JSON, nests too deep, or holds a number of thousands of digits; or there
            are more.
    """
    found: list[Any] = []
    at = 0
    try:
        while (at := _skip_blank(text, at)) < len(text) and len(found) != most:
            value, at = _DECODER.raw_decode(text, at)
            if is_deep(value):
                raise RecursionError
            found.append(value)
    except json.JSONDecodeError as error:
        raise Malformed(f"is not JSON ({error.msg}, column {error.colno})", error.lineno) from None
    except RecursionError:
        raise Malformed("is nested too deep") from None
    except ValueError:
        raise Malformed("holds a number of thousands of digits") from None
    if at < len(text):
        raise Malformed(f"holds more than {most:,} records")
    return found


def _skip_blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in BLANK:
        at += 1
    return at


def json_object(value: object) -> dict[str, Any]:
    """An object that stands in a record, or in a text there as JSON; empty for anything else."""
    if isinstance(value, str):
        try:
            value = next(iter(json_values(value)), None)
        except Malformed:
            return {}
    return value if isinstance(value, dict) else {}


def plain_object(data: bytes) -> dict[str, Any] | None:
    """Decode a line that is one sound JSON object in which surely no key is repeated; else None.

    What it gives is what `json_values` gives, several times as fast: as many quotes before a colon as there
    are keys leave no room for a key that was written twice.
    """
    try:
        record = _plain(data)
        if type(record) is not dict:
            return None
        marks = data.count(b'":')
        if marks != len(record) and marks != _keys(record):
            return None
        if data.count(b"[") + data.count(b"{") > DEEPEST and is_deep(record):
            return None
    except _REFUSED:
        return None
    return None if b" :" in data or b"\t:" in data or b"\r:" in data else record


def is_deep(value: Any) -> bool:
    """Say whether a value holds more objects and lists inside one another than are believed."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        held = (one.values() if isinstance(one, dict) else one for one in level)
        level = [inner for inside in held for inner in inside if isinstance(inner, dict | list)]
    return bool(level)


def _keys(value: dict[str, Any] | list[Any]) -> int:
    """How many keys an object or a list holds, at all depths."""
    inner = value.values() if isinstance(value, dict) else value
    return (len(value) if isinstance(value, dict) else 0) + sum(
        _keys(part) for part in inner if isinstance(part, dict | list)
    )


def json_lines(reader: Reader) -> Iterator[tuple[int, dict[str, Any]] | Issue]:
    """The records of a file of JSON lines with their line numbers, and an issue for each line that is none.

    A last line without a line feed counts if it is whole, else it is left for the next run.
    """
    path = reader.file.path
    for line in reader.lines():
        record = plain_object(line.data)
        if record is not None:
            yield line.number, record
            continue
        text = line.data.decode("utf-8", "replace")
        if not text.strip(BLANK):
            continue
        try:
            values = json_values(text, MOST_RECORDS)
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


def json_document(reader: Reader) -> tuple[list[Any], str]:
    """Read a whole JSON file: a value, several values, or values line by line of which some are damaged.

    What cannot be read is noted in `reader.issues`; see `Reader.give_up` for a file that is still being
    written.

    Returns:
        The values, and the text they stand in (for `outline.Lines`), without its damaged lines.
    """
    text = reader.content().decode("utf-8", "replace")
    try:
        return json_values(text), text
    except Malformed as error:
        if not reader.is_resting or not (found := _whole_lines(text)):
            reader.give_up(f"the file {error}. Restore it, or remove it.", error.line)
            return [], text
    lines = text.split("\n")
    bad = [n for n, line in enumerate(lines, 1) if line.strip(BLANK) and n not in found]
    for number in bad[:REJECTED_LIMIT]:
        reader.reject(number, "the line is not a whole JSON record. Restore or remove it.")
    if (more := len(bad) - REJECTED_LIMIT) > 0:
        reader.reject(None, f"{more:,} more lines are rejected.", more)
    whole = (line if n in found else "" for n, line in enumerate(lines, 1))
    return [value for values in found.values() for value in values], "\n".join(whole)


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


def below(value: Any, way: str, path: Path = (0,)) -> Iterator[tuple[Path, Any]]:
    """The records that a document holds, each with its path; where the way breaks off, what stands there.

    Args:
        way: How to reach them: `data[].results[]`; empty for the value itself. Lists on the way are gone
            through whether or not it says so, as pages joined into one array are.

    Yields:
        Records that see the plain values of the objects around them under `^name`, the nearest first.
    """
    if isinstance(value, list):
        for n, element in enumerate(value):
            yield from below(element, way, (*path, n))
    elif not way or not isinstance(value, dict):
        yield path, value
    else:
        name, _, rest = way.partition(".")
        key = name.removesuffix("[]")
        for there, found in below(value.get(key), rest, (*path, key)):
            if isinstance(found, dict):
                surround(found, value)
            yield there, found


def surround(record: dict[str, Any], outer: dict[str, Any]) -> None:
    """Let a record see the plain values of the object around it under `^name`."""
    for name, value in outer.items():
        if not isinstance(value, dict | list):
            record.setdefault(name if name[:1] == "^" else f"^{name}", value)
