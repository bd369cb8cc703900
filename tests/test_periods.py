"""Days, weeks, months, quarters and years cut time without gaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.periods import EVER, KINDS, Calendar, Kind, WeekRule, local_day, midnight, quarter, week

DAYS = st.dates(date(2000, 1, 10), date(2099, 12, 20))
RULES = st.sampled_from(
    [WeekRule(1, 4), WeekRule(0, 6), WeekRule(1, 6), WeekRule(0, 4), WeekRule(1, 7), WeekRule(6, 12)]
)
START = datetime(2000, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(
    timedelta(0), datetime(2101, 1, 1, tzinfo=UTC) - START - timedelta(microseconds=1)
).map(lambda since: START + since)
ODD = (
    "America/Havana",  # midnight comes twice, or not at all
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",  # from 00:01 back to 23:01, until 2011
    "Antarctica/Casey",  # from 02:00 back to 23:00, in 2010
    "Antarctica/Troll",  # two hours at once
    "Asia/Beirut",
    "Asia/Kathmandu",  # UTC+5:45
    "Asia/Pyongyang",  # half an hour, at 23:30, in 2018
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # no 30 December 2011
    "Pacific/Chatham",  # UTC+12:45
    "Pacific/Kiritimati",  # UTC+14
)
"""Zones in which days begin, end or are missing as nowhere else."""
ZONES: st.SearchStrategy[tzinfo] = st.one_of(
    st.sampled_from([*ODD, *sorted(available_timezones())]).map(ZoneInfo),
    st.integers(-48, 56).map(lambda quarters: timezone(timedelta(minutes=15 * quarters))),
)
INSTANT = timedelta(microseconds=1)


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


@pytest.mark.parametrize("name", ODD)
def test_days_share_out_all_time_whatever_the_clocks_do(name: str) -> None:
    """From one midnight to the next all instants are of that day; also where clocks show an hour again."""
    zone = ZoneInfo(name)
    for of in day_after_day(date(2000, 1, 1), date(2027, 1, 1)):
        first, after = midnight(of, zone), midnight(of + timedelta(days=1), zone)
        if first == after:
            assert (name, of) == ("Pacific/Apia", date(2011, 12, 30))
            continue
        around = [first, after - INSTANT]
        if after - first != timedelta(days=1):
            around += [
                first + n * timedelta(minutes=15) for n in range((after - first) // timedelta(minutes=15))
            ]
        assert {local_day(when, zone) for when in around} == {of}


def day_after_day(first: date, end: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((end - first).days)]


@given(MOMENTS, ZONES, RULES, st.sampled_from(["calendar", "weeks"]))
def test_an_instant_lies_in_one_period_of_each_kind_and_the_small_lie_in_the_large(
    when: datetime, zone: tzinfo, rule: WeekRule, quarters: str
) -> None:
    calendar = Calendar(zone, rule, quarters)  # type: ignore[arg-type]
    of = calendar.day_of(when)
    assert of in EVER
    for kind in KINDS:
        here = calendar.period(kind, of)
        for period in (here, calendar.previous(here), calendar.period(kind, here.end)):
            start, end = period.instants(zone)
            assert (start <= when < end) == (period == here)
    month, year = calendar.period("month", of), calendar.period("year", of)
    assert year.start <= month.start <= of < month.end <= year.end


@pytest.mark.parametrize(
    ("name", "day", "begins", "hours"),
    [
        ("America/Santiago", date(2024, 9, 8), "04:00", 23),  # begins at one o'clock
        ("America/Havana", date(2024, 11, 3), "04:00", 25),  # midnight comes twice: the first begins it
        ("Asia/Beirut", date(2024, 3, 31), "22:00", 23),
        ("Pacific/Apia", date(2011, 12, 30), "10:00", 0),
        ("Pacific/Apia", date(2011, 12, 31), "10:00", 24),
        ("Australia/Lord_Howe", date(2024, 4, 7), "13:00", 24.5),
        ("America/St_Johns", date(2010, 11, 7), "02:30", 25),
    ],
)
def test_days_as_long_as_the_clocks_make_them(name: str, day: date, begins: str, hours: float) -> None:
    zone = ZoneInfo(name)
    first = midnight(day, zone)
    assert f"{first:%H:%M}" == begins
    assert midnight(day + timedelta(days=1), zone) - first == timedelta(hours=hours)
