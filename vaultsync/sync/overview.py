"""Today, this week, this month, budgets and last sessions: the values of `show`."""

from __future__ import annotations

from datetime import date

from vaultsync.ledger import SessionSpan
from vaultsync.model import BudgetState, Line
from vaultsync.periods import KINDS, Kind, Period
from vaultsync.sync.books import DAY, Books
from vaultsync.sync.limits import Limits
from vaultsync.sync.places import Places
from vaultsync.sync.values import Overview, SessionLine

SHOWN: tuple[Kind, Kind, Kind] = ("day", "week", "month")
SESSIONS = 8


def build(books: Books, places: Places, day: date) -> Overview:
    """Sum the current periods of a day."""
    limits = Limits(books, places)
    current = [books.calendar.period(kind, day) for kind in KINDS]
    sessions = books.ledger.sessions(SESSIONS)
    titles = books.ledger.titles([session.session for session in sessions])
    shown = [*((p.start, p.end) for p in current), *(_days(books, session) for session in sessions)]
    figures = books.figures(min(first for first, _ in shown), max(end for _, end in shown))  # all at once
    spent: dict[Period, Line] = {period: figures.summarize(period).total for period in current}
    states: list[BudgetState] = [state for period in current for state in limits.states(period, figures)]
    own = [s for s in states if s.shared_from is None or (s.is_general and s.period.kind == "day")]
    today, week, month = (books.calendar.period(kind, day) for kind in SHOWN)
    return Overview(
        books.settings.currency,
        spent[today],
        spent[week],
        spent[month],
        (today.label, week.label, month.label),
        tuple(own),
        tuple(_session(books, each, titles.get((each.source, each.session))) for each in sessions),
        tuple(limits.problems),
    )


def _days(books: Books, session: SessionSpan) -> tuple[date, date]:
    """First and last day (exclusive) of a session."""
    return books.day_of(session.first), books.day_of(session.last) + DAY


def _session(books: Books, session: SessionSpan, title: str | None) -> SessionLine:
    """A session with the cost of all its calls."""
    first, end = _days(books, session)
    whole = Period(first, end, "day", session.session)
    where = {"session": session.session, "source": session.source}
    total = books.figures(first, end).summarize(whole, ("model",), where=where)
    by_tokens = sorted(total.lines, key=lambda line: -line.tokens.total)
    model = by_tokens[0].keys[0] if by_tokens else None
    project = books.settings.project_name(session.project)
    spent = (session.total_tokens, total.total.cost)
    return SessionLine(session.session, end - DAY, project, model, *spent, title)
