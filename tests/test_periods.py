"""Days, weeks, months, quarters and years cut time without gaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.periods import KINDS, Calendar, Kind, WeekRule, local_day, midnight, quarter, week

DAYS = st.dates(date(2000, 1, 10), date(2099, 12, 20))
RULES = st.sampled_from(
    [WeekRule(1, 4), WeekRule(0, 6), WeekRule(1, 6), WeekRule(0, 4), WeekRule(1, 7), WeekRule(6, 12)]
)


@given(DAYS)
def test_iso_weeks_are_those_of_the_standard_library(day: date) -> None:
    iso = day.isocalendar()
    assert WeekRule().number(day) == (iso.year, iso.week)


@given(DAYS, RULES)
def test_a_week_has_seven_days_and_one_number(day: date, rule: WeekRule) -> None:
    whole = week(day, rule)
    assert day in whole
    assert whole.length == 7
    assert {week(d, rule) for d in whole.days()} == {whole}
    assert week(whole.end, rule).start == whole.end


@pytest.mark.parametrize(
    ("day", "rule", "expected"),
    [
        (date(2027, 1, 3), WeekRule(1, 4), "2026-W53"),
        (date(2024, 12, 30), WeekRule(1, 4), "2025-W01"),
        (date(2026, 1, 1), WeekRule(0, 6), "2026-W01"),
        (date(2025, 12, 28), WeekRule(0, 6), "2026-W01"),
        (date(2023, 1, 1), WeekRule(1, 4), "2022-W52"),
    ],
)
def test_weeks_at_the_turn_of_the_year(day: date, rule: WeekRule, expected: str) -> None:
    assert week(day, rule).label == expected


@given(DAYS, RULES, st.sampled_from(KINDS), st.sampled_from(["calendar", "weeks"]))
def test_periods_follow_each_other_without_a_gap(
    day: date, rule: WeekRule, kind: Kind, quarters: str
) -> None:
    calendar = Calendar(UTC, rule, quarters)  # type: ignore[arg-type]
    here = calendar.period(kind, day)
    assert day in here
    assert calendar.period(kind, here.last) == here
    assert calendar.period(kind, here.end).start == here.end
    assert calendar.previous(calendar.period(kind, here.end)) == here
    assert calendar.named(kind, here.label) == here


def test_a_quarter_of_weeks_has_thirteen_or_fourteen() -> None:
    assert quarter(date(2026, 12, 31), "weeks").length == 14 * 7
    assert quarter(date(2025, 12, 20), "weeks").length == 13 * 7
    assert quarter(date(2026, 1, 7), "weeks").start == date(2025, 12, 29)


def test_a_day_of_a_clock_change_has_another_length() -> None:
    zone = ZoneInfo("Europe/Berlin")
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    for day, hours in ((spring, 23), (autumn, 25)):
        assert midnight(day + timedelta(days=1), zone) - midnight(day, zone) == timedelta(hours=hours)


def test_the_local_day_follows_the_zone() -> None:
    when = datetime(2026, 1, 7, 23, 30, tzinfo=UTC)
    assert local_day(when, ZoneInfo("Europe/Berlin")) == date(2026, 1, 8)
    assert local_day(when, ZoneInfo("America/New_York")) == date(2026, 1, 7)
