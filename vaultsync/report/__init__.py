"""Decides what the reader of a note is told: figures in, a `Report` out, nothing formatted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from vaultsync.model import Chart, Report, Table
from vaultsync.periods import PERIOD_OF, Kind, NoteKind
from vaultsync.report import course, notices, tables
from vaultsync.report.desk import Desk

__all__ = ["Desk", "build", "daily", "dashboard", "monthly", "quarterly", "weekly", "yearly"]

T = TypeVar("T")


def build(kind: NoteKind, desk: Desk) -> Report:
    """Tell one period, or on the dashboard the current ones.

    Args:
        desk: Its period is of the kind; for a dashboard it is the current day. Its figures reach back to
            what is told: on a dashboard to the begin of the year, of the week, and 28 days.
    """
    if kind == "dashboard":
        return dashboard(desk)
    assert desk.period.kind == PERIOD_OF[kind], f"{kind} of {desk.period}"
    return {"daily": daily, "weekly": weekly, "monthly": monthly, "quarterly": quarterly, "yearly": yearly}[
        kind
    ](desk)


def daily(desk: Desk) -> Report:
    """Tell a day: who spent it, for what, and what came of it."""
    insights = replace(desk.insights, forecasts=())  # what today will cost is what it costs
    return _report("daily", replace(desk, insights=insights), _spent(desk))


def weekly(desk: Desk) -> Report:
    """Tell a week by its days, with a chart of them."""
    parts = course.parts(desk, "day")
    days = course.table(desk, "course", parts, desk.sum().total, "Day")
    chart = course.chart(desk, parts, f"Cost per day ({desk.currency})")
    return _report("weekly", desk, [days, *_spent(desk)], [chart])


def monthly(desk: Desk) -> Report:
    """Tell a month by its weeks, with a chart of its days."""
    days = course.parts(desk, "day")
    weeks = course.table(desk, "course", course.parts(desk, "week"), desk.sum().total, "Week")
    every_day = course.table(desk, "days", days, desk.sum().total, "Day")
    chart = course.chart(desk, days, f"Cost per day ({desk.currency})")
    told = _report("monthly", desk, [weeks, *_spent(desk), every_day], [chart])
    return replace(told, spark=course.costs(days))


def quarterly(desk: Desk) -> Report:
    """Tell a quarter by its thirteen or fourteen weeks, against its budget."""
    return _long(desk, "quarterly", "week", "Week")


def yearly(desk: Desk) -> Report:
    """Tell a year by its months, against its budget."""
    return _long(desk, "yearly", "month", "Month")


def dashboard(desk: Desk) -> Report:
    """Tell today, this week, month, quarter and year to date; what it spends on is told of the month."""
    today = desk.period
    month = replace(desk, period=desk.calendar.period("month", today.start))
    recent = course.last_days(today)
    days = course.parts(desk, "day", recent)
    line = course.chart(desk, days, f"Cost per day ({desk.currency})")
    told = _report("dashboard", month, [course.current(desk, today), *_spent(month), tables.dearest(month)])
    whole = desk.sum(period=recent).total
    every_day = course.table(replace(desk, period=recent), "days", days, whole, "Day")
    slices = course.pie(month, f"{month.period.words} by model ({desk.currency})")
    budgets = tables.budgets(desk, [state for state in desk.budgets if state.shared_from is None])
    kept = [table for table in told.tables if table.id != "budgets"]
    return replace(
        told,
        tables=_there([*kept, budgets, every_day]),
        charts=_there([line, slices]),
        budgets=tuple(desk.budgets),
        spark=course.costs(days) if whole.coverage.events else (),
    )


def _long(desk: Desk, kind: NoteKind, part: Kind, title: str) -> Report:
    parts = course.parts(desk, part)
    table = course.table(desk, "course", parts, desk.sum().total, title)
    chart = course.chart(desk, parts, f"Cost per {part} ({desk.currency})")
    return replace(_report(kind, desk, [table, *_spent(desk)], [chart]), spark=course.costs(parts))


def _spent(desk: Desk) -> list[Table | None]:
    """The tables that every period has, most wanted first."""
    return [
        tables.models(desk),
        tables.grouped(desk, "projects", "project"),
        tables.grouped(desk, "actions", "action"),
        tables.outcomes(desk),
        tables.budgets(desk, [s for s in desk.budgets if s.period.label == desk.period.label]),
        tables.sessions(desk),
        tables.grouped(desk, "branches", "project", "branch"),
    ]


def _report(
    kind: NoteKind, desk: Desk, told: list[Table | None], charts: list[Chart | None] | None = None
) -> Report:
    own = [state for state in desk.budgets if state.period.label == desk.period.label]
    return Report(
        kind=kind,
        period=desk.period,
        currency=desk.currency,
        total=desk.sum().total,
        budgets=tuple(sorted(own, key=lambda state: not state.is_general)),
        tables=_there(told),
        charts=_there(charts or []),
        notices=notices.all_of(desk),
        insights=desk.insights,
        only=tables.only(desk),
    )


def _there(items: Sequence[T | None]) -> tuple[T, ...]:
    return tuple(item for item in items if item is not None)
