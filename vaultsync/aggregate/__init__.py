"""Sum the usage table by period and any dimensions, and price the sums exactly.

A row's local day, its rate and where its cost comes from are found once, on loading. A summary adds whole
counts and multiplies the few sums by their rates as `Decimal`: no float, no rounding. Unknown stays unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from functools import cached_property

from vaultsync.aggregate.rating import Lot, rate
from vaultsync.aggregate.rows import DIMENSIONS, read, text
from vaultsync.aggregate.sheet import Key, Sheet, Sums
from vaultsync.aggregate.tally import Tally
from vaultsync.model import CostChoice, Pricer, Summary, UsageRows
from vaultsync.periods import EVER, Calendar, Kind, Period

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
    dimensions: Collection[str] = DIMENSIONS,
) -> UsageTable:
    """Price a usage table once, so that it can be summed in many ways.

    Args:
        rows: Their `band` counts the thresholds of this pricer.
        currency: What sums are told in; money without an exchange rate stays apart.
        cost: `auto`: billed or charged money in the log wins, then the calculated cost, then the log's own
            estimate; `calculated`: never what the log states; `reported`: always, where it states something.
        dimensions: Those by which the rows are told apart; no others can be asked for. Without `session` no
            sessions are counted.
    """
    with localcontext(prec=PRECISION):
        frame, names = read(rows, calendar)
        frame["lot"], lots = rate(frame, names, pricer, currency, cost)
    sheet = Sheet(frame, rows.outcomes, calendar)
    return UsageTable(calendar, sheet, {name: names[name] for name in DIMENSIONS if name in dimensions}, lots)


@dataclass(frozen=True)
class UsageTable:
    """The loaded range; gives any grouping of it (`model.Figures`)."""

    calendar: Calendar
    _sheet: Sheet
    _names: Mapping[str, list[str]]
    _lots: Sequence[Lot]
    _told: dict[object, Summary] = field(default_factory=dict, repr=False)
    """Summaries that were asked for before; notes ask for the same sums again and again."""

    @cached_property
    def daily(self) -> Mapping[date, Decimal | None]:
        """Cost of each local day with events; None: no event of it has a price."""
        lines = self.summarize(EVER, bucket="day").lines
        return {date.fromisoformat(line.period): line.cost for line in lines if line.period}

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
            ValueError: A dimension is not one of those that were loaded, or stands twice in `by`.
        """
        wrong = sorted({*by, *(where or {})} - self._names.keys())
        if wrong or len({*by}) < len(by):
            raise ValueError(f"by and where take each of {', '.join(self._names)} once; not {wrong or by}")
        key = (period.start, period.end, tuple(by), bucket, frozenset((where or {}).items()))
        if key not in self._told:
            self._told[key] = self._summarize(period, by, bucket, where or {})
        return self._told[key]

    def _summarize(
        self, period: Period, by: Sequence[str], bucket: Kind | None, where: Mapping[str, str | None]
    ) -> Summary:
        codes = {name: self._code(name, value) for name, value in where.items()}
        with localcontext(prec=PRECISION):
            lines, total = self._tallies(self._sheet.add(period, tuple(by), bucket, codes))
            labels = {start: self._label(bucket, start) for start in {start for start, *_ in lines}}
            told = [
                (start, names, tally.line(names, labels[start]))
                for (start, *codes), tally in lines.items()
                for names in [tuple(text(self._names[d], c) for d, c in zip(by, codes, strict=True))]
            ]
            told.sort(key=lambda item: (item[0], [(name is None, name or "") for name in item[1]]))
            lines_told = tuple(line for _, _, line in told)
            return Summary(period.start, period.end, tuple(by), bucket, lines_told, total.line((), None))

    def _code(self, dimension: str, value: str | None) -> int:
        """The code of a value; -1 for none, and one that no row has for a value that none has."""
        names = self._names[dimension]
        return -1 if value is None else names.index(value) if value in names else len(names)

    def _label(self, bucket: Kind | None, start: int) -> str | None:
        return self.calendar.period(bucket, date.fromordinal(start)).label if bucket else None

    def _tallies(self, sums: Sums) -> tuple[dict[Key, Tally], Tally]:
        """What is told of each line, and of all."""
        lines: defaultdict[Key, Tally] = defaultdict(Tally)
        total = Tally()
        for key, lot, counts, stated in sums.cells:
            lines[key].add(self._lots[lot], counts, stated)
        for key, outcome, amount in sums.outcomes:
            lines[key].outcomes[outcome] += amount
        for tally in lines.values():
            total.join(tally)
        for key, sessions in sums.sessions.items():
            lines[key].sessions = sessions
        total.sessions = sums.all_sessions
        return lines, total
