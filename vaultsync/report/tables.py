"""Tables of a report: who spent it, for what, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext

from vaultsync.model import Amount, BudgetState, Column, Line, Summary, Table
from vaultsync.report.desk import Desk, dearest_first, joined, name
from vaultsync.text import NONE

Row = tuple[object, ...]
LIMIT = 12
"""Longest table by name; the rest is summed in a row of its own."""


def models(desk: Desk) -> Table | None:
    """By provider and model: calls, each class of tokens, cost and share."""
    summary = desk.sum("provider", "model")
    cache = any(_cache(line) for line in summary.lines)
    flat = summary.total.notional is not None
    columns = [Column("Provider"), Column("Model"), Column("Calls", "count"), Column("Input", "count")]
    columns += [Column("Cache", "count")] * cache + [Column("Output", "count")]
    columns += [Column(f"At list price ({desk.currency})", "money")] * flat + [Column(desk.money, "money")]

    def cells(line: Line) -> Row:
        listed = None if line.notional is None else Amount(line.notional)
        middle = (*[_cache(line)] * cache, line.tokens.output, *[listed] * flat)
        return (line.requests, line.tokens.input, *middle, line.amount)

    return _ranked("models", "Models", columns, summary, cells)


def _cache(line: Line) -> int:
    return line.tokens.cache_read + line.tokens.cache_writes


def grouped(desk: Desk, id: str, *by: str) -> Table | None:
    """By any dimensions: calls, tokens, cost and share; None where the last one does not differ.

    A dimension within another one, such as the branch of a project, must have two names to differ.
    """
    summary = desk.sum(*by)
    values = {line.keys[-1] for line in summary.lines}
    if len(values - {None} if len(by) > 1 else values) < 2:
        return None
    columns = [Column(title.capitalize()) for title in by]
    columns += [Column("Calls", "count"), Column("Tokens", "count"), Column(desk.money, "money")]

    def cells(line: Line) -> Row:
        return (line.requests, line.all_tokens, line.amount)

    return _ranked(id, id.capitalize(), columns, summary, cells)


def _ranked(
    id: str,
    title: str,
    columns: list[Column],
    summary: Summary,
    cells: Callable[[Line], Row],
) -> Table | None:
    """Rows by falling cost with their share of the whole, the tail of a long list in one row."""
    total, by, width = summary.total, summary.by, len(summary.by)
    if not summary.lines:
        return None
    head, tail = _split(summary.lines)
    rows = [(*map(name, line.keys, by), *cells(line)) for line in head]
    if tail:
        rows.append((f"{len(tail)} others", *[""] * (width - 1), *cells(joined(tail))))
    if len(rows) == 1:
        return Table(id, title, tuple(columns), tuple(rows))
    parts = [*head, joined(tail)] if tail else head
    shares, of = _shares(parts, total)
    rows = [(*row, share) for row, share in zip(rows, shares, strict=True)]
    last = ("Total", *[""] * (width - 1), *cells(total), Decimal(1))
    return Table(id, title, (*columns, Column(of, "share")), tuple(rows), last)


def _split(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """The dearest lines, and those that one row has to hold."""
    ranked = dearest_first(lines)
    return (ranked, []) if len(ranked) <= LIMIT else (ranked[: LIMIT - 1], ranked[LIMIT - 1 :])


def _shares(lines: Sequence[Line], total: Line) -> tuple[list[Decimal | None], str]:
    """Fractions of the cost; where nothing costs anything, of the tokens."""
    if total.cost:
        return [None if line.cost is None else line.cost / total.cost for line in lines], "Share"
    whole = total.all_tokens or 1
    return [Decimal(line.all_tokens) / whole for line in lines], "Share of tokens"


def sessions(desk: Desk) -> Table | None:
    """By provider and model: sessions, tokens, and the average of one session.

    Tokens are all of them; an average is of those that lie in a session.
    """
    summary = desk.sum("provider", "model")
    if summary.total.sessions < 2:
        return None
    outside = desk.figures.summarize(desk.period, ("provider", "model"), where={"session": None})
    beside = {line.keys: line for line in outside.lines}
    columns = (
        Column("Provider"),
        Column("Model"),
        Column("Sessions", "count"),
        Column("Tokens", "count"),
        Column("Per session", "count"),
        Column(f"Per session ({desk.currency})", "money"),
    )
    head, tail = _split(summary.lines)
    rows = [(*map(name, line.keys, summary.by), *_per_session(line, beside.get(line.keys))) for line in head]
    if tail:  # one session may use several of these models, so their number is unknown
        rows.append((f"{len(tail)} others", "", None, joined(tail).all_tokens, None, None))
    total = ("Total", "", *_per_session(summary.total, outside.total)) if len(summary.lines) > 1 else None
    return Table("sessions", "Sessions", columns, tuple(rows), total)


def _per_session(line: Line, outside: Line | None) -> Row:
    if not line.sessions:
        return None, line.all_tokens, None, None
    tokens = line.all_tokens - (outside.all_tokens if outside else 0)
    return (
        line.sessions,
        line.all_tokens,
        Decimal(tokens) / line.sessions,
        each(_inside(line, outside), line.sessions),
    )


def _inside(line: Line, outside: Line | None) -> Amount:
    """The cost of a line without that of its events outside of sessions."""
    if outside is None or line.cost is None or not outside.coverage.events:
        return line.amount
    of, beside = line.coverage, outside.coverage
    unpriced = of.unpriced - beside.unpriced
    if of.events - beside.events == unpriced:
        return Amount(None)
    with localcontext(prec=120):  # as exact as the sums that come in
        cost = line.cost - (outside.cost or 0)
    return Amount(cost, bool(unpriced or line.foreign != outside.foreign))


def each(cost: Amount, count: int) -> Amount | None:
    """Cost of one of several; None where there is none to share it."""
    if not count or cost.value is None:
        return None
    return Amount(cost.value / count, cost.incomplete)


def outcomes(desk: Desk) -> Table | None:
    """What came of it: count, cost of one, and how many came of 1,000 tokens.

    An outcome in the logs is set against the cost of the sources and projects that count it, one that was
    counted in notes against all of the period.
    """
    counting = [line for line in desk.sum("source", "project").lines if line.outcomes]
    rows: list[Row] = []
    if counting:
        every = joined(counting)
        rows.append(("runs", every.coverage.events, each(every.amount, every.coverage.events), None))
    for outcome in sorted({key for line in counting for key, _ in line.outcomes}):
        lines = [line for line in counting if outcome in dict(line.outcomes)]
        rows += _outcome(outcome, sum(dict(line.outcomes)[outcome] for line in lines), joined(lines))
    for outcome, count in sorted(desk.outcomes.items()):
        rows += _outcome(outcome, count, desk.sum().total)
    if not rows:
        return None
    columns = (
        Column("Outcome"),
        Column("Count", "count"),
        Column(f"Each ({desk.currency})", "money"),
        Column("Per 1,000 tokens", "rate"),
    )
    return Table("outcomes", "Outcomes", columns, tuple(rows))


def _outcome(outcome: str, count: int, line: Line) -> list[Row]:
    """A row; mistakes have no price of their own, and none of them need no row."""
    words = outcome.replace("_", " ")
    if outcome == "errors":
        return [(words, count, None, None)] if count else []
    spent = line.all_tokens
    return [(words, count, each(line.amount, count), Decimal(count) * 1000 / spent if spent else None)]


def budgets(desk: Desk, states: Sequence[BudgetState]) -> Table | None:
    """Budgets on a provider or a project: limit, spent, left; a share of a wider one only where used."""
    special = [s for s in states if not s.is_general and (s.spent or s.shared_from is None)]
    if not special:
        return None
    columns = [
        Column("Budget"),
        *(Column(f"{x} ({desk.currency})", "money") for x in ("Limit", "Spent", "Left")),
    ]
    columns += [Column("Used", "percent"), Column("", "bar")]
    return Table("budgets", "Budgets", tuple(columns), tuple(_budget(state) for state in special))


def _budget(state: BudgetState) -> Row:
    budget = state.budget
    projects = ", ".join(filter(None, (budget.project, *budget.also)))
    what = " · ".join(x for x in (budget.provider, projects) if x)
    left = Amount(state.left) if not state.incomplete else None
    spent = Amount(state.spent, state.incomplete)
    when = state.period.label if state.shared_from is None else f"share of {state.shared_from}"
    return f"{what} · {when}", Amount(state.limit), spent, left, state.used, state.used


def dearest(desk: Desk, limit: int = 5) -> Table | None:
    """The sessions that cost most."""
    lines = [line for line in desk.sum("session", "project").lines if line.keys[0] is not None and line.cost]
    if not lines:
        return None
    columns = [Column("Dearest sessions"), Column("Project")]
    columns += [Column("Calls", "count"), Column("Tokens", "count"), Column(desk.money, "money")]
    rows = (
        (_session(desk, x.keys[0]), name(x.keys[1]), x.requests, x.all_tokens, x.amount)
        for x in dearest_first(lines)[:limit]
    )
    return Table("dearest", "Dearest sessions", tuple(columns), tuple(rows))


def _session(desk: Desk, session: str | None) -> str:
    """A session by its id, and what it is called."""
    title = desk.titles.get(session or "")
    return f"{name(session)} {title}" if title else name(session)


def only(desk: Desk) -> tuple[str, ...]:
    """Project, branch and action that all events have in common."""
    found = []
    for dimension in ("project", "branch", "action"):
        lines = desk.sum(dimension).lines
        if len(lines) == 1 and (key := name(lines[0].keys[0])) != NONE:
            found.append(key)
    return tuple(found)
