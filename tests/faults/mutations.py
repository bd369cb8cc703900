"""Damage a line, a document or a store in one way of many; what is done depends on the chance given alone."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands in JSON; below a text that is itself JSON the path goes on."""


class Token(str):
    """Text that stands in JSON as it is."""


class Pairs(list[tuple[str, Any]]):
    """An object in which a key may stand twice."""


class Inside(list[Any]):
    """A text that is itself JSON: its one element."""


DEEP = 100_000
"""How deep what nests too deep nests."""
BAD_COUNTS: tuple[Any, ...] = (
    *(-1, -(10**30), 10**13, 10**40, True, "x", "1,500,", "0x10", "1_000", "\uff11\uff12", "--5", [[1]]),
    *map(Token, ("1.5", "-0.5", "NaN", "Infinity", "-Infinity", "1e400", "1e-7", "1e9999999", "9" * 5000)),
    *("NaN", "Infinity", "-1", "1.5", "1e400", "null", "9" * 5000, {"a": 1}),
)
"""What is no count, whatever the format."""
ODD_COUNTS: tuple[Any, ...] = (
    *(None, [], {}, "", " ", 0, 10**12, "7", "1500.0"),
    *map(Token, ("1500.0", "-0", "1e3")),
)
"""What may count, or be left out."""
TIMES: tuple[Any, ...] = (
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59"),
    *("2016-12-31T23:59:60Z", "2026-02-30T00:00:00Z", "2026-01-07T24:00:00Z", "2026-01-07T09:00:00+99:99"),
    *("1999-12-31T23:59:59Z", "2101-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "9999-12-31", "2026-01-07"),
    *("2026-01-07T09:00:00", "2026-01-07T09:00:00.123456789Z", "\u0662\u0660\u0662\u0666-01-07T09:00:00Z"),
    *("yesterday", "25:61", "", None, 0, -1, 1767603600, 10**18, 10**30, -(10**18), True, [], {}),
    *map(Token, ("1e308", "NaN", "1767603600.5")),
)
NAMES: tuple[Any, ...] = (
    *("", " ", "\0", "a\0b", "\x1b[31mred", "a\nb\r\nc", "\u202eevil", "x" * 300, "\u2028", "\ufeff"),
    *("NA", "null", "None", "nan", "00123", "1e5", "%% end %%", "[[link]]", "a|b", "=1+1", "../../etc"),
    *(None, True, 0, -1, 10**50, [], {}, [None], {"a": {"b": []}}, "\u00e9"),
    *map(Token, ("1.5", "1e400", r'"\ud800"', r'"\udfff\ud800x"')),
)
JUNK: tuple[bytes, ...] = (
    *(b"\0", b"\0" * 300, b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xa8"),
    *(b"\r", b"\n", b"\r\n", b"\x0c", b"\xc2\x85", b"\x1b]0;x\x07", b"<<<<<<< HEAD", b"null", b"\\u0000"),
    *(b'"', b"'", b"{", b"}", b"[", b"]", b",", b":", b"\\", b";", b"\t", b"{}", b"[]", b"0", b"-", b"NaN"),
    *(b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"SQLite format 3\0"),
)


# --- bytes: any text ---


def flip(chance: random.Random, data: bytes) -> bytes:
    """Another byte, or some."""
    if not data:
        return b"\xff"
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(chance: random.Random, data: bytes) -> bytes:
    """Its beginning, or its end."""
    at = chance.randrange(len(data) + 1)
    return data[:at] if chance.random() < 0.8 else data[at:]


def hole(chance: random.Random, data: bytes) -> bytes:
    """Without some bytes."""
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.choice((1, 1, 2, 7, 40)) :]


def junk(chance: random.Random, data: bytes) -> bytes:
    """With something in it that does not belong there."""
    at = chance.choice((0, len(data), chance.randrange(len(data) + 1)))
    return data[:at] + chance.choice(JUNK) + data[at + chance.choice((0, 0, 1, 5)) :]


def echo(chance: random.Random, data: bytes) -> bytes:
    """A part of it twice, or many times."""
    start = chance.randrange(len(data) + 1)
    end = start + chance.choice((1, 3, 20, len(data)))
    return data[:end] + data[start:end] * chance.choice((1, 1, 1, 2, 50)) + data[end:]


def recode(chance: random.Random, data: bytes) -> bytes:
    """In another encoding, or with other quotes and ends."""
    text = data.decode("utf-8", "replace")
    kind = chance.randrange(6)
    if kind < 3:
        return text.encode(("utf-16", "utf-16-le", "utf-32-be")[kind], "replace")
    if kind == 3:
        return text.replace("e", "\u00e9").encode("latin-1", "replace")
    return data.replace(b'"', b"'") if kind == 4 else data.replace(b",", b";")


def number(chance: random.Random, data: bytes) -> bytes:
    """Another number in the place of one."""
    places = [match.span() for match in re.finditer(rb"\d+", data)]
    if not places:
        return data
    start, end = chance.choice(places)
    written = [one if isinstance(one, str) else json.dumps(one) for one in (*BAD_COUNTS, *ODD_COUNTS)]
    return data[:start] + chance.choice(written).encode() + data[end:]


TEXTUAL: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(flip, flip, cut, hole, junk, junk, echo, recode, number),
)
"""How bytes are changed, some ways more often than others."""


# --- JSON ---


def parse(data: str | bytes) -> Any:
    """JSON with the JSON that is hidden in its texts.

    Raises:
        ValueError: It is none.
    """
    return _open(json.loads(data))


def _open(value: Any) -> Any:
    if isinstance(value, dict):
        return Pairs((name, _open(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return [_open(inner) for inner in value]
    if isinstance(value, str) and value[:1] in "{[" and value[1:]:
        try:
            return Inside([_open(json.loads(value))])
        except ValueError:
            return value
    return value


def written(value: Any) -> str:
    """A value as JSON."""
    if isinstance(value, Token):
        return value
    if isinstance(value, dict):
        value = Pairs(value.items())
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{json.dumps(name)}: {written(inner)}" for name, inner in value) + "}"
    if isinstance(value, Inside):
        return json.dumps(written(value[0]))
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value)


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that holds no others, with its path; keys are counted, for they may stand twice."""
    if isinstance(value, Pairs):
        for place, (_, inner) in enumerate(value):
            yield from leaves(inner, (*path, place))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    else:
        yield path, value


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy with another value at a path."""
    if not path:
        return new
    place, rest = int(path[0]), path[1:]
    copy = type(value)(value)
    if isinstance(value, Pairs):
        copy[place] = (value[place][0], put(value[place][1], rest, new))
    else:
        copy[place] = put(value[place], rest, new)
    return copy


def without(value: Any, path: Path) -> Any:
    """A copy without what stands at a path."""
    if len(path) < 2:
        copy = type(value)(value)
        del copy[int(path[0])]
        return copy
    inner = get(value, path[:1])
    return put(value, path[:1], without(inner, path[1:]))


def get(value: Any, path: Path) -> Any:
    """What stands at a path."""
    for place in path:
        value = value[int(place)][1] if isinstance(value, Pairs) else value[int(place)]
    return value


def doubled(value: Any, path: Path, new: Any) -> Any:
    """A copy in which the key at a path stands twice."""
    holder = get(value, path[:-1])
    if not isinstance(holder, Pairs):
        return value
    place = int(path[-1])
    return put(value, path[:-1], Pairs([*holder, (holder[place][0], new)]))


def deep(chance: random.Random) -> Token:
    """A value that nests too deep."""
    depth = chance.choice((50, 900, 1100, 5000, DEEP))
    opening, closing = chance.choice((("[", "]"), ('{"a":', "}")))
    return Token(opening * depth + chance.choice(("1", "")) + closing * depth)


def hostile(chance: random.Random, value: Any) -> Any:
    """What may stand in the place of a value."""
    if chance.random() < 0.01:
        return chance.choice((deep(chance), "x" * chance.choice((5000, 100_000))))
    number = isinstance(value, int | float)
    choices: Sequence[Any] = chance.choice(
        ((*BAD_COUNTS, *ODD_COUNTS), TIMES if number else NAMES, (*TIMES, *NAMES))
    )
    return chance.choice(choices)
