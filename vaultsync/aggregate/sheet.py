"""Add up rows by any keys.

pandas numbers what belongs together, once for each question and over the whole loaded range. A period is
then a slice of days whose whole counts are added: the hundredth day costs little, and a million events are
added by the same lines.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache

import numpy as np
import pandas as pd

from vaultsync.aggregate.rows import COUNTS, DIMENSIONS, Integers
from vaultsync.periods import Calendar, Kind, Period

Key = tuple[int, ...]
"""What tells a line: the ordinal of its bucket's first day, 0 without buckets; the code of each dimension."""


@dataclass(frozen=True, slots=True)
class Sums:
    """The rows of a period, added up."""

    cells: Iterable[tuple[Key, int, list[int], Decimal]] = ()
    """Line, lot, counts, and the sum of what the logs state; a lot is of one currency."""
    sessions: Mapping[Key, int] = field(default_factory=dict)
    """Number of distinct sessions in a line."""
    all_sessions: int = 0
    outcomes: Sequence[tuple[Key, str, int]] = ()


class Sheet:
    """The loaded range: one row per group of events, by day."""

    def __init__(
        self, frame: pd.DataFrame, outcomes: Sequence[tuple[int, str, int]], calendar: Calendar
    ) -> None:
        """Put the rows in order.

        Args:
            frame: As `rows.read` gives it, with `lot`.
            outcomes: Row, name, amount.
        """
        frame = frame.sort_values("day", kind="stable")
        self._calendar = calendar
        self._keys = frame[["day", *DIMENSIONS]]
        self._codes: dict[str, Integers] = {
            name: self._keys[name].to_numpy() for name in ("day", *DIMENSIONS)
        }
        self._days: list[int] = self._codes["day"].tolist()
        self._lots: Integers = frame["lot"].to_numpy()
        self._lot_count = int(self._lots.max(initial=0)) + 1
        self._session_count = int(self._codes["session"].max(initial=0)) + 1
        self._counts: Integers = frame[list(COUNTS)].to_numpy()
        self._stated = frame["cost"].where(frame["is_stated"], Decimal(0)).to_numpy()
        place = {row: number for number, row in enumerate(frame.index.tolist())} if outcomes else {}
        self._outcomes: dict[int, list[tuple[str, int]]] = {}
        for row, name, amount in outcomes:
            self._outcomes.setdefault(place[row], []).append((name, amount))
        self._lines = cache(self._number)
        self._buckets = cache(self._cut)

    def add(self, period: Period, by: tuple[str, ...], bucket: Kind | None, where: Mapping[str, int]) -> Sums:
        """Add up the rows of a period.

        Args:
            where: Dimension -> code that a row must have.
        """
        rows = self._select(period, where)
        if not len(rows):
            return Sums()
        lines, lots = self._lines(by, bucket)[rows], self._lots[rows]
        order, starts = _ranked(lines * self._lot_count + lots)
        heads, ranked = order[starts], rows[order]
        numbers = lines[heads].tolist()
        keys = dict(zip(numbers, self._named(rows[heads], by, bucket), strict=True))
        counts = np.add.reduceat(self._counts[ranked], starts).tolist()
        stated = np.add.reduceat(self._stated[ranked], starts).tolist()
        cells = zip((keys[number] for number in numbers), lots[heads].tolist(), counts, stated, strict=True)
        outcomes = [
            (keys[line], *outcome)
            for row, line in (zip(rows.tolist(), lines.tolist(), strict=True) if self._outcomes else ())
            for outcome in self._outcomes.get(row, ())
        ]
        pairs = self._pairs(lines, self._codes["session"][rows])
        sessions = Counter(keys[line] for line, _ in pairs)
        return Sums(cells, sessions, len({session for _, session in pairs}), outcomes)

    def _select(self, period: Period, where: Mapping[str, int]) -> Integers:
        """Numbers of the rows of a period."""
        rows = np.arange(*(bisect_left(self._days, end.toordinal()) for end in (period.start, period.end)))
        for dimension, code in where.items():
            rows = rows[self._codes[dimension][rows] == code]
        return rows

    def _number(self, by: tuple[str, ...], bucket: Kind | None) -> Integers:
        """The line of every row."""
        keys = [self._keys[name] for name in by] + ([self._buckets(bucket)] if bucket else [])
        if not keys:
            return np.zeros(len(self._keys), dtype=np.int64)
        return np.asarray(self._keys.groupby(keys, sort=False).ngroup(), dtype=np.int64)

    def _cut(self, bucket: Kind) -> Integers:
        """The first day of the bucket of every row."""
        distinct, places = np.unique(self._codes["day"], return_inverse=True)
        days = map(date.fromordinal, distinct.tolist())
        starts = [self._calendar.period(bucket, day).start.toordinal() for day in days]
        return np.asarray(starts, dtype=np.int64)[places]

    def _pairs(self, lines: Integers, sessions: Integers) -> list[tuple[int, int]]:
        """Every line with each of its sessions, once; -1 is no session."""
        has_one = sessions >= 0
        pairs = np.unique(lines[has_one] * self._session_count + sessions[has_one]).tolist()
        return [divmod(pair, self._session_count) for pair in pairs]

    def _named(self, rows: Integers, by: Sequence[str], bucket: Kind | None) -> Iterable[Key]:
        """The keys of the lines to which rows belong."""
        starts = self._buckets(bucket)[rows] if bucket else rows * 0
        return zip(starts.tolist(), *(self._codes[name][rows].tolist() for name in by), strict=True)


def _ranked(numbers: Integers) -> tuple[Integers, Integers]:
    """The order that brings equal numbers together, and where in it each number begins."""
    order = numbers.argsort(kind="stable")
    ranked = numbers[order]
    return order, np.concatenate(([0], (ranked[1:] != ranked[:-1]).nonzero()[0] + 1))
