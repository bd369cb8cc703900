"""Today, this week, this month, budgets and last sessions: the values of `show`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

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
    first = min(period.start for period in current)
    figures = books.figures(first, max(period.end for period in current))
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
        tuple(_sessions(books)),
        tuple(limits.problems),
    )


def _sessions(books: Books) -> Iterator[SessionLine]:
    """The sessions that were active last, with the cost of all their calls."""
    for session in books.ledger.sessions(SESSIONS):
        first, last = books.day_of(session.first), books.day_of(session.last)
        figures = books.figures(first, last + DAY)
        whole = Period(first, last + DAY, "day", session.session)
        where = {"session": session.session, "source": session.source}
        total = figures.summarize(whole, ("model",), where=where)
        by_tokens = sorted(total.lines, key=lambda line: -line.tokens.total)
        model = by_tokens[0].keys[0] if by_tokens else None
        project = books.settings.project_name(session.project)
        yield SessionLine(session.session, last, project, model, session.total_tokens, total.total.cost)
