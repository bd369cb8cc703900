"""Put a value of another kind into every place of a log in turn: a list for a name, nesting for a number.

Chance seldom meets the one field of dozens that is looked up in a table or gone down into; here each is met.
Many damaged lines stand in one log, behind its sound ones, so this takes seconds.
"""

from __future__ import annotations

import json
import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from tests.faults.damaging import Bench
from tests.faults.laws import LEDGERS, LINKED, event_faults
from tests.faults.mutations import Inside, Pairs, Path, Token, parse, put, written

KINDS: tuple[Any, ...] = (
    *([], {}, [[1]], {"a": {"b": []}}, True, None, "", -1, 10**30, "x" * 3000, "\ud800\0", "\u00b2"),
    *("//[", "%zz/../(", "9999-12-31T23:59:59-23:59"),
    *map(Token, ("1.5", "1e400", "1e9999999", "-0.0", '["a", 1, null, {}]')),
    *(Token("[" * depth + "]" * depth) for depth in (190, 930, 960, 975, 990)),
    *(Token('{"a":' * depth + "1" + "}" * depth) for depth in (190, 940, 985)),
)
"""What stands in the place of a value; the nesting comes near to what a stack bears, from both sides."""
RESHAPED = (
    'ALTER TABLE {table} RENAME COLUMN {name} TO "a b"',
    "ALTER TABLE {table} RENAME COLUMN {name} TO rowid",
    "DELETE FROM {table} WHERE {name} IS NOT NULL",
    "ALTER TABLE {table} RENAME TO other",
    "ALTER TABLE {table} RENAME TO other; CREATE VIEW {table} AS SELECT * FROM other",
)
"""How a store may look in a version of its program that nobody has seen."""
MOST_ALIKE = 2
"""Places of one name in a document or a store that are tried, as elements of a list are alike."""


class Swap(NamedTuple):
    """A value of another kind in one place."""

    what: str
    data: bytes
    """The line, or the whole log."""


def stumbles(bench: Bench, kinds: int, seed: int = 0) -> Iterator[str]:
    """What goes wrong, one text for each place.

    Args:
        kinds: How many kinds are tried in each place, drawn by chance.
    """
    chance = random.Random(f"{seed}/{bench.specimen.name}")
    if bench.specimen.form in ("json lines", "csv"):
        sound = bench.data.removesuffix(b"\n") + b"\n"
        swaps = list(_lines(bench, chance, kinds))
        for start in range(0, len(swaps), 100):
            if _fault(bench, sound + b"".join(swap.data + b"\n" for swap in swaps[start : start + 100])):
                yield from _told(bench, swaps[start : start + 100], lambda data: sound + data + b"\n")
    else:
        yield from _told(bench, list(_whole(bench, chance, kinds)), lambda data: data)


def _told(bench: Bench, swaps: Sequence[Swap], log: Callable[[bytes], bytes]) -> Iterator[str]:
    for swap in swaps:
        if fault := _fault(bench, log(swap.data)):
            yield f"{swap.what}: {fault}"


def _fault(bench: Bench, data: bytes) -> str:
    """What goes wrong with a log; empty: nothing."""
    try:
        said = bench.read(data)
    except OSError:
        return ""  # what a run tells of a file that cannot be looked at
    except Exception:
        return f"raised\n{traceback.format_exc()}"
    is_saved = bench.specimen.name == LEDGERS
    if fault := next((f for event in said.events for f in event_faults(event, is_saved=is_saved)), ""):
        return fault
    is_apart = bench.specimen.form in ("json lines", "csv") and bench.specimen.collector.kind == "lines"
    if is_apart and bench.specimen.name not in LINKED and bench.base.events - said.events:
        return "events of other lines are lost or changed"
    return ""


# --- which places ---


def _lines(bench: Bench, chance: random.Random, kinds: int) -> Iterator[Swap]:
    """Each line with each of its values changed, or each of its cells."""
    for number, line in enumerate(bench.specimen.lines, 1):
        if bench.specimen.form == "csv":
            yield from _cells(number, line.decode("utf-8", "replace").split(","), chance, kinds)
            continue
        try:
            tree = parse(line)
        except ValueError:
            continue
        for path, names in places(tree):
            for kind in chance.sample(KINDS, kinds):
                yield Swap(f"line {number}: {names} {shown(kind)}", written(put(tree, path, kind)).encode())


def _cells(number: int, cells: Sequence[str], chance: random.Random, kinds: int) -> Iterator[Swap]:
    for at in range(len(cells)):
        for kind in chance.sample(KINDS, kinds):
            text = kind if isinstance(kind, str) else json.dumps(kind)
            row = [*cells[:at], '"' + text.replace('"', '""') + '"', *cells[at + 1 :]]
            yield Swap(f"line {number}: cell {at} {shown(kind)}", ",".join(row).encode("utf-8", "replace"))


def _whole(bench: Bench, chance: random.Random, kinds: int) -> Iterator[Swap]:
    """The log with each of its values changed; of prose nothing."""
    if bench.specimen.form == "store":
        yield from _stores(bench, chance, kinds)
    if bench.specimen.form == "document":
        tree, alike = parse(bench.data), Counter[str]()
        for path, names in places(tree):
            alike[names] += 1
            for kind in chance.sample(KINDS, kinds) if alike[names] <= MOST_ALIKE else ():
                yield Swap(f"{names} {shown(kind)}", written(put(tree, path, kind)).encode())


def _stores(bench: Bench, chance: random.Random, kinds: int) -> Iterator[Swap]:
    for table, name in {(table, name): None for table, _, name, _ in bench.cells}:
        for ask in RESHAPED:
            asked = ask.format(table=table, name=name)
            yield Swap(asked, bench.reshaped(asked))
    alike = Counter[str]()
    for table, row, name, value in bench.cells:
        for where, new in _values(value, chance, kinds):
            alike[f"{table}.{name}{where}"] += 1
            if alike[f"{table}.{name}{where}"] <= MOST_ALIKE * kinds:
                yield Swap(f"{table}.{name}{where} {shown(new)}", bench.with_cell(table, row, name, new))


def _values(value: Any, chance: random.Random, kinds: int) -> Iterator[tuple[str, Any]]:
    """What may stand in a cell instead, where its JSON is changed, and what it is then."""
    for kind in chance.sample(KINDS, kinds):
        yield "", str(kind) if isinstance(kind, Token) else kind
    try:
        tree = parse(value) if isinstance(value, str | bytes) and value[:1] in ("{", "[", b"{") else None
    except ValueError:
        return
    for path, names in places(tree) if tree is not None else ():
        for kind in chance.sample(KINDS, kinds):
            yield f" {names}", written(put(tree, path, kind))


def places(value: Any, path: Path = (), names: str = "") -> Iterator[tuple[Path, str]]:
    """Every place in JSON, those that hold others too, with the keys on the way."""
    if path:
        yield path, names
    if isinstance(value, Pairs):
        for place, (name, inner) in enumerate(value):
            yield from places(inner, (*path, place), f"{names}.{name}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from places(inner, (*path, place), names if isinstance(value, Inside) else f"{names}[]")


def shown(kind: Any) -> str:
    """The beginning of a value."""
    return f"{str(kind)[:30]!r}"
