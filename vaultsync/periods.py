"""Day, week, month, quarter and year as half-open ranges of local days: `start` is in, `end` is out.

This file alone turns an instant into a day. A week follows the rule of the vault; see `WeekRule`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Literal, get_args

Kind = Literal["day", "week", "month", "quarter", "year"]
KINDS: tuple[Kind, ...] = ("day", "week", "month", "quarter", "year")
NoteKind = Literal["daily", "weekly", "monthly", "quarterly", "yearly", "dashboard"]
"""What a note is about: a period, or on the dashboard all current ones."""
NOTE_KINDS: Final[tuple[NoteKind, ...]] = get_args(NoteKind)
PERIOD_OF: Final[Mapping[NoteKind, Kind]] = dict(zip(NOTE_KINDS, KINDS, strict=False))
"""Kind of note -> kind of period; not of the dashboard."""
NOTE_OF: Final[Mapping[Kind, NoteKind]] = {period: note for note, period in PERIOD_OF.items()}
QuarterRule = Literal["calendar", "weeks"]
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class WeekRule:
    """Which day begins a week and which week is the first of a year, as Moment.js says it."""

    dow: int = 1
    """First day of the week: 0 Sunday, 1 Monday, ... 6 Saturday."""
    doy: int = 4
    """Week 1 is the week that contains 7 + dow - doy January; (1, 4) is the ISO week."""

    @property
    def is_iso(self) -> bool:
        """True where weeks are ISO weeks."""
        return (self.dow, self.doy) == (1, 4)

    def start_of(self, day: date) -> date:
        """First day of the week that contains a day."""
        return day - timedelta(days=(day.isoweekday() - self.dow) % 7)

    def first_week(self, year: int) -> date:
        """First day of week 1 of a week-year."""
        return self.start_of(date(year, 1, 1) + timedelta(days=6 + self.dow - self.doy))

    def number(self, day: date) -> tuple[int, int]:
        """Week-year and week number of a day; 2027-01-03 is (2026, 53) by the ISO rule."""
        start = self.start_of(day)
        year = (start + timedelta(days=6)).year
        while self.first_week(year) > start:
            year -= 1
        while self.first_week(year + 1) <= start:
            year += 1
        return year, (start - self.first_week(year)).days // 7 + 1


ISO_WEEK = WeekRule()


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A range of local days with a name."""

    start: date
    """First local day."""
    end: date
    """The local day after the last one."""
    kind: Kind
    label: str
    """`2026-01-07`, `2026-W02`, `2026-01`, `2026-Q1`, `2026`."""

    @property
    def last(self) -> date:
        """Last local day, inclusive; for reading, not for counting."""
        return self.end - timedelta(days=1)

    @property
    def length(self) -> int:
        """Number of days."""
        return (self.end - self.start).days

    @property
    def span(self) -> str:
        """First and last day in words: `7 Jan`, `5–11 Jan`, `29 Dec – 4 Jan`."""
        first, last = self.start, self.last
        end = f"{last.day} {MONTHS[last.month - 1]}"
        if first == last:
            return end
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{end}"
        return f"{first.day} {MONTHS[first.month - 1]} – {end}"

    @property
    def words(self) -> str:
        """Name for people: `7 Jan 2026`, `29 Dec 2025 – 4 Jan 2026`, `Jan 2026`, `2026 Q1`, `2026`."""
        if self.kind in ("quarter", "year"):
            return self.label.replace("-", " ")
        span = MONTHS[self.start.month - 1] if self.kind == "month" else self.span
        if self.start.year != self.last.year:
            span = span.replace(" – ", f" {self.start.year} – ")
        return f"{span} {self.last.year}"

    def days(self) -> Iterator[date]:
        """Every local day, in order."""
        return (self.start + timedelta(days=n) for n in range(self.length))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day < self.end

    def instants(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """UTC instants of the local midnights at start and end; a day may have 23 or 25 hours."""
        return midnight(self.start, zone), midnight(self.end, zone)


def midnight(day: date, zone: tzinfo) -> datetime:
    """UTC instant at which a local day begins."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def local_day(when: datetime, zone: tzinfo) -> date:
    """Local day of an aware instant: from its midnight to the next, also where the clock shows a day again.

    In St. John's, clocks were turned from 00:01 back to 23:01 until 2011; the new day goes on all the same.
    """
    local = when.astimezone(zone)
    day = local.date()
    if local.fold and when >= midnight(following := day + timedelta(days=1), zone):
        return following
    return day


def day(of: date) -> Period:
    """The day itself."""
    return Period(of, of + timedelta(days=1), "day", of.isoformat())


def week(of: date, rule: WeekRule = ISO_WEEK) -> Period:
    """The week that contains a day, by the rule of the vault."""
    start = rule.start_of(of)
    year, number = rule.number(of)
    return Period(start, start + timedelta(days=7), "week", f"{year}-W{number:02d}")


def month(of: date) -> Period:
    """The calendar month that contains a day."""
    start = of.replace(day=1)
    end = (start + timedelta(days=31)).replace(day=1)
    return Period(start, end, "month", f"{start:%Y-%m}")


def quarter(of: date, rule: QuarterRule = "calendar") -> Period:
    """The quarter that contains a day.

    Args:
        rule: `calendar`: three months; `weeks`: 13 ISO weeks, the last of a long year 14.
    """
    if rule == "weeks":
        year, number = ISO_WEEK.number(of)
        index = min((number - 1) // 13, 3)
        first = ISO_WEEK.first_week(year)
        start = first + timedelta(weeks=13 * index)
        end = ISO_WEEK.first_week(year + 1) if index == 3 else start + timedelta(weeks=13)
    else:
        year, index = of.year, (of.month - 1) // 3
        start = date(year, 3 * index + 1, 1)
        end = (start + timedelta(days=93)).replace(day=1)
    return Period(start, end, "quarter", f"{year}-Q{index + 1}")


def year(of: date) -> Period:
    """The calendar year that contains a day."""
    return Period(date(of.year, 1, 1), date(of.year + 1, 1, 1), "year", f"{of.year:04d}")


EVER = Period(date(1999, 12, 31), date(2101, 1, 2), "year", "ever")
"""Every local day that an event can have; the ledger refuses times outside of 2000 to 2100 UTC."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The vault's way of cutting time: one zone, one rule for weeks, one for quarters."""

    zone: tzinfo = UTC
    weeks: WeekRule = ISO_WEEK
    quarters: QuarterRule = "calendar"

    def period(self, kind: Kind, of: date) -> Period:
        """The period of a kind that contains a local day."""
        if kind == "week":
            return week(of, self.weeks)
        if kind == "quarter":
            return quarter(of, self.quarters)
        return {"day": day, "month": month, "year": year}[kind](of)

    def day_of(self, when: datetime) -> date:
        """Local day of an aware instant."""
        return local_day(when, self.zone)

    def split(self, period: Period, kind: Kind) -> Iterator[Period]:
        """Every period of a kind that touches a period, in order, each whole."""
        part = self.period(kind, period.start)
        while part.start < period.end:
            yield part
            part = self.period(kind, part.end)

    def named(self, kind: Kind, label: str) -> Period:
        """The period of a kind that a label names: `2026-01-07`, `2026-W02`, `2026-01`, `2026-Q1`, `2026`.

        Raises:
            ValueError: No such period.
        """
        year, rest = int(label[:4]), label[5:]
        if kind == "week":
            of = self.weeks.first_week(year) + timedelta(weeks=int(rest[1:]) - 1)
        elif kind == "quarter":
            of = date(year, 3 * int(rest[1:]) - 1, 1)
        else:
            of = date.fromisoformat(label + {4: "-01-01", 7: "-01"}.get(len(label), ""))
        found = self.period(kind, of)
        if found.label != label:
            raise ValueError(f"{label} names no {kind}")
        return found

    def previous(self, period: Period) -> Period:
        """The period of the same kind just before."""
        return self.period(period.kind, period.start - timedelta(days=1))
