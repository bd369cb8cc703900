"""A slow and plain `Figures` for the tests of what is told, and a few events to fill it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from vaultsync import periods
from vaultsync.model import Budget, BudgetState, Coverage, Line, Summary, TokenCounts
from vaultsync.periods import Calendar, Kind, Period

RUN = TokenCounts(input=15_000, output=3_000)
UTC_WEEKS = Calendar()


@dataclass(frozen=True)
class Spent:
    """One priced event on a local day."""

    day: date
    provider: str = "anthropic"
    model: str = "claude-opus-4-5"
    tokens: TokenCounts = RUN
    cost: Decimal | None = Decimal("0.15")
    session: str | None = None
    project: str | None = None
    branch: str | None = None
    action: str | None = None
    source: str = "daily-json"
    requests: int = 1
    outcomes: tuple[tuple[str, int], ...] = ()
    coverage: Coverage | None = None
    foreign: tuple[tuple[str, Decimal], ...] = ()
    energy: tuple[tuple[str, Decimal], ...] = ()
    stated: Decimal | None = None


@dataclass(frozen=True)
class Naive:
    """Sums events one by one; the same contract as the real figures."""

    events: Sequence[Spent]
    calendar: Calendar = UTC_WEEKS

    @property
    def daily(self) -> Mapping[date, Decimal | None]:
        days = sorted({event.day for event in self.events})
        return {day: self.summarize(periods.day(day)).total.cost for day in days}

    def summarize(
        self,
        period: Period,
        by: Sequence[str] = (),
        bucket: Kind | None = None,
        where: Mapping[str, str | None] | None = None,
    ) -> Summary:
        chosen = [
            event
            for event in self.events
            if event.day in period
            and all(getattr(event, key) == value for key, value in (where or {}).items())
        ]
        groups: dict[tuple[object, ...], list[Spent]] = {}
        for event in chosen:
            label = self.calendar.period(bucket, event.day).label if bucket else None
            groups.setdefault((label, *(getattr(event, key) for key in by)), []).append(event)
        ordered = sorted(groups, key=lambda key: tuple("" if part is None else str(part) for part in key))
        lines = tuple(line(groups[key], key[0], key[1:]) for key in ordered)
        return Summary(period.start, period.end, tuple(by), bucket, lines, line(chosen))


def line(events: Sequence[Spent], label: object = None, keys: tuple[object, ...] = ()) -> Line:
    """The sum of events."""
    costs = [event.cost for event in events if event.cost is not None]
    stated = [event.stated for event in events if event.stated is not None]
    compared = [event.cost for event in events if event.stated is not None and event.cost is not None]
    outcomes: dict[str, int] = {}
    for event in events:
        for name, number in event.outcomes:
            outcomes[name] = outcomes.get(name, 0) + number
    return Line(
        keys=keys,  # type: ignore[arg-type]
        period=label,  # type: ignore[arg-type]
        tokens=sum((event.tokens for event in events), TokenCounts()),
        requests=sum(event.requests for event in events),
        web_searches=0,
        sessions=len({event.session for event in events if event.session}),
        cost=sum(costs, Decimal(0)) if costs else None,
        list_cost=None,
        stated=sum(stated, Decimal(0)) if stated else None,
        stated_calculated=sum(compared, Decimal(0)) if compared else None,
        foreign=tuple(money for event in events for money in event.foreign),
        energy=tuple(money for event in events for money in event.energy),
        coverage=sum((event.coverage or covered(event) for event in events), Coverage()),
        outcomes=tuple(sorted(outcomes.items())),
    )


def covered(event: Spent) -> Coverage:
    """One calculated or unpriced event."""
    return Coverage(events=1, unpriced=1) if event.cost is None else Coverage(events=1, calculated=1)


def state(
    period: Period,
    limit: str,
    spent: str,
    provider: str | None = None,
    project: str | None = None,
    **more: object,
) -> BudgetState:
    """A budget against what was spent."""
    budget = Budget(period.kind, Decimal(limit), "LLM Costs.md llm_budget_usd", provider, project)
    return BudgetState(budget, period, Decimal(limit), Decimal(spent), **more)  # type: ignore[arg-type]
