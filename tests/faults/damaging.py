"""Damage a specimen at one place, and know what must then be true of it."""

from __future__ import annotations

import gzip
import json
import random
import sqlite3
import sys
from collections import Counter
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults import mutations
from tests.faults.mutations import (
    BAD_COUNTS,
    TEXTUAL,
    doubled,
    hostile,
    leaves,
    parse,
    put,
    written,
)
from tests.faults.specimens import Said, Specimen, cells, make_store, read
from vaultsync.collectors.cells import headers
from vaultsync.model import UsageEvent

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Events = Counter[UsageEvent]


class Damage(NamedTuple):
    """A log with one thing wrong in it."""

    what: str
    data: bytes
    line: int | None = None
    """The damaged line, from 1; None: there are no lines, or it is not known which."""
    others: Said | None = None
    """What the rest of it says; None: not known."""
    must_tell: bool = False
    """What is wrong may not go by without a word."""
    is_broken: bool = False
    """There is no record on the line at all."""


class Bench:
    """One specimen on the bench, in a folder of its own."""

    def __init__(self, specimen: Specimen, folder: Path) -> None:
        self.specimen = specimen
        self.path = specimen.put(folder)
        if specimen.form == "store":
            make_store(self.path, specimen.data.decode())
            self.data = self.path.read_bytes()
        else:
            self.data = specimen.data
        self.base = self.read(self.data)
        self._others: dict[object, Said] = {}

    def read(self, data: bytes, rested: float = 1e5) -> Said:
        """What the log says with other bytes."""
        self.path.write_bytes(data)
        return read(self.specimen.collector, self.path, rested)

    def damaged(self, chance: random.Random) -> Damage:
        """Damage it in one way of many."""
        form = self.specimen.form
        if form == "store":
            return self._page(chance) if chance.random() < 0.3 else self._cell(chance)
        if chance.random() < 0.03:
            return self._packed(chance)
        if form == "json lines":
            return self._line(chance) if chance.random() < 0.5 else self._record(chance)
        if form == "csv":
            return self._line(chance) if chance.random() < 0.5 else self._row(chance)
        if form == "document" and chance.random() < 0.6:
            return self._part(chance)
        change = chance.choice(TEXTUAL)
        return Damage(f"bytes: {change.__name__}", change(chance, self.data))

    # --- lines ---

    @cached_property
    def _places(self) -> list[int]:
        """Lines that are worth damaging."""
        return [place for place, line in enumerate(self.specimen.lines) if line.strip(b"\0 \t\r")]

    @cached_property
    def _header(self) -> int:
        """Place of a CSV file's header."""
        return next((head.line - 1 for head in headers(self.specimen.data.decode())), 0)

    def _with_line(
        self, place: int, line: bytes, what: str, *, must_tell: bool = False, cut: bool = False
    ) -> Damage:
        """The log with another line at a place."""
        lines = list(self.specimen.lines)
        lines[place] = line
        data = b"\n".join(lines) + b"\n" * (not cut)
        if b"\n" in line:  # other lines are not where they were
            return Damage(what, data)
        is_header = self.specimen.form == "csv" and place == self._header
        is_json = self.specimen.form == "json lines" and self.specimen.collector.kind == "lines"
        records, more = self._records(line) if is_json and not line.isspace() else (1, False)
        others = None if is_header else self._without(place)
        return Damage(what, data, place + 1, others, must_tell or more, more and not records)

    def _without(self, place: int) -> Said:
        """What the other lines say, a blank one in the place of one."""
        if place not in self._others:
            lines = list(self.specimen.lines)
            lines[place] = b""
            self._others[place] = self.read(b"\n".join(lines) + b"\n")
        return self._others[place]

    def _line(self, chance: random.Random) -> Damage:
        """Any bytes changed, or the line twice, or spliced with another one."""
        place = chance.choice(self._places)
        line, kind = self.specimen.lines[place], chance.randrange(12)
        other = self.specimen.lines[chance.choice(self._places)]
        if kind == 0:
            line = line[: chance.randrange(len(line) + 1)] + other[chance.randrange(len(other) + 1) :]
            what = "spliced"
        elif kind == 1:
            line, what = line + chance.choice((b"", b" ", b"\0", b",")) + other, "two on a line"
        elif kind == 2:
            line, what = b"\n".join([line] * chance.choice((2, 3, 30))), "repeated"
        else:
            change = chance.choice(TEXTUAL)
            line, what = change(chance, line), f"bytes: {change.__name__}"
        if place == len(self.specimen.lines) - 1 and chance.random() < 0.5:
            return self._with_line(place, line, f"{what}, no line feed", cut=True)
        return self._with_line(place, line, what)

    def _records(self, line: bytes) -> tuple[int, bool]:
        """How many records a line of JSON holds, and whether there is anything else on it."""
        text, at, found, more = line.decode("utf-8-sig", "replace"), 0, 0, False
        decoder = json.JSONDecoder(strict=False, parse_int=str)
        try:
            while at < len(text := text[:at] + text[at:].lstrip("\0 \t\r")):
                value, at = decoder.raw_decode(text, at)
                found += isinstance(value, dict)
                more |= not isinstance(value, dict)
        except (ValueError, RecursionError):
            return found, True
        return found, more

    # --- JSON ---

    def _record(self, chance: random.Random) -> Damage:
        """A value of a line of JSON."""
        place = chance.choice(self._places)
        try:
            tree = self._tree(place)
        except ValueError:
            return self._line(chance)
        changed, what, must_tell = self._changed(chance, tree, place)
        return self._with_line(place, written(changed).encode(), what, must_tell=must_tell)

    def _part(self, chance: random.Random) -> Damage:
        """A value of a document."""
        changed, what, must_tell = self._changed(chance, self._tree(None), None)
        return Damage(what, written(changed).encode(), must_tell=must_tell)

    def _tree(self, place: int | None) -> Any:
        return parse(self.data if place is None else self.specimen.lines[place])

    def _changed(self, chance: random.Random, tree: Any, place: int | None) -> tuple[Any, str, bool]:
        """A value or a key changed; whether that may not go by without a word."""
        found = list(leaves(tree))
        if not found:
            return tree, "nothing", False
        counted = self.counted(place)
        kind = chance.randrange(10)
        if counted and kind < 4:
            path = chance.choice(counted)
            new = chance.choice(BAD_COUNTS)
            if kind == 3:
                return doubled(tree, path, new), f"count doubled: {path} {str(new)[:40]!r}", True
            return put(tree, path, new), f"bad count: {path} {str(new)[:40]!r}", True
        path, value = chance.choice(found)
        path = path[: chance.randrange(1, len(path) + 1)] if path and kind == 4 else path
        if kind < 8 or not path:
            new = hostile(chance, value)
            return put(tree, path, new), f"value: {path} {str(new)[:40]!r}", False
        if kind == 8:
            return doubled(tree, path, hostile(chance, value)), f"doubled: {path}", False
        return mutations.without(tree, path), f"left out: {path}", False

    def counted(self, place: int | None) -> list[mutations.Path]:
        """The counts of a line or a document: those whose value changes what the log says in tokens."""
        known = self._counts.get(place)
        if known is None:
            tree = self._tree(place)
            numbers = [(path, value) for path, value in leaves(tree) if type(value) is int and value >= 10]
            known = [path for path, value in numbers if self._is_count(tree, place, path, value)]
            self._counts[place] = known
        return known

    @cached_property
    def _counts(self) -> dict[int | None, list[mutations.Path]]:
        return {}

    def _is_count(self, tree: Any, place: int | None, path: mutations.Path, value: int) -> bool:
        line = written(put(tree, path, value + 1)).encode()
        data = line if place is None else self._with_line(place, line, "").data
        return tokens(self.read(data).events) != tokens(self.base.events)

    # --- CSV ---

    def _row(self, chance: random.Random) -> Damage:
        """A cell of a row."""
        place = chance.choice(self._places)
        cells = self.specimen.lines[place].decode("utf-8", "replace").split(",")
        at, kind = chance.randrange(len(cells)), chance.randrange(8)
        if kind == 0:
            del cells[at]
        elif kind == 1:
            cells.insert(at, chance.choice(("", "x", "1")))
        elif kind == 2:
            cells[at] = '"' + cells[at].replace('"', "")
        elif kind == 3:
            cells = self.specimen.lines[self._header].decode().split(",")
        else:
            new = hostile(chance, chance.choice((1, "")))
            cells[at] = new if isinstance(new, str) else json.dumps(new)
        line = ",".join(cells).encode("utf-8", "replace")
        return self._with_line(place, line, f"cell {at}: {line[:60]!r}")

    # --- stores ---

    def _cell(self, chance: random.Random) -> Damage:
        """A value of a row, perhaps within its JSON."""
        table, row, name, value = chance.choice(self.cells)
        new: Any = hostile(chance, value)
        try:
            tree = parse(value) if isinstance(value, str) and value[:1] == "{" else None
        except ValueError:
            tree = None
        if tree is not None and chance.random() < 0.8:
            path, inner = chance.choice(list(leaves(tree)))
            new = written(put(tree, path, hostile(chance, inner)))
        elif isinstance(value, bytes) and chance.random() < 0.8:
            new = chance.choice(TEXTUAL)(chance, value)
        data = self.with_cell(table, row, name, new)
        return Damage(f"{table}.{name}: {str(new)[:60]!r}", data, others=self._beside(table, row))

    def with_cell(self, table: str, row: int, name: str, new: Any) -> bytes:
        """The store with another value in one place; as it is where its own rules forbid that value."""
        self.path.write_bytes(self.data)
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = MEMORY")
            db.execute("PRAGMA synchronous = OFF")
            with suppress(sqlite3.IntegrityError):
                db.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = ?", (_storable(new), row))
        return self.path.read_bytes()

    def reshaped(self, statements: str) -> bytes:
        """The store after some statements; as it is where they cannot be."""
        self.path.write_bytes(self.data)
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db, suppress(sqlite3.Error):
            db.execute("PRAGMA journal_mode = MEMORY")
            db.execute("PRAGMA synchronous = OFF")
            db.executescript(statements)
        return self.path.read_bytes()

    @cached_property
    def cells(self) -> list[tuple[str, int, str, Any]]:
        self.path.write_bytes(self.data)
        return list(cells(self.path))

    def _beside(self, table: str, row: int) -> Said:
        """What a store says without a row."""
        if (table, row) not in self._others:
            self.path.write_bytes(self.data)
            with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
                db.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))
            self._others[table, row] = read(self.specimen.collector, self.path)
        return self._others[table, row]

    def _page(self, chance: random.Random) -> Damage:
        """Damaged pages, or an end that is missing."""
        kind = chance.choice(("cut", "page", "byte", "head", "text"))
        data = bytearray(self.data)
        if kind == "cut":
            return Damage(kind, bytes(data[: chance.randrange(len(data))]))
        page = chance.randrange(len(data) // 4096) * 4096
        if kind == "page":
            data[page : page + 4096] = chance.choice((bytes(4096), chance.randbytes(4096), data[:4096]))
        elif kind == "text":
            return Damage(kind, chance.choice(TEXTUAL)(chance, bytes(data)))
        else:
            for _ in range(chance.choice((1, 4, 30))):
                data[chance.randrange(100 if kind == "head" else len(data))] = chance.randrange(256)
        return Damage(kind, bytes(data))

    # --- packed ---

    def _packed(self, chance: random.Random) -> Damage:
        """Packed, whole or damaged."""
        name, pack = chance.choice((("gzip", gzip.compress), ("zstd", zstd.compress)))
        change = chance.choice((None, mutations.flip, mutations.cut, mutations.junk))
        data = pack(self.data)
        return Damage(name, change(chance, data) if change else data)


def tokens(events: Events) -> Counter[object]:
    """Events by what they cost and what they count."""
    return Counter((event.tokens, event.unsplit) for event in events.elements())


def _storable(value: Any) -> Any:
    """A value as SQLite can hold it."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return float(value)
    return json.dumps(value) if isinstance(value, list | dict) else value
