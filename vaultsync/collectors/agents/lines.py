"""Decode the lines of an agent's log into structs of the few fields that matter; all else is skipped.

Skipping inside the decoder is as fast as searching the bytes for a word, so spacing, key order and escapes
cannot hide a record, and a damaged line is noticed. Knows no agent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from vaultsync.collectors.values import FIRST_YEAR, LAST_YEAR, TEXT_LIMIT, BadField, instant, text

T = TypeVar("T")
NOTHING = Raw(b"")
MOST_RECORDS = 1000
"""Records on one line that are believed."""
LONGEST_ID = 4096
"""Characters of an id, or of the path of a folder, that are believed."""
LONGEST_USAGE = 8192
"""Bytes of a usage object that are worth remembering."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises."""
OPENING, CLOSING = b"{}"
_BLANK = re.compile(r"[\0 \t\r]*")


class BrokenLine(ValueError):
    """The line is not a record; the message says why and quotes nothing of it."""


def records_of(line: bytes, decode: Callable[[bytes], T]) -> tuple[list[T], bool]:
    """Decode one physical line.

    Returns:
        The records, and whether there was something beside one plain record (a second one, NUL bytes).

    Raises:
        BrokenLine: It is not made of whole JSON objects.
    """
    try:
        return [decode(line)], False
    except msgspec.ValidationError:
        raise BrokenLine("the line is not a JSON object, so nothing in it is counted.") from None
    except UNREADABLE:
        return _mended(line, decode)


def records_at_once(data: bytes, decode_lines: Callable[[bytes], list[T]]) -> list[T]:
    """Decode whole lines in one step, if each is plainly one record; none at all where one may not be.

    Every line begins with an opening and ends with a closing brace, so no record goes on behind a line feed,
    for the decoder allows none inside a text. A line holds a record then, and as many as lines are one each.
    """
    *lines, rest = data.split(b"\n")
    closed = [line for line in lines if line and line[0] == OPENING and line[-1] == CLOSING]
    if rest or len(closed) != len(lines):
        return []
    try:
        records = decode_lines(data)
    except UNREADABLE:
        return []
    return records if len(records) == len(lines) else []


def _mended(line: bytes, decode: Callable[[bytes], T]) -> tuple[list[T], bool]:
    """Decode a line with bad bytes, lone surrogates, NUL bytes before it, or several records."""
    chars = line.decode("utf-8", "replace")
    records: list[T] = []
    decoder = json.JSONDecoder(parse_constant=_refuse)
    at = _after_blank(chars, 0)
    try:
        while at < len(chars):
            if len(records) == MOST_RECORDS:
                raise ValueError
            value, at = decoder.raw_decode(chars, at)
            records.append(decode(_plain(value)))
            at = _after_blank(chars, at)
    except (ValueError, RecursionError, msgspec.DecodeError):
        records = []
    if not records:
        raise BrokenLine("the line is not whole JSON, so nothing in it is counted.")
    return records, len(records) > 1 or "\0" in chars


def _after_blank(chars: str, at: int) -> int:
    """Where the next record begins: blanks, and NULs of a write that a crash cut short, come before it."""
    found = _BLANK.match(chars, at)
    return found.end() if found else at


def _plain(value: Any) -> bytes:
    """JSON in UTF-8, with U+FFFD for lone surrogates."""
    chars = json.dumps(value, ensure_ascii=False)
    return chars.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _refuse(name: str) -> None:
    raise ValueError(name)


def decoded(decode: Callable[[bytes], T], raw: Raw) -> T | None:
    """Decode a part of a record that was skipped at first, bad bytes mended; None if it has another shape."""
    data = bytes(raw)
    try:
        return decode(data)
    except msgspec.ValidationError:
        return None
    except UNREADABLE:
        pass
    try:
        return decode(_plain(json.loads(data.decode("utf-8", "replace"))))
    except (ValueError, *UNREADABLE):
        return None


def keys_in(data: bytes) -> list[list[str]]:
    """The keys of each object in JSON, each as often as it stands there; the outermost object comes last.

    Raises:
        BadField: It cannot be read to its end, though decoding it in part went well.
    """
    found: list[list[str]] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        found.append([name for name, _ in pairs])

    try:
        json.loads(data.decode("utf-8", "replace"), object_pairs_hook=look, parse_int=str)
    except (ValueError, RecursionError):
        raise BadField("what was counted is not readable JSON, or is nested too deep.") from None
    return found


def id_of(value: Any) -> str | None:
    """An id or a folder as logged; None for an empty one, an endless one, and for what is no text."""
    return value if type(value) is str and 0 < len(value) <= LONGEST_ID else None


def name_of(value: Any) -> str | None:
    """A name that is safe to keep; None for an empty one and for what is no text."""
    if type(value) is not str:
        return None
    return _clean(value) if len(value) <= TEXT_LIMIT else text(value)


_clean = lru_cache(maxsize=8192)(text)


def time_of(value: Any, zone: tzinfo) -> datetime:
    """A time as UTC.

    Raises:
        BadField: Not a time, or outside the years 2000 to 2100.
    """
    try:
        when = datetime.fromisoformat(value)  # the usual form, by a shorter way
        if when.tzinfo is UTC and FIRST_YEAR <= when.year <= LAST_YEAR:
            return when
    except (TypeError, ValueError):
        pass
    return instant(value, zone)
