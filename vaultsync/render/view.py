"""What a template sees of a report: finished words and numbers under plain names."""

from __future__ import annotations

from decimal import Decimal

from vaultsync.model import Amount, BudgetState, Line, Notice, Report
from vaultsync.periods import Period, day
from vaultsync.render import numbers
from vaultsync.render.charts import mermaid
from vaultsync.render.tables import markdown
from vaultsync.render.text import Markdown, escape, sentence

NEARLY = Decimal("0.8")
"""Used share of a budget from which the callout warns."""


def of(report: Report) -> dict[str, object]:
    """All that a template may use, as plain data: texts, truth values, tuples and dicts of them."""
    total = report.total
    tables = {table.id: markdown(table) for table in report.tables}
    charts = {chart.id: mermaid(chart) for chart in report.charts}
    budget = _general(report)
    return {
        "kind": report.kind,
        "empty": not total.coverage.events and report.kind != "dashboard",
        "label": report.period.label,
        "days": report.period.words,
        "when": _when(report.period),
        "currency": report.currency,
        "state": state(budget) if budget else "summary",
        "cost": numbers.price(total.amount, report.currency),
        "flat": None if total.notional is None else numbers.price(Amount(total.notional), report.currency),
        "tokens": _count(total.all_tokens, "token"),
        "calls": _count(total.requests, "call"),
        "sessions": _count(total.sessions, "session") if total.sessions else None,
        "only": report.only,
        "budget": _budget(budget, report.currency) if budget else None,
        "change": _change(report),
        "trend": _trend(report),
        "spark": numbers.sparkline(report.spark),
        "forecasts": _forecasts(report),
        "spikes": _spikes(report),
        "coverage": _coverage(total),
        "notices": tuple(notice(item, report.currency) for item in report.notices),
        "tables": tables,
        "charts": charts,
    }


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _general(report: Report) -> BudgetState | None:
    """The budget on everything in the period that the head of the note is about."""
    for item in report.budgets:
        if item.is_general and item.period == report.period:
            return item
    return None


def state(budget: BudgetState) -> str:
    """Kind of callout: `danger` over, `warning` nearly, `success` within; `summary` where nobody can tell."""
    if budget.is_over:
        return "danger"
    if budget.used is not None and budget.used >= NEARLY:
        return "warning"
    return "summary" if budget.incomplete else "success"


def _budget(item: BudgetState, currency: str) -> dict[str, object]:
    used = item.used if item.used is not None else Decimal(item.is_over)
    left = numbers.price(Amount(abs(item.left)), currency)
    over = Markdown(f"{left} over") if item.is_over else Markdown(f"{left} left")
    if item.incomplete:
        over = Markdown(f"at least {over}" if item.is_over else f"at most {over}")
    return {
        "limit": numbers.price(Amount(item.limit), currency),
        "used": Markdown("≥ " * item.incomplete + numbers.percent(used)),
        "bar": Markdown(f"`{numbers.bar(used, 20)}`"),
        "left": over,
        "shared_from": item.shared_from,
        "is_over": item.is_over,
    }


def _change(report: Report) -> Markdown | None:
    """`▲ 12% against last week (\\$4.10)`."""
    change = report.insights.change
    if change is None or change.before is None:
        return None
    before = numbers.price(Amount(change.before), report.currency)
    growth = change.fraction
    if growth is None:
        return Markdown(f"{before} {escape(change.against)}")
    size = numbers.percent(abs(growth))
    words = "as much as" if size == "0%" else f"{'▲' if growth > 0 else '▼'} {size} against"
    return Markdown(f"{words} {escape(change.against)} ({before})")


def _trend(report: Report) -> Markdown | None:
    """`trend +\\$1.20 a week`."""
    trend = report.insights.trend
    part = {"quarterly": "week", "yearly": "month"}.get(report.kind, "day")
    if not trend:
        return None
    size = numbers.price(Amount(abs(trend)), report.currency)
    return Markdown(f"trend {'+' if trend > 0 else '−'}{size} a {part}")


def _forecasts(report: Report) -> tuple[Markdown, ...]:
    """`\\$64.20 by the end of Jan 2026, \\$4.20 over budget`; of a week, its last day is said."""
    told = []
    for item in report.insights.forecasts:
        end = item.period.last if item.period.kind == "week" else None
        when = f"the end of {item.period.words}" if end is None else day(end).words
        text = f"{numbers.price(Amount(item.cost), report.currency)} by {when}"
        limit = next((b.limit for b in report.budgets if b.period == item.period and b.is_general), None)
        if limit is not None:
            rest = numbers.price(Amount(abs(limit - item.cost)), report.currency)
            text += f", {rest} {'over' if item.cost > limit else 'under'} budget"
        told.append(Markdown(text))
    return tuple(told)


def _spikes(report: Report) -> tuple[Markdown, ...]:
    """`12 Jan 2026: \\$18.20, usually \\$4.10`."""
    return tuple(
        Markdown(
            f"{spike.period.words}: {numbers.price(Amount(spike.cost), report.currency)}, "
            f"usually {numbers.price(Amount(spike.usual), report.currency)}"
        )
        for spike in report.insights.spikes
    )


def _coverage(line: Line) -> Markdown:
    """`412 events: 398 calculated, 10 as logged, 4 without price`."""
    coverage = line.coverage
    counts = (
        (coverage.calculated, "calculated"),
        (coverage.reported, "as logged"),
        (coverage.free, "free"),
        (coverage.unpriced, "without price"),
    )
    parts = ", ".join(f"{numbers.count(count)} {word}" for count, word in counts if count)
    return Markdown(
        f"{_count(coverage.events, 'event')}: {parts}" if parts else _count(coverage.events, "event")
    )


def notice(item: Notice, currency: str) -> Markdown:
    """A notice with its values filled in: our words as they are, names escaped, numbers formatted."""
    if not item.values:
        return sentence(item.text)
    pieces = item.text.split("{}")
    told: list[str] = [pieces[0]]
    for value, piece in zip(item.values, pieces[1:], strict=True):
        told += [_value(value, currency), piece]
    return Markdown("".join(told))


def _value(value: object, currency: str) -> str:
    if isinstance(value, Amount):
        return numbers.price(value, currency)
    return numbers.count(value) if isinstance(value, int | Decimal) else escape(value)


def _when(period: Period) -> str:
    """`on 7 Jan 2026`, `in the week 5–11 Jan 2026`, `in Jan 2026`."""
    before = {"day": "on", "week": "in the week"}.get(period.kind, "in")
    return f"{before} {period.words}"
