"""Ranges as people say them, the last day included, and as the program has them, half-open."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vaultsync.periods import Calendar, Kind, Period

AROUND: dict[Kind | None, Kind] = {
    None: "month",
    "day": "month",
    "week": "quarter",
    "month": "year",
    "quarter": "year",
}
"""Which period is reported where no range is named, by the periods it is cut into."""


def in_order(since: date | None, until: date | None) -> None:
    """Refuse a range that ends before it begins."""
    if since and until and until < since:
        raise click.UsageError(f"--until {until} is before --since {since}.")


def after(last: date | None) -> date | None:
    """The day after the last one."""
    return last + timedelta(days=1) if last else None


def span(
    since: date | None, until: date | None, bucket: Kind | None, today: date, calendar: Calendar
) -> Period:
    """The range of a report.

    Args:
        since: First day, or None.
        until: Last day, included, or None.
        bucket: Kind of period that the report is cut into.

    Returns:
        What was asked for; up to today where no end, from the beginning where no start is named. With
        neither: the present month, or whole buckets that cover the present quarter or year; all years.
    """
    from vaultsync.periods import EVER, Period

    in_order(since, until)
    if since or until or bucket == "year":
        start, end = since or EVER.start, (until or max(today, since or today)) + timedelta(days=1)
    else:
        around = calendar.period(AROUND[bucket], today)
        parts = list(calendar.split(around, bucket)) if bucket else [around]
        start, end = parts[0].start, parts[-1].end
    return Period(start, end, "day", f"{start} to {end - timedelta(days=1)}")
