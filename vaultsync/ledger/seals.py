"""Check sums of the books: of each quarter-hour its number of events, and one number made of all they count.

That number is linear: of a sum it is the sum of the numbers. So what a report added up, however grouped,
is compared with what was kept when the events were written, and damage cannot become a figure.
It is written with the events, in their transaction, from what changed, so that damage is never sealed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache

from vaultsync.ledger.identity import COUNT_FIELDS, FIRST, LAST
from vaultsync.ledger.queries import INTERVAL, QUARTER_HOUR, select_in

PRIME = 2_147_483_647
"""Numbers are the rests of a division by it."""
WEIGHTS: Mapping[str, int] = dict(
    zip(
        COUNT_FIELDS,
        (3, 7, 13, 19, 29, 37, 43, 53, 61, 71, 79, 89, 101, 107, 113),
        strict=True,
    )
)
"""Small, so that the largest believable counts add up without overflow; all odd and different."""
LABEL, COST, SHAPE, TIME, DURATION = 131, 139, 151, 157, 163
"""Weights of the label's number, of a stated cost's digits, of its length and point, of the quarter-hour, of
a duration in milliseconds."""
_EPOCH = date(1970, 1, 1).toordinal()
_BELIEVED = int(FIRST.timestamp()), int(LAST.timestamp())
_MOST = 2**63 - 1
_NAMED = 5
"""Days that a message names."""


@lru_cache(maxsize=256)
def number_of(
    columns: Sequence[str] = COUNT_FIELDS,
    *,
    has_cost: bool = True,
    has_duration: bool = True,
    is_sum: bool = False,
) -> str:
    """The number of a row of `event` or `rolled`, as an expression.

    Args:
        columns: The counts that are not all 0.
        has_cost: Some row states a cost.
        has_duration: Some row states how long it took; those of schema 3 do not tell it.
        is_sum: The counts may be sums, which are larger.
    """
    rest = f" % {PRIME}" if is_sum else ""
    terms = [f"{name}{rest} * {WEIGHTS[name]}" for name in columns]
    if has_duration:
        terms.append(f"coalesce(duration_ms, 0){rest} * {DURATION}")
    terms.append(PLACE_OF_SUM if is_sum else f"label * {LABEL} + at / {INTERVAL} * {TIME}")
    return f"({' + '.join(terms)}{_COST if has_cost else ''}) % {PRIME}"


PLACE_OF_SUM = f"(label * {LABEL} + quarter / {QUARTER_HOUR} * {TIME}) * events"
"""The part of a row of `rolled` that its place gives: its label and quarter-hour."""
_COST = f""" + CASE WHEN cost IS NULL THEN 0 ELSE
    CAST(replace(replace(cost, '.', ''), '-', '') AS INTEGER) % {PRIME} * {COST}
    + (length(cost) * 64 + instr(cost, '.')) * {SHAPE} END"""


def number_of_cost(cost: str) -> int:
    """The part of a stated cost in the number of its row."""
    digits = int(cost.replace(".", "").replace("-", ""))
    return min(digits, _MOST) % PRIME * COST + (len(cost) * 64 + cost.find(".") + 1) * SHAPE


class Seals:
    """What a transaction adds to the check sums; written once before it ends."""

    __slots__ = ("_added",)

    def __init__(self) -> None:
        self._added: dict[int, tuple[int, int]] = {}

    def add(self, rows: Iterable[tuple[int, int, int]], sign: int = 1) -> None:
        """Add events, or take them away.

        Args:
            rows: Quarter-hour since 1970, events, their number.
        """
        for interval, events, number in rows:
            before = self._added.get(interval, (0, 0))
            self._added[interval] = before[0] + sign * events, (before[1] + sign * number) % PRIME

    def add_new(self, db: sqlite3.Connection, first: int, stated: Collection[str]) -> None:
        """Add the events from an id on: those that were just inserted.

        Args:
            stated: Columns in which some of them say something.
        """
        counts = tuple(name for name in COUNT_FIELDS if name in stated)
        number = number_of(counts, has_cost="cost" in stated, has_duration="duration_ms" in stated)
        ask = f"SELECT at / {INTERVAL}, count(*), sum({number}) FROM event WHERE id >= ? GROUP BY 1"
        self.add(db.execute(ask, (first,)))

    def add_these(self, db: sqlite3.Connection, events: Iterable[int], sign: int = 1) -> None:
        """Add some events as they are now; taken away before a change and added after it, they stay true."""
        ask = f"SELECT at / {INTERVAL}, 1, {number_of()} FROM event WHERE id IN"
        self.add(select_in(db, ask, events), sign)

    def join(self, other: Seals) -> None:
        """Take over what another one gathered."""
        self.add((interval, *added) for interval, added in other._added.items())

    def write(self, db: sqlite3.Connection) -> None:
        """Write all down, and forget it."""
        rows = ((at * QUARTER_HOUR, *added) for at, added in self._added.items() if any(added))
        db.executemany(_ADD, rows)
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._added.clear()


_ADD = f"""INSERT INTO seal VALUES (?, ?, ?) ON CONFLICT DO UPDATE
    SET events = events + excluded.events, number = (number + excluded.number) % {PRIME}"""


def sealed(db: sqlite3.Connection, since: int, until: int) -> tuple[int, int]:
    """Events and number of a range of whole quarter-hours, in seconds since 1970."""
    ask = """SELECT coalesce(sum(events), 0), coalesce(sum(number), 0) FROM seal
        WHERE interval >= ? AND interval < ?"""
    events, number = db.execute(ask, (since, until)).fetchone()
    return events, number % PRIME


def total(sums: Mapping[str, Iterable[int]], places: int, costs: Iterable[str | None]) -> int:
    """The number of rows that were summed.

    Args:
        sums: Columns of `COUNT_FIELDS`, and `duration_ms`.
        places: Sum of `PLACE_OF_SUM`.
        costs: The stated cost of each row, or None.
    """
    counts = sum(WEIGHTS[name] * sum(sums[name]) for name in COUNT_FIELDS)
    counts += DURATION * sum(sums["duration_ms"])
    return (counts + places + sum(map(number_of_cost, filter(None, costs)))) % PRIME


ODD = (TypeError, ValueError, LookupError, ArithmeticError)
"""What Python raises of values that damage made of others."""


class Unsealed(sqlite3.DatabaseError):
    """What the ledger holds is not what was written."""


def verify(
    db: sqlite3.Connection,
    span: tuple[int, int],
    sums: Mapping[str, Iterable[int]],
    events: int,
    places: int,
    costs: Iterable[str | None],
) -> None:
    """Compare the sums of a range with its check sums.

    Args:
        span: Microseconds since 1970, whole quarter-hours.
        sums, places, costs: As for `total`.

    Raises:
        Unsealed: They differ; names the days.
    """
    since, until = (at // 1_000_000 for at in span)
    try:
        found = events, total(sums, places, costs)
    except ValueError:  # a cost that is no number any more
        found = events, -1
    if found != sealed(db, since, until):
        days = broken_days(db)
        shown = ", ".join(days[:_NAMED]) + (f" and {len(days) - _NAMED} more" if len(days) > _NAMED else "")
        raise Unsealed(f"figures of {shown or 'some days'} are not what was written")


def broken_days(db: sqlite3.Connection) -> list[str]:
    """UTC days of which the events are not what was written, or differ from the sums made ahead."""
    asks = different(), ahead()
    return sorted(days_of(start for ask in asks for (start,) in db.execute(ask).fetchall()))


def days_of(seconds: Iterable[object]) -> dict[str, list[int]]:
    """UTC day -> those of some seconds since 1970 that lie in it; what damage made of one lies in none."""
    found: dict[str, list[int]] = {}
    for second in seconds:
        if isinstance(second, int) and _BELIEVED[0] <= second < _BELIEVED[1]:
            found.setdefault(str(date.fromordinal(second // 86_400 + _EPOCH)), []).append(second)
    return found


def different(*, has_duration: bool = True) -> str:
    """How quarter-hours are found whose events differ from their check sum."""
    return f"""SELECT start FROM (
        SELECT at / {INTERVAL} * {QUARTER_HOUR} AS start, count(*) AS events,
            sum({number_of(has_duration=has_duration)}) AS number FROM event NOT INDEXED GROUP BY 1
        UNION ALL SELECT interval, -events, -number FROM seal
    ) GROUP BY start HAVING sum(events) <> 0 OR sum(number) % {PRIME} <> 0 ORDER BY start"""


def ahead(*, has_duration: bool = True) -> str:
    """How quarter-hours are found whose sums made ahead differ from it."""
    return f"""SELECT start FROM (
        SELECT quarter AS start, sum(events) AS events,
            sum({number_of(has_duration=has_duration, is_sum=True)}) AS number FROM rolled GROUP BY 1
        UNION ALL SELECT interval, -events, -number FROM seal
    ) WHERE start NOT IN (SELECT interval FROM stale) AND EXISTS (SELECT 1 FROM meta WHERE key = 'rolled')
    GROUP BY start HAVING sum(events) <> 0 OR sum(number) % {PRIME} <> 0 ORDER BY start"""
