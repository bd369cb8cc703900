"""What stands out in the sums, and what is too little to tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telling import Naive, Spent
from vaultsync import insight, periods
from vaultsync.model import Change

D = Decimal
JANUARY = periods.month(date(2026, 1, 1))


def costs(start: date, *each: str | int | None) -> dict[date, Decimal | None]:
    """A cost per day from a day on; "-" for a day without events."""
    days = ((start + timedelta(days=n), cost) for n, cost in enumerate(each) if cost != "-")
    return {day: None if cost is None else D(cost) for day, cost in days}


def spent(day: str, cost: str | None = "1") -> Spent:
    return Spent(date.fromisoformat(day), cost=None if cost is None else D(cost))


# --- change --------------------------------------------------------------------------------------


def test_finished_week_is_compared_with_the_whole_week_before() -> None:
    figures = Naive([spent("2026-01-05", "4"), spent("2026-01-11", "1"), spent("2026-01-14", "6")])
    found = insight.change(figures, periods.week(date(2026, 1, 14)), date(2026, 1, 19))
    assert found == Change("the week before", D(5), D(6))
    assert found.fraction == D("0.2")


def test_running_week_is_compared_with_as_many_days() -> None:
    figures = Naive([spent("2026-01-05", "4"), spent("2026-01-11", "1"), spent("2026-01-14", "6")])
    found = insight.change(figures, periods.week(date(2026, 1, 14)), date(2026, 1, 14))
    assert found == Change("the first 3 days of the week before", D(4), D(6))


def test_long_month_is_compared_with_the_whole_short_one() -> None:
    figures = Naive([spent("2026-02-28", "4"), spent("2026-03-01", "6")])
    found = insight.change(figures, periods.month(date(2026, 3, 1)), date(2026, 3, 30))
    assert found == Change("the month before", D(4), D(6))


def test_nothing_before_is_nothing_to_compare_with() -> None:
    figures = Naive([spent("2026-01-14")])
    assert insight.change(figures, periods.day(date(2026, 1, 14)), date(2026, 1, 14)) is None


def test_unknown_cost_before_gives_no_fraction() -> None:
    figures = Naive([spent("2026-01-13", None), spent("2026-01-14")])
    found = insight.change(figures, periods.day(date(2026, 1, 14)), date(2026, 1, 14))
    assert found is not None
    assert (found.before, found.fraction) == (None, None)


def test_period_ahead_has_no_change() -> None:
    figures = Naive([spent("2026-01-13")])
    assert insight.change(figures, periods.day(date(2026, 1, 14)), date(2026, 1, 13)) is None


# --- trend ---------------------------------------------------------------------------------------


def test_trend_is_the_growth_per_part() -> None:
    assert insight.trend([D(1), D(3), D(5), D(7)]) == 2


def test_trend_keeps_the_place_of_an_unknown_part() -> None:
    assert insight.trend([D(1), None, D(5), D(7)]) == 2


@pytest.mark.parametrize("parts", [[], [D(1)], [D(1), None, D(2), None]])
def test_two_parts_make_no_trend(parts: Sequence[Decimal | None]) -> None:
    assert insight.trend(parts) is None


@given(st.lists(st.decimals(0, 1000, places=4), min_size=3, max_size=14))
def test_trend_turns_with_the_time(parts: list[Decimal]) -> None:
    there, back = insight.trend(parts), insight.trend(parts[::-1])
    assert there is not None
    assert back is not None
    assert abs(there + back) < D("1e-18")


def test_trend_of_a_quarter_takes_finished_weeks_that_lie_inside() -> None:
    # The quarter begins on a Thursday: its first whole week is that of 5 January.
    weeks = [
        ("2026-01-02", "90"),
        ("2026-01-05", "1"),
        ("2026-01-14", "2"),
        ("2026-01-25", "3"),
        ("2026-01-26", "80"),
    ]
    figures = Naive([spent(*week) for week in weeks])
    found = insight.find(figures, periods.quarter(date(2026, 1, 1)), date(2026, 1, 28))
    assert found.trend == 1


def test_week_without_events_is_a_week_that_cost_nothing() -> None:
    figures = Naive([spent("2026-01-05", "4"), spent("2026-01-12", "2")])
    assert insight.find(figures, periods.quarter(date(2026, 1, 1)), date(2026, 1, 26)).trend == -2


# --- forecast ------------------------------------------------------------------------------------


def test_forecast_adds_the_mean_day_for_every_day_left() -> None:
    daily = costs(date(2026, 1, 1), *[2] * 20)
    found = insight.forecast(daily, JANUARY, date(2026, 1, 20))
    assert found is not None
    assert (found.period, found.cost) == (JANUARY, 20 * 2 + 11 * D(2))


def test_forecast_counts_idle_weekends() -> None:
    weeks = ["7", "7", "7", "7", "7", "-", "-"] * 3
    found = insight.forecast(costs(date(2025, 12, 29), *weeks), JANUARY, date(2026, 1, 17))
    assert found is not None
    assert found.cost == 12 * 7 + 14 * D(5)


def test_forecast_ignores_days_before_the_first_cost() -> None:
    found = insight.forecast(costs(date(2026, 1, 10), 3, 3, 3, 1), JANUARY, date(2026, 1, 13))
    assert found is not None
    assert found.cost == 10 + 18 * D(3)


def test_forecast_on_the_last_day_is_what_was_spent() -> None:
    found = insight.forecast(costs(date(2026, 1, 26), 1, 2, 3, 4, 5, 6), JANUARY, date(2026, 1, 31))
    assert found is not None
    assert found.cost == 21


@pytest.mark.parametrize(
    ("daily", "today"),
    [
        (costs(date(2026, 1, 1), 5, 5, 5), date(2026, 1, 3)),
        (costs(date(2026, 1, 1), 5, None, 5, 5), date(2026, 1, 4)),
        (costs(date(2025, 12, 1), 5, 5, 5, 5), date(2026, 1, 10)),
        (costs(date(2026, 1, 1), *[5] * 31), date(2026, 2, 1)),
        (costs(date(2025, 12, 1), *[5] * 31), date(2025, 12, 31)),
    ],
    ids=["two days", "two known days", "long ago", "finished", "ahead"],
)
def test_too_little_to_forecast(daily: dict[date, Decimal | None], today: date) -> None:
    assert insight.forecast(daily, JANUARY, today) is None


def test_dashboard_may_ask_for_several_forecasts() -> None:
    figures = Naive([spent(f"2026-01-{day:02d}") for day in range(1, 16)])
    today = date(2026, 1, 15)
    wanted = [JANUARY, periods.year(today), periods.month(date(2025, 12, 1))]
    found = insight.find(figures, JANUARY, today, wanted)
    assert [(each.period.label, each.cost) for each in found.forecasts] == [("2026-01", 31), ("2026", 365)]


# --- spikes --------------------------------------------------------------------------------------


def test_day_far_above_the_others_is_a_spike() -> None:
    daily = costs(date(2026, 1, 1), 4, 5, 4, "-", 6, 5, 40, 5, 4)
    assert [(spike.period.label, spike.cost, spike.usual) for spike in insight.spikes(daily)] == [
        ("2026-01-07", D(40), D(5))
    ]


@pytest.mark.parametrize(
    "each",
    [
        (4, 5, 4, 6, 5, 40),
        ("0.04", "0.05", "0.04", "0.06", "0.05", "0.9", "0.05"),
        (5, 5, 5, 5, 5, 5, 9),
        (1, 20, 5, 40, 9, 2, 60, 33),
        (None,) * 10,
    ],
    ids=["too few days", "cents", "not double", "always wild", "unknown"],
)
def test_no_spike(each: tuple[str | int | None, ...]) -> None:
    assert insight.spikes(costs(date(2026, 1, 1), *each)) == ()


def test_spikes_come_dearest_first() -> None:
    found = insight.spikes(costs(date(2026, 1, 1), *[2] * 12, 30, 50, 30))
    assert [spike.period.start.day for spike in found] == [14, 13, 15]


def test_spike_of_a_day_is_seen_against_the_weeks_before() -> None:
    figures = Naive([*(spent(f"2026-01-{n:02d}", "2") for n in range(1, 14)), spent("2026-01-14", "30")])
    found = insight.find(figures, periods.day(date(2026, 1, 14)), date(2026, 1, 14))
    assert [spike.cost for spike in found.spikes] == [30]


def test_spike_before_a_period_is_not_told_in_it() -> None:
    figures = Naive([*(spent(f"2026-01-{n:02d}", "2") for n in range(1, 14)), spent("2026-01-14", "30")])
    assert insight.find(figures, periods.day(date(2026, 1, 15)), date(2026, 1, 15)).spikes == ()
