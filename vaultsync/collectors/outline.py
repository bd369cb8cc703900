"""Tell what stands where in JSON text without decoding it: the first record of a file, the line of a value.

Works on text that is cut anywhere, so the head of a file is enough to know its format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from vaultsync.collectors.reading import LogFile

Path = tuple[str | int, ...]
"""Where a value stands: ordinal of the top-level value, then keys and indexes: `(0, "runs", 3)`."""

BLANK = " \t\r\n\0"
LINES = (".jsonl", ".ndjson")
"""How names of files of JSON lines end."""
LOOKED_AT = 20
"""Lines of the head among which the first whole one must be."""
DEPTH = 8
"""How deep paths are followed: `data[].results[].amount.value` in an array of pages."""
LONGEST_VALUE = 64
"""Characters of a value that a sign may ask for."""
_TOKEN = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)("|\\?\Z)|[{}\[\],:]|[^\s"{}\[\],:\0]+', re.DOTALL)


class First(NamedTuple):
    """The first record of JSON text: the top-level object, or the first of the top-level array."""

    opening: str = ""
    """`{` or `[`; empty where the text is no JSON."""
    values: Mapping[str, str] = MappingProxyType({})
    """Path -> text of the value, empty for objects and lists, cut to `LONGEST_VALUE`. What lies in a list has
    its name with brackets, `data[].results[].model`, and the first element that has it tells the value."""

    @property
    def leaves(self) -> frozenset[str]:
        """The paths of all values that hold no others."""
        lists = {name for name in self.values if name.endswith("[]")}
        holders = {name.rpartition(".")[0] for name in self.values} | lists
        holders |= {name.removesuffix("[]") for name in holders}
        return frozenset(self.values.keys() - holders)

    def shows(self, sign: str, below: str = "") -> bool:
        """Say whether the record bears a sign: a path, `path=value` or `path=beginning*`.

        Args:
            below: Path of the object in which to look, with a dot at its end.
        """
        path, asked, value = sign.partition("=")
        found = self.values.get(below + path)
        if found is None or not asked:
            return found is not None
        return found.startswith(value[:-1]) if value.endswith("*") else found == value


def outline(text: str) -> Iterator[tuple[Path, int]]:
    """Walk over JSON text, whole or cut anywhere: where each value stands, and at which offset it begins.

    Never raises; of text that is not JSON it tells nonsense. Values deeper than `DEPTH` are passed over.
    """
    return ((path, match.start()) for path, match in _walk(text))


def _walk(text: str) -> Iterator[tuple[Path, re.Match[str]]]:
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
                yield tuple(path), match
            key = None
            opened.append(token)
            path.append(0 if token == "[" else "")
        elif opened and opened[-1] == "{" and key is None and token[0] == '"':
            key = match[1]
            path[-1] = key if len(key) <= 64 else ""
        elif len(path) <= DEPTH:
            yield tuple(path), match
            if not opened and isinstance(path[0], int):
                path[0] += 1


@lru_cache(maxsize=32)
def first_record(text: str) -> First:
    """Look at the first record of JSON text; remembered, since every collector asks about the same head."""
    opening = text.lstrip(BLANK)[:1]
    if opening not in ("{", "["):
        return First()
    start = 1 if opening == "{" else 2
    values: dict[str, str] = {}
    for path, match in _walk(text):
        if path[0] != 0 or (start == 2 and path[1:2] not in ((), (0,))):
            break
        if len(path) > start:
            token = match[0]
            shown = "" if token in "{[" else match[1] if token[0] == '"' else token
            values.setdefault(_dotted(path[start:]), shown[:LONGEST_VALUE])
    return First(opening, values)


def _dotted(path: Path) -> str:
    return "".join("[]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


@lru_cache(maxsize=32)
def _head(data: bytes, is_lines: bool) -> str:
    text = data.decode("utf-8", "replace").lstrip("\ufeff")
    return _from_first_object(text) if is_lines else text


def _from_first_object(text: str) -> str:
    """JSON lines with blank ones in the place of damaged ones at the beginning; any other text as it is."""
    if text.lstrip(BLANK).startswith("["):
        return text
    lines = text.split("\n", LOOKED_AT)
    whole = next((n for n, line in enumerate(lines[:-1]) if _is_object(line)), 0)
    return "\n" * whole + "\n".join(lines[whole:])


def _is_object(line: str) -> bool:
    """True for a whole object; one that is set in is a part of another one."""
    try:
        return line.startswith("{") and isinstance(json.loads(line.rstrip(BLANK)), dict)
    except (ValueError, RecursionError):
        return False


def head_of(file: LogFile) -> str:
    """The beginning of a file as text, without byte-order mark; remembered like `first_record`.

    Where a file of JSON lines begins with damaged ones, they are blank: one bad line costs no other.
    """
    return _head(file.head, file.name.lower().endswith(LINES))


class Lines:
    """Line numbers of the values in JSON text, found out when first asked for."""

    def __init__(self, text: str) -> None:
        self._text, self._found = text, dict[Path, int]()

    def of(self, path: Path) -> int | None:
        """The line on which a value begins, or the nearest value around it that is not too deep."""
        if not self._found:
            line, last = 1, 0
            for there, offset in outline(self._text):
                line += self._text.count("\n", last, offset)
                last = offset
                self._found.setdefault(there, line)
        return next((self._found[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self._found), None)
