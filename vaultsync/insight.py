"""Find what stands out in exact sums: change, trend, forecast, days that cost too much.

Plain arithmetic on `Decimal`; an unknown cost never counts as zero, and nothing here reads the clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from vaultsync.model import Change, Figures, Forecast, Insights, Spike
from vaultsync.periods import Kind, Period
from vaultsync.periods import day as day_period

Costs = Mapping[date, Decimal | None]
"""Cost of each local day that has events; None: none of them has a price."""

LOOK_BACK = 28
"""Days before a period, or before today, that say what is usual."""
WINDOW = 14
"""Days whose mean is forecast: whole weeks, so that idle weekends weigh as much as they will."""
FEWEST_DAYS = 3
"""Days with a cost below which nothing is forecast."""
FEWEST_USUAL = 7
"""Days with a cost below which no day is unusual."""
DEVIATIONS = Decimal(5)
"""Median deviations above the median at which a day is a spike."""
FEWEST_MONEY = Decimal(1)
"""A day below this is never a spike."""
ZERO = Decimal(0)
_PARTS: Mapping[Kind, Kind] = {"quarter": "week", "year": "month"}


def find(
    figures: Figures, period: Period, today: date, forecasts: Sequence[Period] | None = None
) -> Insights:
    """Find out all about a period.

    Args:
        figures: Reach back over the period before this one, and `LOOK_BACK` days before the period and today.
        today: Local day of the run; it, and what comes after, is unfinished.
        forecasts: What is forecast; by default the period itself, if it is unfinished.
    """
    wanted = [period] if forecasts is None else forecasts
    running = [each for each in wanted if today in each]
    back = timedelta(days=LOOK_BACK)
    first = min([today, *(each.start for each in running)]) - back
    late = _daily(figures, first, today + timedelta(days=1)) if running else {}
    guesses = (forecast(late, each, today) for each in running)
    usual = _daily(figures, period.start - back, period.end)
    return Insights(
        change=change(figures, period, today),
        trend=trend(_finished(figures, period, today)),
        forecasts=tuple(each for each in guesses if each is not None),
        spikes=tuple(spike for spike in spikes(usual) if spike.period.start in period),
    )


def _daily(figures: Figures, first: date, end: date) -> Costs:
    days = Period(first, end, "day", "").days()
    return {day: figures.daily[day] for day in days if day in figures.daily}


def _finished(figures: Figures, period: Period, today: date) -> list[Decimal | None]:
    """Cost of each finished part that lies whole inside a period: weeks of a quarter, months of a year."""
    kind = _PARTS.get(period.kind)
    if kind is None:
        return []
    costs = {line.period: line.cost for line in figures.summarize(period, bucket=kind).lines}
    parts = figures.calendar.split(period, kind)
    end = min(period.end, today)
    return [costs.get(part.label, ZERO) for part in parts if part.start >= period.start and part.end <= end]


def change(figures: Figures, period: Period, today: date) -> Change | None:
    """Compare a period with the one before; an unfinished one with as many days of it.

    Returns:
        None where the period lies ahead, or nothing happened in the one before.
    """
    before = figures.calendar.previous(period)
    days = (today - period.start).days + 1
    words = f"the {period.kind} before"
    if days < 1:
        return None
    if days < min(period.length, before.length):
        words = f"the first {days} days of {words}" if days > 1 else f"the first day of {words}"
        before = Period(before.start, before.start + timedelta(days=days), before.kind, before.label)
    earlier = figures.summarize(before).total
    if not earlier.coverage.events:
        return None
    return Change(words, earlier.cost, figures.summarize(period).total.cost)


def trend(parts: Sequence[Decimal | None]) -> Decimal | None:
    """Mean growth of cost from one part to the next, by the line of least squares, in money.

    Args:
        parts: Costs in order; an unknown one is left out, its place is kept.

    Returns:
        None with fewer than three known costs.
    """
    known = [(Decimal(place), cost) for place, cost in enumerate(parts) if cost is not None]
    if len(known) < 3:
        return None
    middle = sum((x for x, _ in known), ZERO) / len(known)
    mean = sum((y for _, y in known), ZERO) / len(known)
    slope = sum(((x - middle) * (y - mean) for x, y in known), ZERO)
    return slope / sum(((x - middle) ** 2 for x, _ in known), ZERO)


def forecast(daily: Costs, period: Period, today: date) -> Forecast | None:
    """Guess the cost of an unfinished period: spent so far, and the mean of late days for each day left.

    The mean is over each of the last `WINDOW` days before today, idle or not, but none before the first cost.

    Args:
        daily: Costs of the period, and of the `LOOK_BACK` days before today.

    Returns:
        None unless today lies in the period and three days before today have a cost.
    """
    if today not in period:
        return None
    known = {day: cost for day, cost in daily.items() if cost is not None}
    late = [day for day in known if today - timedelta(days=WINDOW) <= day < today]
    if len(late) < FEWEST_DAYS:
        return None
    first = max(today - timedelta(days=WINDOW), min(known))
    mean = sum((known[day] for day in late), ZERO) / (today - first).days
    spent = sum((cost for day, cost in known.items() if day in period and day <= today), ZERO)
    return Forecast(period, spent + mean * (period.end - today - timedelta(days=1)).days)


def spikes(
    daily: Costs, deviations: Decimal = DEVIATIONS, fewest: Decimal = FEWEST_MONEY
) -> tuple[Spike, ...]:
    """Days that cost far more than such days usually do, the dearest first.

    A spike lies above the median by so many median deviations, is at least double the median, and worth
    mentioning at all. Idle days are not usual days.

    Args:
        fewest: Money below which no day is a spike.
    """
    active = {day: cost for day, cost in daily.items() if cost}
    if len(active) < FEWEST_USUAL:
        return ()
    usual = median(active.values())
    spread = median(abs(cost - usual) for cost in active.values())
    limit = max(usual + deviations * spread, 2 * usual)
    found = [
        Spike(day_period(day), cost, usual) for day, cost in active.items() if cost > limit and cost >= fewest
    ]
    return tuple(sorted(found, key=lambda spike: (-spike.cost, spike.period.start)))
