"""Put a phrase into a log, at one kind of place or at all of them: values, cells, lines, texts in a store."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faults.specimens import Specimen, cells, make_store

Hit = Callable[[str], bool]
"""Says whether the phrase goes to a place."""
MORE = (
    *("content", "text", "prompt", "message", "input", "output", "completion", "response", "thinking"),
    *("reasoning", "arguments", "tool_input", "toolUseResult", "system", "instructions", "error", "detail"),
    *("stderr", "stdout", "command", "diff", "file_content", "email", "user", "api_key", "authorization"),
    *("description", "comment", "notes", "query", "url", "headers", "metadata", "attributes", "choices"),
)
"""Names under which logs hold what was said; put into every object that has no such key."""
INSIDE = "~"
"""Marks a place in JSON that is itself a text."""


def places(specimen: Specimen, folder: Path) -> list[str]:
    """All kinds of places of a log: the path of a value without its indexes, a column, a line."""
    found: dict[str, None] = {}

    def note(place: str) -> bool:
        found[place] = None
        return False

    plant(specimen, folder, note, "")
    return list(found)


def plant(specimen: Specimen, folder: Path, hit: Hit, phrase: str) -> Path:
    """Lay a log into a folder, with a phrase in it.

    Returns:
        Its path.
    """
    path = specimen.put(folder)
    if specimen.form == "store":
        make_store(path, specimen.data.decode())
        _plant_store(path, hit, phrase)
        return path
    text = specimen.data.decode("utf-8", "surrogateescape")
    kinds = {"json lines": _json_lines, "csv": _csv, "document": _document, "text": _text}
    planted = kinds[specimen.form](text, hit, phrase)
    path.write_bytes(planted.encode("utf-8", "surrogateescape"))
    return path


def _json_lines(text: str, hit: Hit, phrase: str) -> str:
    return "".join(_one_line(line, hit, phrase) + "\n" for line in text.splitlines())


def _one_line(line: str, hit: Hit, phrase: str) -> str:
    try:
        return _json(json.loads(line), hit, phrase)
    except ValueError:
        return line


def _document(text: str, hit: Hit, phrase: str) -> str:
    return _json(json.loads(text), hit, phrase)


def _json(value: Any, hit: Hit, phrase: str) -> str:
    return json.dumps(_value(value, "", hit, phrase), separators=(",", ":"))


def _value(value: Any, place: str, hit: Hit, phrase: str) -> Any:
    if isinstance(value, dict):
        known = {name: _value(inner, f"{place}.{name}", hit, phrase) for name, inner in value.items()}
        return known | {name: phrase for name in MORE if name not in value and hit(f"{place}.+{name}")}
    if isinstance(value, list):
        return [_value(inner, f"{place}[{_key(inner)}]", hit, phrase) for inner in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            inner = json.loads(value)
        except ValueError:
            pass
        else:
            return phrase if hit(place) else _json_inside(inner, place, hit, phrase)
    return phrase if hit(place) else value


def _key(value: Any) -> str:
    """What an element of a list is told by, where lists hold pairs of a key and a value."""
    if not isinstance(value, dict) or "value" not in value:
        return ""
    name = value.get("key") or value.get("name")
    return str(name.get("value", "") if isinstance(name, dict) else name or "")


def _json_inside(value: Any, place: str, hit: Hit, phrase: str) -> str:
    return json.dumps(_value(value, f"{place}{INSIDE}", hit, phrase))


def _csv(text: str, hit: Hit, phrase: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    widest = max(rows, key=len)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        is_header = row == widest
        named = zip(row, (*widest, *[""] * len(row)), strict=False)
        writer.writerow([cell if is_header else _cell(cell, name, hit, phrase) for cell, name in named])
    return out.getvalue()


def _cell(cell: str, name: str, hit: Hit, phrase: str) -> str:
    value = _value(cell, f".{name}", hit, phrase)
    return str(value)


def _text(text: str, hit: Hit, phrase: str) -> str:
    """Before each line another one, in its place, and behind it; a place is told by the line's first word."""
    found: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        word = next(iter(re.findall(r"[A-Za-z]+", line)), "")
        if hit(f"{number} before.+"):
            found.append(phrase)
        head, colon, _ = line.rpartition(": ")
        if hit(f"{number} all.+"):
            line = phrase
        elif hit(f"{number} behind.{word}"):
            line = f"{line} {phrase}"
        elif colon and hit(f"{number} value.{word}"):
            line = f"{head}: {phrase}"
        found.append(line)
    return "\n".join(found) + "\n"


def _plant_store(path: Path, hit: Hit, phrase: str) -> None:
    planted = []
    for table, row, column, value in cells(path):
        if isinstance(value, bytes):
            continue
        new = _value(value, f".{table}.{column}", hit, phrase)
        if new != value:
            planted.append((table, row, column, new))
    with closing(sqlite3.connect(path)) as db:
        for table, row, column, new in planted:
            try:
                db.execute(f'UPDATE {table} SET "{column}" = ? WHERE rowid = ?', (new, row))
            except sqlite3.IntegrityError:  # a key, or a number: it cannot stand there
                continue
        db.commit()


def cut(data: bytes, phrase: bytes) -> Iterator[bytes]:
    """Log data that is damaged where a phrase stands: cut in it, its quotes lost, its line broken."""
    at = data.find(phrase)
    if at >= 0:
        end = at + len(phrase)
        yield data[: at + len(phrase) // 2]
        yield data[:at] + b'"' + data[at:]
        yield data[:at] + b"\n" + data[at:]
        yield data[:end] + b"\\x" + data[end:]
        yield data[at:]
