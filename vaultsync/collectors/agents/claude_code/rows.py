"""Decode lines of a transcript into the few fields that matter; all else, text above all, is skipped.

Skipping inside the decoder is as fast as searching the bytes for a word, so every line is decoded: spacing,
key order and escapes cannot hide a row, and a damaged line is noticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from vaultsync.collectors.values import text

T = TypeVar("T")
NOTHING = Raw(b"")


class Message(msgspec.Struct, gc=False):
    """The API's answer, or the prompt."""

    id: Any = None
    model: Any = None
    stop_reason: Any = None
    content: Raw = NOTHING
    usage: Raw = NOTHING


class ToolResult(msgspec.Struct, gc=False):
    """What a tool returned; only agents return an id and usage."""

    agentId: Any = None
    usage: Raw = NOTHING


class Row(msgspec.Struct, gc=False):
    """One record; every field may hold anything, so that no record fails as a whole."""

    type: Any = None
    uuid: Any = None
    sessionId: Any = None
    requestId: Any = None
    timestamp: Any = None
    cwd: Any = None
    gitBranch: Any = None
    isSidechain: Any = None
    agentId: Any = None
    attributionSkill: Any = None
    attributionAgent: Any = None
    forkedFrom: Any = None
    costUSD: Raw = NOTHING
    isMeta: Any = None
    isCompactSummary: Any = None
    turnOrigin: Any = None
    message: Message | list[Raw] | str | float | bool | None = None
    toolUseResult: ToolResult | list[Raw] | str | float | bool | None = None
    startTime: Any = None
    modelUsage: Raw = NOTHING


class Block(msgspec.Struct, gc=False):
    """One block of a message's content."""

    type: Any = None
    text: Any = None
    id: Any = None
    name: Any = None
    tool_use_id: Any = None
    input: Raw = NOTHING


MOST_RECORDS = 1000
"""Records on one line that are believed."""
_BLANK = re.compile(r"[\0 \t\r]*")
_row = msgspec.json.Decoder(Row).decode
_blocks = msgspec.json.Decoder(list[Block]).decode
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises."""


class BrokenLine(ValueError):
    """The line is not a record; the message says why and quotes nothing of it."""


def rows_of(line: bytes) -> tuple[list[Row], bool]:
    """Decode one physical line.

    Returns:
        The records, and whether there was something beside one plain record (a second one, NUL bytes).

    Raises:
        BrokenLine: It is not made of whole JSON objects.
    """
    try:
        return [_row(line)], False
    except msgspec.ValidationError:
        raise BrokenLine("the line is not a JSON object, so nothing in it is counted.") from None
    except UNREADABLE:
        return _mended(line)


def _mended(line: bytes) -> tuple[list[Row], bool]:
    """Decode a line with bad bytes, lone surrogates, NUL bytes before it, or several records."""
    chars = line.decode("utf-8", "replace")
    rows: list[Row] = []
    decoder = json.JSONDecoder(parse_constant=_refuse)
    at = _after_blank(chars, 0)
    try:
        while at < len(chars):
            if len(rows) == MOST_RECORDS:
                raise ValueError
            value, at = decoder.raw_decode(chars, at)
            rows.append(_row(_plain(value)))
            at = _after_blank(chars, at)
    except (ValueError, RecursionError, msgspec.DecodeError):
        rows = []
    if not rows:
        raise BrokenLine("the line is not whole JSON, so nothing in it is counted.")
    return rows, len(rows) > 1 or "\0" in chars


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
    """Decode a part of a row that was skipped at first, bad bytes mended; None if it has another shape."""
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


def blocks_of(content: Raw) -> list[Block]:
    """The blocks of a message; text alone, or anything else, has none."""
    return decoded(_blocks, content) or []


def id_of(value: Any) -> str | None:
    """An id as logged; None for an empty one and for what is no text."""
    return value if type(value) is str and value else None


def name_of(value: Any) -> str | None:
    """A name that is safe to keep; None for an empty one and for what is no text."""
    return _clean(value) if type(value) is str else None


_clean = lru_cache(maxsize=8192)(text)
