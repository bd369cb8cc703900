"""The usage table of a range: events that may be summed before pricing, summed by the database.

Quarter-hours are summed ahead of time, in `rolled`: a year of a million events is read in half a second.
What is not summed yet, or is asked otherwise, is summed from the events: the figures are the same.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from vaultsync.ledger import twice
from vaultsync.ledger.identity import AT, LABEL_FIELDS, PROMPT_FIELDS, Text
from vaultsync.ledger.names import Names
from vaultsync.ledger.queries import INTERVAL, QUARTER_HOUR
from vaultsync.ledger.seals import LABEL, TIME, verify
from vaultsync.ledger.tellings import Hidden, places
from vaultsync.model import TOKEN_CLASSES

SUMS = (*TOKEN_CLASSES, "requests", "web_searches", "unsplit", "duration_ms")
MANY = 4000
"""Stale quarter-hours from which on summing everything anew is faster."""
DEFAULTS = {"currency": "USD", "flags": ""}
"""What the columns hold where a label states nothing, if not None."""
_DAY = 86_400
_PROJECT = AT["project"]
_KEYS = 5
"""Columns that tell groups apart: quarter, label, band, has_output, single."""


class Usage:
    """What `model.UsageRows` asks for; one row is one group."""

    __slots__ = ("columns", "outcomes")

    def __init__(self, columns: Mapping[str, Sequence[object]], outcomes: list[tuple[int, str, int]]) -> None:
        """Take a table.

        Args:
            columns: Names as in `model.UsageRows`; whole numbers are `array('q')`, the others lists.
            outcomes: Row (from 0), name and amount of what its events achieved; a row may have several or
                none.
        """
        self.columns, self.outcomes = columns, outcomes

    def __len__(self) -> int:
        return len(self.columns["events"])


class Range(NamedTuple):
    """What is asked for."""

    since: int
    """First instant, microseconds."""
    until: int
    """First instant that is out."""
    thresholds: tuple[int, ...] = ()
    """Prompt sizes; which of them an event reaches and passes is its `band`."""
    minutes: int = 15
    """Length of the interval in `quarter`."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The expressions that tell groups apart; a stated cost stands alone, under the id of its event."""
        prompt = " + ".join(PROMPT_FIELDS)
        bands = [f"({prompt} >= {int(t)}) + ({prompt} > {int(t)})" for t in self.thresholds]
        step = int(self.minutes) * 60
        return (
            f"at / {step * 1_000_000} * {step}",
            "label",
            " + ".join(bands) or "0 + 0",  # a bare number would stand for a column where rows are grouped
            "output > 0",
            "CASE WHEN cost IS NULL THEN 0 ELSE event.id END",
        )

    @property
    def group(self) -> str:
        """The same as one text."""
        return ", ".join(self.keys)

    @property
    def signature(self) -> str:
        """What the sums in `rolled` must have been made for."""
        return " ".join(map(str, self.thresholds))

    @property
    def can_be_rolled(self) -> bool:
        """True when the range consists of whole quarter-hours."""
        return self.minutes * 60 == QUARTER_HOUR and self.is_whole

    @property
    def is_whole(self) -> bool:
        """True when no quarter-hour lies in it, or in one of its intervals, only partly."""
        return not (self.since % INTERVAL or self.until % INTERVAL or 15 % self.minutes)


def is_rolled(db: sqlite3.Connection, asked: Range) -> bool:
    """True when `rolled` holds what is asked for."""
    row = db.execute("SELECT value FROM meta WHERE key = 'rolled'").fetchone()
    is_stale = db.execute("SELECT EXISTS (SELECT 1 FROM stale)").fetchone()[0]
    return asked.can_be_rolled and row == (asked.signature,) and not is_stale


def roll(db: sqlite3.Connection, asked: Range) -> None:
    """Sum what changed since the last time, or everything if the thresholds are others; in a transaction."""
    stale = [row[0] for row in db.execute("SELECT interval FROM stale ORDER BY interval")]
    row = db.execute("SELECT value FROM meta WHERE key = 'rolled'").fetchone()
    insert = f"INSERT INTO rolled SELECT {asked.group}, {SUMMED} FROM event"
    if row != (asked.signature,) or len(stale) > MANY:
        db.execute("DELETE FROM rolled")
        db.execute(f"{insert} NOT INDEXED GROUP BY 1, 2, 3, 4, 5")
        db.execute("INSERT OR REPLACE INTO meta VALUES ('rolled', ?)", (asked.signature,))
    else:
        db.executemany("DELETE FROM rolled WHERE quarter = ?", ((start,) for start in stale))
        edges = ((start * 1_000_000, start * 1_000_000 + INTERVAL) for start in stale)
        db.executemany(f"{insert} WHERE at >= ? AND at < ? GROUP BY 1, 2, 3, 4, 5", edges)
    db.execute("DELETE FROM stale")


def usage(
    db: sqlite3.Connection,
    names: Names,
    asked: Range,
    project_name: Callable[[Text], Text],
    hidden: Hidden = frozenset(),
) -> Usage:
    """Group the events of a range; one read transaction holds still what is read.

    Args:
        hidden: What does not count.
    """
    if is_rolled(db, asked):
        ask = "SELECT * FROM rolled WHERE quarter >= ? AND quarter < ?"
        rows = db.execute(ask, (asked.since // 1_000_000, asked.until // 1_000_000)).fetchall()
    else:
        source = f"event {'NOT INDEXED' if is_most(db, asked) else ''} WHERE at >= ? AND at < ?"
        ask = f"SELECT {asked.group}, {SUMMED} FROM {source} GROUP BY 1, 2, 3, 4, 5"
        rows = db.execute(ask, (asked.since, asked.until)).fetchall()
    _verify(db, asked, rows)
    if hidden:
        of = places(db, names, hidden)
        rows = [row for row in rows if row[1] not in of or (row[0] // _DAY, *of[row[1]]) not in hidden]
    return Usage(_columns(names, rows, project_name), _outcomes(db, names, asked, rows))


def _verify(db: sqlite3.Connection, asked: Range, rows: list[tuple[Any, ...]]) -> None:
    found: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) if rows else [()] * (_KEYS + len(SUMS) + 2)
    quarters, labels, _, _, _, *sums, events, costs = found
    step = QUARTER_HOUR
    places = sum(
        (label * LABEL + quarter // step * TIME) * count
        for quarter, label, count in zip(quarters, labels, events, strict=True)
    )
    check(db, asked, [*sums, events], places, costs)


def check(
    db: sqlite3.Connection,
    asked: Range,
    sums: Sequence[Iterable[int]],
    places: int,
    costs: Iterable[str | None],
) -> None:
    """Compare rows that tell all of a range with what was kept when their events were written.

    Args:
        sums: Columns of `SUMS`, then of events.
        places: Sum of `seals.PLACE_OF_SUM`.

    Raises:
        sqlite3.DatabaseError: They differ.
    """
    if asked.is_whole:
        *counts, events = sums
        verify(
            db, (asked.since, asked.until), dict(zip(SUMS, counts, strict=True)), sum(events), places, costs
        )


def is_most(db: sqlite3.Connection, asked: Range) -> bool:
    """True when reading the whole table costs less than going through the index of times."""
    first, last = db.execute("SELECT (SELECT min(at) FROM event), (SELECT max(at) FROM event)").fetchone()
    return first is None or bool((min(asked.until, last) - max(asked.since, first)) * 3 >= last - first)


def _columns(
    names: Names, rows: list[tuple[Any, ...]], project_name: Callable[[Text], Text]
) -> dict[str, Sequence[object]]:
    found: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) if rows else [()] * (_KEYS + len(SUMS) + 2)
    quarter, label, *rest = found
    return assemble(quarter, _label_columns(names, label, project_name), rest)


def assemble(
    quarter: Iterable[int], labels: Mapping[str, Sequence[object]], rest: Sequence[Iterable[Any]]
) -> dict[str, Sequence[object]]:
    """All columns, in order.

    Args:
        rest: Columns `band`, `has_output`, `single`, `SUMS`, events, cost.
    """
    band, has_output, _, *sums, events, cost = rest
    columns: dict[str, Sequence[object]] = {"quarter": array("q", quarter), "band": array("q", band)}
    columns |= labels
    columns |= {name: array("q", of) for name, of in zip(SUMS, sums, strict=True)}
    columns["events"] = array("q", events)
    columns["has_output"] = [of == 1 for of in has_output]
    columns["cost"] = [None if of is None else Decimal(of) for of in cost]
    return columns


def _label_columns(
    names: Names, labels: tuple[int, ...], project_name: Callable[[Text], Text]
) -> dict[str, Sequence[object]]:
    distinct = sorted(set(labels))
    names.prove(distinct)
    names.load(distinct)
    texts = {number: list(names.label(number)) for number in distinct}
    shown = {project: project_name(project) for project in {of[_PROJECT] for of in texts.values()}}
    for of in texts.values():
        of[_PROJECT] = shown[of[_PROJECT]]
    columns: dict[str, Sequence[object]] = {}
    for field in LABEL_FIELDS:
        place, default = AT[field], DEFAULTS.get(field)
        value = {number: default if of[place] is None else of[place] for number, of in texts.items()}
        if field != "agent":
            columns[field] = [value[number] for number in labels]
    return columns


def _outcomes(
    db: sqlite3.Connection, names: Names, asked: Range, rows: list[tuple[Any, ...]]
) -> list[tuple[int, str, int]]:
    ask = f"""SELECT {asked.group}, outcome.name, sum(amount) FROM event CROSS JOIN outcome {twice.BY}
        ON event.id = outcome.event WHERE at >= ? AND at < ? GROUP BY 1, 2, 3, 4, 5, 6"""
    if not has_outcomes(db):
        return []
    found = twice.same(db, "outcome", ask, (asked.since, asked.until))
    place = {row[:_KEYS]: number for number, row in enumerate(rows)}
    return sorted(
        (place[key], names.text(name) or "", amount)
        for *keys, name, amount in found
        if (key := tuple(keys)) in place  # else its telling does not count
    )


def has_outcomes(db: sqlite3.Connection) -> bool:
    """True where some event has an outcome: few ledgers have one."""
    return twice.same(db, "outcome", f"SELECT EXISTS (SELECT 1 FROM outcome {twice.BY})") == [(1,)]


SUMMED = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in SUMS)
SUMMED += ", count(*) AS events, max(cost) AS cost"
