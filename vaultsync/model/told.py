"""What is told: budgets, insights, and the report of one note. Values, not text; `render` formats them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from vaultsync.model.sums import Line
from vaultsync.periods import Kind, NoteKind, Period


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit that the user wrote into front matter."""

    kind: Kind
    limit: Decimal
    """In the report currency; 0 is a budget."""
    origin: str
    """Note and key, for people: `LLM Costs.md llm_budget_monthly_usd`."""
    provider: str | None = None
    project: str | None = None
    period: str | None = None
    """Label of the one period it limits; None: every period of its kind."""
    also: tuple[str, ...] = ()
    """Further log names of the same project, limited together with it."""

    @property
    def is_general(self) -> bool:
        """True for a budget on everything, False for one on a provider or a project."""
        return self.provider is None and self.project is None


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget against what was spent in a period."""

    budget: Budget
    period: Period
    limit: Decimal
    """The limit of this period; where the budget is of a wider one, the share by days, exact."""
    spent: Decimal
    shared_from: str | None = None
    """Label of the wider period whose share this is."""
    incomplete: bool = False
    """Some events of the period have no price."""

    @property
    def is_general(self) -> bool:
        """True for a budget on everything, False for one on a provider or a project."""
        return self.budget.is_general

    @property
    def left(self) -> Decimal:
        """What remains; negative when over."""
        return self.limit - self.spent

    @property
    def is_over(self) -> bool:
        """Spent more than the limit."""
        return self.spent > self.limit

    @property
    def used(self) -> Decimal | None:
        """Spent as a fraction of the limit; None for a limit of 0."""
        return self.spent / self.limit if self.limit else None


@dataclass(frozen=True, slots=True)
class Change:
    """What a period costs against an earlier one; both sums cover equally many days."""

    against: str
    """The earlier period in words: `last week`, `the day before`."""
    before: Decimal | None
    """None: nothing in it has a price."""
    now: Decimal | None

    @property
    def fraction(self) -> Decimal | None:
        """Growth as a fraction of `before`; None where there is nothing to compare with."""
        if self.before is None or self.now is None or not self.before:
            return None
        return (self.now - self.before) / self.before


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an unfinished period will have cost at its end."""

    period: Period
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Spike:
    """A day that cost much more than such days usually do."""

    period: Period
    cost: Decimal
    usual: Decimal


@dataclass(frozen=True, slots=True)
class Insights:
    """What `insight` found out about a period; everything is optional."""

    change: Change | None = None
    trend: Decimal | None = None
    """Mean growth of cost from one part to the next, in money: per week of a quarter, per month of a year."""
    forecasts: tuple[Forecast, ...] = ()
    """Of the period itself while it is unfinished; on the dashboard, of any current periods."""
    spikes: tuple[Spike, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """One honest sentence under the figures."""

    kind: Literal[
        "unpriced",
        "partial",
        "rejected",
        "stated",
        "flag",
        "budget",
        "unsplit",
        "foreign",
        "energy",
        "gap",
        "telling",
    ]
    text: str
    """Plain text, escaped by `render`. With `values`, a fixed sentence of ours in which each `{}` stands for
    one."""
    values: tuple[object, ...] = ()
    """Names (str), counts (int) and money (`Amount`), formatted and escaped by `render`."""


Unit = Literal["text", "count", "money", "percent", "share", "bar", "rate"]
"""`percent`: a fraction; `share`: fractions of one whole, rounded so that they add up; `bar`: a fraction
drawn as a text bar; `rate`: a small ratio."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    unit: Unit = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as values, not text; `render` formats each cell by its column's unit."""

    id: str
    """`models`, `projects`, ...: the template block that shows it."""
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]
    """Text cells hold str, counts int, money `Amount`, the others Decimal; None is an empty cell."""
    total: tuple[object, ...] | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Series for a Mermaid chart; the same numbers stand in a table or in the text."""

    id: str
    kind: Literal["xy", "pie"]
    title: str
    labels: tuple[str, ...]
    values: tuple[Decimal, ...]
    line: tuple[Decimal, ...] = ()
    """A second series of an xy chart: the budget."""
    axis: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What the reader of one note is told; templates lay it out and do not count."""

    kind: NoteKind
    period: Period
    """Of a dashboard: the current month, which its head and its tables are about."""
    currency: str
    total: Line
    budgets: tuple[BudgetState, ...] = ()
    """Those of the period itself, the one on everything first; on a dashboard, of every current period."""
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    notices: tuple[Notice, ...] = ()
    insights: Insights = field(default_factory=Insights)
    spark: tuple[Decimal, ...] = ()
    """Cost of each part of the period, for a sparkline."""
    only: tuple[str, ...] = ()
    """Project, branch, action that all of the period has in common, so that no table says it."""
