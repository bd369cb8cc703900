"""From figures to the words of one note: gathers what a report is made from, and renders it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from vaultsync.model import BudgetState, Figures, Notice
from vaultsync.periods import Kind, NoteKind, Period
from vaultsync.settings import shipped
from vaultsync.sync.books import DAY, Books
from vaultsync.sync.intake import rejected_lines
from vaultsync.sync.limits import Limits
from vaultsync.sync.values import Target

if TYPE_CHECKING:
    from vaultsync.reconcile import Said
    from vaultsync.render import Renderer
    from vaultsync.report import Desk

PARTS: dict[NoteKind, tuple[Kind, ...]] = {
    "daily": (),
    "weekly": ("day",),
    "monthly": ("week", "day"),
    "quarterly": ("week",),
    "yearly": ("month",),
    "dashboard": (),
}
CURRENT: tuple[Kind, ...] = ("week", "month", "quarter", "year")
LOOK_BACK = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Told:
    """What a note is to say."""

    body: str
    """Markdown between the markers."""
    properties: dict[str, Decimal | int | bool | str]


@dataclass
class Telling:
    """Makes the text of notes in one run; close it after the last."""

    books: Books
    limits: Limits
    today: date
    """The day on which the notes are told; what reaches beyond it is unfinished."""
    _said: dict[Period, list[Said]] = field(default_factory=dict)
    """What all tellings say, by months of UTC that were asked for."""

    def reach(self, targets: Sequence[Target]) -> tuple[date, date]:
        """First and last day (exclusive) of usage that the targets need, so that it is loaded once."""
        spans = [span for target in targets for span in self._spans(target)]
        return min(first for first, _ in spans), max(end for _, end in spans)

    def _spans(self, target: Target) -> Iterator[tuple[date, date]]:
        for period in self._periods(target):
            before = self.books.calendar.previous(period)
            yield min(before.start, period.start - LOOK_BACK), max(period.end, self.today + DAY)
        yield self.today - LOOK_BACK, self.today + DAY

    def _periods(self, target: Target) -> list[Period]:
        if target.kind != "dashboard":
            return [target.period]
        calendar = self.books.calendar
        return [target.period, *(calendar.period(kind, target.period.start) for kind in CURRENT)]

    def tell(self, target: Target) -> Told:
        """Build the report of a note and render it.

        Raises:
            TemplateError: A template that does not work.
        """
        from vaultsync import render, report

        told = report.build(target.kind, self._desk(target))
        body = self._renderer.note(told)
        return Told(body, {} if target.kind == "dashboard" else render.properties(told))

    @cached_property
    def _renderer(self) -> Renderer:
        from vaultsync.render import Renderer

        return Renderer(self.books.settings.templates, shipped() / "templates")

    def close(self) -> None:
        """End what was started to render notes."""
        if "_renderer" in self.__dict__:
            self._renderer.close()

    def _desk(self, target: Target) -> Desk:
        """Gather what the report of a note is made from."""
        from vaultsync import insight, report

        figures = self.books.figures(*self.reach([target]))
        period = target.period
        periods = self._periods(target)
        with self.limits.troubles() as troubles:
            states, counted = self._read_notes(target, periods, figures)
        month = periods[2] if target.kind == "dashboard" else period  # what the dashboard's tables are about
        forecasts = periods[2:] if target.kind == "dashboard" else None
        insights = insight.find(figures, month, self.today, forecasts)
        notices = [*(Notice("budget", text) for text in troubles), *self._gap(month), *self._beside(month)]
        titles: dict[str, str] = {}
        if target.kind == "dashboard":
            notices += self._rejected()
            titles = self.books.titles()
        currency = self.books.settings.currency
        return report.Desk(period, figures, currency, states, insights, tuple(notices), counted, titles)

    def _read_notes(
        self, target: Target, periods: Sequence[Period], figures: Figures
    ) -> tuple[tuple[BudgetState, ...], dict[str, int]]:
        """Budgets of the periods and of the parts that are shown, and results counted in daily notes."""
        calendar, period = self.books.calendar, target.period
        if target.kind == "dashboard":
            parts = [calendar.period("day", period.start - n * DAY) for n in range(1, LOOK_BACK.days)]
            counted = self.limits.outcomes(periods[2])
        else:
            parts = [part for kind in PARTS[target.kind] for part in calendar.split(period, kind)]
            counted = self.limits.outcomes(period)
        shown = {period: parts}
        states = [s for each in periods for s in self.limits.states(each, figures, shown.get(each, ()))]
        return tuple(states), counted

    def _gap(self, period: Period) -> Iterator[Notice]:
        """What programs count in their own totals, and no call in their logs accounts for."""
        gaps = self.books.ledger.session_gaps(*period.instants(self.books.settings.zone))
        beyond = [gap.told - gap.counted for gap in gaps if gap.told > gap.counted]
        if beyond:
            text = (
                "{} {} {} more tokens by the program's own totals than its logged calls hold; "
                "helper calls leave no row, so the true cost is higher."
            )
            have = "session has" if len(beyond) == 1 else "sessions have"
            yield Notice("gap", text, (len(beyond), have, sum(beyond)))

    def _beside(self, period: Period) -> Iterator[Notice]:
        """What other tellings of the same spend say, which do not count."""
        if not self.books.ledger.hidden(*period.instants(UTC), self.books.preference):
            return
        from vaultsync.sync import reconcile

        for month in self.books.calendar.split(period, "month"):
            if month not in self._said:
                self._said[month] = reconcile.said(self.books, month)
        told = [one for of in self._said.values() for one in of]
        yield from reconcile.notices(told, period, self.today)

    def _rejected(self) -> Iterator[Notice]:
        """How many lines of all logs could not be counted."""
        found = rejected_lines(self.books.ledger).values()
        if found:
            lines, files = sum(found), len(found)
            line, file = "line" if lines == 1 else "lines", "file" if files == 1 else "files"
            text = "{} log {} in {} {} could not be counted; `vaultsync doctor` says where."
            yield Notice("rejected", text, (lines, line, files, file))

    def is_empty(self, target: Target) -> bool:
        """True when nothing was used in a period."""
        return all(self.books.is_idle(period) for period in self._periods(target))
