"""What every report is made from, and the few sums and words that all of its parts share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from functools import reduce
from operator import add

from vaultsync.model import (
    BudgetState,
    Coverage,
    Figures,
    Insights,
    Line,
    Notice,
    Summary,
    TokenCounts,
)
from vaultsync.periods import MONTHS, WEEKDAYS, Calendar, Kind, Period
from vaultsync.text import named

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Desk:
    """All that one report is made from; nothing here is computed twice."""

    period: Period
    figures: Figures
    currency: str = "USD"
    budgets: tuple[BudgetState, ...] = ()
    """States of the period, and of its parts where a table should hold actual against budget."""
    insights: Insights = field(default_factory=Insights)
    notices: tuple[Notice, ...] = ()
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """Results counted in notes, by name; their cost is that of the whole period."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """What sessions are called, by their ids; where they are named."""
    _sums: dict[object, Summary] = field(default_factory=dict, repr=False, compare=False)

    @property
    def calendar(self) -> Calendar:
        """The vault's way of cutting time."""
        return self.figures.calendar

    @property
    def money(self) -> str:
        """Title of a money column."""
        return f"Cost ({self.currency})"

    def sum(self, *by: str, bucket: Kind | None = None, period: Period | None = None) -> Summary:
        """Figures of the period, or of another one, grouped; asked for once."""
        key = (period or self.period, by, bucket)
        if key not in self._sums:
            self._sums[key] = self.figures.summarize(*key)
        return self._sums[key]

    def general(self, period: Period | None = None) -> BudgetState | None:
        """The budget on everything in a period, if there is one."""
        label = (period or self.period).label
        return next((s for s in self.budgets if s.period.label == label and s.is_general), None)


def joined(lines: Sequence[Line]) -> Line:
    """The sum of lines, without keys; a session that stands in two of them counts twice."""
    with localcontext(prec=120):  # as exact as the sums that come in
        costs = [line.cost for line in lines if line.cost is not None]
        cost = sum(costs, Decimal(0)) if costs else None
        listed = [line.notional for line in lines if line.notional is not None]
        notional = sum(listed, Decimal(0)) if listed else None
    return Line(
        keys=(),
        period=None,
        tokens=reduce(add, (line.tokens for line in lines), TokenCounts()),
        requests=sum(line.requests for line in lines),
        web_searches=sum(line.web_searches for line in lines),
        sessions=sum(line.sessions for line in lines),
        cost=cost,
        list_cost=None,
        stated=None,
        stated_calculated=None,
        foreign=tuple(money for line in lines for money in line.foreign),
        energy=(),
        coverage=reduce(add, (line.coverage for line in lines), Coverage()),
        notional=notional,
    )


def dearest_first(lines: Sequence[Line]) -> list[Line]:
    """Lines by falling cost, those without one last, then by falling tokens and by name."""
    return sorted(
        lines,
        key=lambda x: (x.cost is None, -(x.cost or 0), -x.all_tokens, tuple(key or "" for key in x.keys)),
    )


def name(key: str | None, dimension: str = "") -> str:
    """A key for a cell; ids of sessions lose all but their head, as git shows commits."""
    shown = named(dimension, key)
    return shown[:8] if _UUID.fullmatch(shown) else shown


def clipped(part: Period, whole: Period) -> Period:
    """The days of a part that lie inside the whole."""
    return Period(max(part.start, whole.start), min(part.end, whole.end), part.kind, part.label)


def short_label(part: Period) -> str:
    """`Mon 5`, `W02`, `Jan`, `Q1`, `2026`: enough inside its wider period."""
    if part.kind == "day":
        return f"{WEEKDAYS[part.start.weekday()]} {part.start.day}"
    if part.kind == "month":
        return MONTHS[part.start.month - 1]
    return part.label.rpartition("-")[2]
