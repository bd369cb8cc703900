"""The course of a period: a row, a bar and a point for each of its days, weeks or months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from vaultsync.model import Amount, Chart, Column, Line, Table
from vaultsync.periods import MONTHS, Kind, Period
from vaultsync.report.desk import Desk, clipped, dearest_first, name, short_label
from vaultsync.text import ALL_MODELS

Course = list[tuple[Period, Line | None]]
"""Every part of a period with its figures, None for a part without events."""
FOUR_WEEKS = 28
"""Days of the dashboard's chart: the longest run in which no day of a month comes twice."""
SLICES = 8
DAYS_NAMED = 7
"""Most days that a chart can name as `Mon 5`; of more only the number fits."""


def parts(desk: Desk, kind: Kind, period: Period | None = None) -> Course:
    """Every part of a period with its figures, None for a part without events."""
    whole = period or desk.period
    lines = {line.period: line for line in desk.sum(bucket=kind, period=whole).lines}
    return [(clipped(part, whole), lines.get(part.label)) for part in desk.calendar.split(whole, kind)]


def costs(course: Course) -> tuple[Decimal, ...]:
    """Known cost of each part, for a sparkline."""
    return tuple((line and line.cost) or Decimal(0) for _, line in course)


def limits(desk: Desk, course: Course) -> list[Decimal | None]:
    """Budget of each part; a week that a month cuts has its share by days."""
    found: list[Decimal | None] = []
    for part, _ in course:
        state = desk.general(part)
        found.append(state.limit * part.length / state.period.length if state else None)
    return found


def table(desk: Desk, id: str, course: Course, total: Line, title: str) -> Table | None:
    """A row for each part: calls, tokens, cost, bar, and budget where there is one; None without events."""
    if not any(line for _, line in course):
        return None
    budget = limits(desk, course)
    against = any(limit is not None for limit in budget)
    shown = against and course[0][0].kind != "day"  # a day's budget would be the same in every row
    columns = [
        Column(title),
        Column("Calls", "count"),
        Column("Tokens", "count"),
        Column(desk.money, "money"),
    ]
    columns += [Column("", "bar")]  # beside the cost, whose course it draws
    columns += [Column(f"Budget ({desk.currency})", "money")] * shown + [Column("Used", "percent")] * against
    bars = _bars([line for _, line in course])
    rows = [
        (_label(part), *_cells(line), bar, *_against(line, limit, against, shown))
        for (part, line), limit, bar in zip(course, budget, bars, strict=True)
    ]
    state = desk.general()
    last = _against(total, state.limit if state else None, against, shown)
    return Table(id, title, tuple(columns), tuple(rows), ("Total", *_cells(total), None, *last))


def _cells(line: Line | None) -> tuple[object, ...]:
    """Calls, tokens and cost; a part without events stays empty."""
    return (line.requests, line.all_tokens, line.amount) if line else (None, None, None)


def _against(line: Line | None, limit: Decimal | None, known: bool, shown: bool = True) -> tuple[object, ...]:
    """The limit where it is shown, and the used fraction of it where any limit is known."""
    used = line.cost / limit if line and line.cost is not None and limit else None
    money = None if limit is None else Amount(limit)
    return (*[money] * shown, *[used] * known)


def _bars(lines: Sequence[Line | None]) -> list[Decimal | None]:
    """Fractions of the highest part, by cost; by tokens where nothing costs anything."""
    sizes = [(line.cost or Decimal(0)) if line else None for line in lines]
    if not any(sizes):
        sizes = [Decimal(line.all_tokens) if line else None for line in lines]
    highest = max((size for size in sizes if size is not None), default=Decimal(0))
    return [None if size is None or not highest else size / highest for size in sizes]


def _label(part: Period) -> str:
    """`Mon 5`, `W02 · 5–11 Jan`, `Jan`."""
    if part.kind != "week":
        return short_label(part)
    return f"{short_label(part)} · {part.span}"


def chart(desk: Desk, course: Course, title: str) -> Chart | None:
    """Cost of each part as bars, its budget as a line; None where nothing costs anything."""
    values = costs(course)
    if len(values) < 2 or not any(values):
        return None
    known = [limit for limit in limits(desk, course) if limit is not None]
    line = tuple(known) if len(known) == len(values) else ()
    is_long = len(values) > DAYS_NAMED
    labels = tuple(
        str(part.start.day) if part.kind == "day" and is_long else short_label(part) for part, _ in course
    )
    return Chart("course", "xy", title, labels, values, line, desk.currency)


def pie(desk: Desk, title: str) -> Chart | None:
    """Cost by model, of bills for all models by provider; None where there is less than two to compare."""
    told = [line for line in desk.sum("model").lines if line.keys != (ALL_MODELS,)]
    told += [line for line in desk.sum("provider", "model").lines if line.keys[1] == ALL_MODELS]
    lines = [line for line in dearest_first(told) if line.cost]
    if len(lines) < 2:
        return None
    head, tail = (lines, []) if len(lines) <= SLICES else (lines[: SLICES - 1], lines[SLICES - 1 :])
    labels = [_slice(*line.keys) for line in head] + ["others"] * bool(tail)
    values = [line.cost or Decimal(0) for line in head]
    values += [sum((line.cost or Decimal(0) for line in tail), Decimal(0))] * bool(tail)
    return Chart("models", "pie", title, tuple(labels), tuple(values))


def _slice(*keys: str | None) -> str:
    """`opus`; `google, all models`."""
    *provider, model = keys
    return ", ".join([*map(name, provider), name(model, "model")])


def last_days(today: Period) -> Period:
    """The four weeks that end with a day."""
    return Period(today.end - timedelta(days=FOUR_WEEKS), today.end, "day", f"{FOUR_WEEKS} days")


def current(desk: Desk, today: Period) -> Table:
    """Today, this week, month, quarter and year: cost against budget."""
    columns = [
        Column("Period"),
        Column("Calls", "count"),
        Column("Tokens", "count"),
        Column(desk.money, "money"),
    ]
    periods = [
        desk.calendar.period(kind, today.start) for kind in ("day", "week", "month", "quarter", "year")
    ]
    limits = [desk.general(period) for period in periods]
    known = any(limits)
    columns += [
        Column(f"Budget ({desk.currency})", "money"),
        Column("Used", "percent"),
        Column("", "bar"),
    ] * known
    rows = []
    for period, state in zip(periods, limits, strict=True):
        line = desk.sum(period=period).total
        against = _against(line, state.limit if state else None, known, known)
        rows.append((_now(period), line.requests, line.all_tokens, line.amount, *against, *against[1:]))
    return Table("current", "Now", tuple(columns), tuple(rows))


def _now(period: Period) -> str:
    """`Wed 7 Jan`, `Week 2`, `Jan 2026`, `2026 Q1`, `2026`."""
    if period.kind == "day":
        return f"{short_label(period)} {MONTHS[period.start.month - 1]}"
    return f"Week {int(period.label[-2:])}" if period.kind == "week" else period.words
