"""Sum the usage table by period and any dimensions, and price the sums exactly.

A row's local day, its rate and where its cost comes from are found once, on loading. A summary groups whole
counts in pandas and multiplies the few sums by their rates as `Decimal`: no float, no rounding. Unknown stays
unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pandas as pd

from vaultsync.aggregate.rating import Lot, rate
from vaultsync.aggregate.rows import COUNTS, DIMENSIONS, read, text
from vaultsync.aggregate.tally import ZERO, Tally
from vaultsync.model import CostChoice, Pricer, Summary, UsageRows
from vaultsync.periods import Calendar, Kind, Period

__all__ = ["DIMENSIONS", "UsageTable", "load"]

PRECISION = 120
"""Digits of a sum; far more than counts, rates and exchange rates need, so nothing is rounded on the way."""


def load(
    rows: UsageRows,
    pricer: Pricer,
    calendar: Calendar,
    *,
    currency: str = "USD",
    cost: CostChoice = "auto",
) -> UsageTable:
    """Price a usage table once, so that it can be summed in many ways.

    Args:
        rows: Their `band` counts the thresholds of this pricer.
        currency: What sums are told in; money without an exchange rate stays apart.
        cost: `auto`: billed or charged money in the log wins, then the calculated cost, then the log's own
            estimate; `calculated`: never what the log states; `reported`: always, where it states something.
    """
    with localcontext(prec=PRECISION):
        frame, names = read(rows, calendar)
        frame["lot"], lots = rate(frame, names, pricer, currency, cost)
    kept = frame[["day", *DIMENSIONS, "lot", *COUNTS, "cost", "is_stated"]].sort_values("day", kind="stable")
    outcomes = pd.DataFrame(list(rows.outcomes), columns=["row", "outcome", "amount"])
    return UsageTable(calendar, kept, {name: names[name] for name in DIMENSIONS}, lots, outcomes)


@dataclass(frozen=True, slots=True)
class UsageTable:
    """The loaded range; gives any grouping of it (`model.Figures`)."""

    calendar: Calendar
    _frame: pd.DataFrame
    """One row per group of events, by day: `day` (ordinal), dimensions (codes), `lot`, counts, `cost`."""
    _names: Mapping[str, list[str]]
    _lots: Sequence[Lot]
    _outcomes: pd.DataFrame
    _told: dict[object, Summary] = field(default_factory=dict, repr=False)
    """Summaries that were asked for before; notes ask for the same sums again and again."""

    def summarize(
        self,
        period: Period,
        by: Sequence[str] = (),
        bucket: Kind | None = None,
        where: Mapping[str, str | None] | None = None,
    ) -> Summary:
        """Sum the events of a period, grouped by dimensions and cut into periods of a kind.

        A line's cost is None if it has events and none of them has a price; no events cost 0. Sessions are
        distinct within each line, so they alone do not add up.

        Args:
            by: Of `DIMENSIONS`, each at most once.
            bucket: Periods at the edges count only their days inside `period`.
            where: Dimension -> value that an event must have; None: has none.

        Raises:
            ValueError: A dimension is not one of `DIMENSIONS`, or stands twice in `by`.
        """
        wrong = sorted({*by, *(where or {})} - {*DIMENSIONS})
        if wrong or len({*by}) < len(by):
            raise ValueError(f"by and where take each of {', '.join(DIMENSIONS)} once; not {wrong or by}")
        key = (period.start, period.end, tuple(by), bucket, frozenset((where or {}).items()))
        if key not in self._told:
            self._told[key] = self._summarize(period, by, bucket, where)
        return self._told[key]

    def _summarize(
        self, period: Period, by: Sequence[str], bucket: Kind | None, where: Mapping[str, str | None] | None
    ) -> Summary:
        with localcontext(prec=PRECISION):
            part, labels = self._select(period, bucket, where or {})
            lines, total = self._count(part, ["bucket", *by])
            told = [
                (start, names, tally.line(names, labels[start]))
                for (start, *codes), tally in lines.items()
                for names in [tuple(text(self._names[d], c) for d, c in zip(by, codes, strict=True))]
            ]
            told.sort(key=lambda item: (item[0], [(name is None, name or "") for name in item[1]]))
            lines_told = tuple(line for _, _, line in told)
            return Summary(period.start, period.end, tuple(by), bucket, lines_told, total.line((), None))

    def _select(
        self, period: Period, bucket: Kind | None, where: Mapping[str, str | None]
    ) -> tuple[pd.DataFrame, dict[int, str | None]]:
        """Rows of a period, with a column `bucket`: the ordinal of its first day; and the buckets' labels."""
        days = self._frame["day"].to_numpy()
        first, last = np.searchsorted(days, [period.start.toordinal(), period.end.toordinal()])
        part = self._frame.iloc[first:last]
        for dimension, value in where.items():
            names = self._names[dimension]
            code = -1 if value is None else names.index(value) if value in names else -2
            part = part[part[dimension] == code]
        if bucket is None:
            return part.assign(bucket=0), {0: None}
        distinct, places = np.unique(part["day"].to_numpy(), return_inverse=True)
        periods = [self.calendar.period(bucket, date.fromordinal(day)) for day in distinct.tolist()]
        starts = np.asarray([each.start.toordinal() for each in periods], dtype=np.int64)
        return part.assign(bucket=starts[places]), {each.start.toordinal(): each.label for each in periods}

    def _count(self, part: pd.DataFrame, keys: list[str]) -> tuple[dict[tuple[int, ...], Tally], Tally]:
        """Tallies by the codes of the keys, and their sum."""
        lines: defaultdict[tuple[int, ...], Tally] = defaultdict(Tally)
        total = Tally()
        if part.empty:
            return lines, total
        for (*codes, lot), counts, stated in _cells(part, [*keys, "lot"]):
            lines[tuple(codes)].add(self._lots[lot], counts, stated)
        for key, outcome, amount in self._results(part, keys):
            lines[key].outcomes[outcome] += amount
        for tally in lines.values():
            total.join(tally)
        for key, sessions in _sessions(part, keys):
            lines[key].sessions = sessions
        total.sessions = int((part["session"].drop_duplicates() >= 0).sum())
        return lines, total

    def _results(self, part: pd.DataFrame, keys: list[str]) -> Iterator[tuple[tuple[int, ...], str, int]]:
        """Counted results by the codes of the keys."""
        if len(self._outcomes):
            found = self._outcomes.join(part[keys], on="row", how="inner")
            sums = found.groupby([*keys, "outcome"], sort=False, dropna=False)["amount"].sum()
            yield from ((tuple(key[:-1]), str(key[-1]), int(amount)) for key, amount in _items(sums))


def _cells(part: pd.DataFrame, grouping: list[str]) -> Iterator[tuple[tuple[int, ...], list[int], Decimal]]:
    """Counts and the sum of what the logs state, by group; a group is of one lot, so of one currency."""
    groups = part.groupby(grouping, sort=False, dropna=False)[list(COUNTS)].sum().reset_index()
    claims = part.loc[part["is_stated"], [*grouping, "cost"]]
    stated = (
        dict(_items(claims.groupby(grouping, sort=False, dropna=False)["cost"].sum())) if len(claims) else {}
    )
    width = len(grouping)
    for row in groups.to_numpy().tolist():
        key = tuple(row[:width])
        yield key, row[width:], stated.get(key, ZERO)


def _sessions(part: pd.DataFrame, keys: list[str]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Number of distinct sessions by group."""
    distinct = part.loc[part["session"] >= 0, list({*keys, "session"})].drop_duplicates()
    yield from _items(distinct.groupby(keys, sort=False, dropna=False).size())


def _items(series: pd.Series[Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Index and value of a grouped sum, the index always as a tuple."""
    return ((key if isinstance(key, tuple) else (key,), value) for key, value in series.items())
