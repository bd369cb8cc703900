"""Say what is wrong inside a ledger: the file by SQLite's own check, the books by our laws. Reads all of it.

Nothing is mended. Each law is asked alone, so that damage in one place does not hide what is wrong elsewhere.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from vaultsync.ledger.identity import COUNT_FIELDS, FIRST, LABEL_FIELDS, LAST, microseconds
from vaultsync.ledger.queries import DAY, INTERVAL, QUARTER_HOUR
from vaultsync.ledger.salvage import Ruin
from vaultsync.ledger.schema import SEALED, TELLING, TIMED
from vaultsync.ledger.seals import ODD, ahead, days_of, different
from vaultsync.model import MAX_COUNT, TELLS

SHOWN = 100
"""Findings of one kind that are told; the rest is a count."""


class Damage(NamedTuple):
    """Something that is not as it must be."""

    text: str
    day: str | None = None
    """The UTC day that it is about."""

    def __str__(self) -> str:
        return f"{self.day} (UTC): {self.text}" if self.day else self.text


def examine(db: sqlite3.Connection) -> list[Damage]:
    """All that is wrong; empty when all is well."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    found = list(_attempt(db, _file))
    for what, ask in (*_LAWS, *(_LAWS_OF_TELLINGS if version >= TELLING else ())):
        found += _attempt(db, partial(_count, what=what, ask=ask))
    if version >= SEALED:
        has_duration = version >= TIMED
        found += _attempt(db, partial(_events, ask=different(has_duration=has_duration)))
        found += _attempt(db, partial(_sums_ahead, ask=ahead(has_duration=has_duration)))
    return list(dict.fromkeys(found))


def _attempt(
    db: sqlite3.Connection,
    look: Callable[[sqlite3.Connection], Iterator[Damage]],
    else_: Damage | None = None,
) -> Iterator[Damage]:
    """What a look finds; where it meets damage itself, that, or something else."""
    try:
        yield from look(db)
    except (sqlite3.DatabaseError, *ODD) as error:
        if "locked" in str(error) or "busy" in str(error):
            raise
        yield else_ or Damage(f"a part of the file cannot be read ({error})")


def _file(db: sqlite3.Connection) -> Iterator[Damage]:
    """What SQLite finds: pages, indexes, keys that are there twice; where it gives up, table by table."""
    try:
        yield from _pages(db.execute(f"PRAGMA integrity_check({SHOWN})"))
    except sqlite3.DatabaseError:
        for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            damaged = Damage(f"the table {table} cannot be read as a whole")
            yield from _attempt(db, partial(_table, table=table), damaged)


def _table(db: sqlite3.Connection, *, table: str) -> Iterator[Damage]:
    yield from _pages(db.execute(f"PRAGMA integrity_check('{table}')"))


def _pages(told: Iterable[tuple[str]]) -> Iterator[Damage]:
    for (text,) in told:
        if text != "ok":
            yield from (Damage(line) for line in text.splitlines() if not line.startswith("***"))


def _count(db: sqlite3.Connection, *, what: str, ask: str) -> Iterator[Damage]:
    (count,) = db.execute(ask).fetchone()
    if count:
        yield Damage(f"{count:,} {what}")


def _events(db: sqlite3.Connection, *, ask: str) -> Iterator[Damage]:
    """Days on which the events are not those that were written."""
    try:
        broken = [start for (start,) in db.execute(ask)]
    except sqlite3.DatabaseError:  # what can be read tells which they are
        broken = sorted(Ruin(db).broken)
    starts = days_of(broken)
    for day, some in list(starts.items())[:SHOWN]:
        yield from _attempt(db, partial(_day, day=day, starts=some), Damage("its events cannot be read", day))
    yield from _more(len(starts), "days")


def _day(db: sqlite3.Connection, *, day: str, starts: list[int]) -> Iterator[Damage]:
    now, then, sources = 0, 0, Counter[str]()
    for start in starts:
        row = db.execute("SELECT events FROM seal WHERE interval = ?", (start,)).fetchone()
        then += row[0] if row else 0
        at = start * 1_000_000
        for name, count in db.execute(_SOURCES, (at, at + INTERVAL)):
            now += count
            sources[name or "an unknown source"] += count
    hours = f"{len(starts)} quarter-hour{'s' if len(starts) > 1 else ''}"
    of = f" of {', '.join(sorted(sources))}" if sources else ""
    held = f"they hold {now:,}{of}" if now != then else f"they are{of}"
    yield Damage(f"{then:,} events were written in {hours}; {held}, and are not what was written", day)


def _sums_ahead(db: sqlite3.Connection, *, ask: str) -> Iterator[Damage]:
    starts = days_of(start for (start,) in db.execute(ask))
    for day in list(starts)[:SHOWN]:
        yield Damage("the sums made ahead are not those of its events", day)
    yield from _more(len(starts), "days")


def _more(count: int, what: str) -> Iterator[Damage]:
    if count > SHOWN:
        yield Damage(f"and {count - SHOWN:,} more such {what}")


_SOURCES = """SELECT name.text, count(*) FROM event LEFT JOIN label ON label.id = event.label
    LEFT JOIN name ON name.id = label.source WHERE at >= ? AND at < ? GROUP BY 1"""


def _pointing(table: str, column: str, to: str, *, may_be_none: bool = False) -> str:
    none = f" AND {column} <> 0" if may_be_none else ""
    return f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT id FROM {to}){none}"


def _out_of_bounds(columns: tuple[str, ...]) -> str:
    return " OR ".join(f"NOT {name} BETWEEN 0 AND {MAX_COUNT}" for name in columns)


_KINDS = ", ".join(f"'{kind}'" for kind in TELLS)
_UNNAMED = " OR ".join(f"({field} <> 0 AND {field} NOT IN (SELECT id FROM name))" for field in LABEL_FIELDS)
_LAWS = (
    ("events have no label", _pointing("event", "label", "label")),
    ("labels have no name", f"SELECT count(*) FROM label WHERE {_UNNAMED}"),
    ("outcomes have no event", _pointing("outcome", "event", "event")),
    ("outcomes have no name", _pointing("outcome", "name", "name")),
    ("claims have no event", _pointing("claim", "event", "event")),
    ("claims have no session", _pointing("claim", "session", "name")),
    ("mentions have no event", _pointing("mention", "event", "event")),
    ("mentions have no file", _pointing("mention", "file", "file", may_be_none=True)),
    ("settled facts have no event", _pointing("told", "event", "event")),
    ("settled facts have no label", _pointing("told", "label", "label")),
    ("keys of events are there twice", "SELECT count(*) - count(DISTINCT key) FROM event NOT INDEXED"),
    ("keys of events are not 16 bytes", "SELECT count(*) FROM event NOT INDEXED WHERE length(key) <> 16"),
    (
        "events have a count that cannot be",
        f"SELECT count(*) FROM event NOT INDEXED WHERE {_out_of_bounds(COUNT_FIELDS)}",
    ),
    (
        "events have a time that cannot be",
        f"SELECT count(*) FROM event WHERE at < {microseconds(FIRST)} OR at >= {microseconds(LAST)}",
    ),
    (
        "events have a cost that is no number",
        "SELECT count(*) FROM event NOT INDEXED WHERE cost GLOB '*[^0-9.-]*'",
    ),
    ("outcomes are negative", "SELECT count(*) FROM outcome WHERE amount < 0"),
    (
        "quarter-hours have events and were never told as changed",
        f"""SELECT count(*) FROM (SELECT DISTINCT at / {INTERVAL} * {QUARTER_HOUR} FROM event
            EXCEPT SELECT interval FROM change)""",
    ),
    (
        "quarter-hours to be summed anew begin at a time that cannot be",
        f"SELECT count(*) FROM stale WHERE interval % {QUARTER_HOUR} <> 0",
    ),
    (
        "files were read to a place that cannot be",
        'SELECT count(*) FROM file WHERE "offset" < 0 OR line < 1',
    ),
    ("files have a state that cannot be read", "SELECT count(*) FROM file WHERE NOT json_valid(state)"),
)
"""What must not be, and how many there are."""
_LAWS_OF_TELLINGS = (
    (
        "sources tell in a way that is not known",
        f"SELECT count(*) FROM telling WHERE kind NOT IN ({_KINDS})",
    ),
    (
        "days differ from what the sources tell of them",
        f"""SELECT count(*) FROM (
            SELECT DISTINCT at / {DAY} AS day, provider, source FROM event
            JOIN label ON label.id = event.label EXCEPT SELECT day, provider, source FROM present
        ) WHERE EXISTS (SELECT 1 FROM telling) AND (SELECT value FROM meta WHERE key = 'present')
            = (SELECT value FROM meta WHERE key = 'changes')""",
    ),
)
"""The same, of the tables of schema 2."""
