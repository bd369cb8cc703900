"""What a note tells: the right lines, sums that tie out, and honest notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telling import Naive, Spent, state
from vaultsync import periods, report
from vaultsync.model import Amount, Coverage, Forecast, Insights, Notice, Report, Summary, Table, TokenCounts
from vaultsync.report import Desk

DAY = date(2026, 1, 7)
TODAY = periods.day(DAY)
RUN = Spent(DAY, outcomes=(("conversations_processed", 4), ("errors", 0), ("messages_sent", 3)))


def table(told: Report, id: str) -> Table:
    return next(table for table in told.tables if table.id == id)


def ids(told: Report) -> list[str]:
    return [table.id for table in told.tables]


def column(found: Table, title: str) -> list[object]:
    index = [column.title for column in found.columns].index(title)
    return [row[index] for row in found.rows]


def test_daily_runs_give_cost_per_message_conversation_and_run() -> None:
    found = table(report.daily(Desk(TODAY, Naive([RUN] * 5))), "outcomes")
    per_run = Decimal(15_000 * 5 + 3_000 * 25) / 1_000_000
    assert dict(zip(column(found, "Outcome"), column(found, "Each (USD)"), strict=True)) == {
        "runs": Amount(per_run),
        "conversations processed": Amount(per_run / 4),
        "messages sent": Amount(per_run / 3),
    }


def test_daily_runs_give_messages_per_thousand_tokens() -> None:
    found = table(report.daily(Desk(TODAY, Naive([RUN] * 5))), "outcomes")
    assert column(found, "Per 1,000 tokens")[2] == Decimal(15 * 1000) / 90_000


def test_cost_per_outcome_leaves_out_what_counts_no_outcomes() -> None:
    agent = Spent(DAY, cost=Decimal(20), source="claude-code")
    found = table(report.daily(Desk(TODAY, Naive([RUN, agent]))), "outcomes")
    assert column(found, "Each (USD)")[0] == Amount(Decimal("0.15"))


def test_an_outcome_counted_in_notes_shares_the_cost_of_the_period() -> None:
    found = table(report.daily(Desk(TODAY, Naive([RUN]), outcomes={"poems": 3})), "outcomes")
    assert found.rows[-1][:3] == ("poems", 3, Amount(Decimal("0.05")))


def test_errors_are_counted_but_have_no_price() -> None:
    failed = replace(RUN, outcomes=(("errors", 2),))
    found = table(report.daily(Desk(TODAY, Naive([failed]))), "outcomes")
    assert found.rows[-1] == ("errors", 2, None, None)


def test_a_bill_for_all_models_is_called_so_and_in_the_chart_by_its_provider() -> None:
    """In a chart two providers would else be one slice; a project may be called anything."""
    events = [
        Spent(DAY, "google", "(all)", cost=Decimal(3), project="(all)"),
        Spent(DAY, "openai", "(all)", cost=Decimal(2), project="(all)"),
        Spent(DAY, "openai", "gpt", cost=Decimal(1)),
    ]
    told = report.dashboard(Desk(TODAY, Naive(events)))
    models = table(told, "models")
    assert [row[:2] for row in models.rows] == [
        ("google", "all models"),
        ("openai", "all models"),
        ("openai", "gpt"),
    ]
    assert column(table(told, "projects"), "Project") == ["(all)", "(none)"]
    pie = next(chart for chart in told.charts if chart.id == "models")
    assert pie.labels == ("google, all models", "openai, all models", "gpt")
    assert pie.values == (Decimal(3), Decimal(2), Decimal(1))


def test_three_providers_are_told_with_sessions_tokens_and_their_average() -> None:
    events = [
        Spent(DAY, provider, model, TokenCounts(input=size), Decimal(size) / 1000, session=f"s{size}")
        for provider, model, size in (("anthropic", "a", 100), ("openai", "b", 200), ("google", "c", 600))
    ]
    found = table(report.daily(Desk(TODAY, Naive(events))), "sessions")
    assert [row[:5] for row in found.rows] == [
        ("google", "c", 1, 600, Decimal(600)),
        ("openai", "b", 1, 200, Decimal(200)),
        ("anthropic", "a", 1, 100, Decimal(100)),
    ]
    assert found.total is not None and found.total[2:5] == (3, 900, Decimal(300))


def test_the_average_of_a_session_is_of_what_lies_in_sessions() -> None:
    events = [
        Spent(DAY, "anthropic", "a", TokenCounts(input=size), cost, session=session)
        for size, cost, session in (
            (100, Decimal(1), "one"),
            (300, Decimal(2), "two"),
            (900, Decimal(9), None),
            (900, None, None),
        )
    ]
    found = table(report.daily(Desk(TODAY, Naive(events))), "sessions")
    assert found.rows == (("anthropic", "a", 2, 2_200, Decimal(200), Amount(Decimal("1.5"))),)


def test_a_day_without_calls_is_one_report_without_tables() -> None:
    told = report.daily(Desk(TODAY, Naive([])))
    assert told.tables == () and told.charts == () and told.notices == ()


def test_where_nothing_costs_anything_the_share_is_of_tokens_and_says_so() -> None:
    events = [replace(RUN, cost=None, project=project) for project in "abc"]
    found = table(report.daily(Desk(TODAY, Naive(events))), "projects")
    titles = [column.title for column in found.columns]
    assert titles == ["Project", "Calls", "Tokens", "Cost (USD)", "Share of tokens"]


def test_a_day_has_no_forecast() -> None:
    insights = Insights(forecasts=(Forecast(TODAY, Decimal(1)),))
    assert report.daily(Desk(TODAY, Naive([RUN]), insights=insights)).insights.forecasts == ()


def test_one_project_needs_no_table() -> None:
    told = report.daily(Desk(TODAY, Naive([replace(RUN, project="garden", branch="main")])))
    assert "projects" not in ids(told)
    assert told.only == ("garden", "main")


def test_events_without_a_project_keep_their_row() -> None:
    told = report.daily(Desk(TODAY, Naive([RUN, replace(RUN, project="garden")])))
    assert sorted(map(str, column(table(told, "projects"), "Project"))) == ["(none)", "garden"]


def test_a_week_has_a_row_for_each_day_also_for_quiet_ones() -> None:
    week = periods.week(DAY)
    found = table(report.weekly(Desk(week, Naive([RUN]))), "course")
    days = ["Mon 5", "Tue 6", "Wed 7", "Thu 8", "Fri 9", "Sat 10", "Sun 11"]
    assert column(found, "Day") == days
    assert column(found, "Cost (USD)") == [None, None, Amount(Decimal("0.15")), None, None, None, None]


def test_a_calendar_quarter_is_told_by_weeks_cut_at_its_ends() -> None:
    quarter = periods.quarter(date(2025, 12, 31))
    found = table(report.quarterly(Desk(quarter, Naive([replace(RUN, day=date(2025, 12, 31))]))), "course")
    weeks = column(found, "Week")
    assert len(weeks) == 14
    assert weeks[0] == "W40 · 1–5 Oct" and weeks[-1] == "W01 · 29–31 Dec"


def test_a_cut_week_has_its_share_of_the_weekly_budget() -> None:
    quarter = periods.quarter(date(2025, 12, 31))
    week = periods.week(date(2025, 12, 31))
    desk = Desk(quarter, Naive([replace(RUN, day=date(2025, 12, 31))]), budgets=(state(week, "7", "1"),))
    assert column(table(report.quarterly(desk), "course"), "Budget (USD)")[-1] == Amount(Decimal(3))


def test_the_chart_of_a_quarter_has_the_budget_as_a_line_only_where_every_week_has_one() -> None:
    quarter = periods.quarter(DAY)
    weeks = list(periods.Calendar().split(quarter, "week"))
    states = [state(week, "7", "0") for week in weeks]
    some = report.quarterly(Desk(quarter, Naive([RUN]), budgets=tuple(states[1:])))
    every = report.quarterly(Desk(quarter, Naive([RUN]), budgets=tuple(states)))
    assert some.charts[0].line == ()
    assert len(every.charts[0].line) == len(weeks)


def test_a_year_is_told_by_months() -> None:
    found = table(report.yearly(Desk(periods.year(DAY), Naive([RUN]))), "course")
    assert column(found, "Month")[:3] == ["Jan", "Feb", "Mar"] and len(found.rows) == 12


def test_the_dashboard_tells_five_current_periods() -> None:
    told = report.dashboard(Desk(TODAY, Naive([RUN, replace(RUN, day=date(2026, 1, 2))])))
    found = table(told, "current")
    assert column(found, "Period") == ["Wed 7 Jan", "Week 2", "Jan 2026", "2026 Q1", "2026"]
    costs = [Amount(Decimal(text)) for text in ("0.15", "0.15", "0.30", "0.30", "0.30")]
    assert column(found, "Cost (USD)") == costs


def test_the_days_of_the_dashboard_chart_have_different_labels_in_any_month() -> None:
    for offset in range(0, 400, 3):
        today = DAY + timedelta(days=offset)
        told = report.dashboard(Desk(periods.day(today), Naive([replace(RUN, day=today)])))
        assert len(set(told.charts[0].labels)) == len(told.charts[0].labels) == 28


def test_a_long_list_ends_with_the_sum_of_the_rest() -> None:
    events = [replace(RUN, project=f"p{n:02d}", cost=Decimal(n)) for n in range(1, 31)]
    found = table(report.daily(Desk(TODAY, Naive(events))), "projects")
    assert found.rows[-1][0] == "19 others"
    assert found.rows[-1][3] == Amount(Decimal(sum(range(1, 20))))


def test_a_model_without_price_is_named_with_events_and_tokens() -> None:
    told = report.daily(Desk(TODAY, Naive([RUN, Spent(DAY, "acme", "mystery", cost=None)])))
    [notice] = told.notices
    assert notice.kind == "unpriced"
    assert notice.values == ("acme", "mystery", 1, "event", 18_000)


def test_a_total_with_unpriced_events_is_a_lower_bound() -> None:
    told = report.daily(Desk(TODAY, Naive([RUN, Spent(DAY, "acme", "mystery", cost=None)])))
    total = table(told, "models").total
    assert total is not None and Amount(Decimal("0.15"), incomplete=True) in total


def test_many_models_without_price_are_counted_after_the_first_five() -> None:
    events = [Spent(DAY, "acme", f"m{n}", cost=None) for n in range(8)]
    told = report.daily(Desk(TODAY, Naive(events)))
    assert len(told.notices) == 6 and told.notices[-1].values == (3,)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (replace(RUN, coverage=Coverage(events=1, calculated=1, partial=1)), "partial"),
        (
            replace(RUN, cost=None, coverage=Coverage(events=1, unpriced=1, unsplit=1, unsplit_tokens=9)),
            "unsplit",
        ),
        (replace(RUN, foreign=(("CHF", Decimal(3)),)), "foreign"),
        (replace(RUN, energy=(("EUR", Decimal("0.02")),)), "energy"),
        (replace(RUN, stated=Decimal("0.20")), "stated"),
        (replace(RUN, coverage=Coverage(events=1, calculated=1, flags=(("tier_unknown", 1),))), "flag"),
        (replace(RUN, coverage=Coverage(events=1, calculated=1, flags=(("never_seen", 1),))), "flag"),
    ],
)
def test_every_weakness_of_the_figures_is_told(event: Spent, kind: str) -> None:
    assert [notice.kind for notice in report.daily(Desk(TODAY, Naive([event]))).notices] == [kind]


def skilled(action: str, events: int, followed: int) -> Spent:
    """Events of a skill, some of which the log does not name it at."""
    flags = (("skill_followed", followed),) if followed else ()
    return replace(RUN, action=action, coverage=Coverage(events=events, calculated=events, flags=flags))


def test_a_skill_tells_how_many_of_its_events_the_log_names_it_at() -> None:
    events = [skilled("skill pdf", 12, 3), skilled("skill docx", 4, 4), skilled("skill csv", 5, 0)]
    told = report.daily(Desk(TODAY, Naive(events)))
    assert [notice.values for notice in told.notices] == [
        ("skill docx", 0, 4, "events"),
        ("skill pdf", 9, 12, "events"),
    ]


def test_many_skills_that_no_log_names_are_counted_after_the_first_five() -> None:
    events = [skilled(f"skill s{n}", 2, 1) for n in range(7)]
    told = report.daily(Desk(TODAY, Naive(events)))
    assert len(told.notices) == 6 and told.notices[-1].values == (2,)


def test_a_stated_cost_that_agrees_to_the_cent_is_not_worth_a_notice() -> None:
    told = report.daily(Desk(TODAY, Naive([replace(RUN, stated=Decimal("0.1501"))])))
    assert told.notices == ()


def test_notices_from_outside_come_last() -> None:
    rejected = Notice("rejected", "2 log lines were rejected.")
    told = report.daily(Desk(TODAY, Naive([Spent(DAY, cost=None)]), notices=(rejected,)))
    assert told.notices[-1] == rejected and len(told.notices) == 2


def test_the_general_budget_stands_before_those_on_a_provider() -> None:
    states = (state(TODAY, "1", "0.15", provider="anthropic"), state(TODAY, "5", "0.15"))
    told = report.daily(Desk(TODAY, Naive([RUN]), budgets=states))
    assert told.budgets == (states[1], states[0])
    assert column(table(told, "budgets"), "Budget") == ["anthropic · 2026-01-07"]


def test_a_budget_of_several_projects_names_them_all() -> None:
    one = state(TODAY, "1", "0.15")
    joined = replace(one, budget=replace(one.budget, project="poems", also=("letters",)))
    told = report.daily(Desk(TODAY, Naive([RUN]), budgets=(joined,)))
    assert column(table(told, "budgets"), "Budget") == ["poems, letters · 2026-01-07"]


def test_a_session_id_is_shown_by_its_head() -> None:
    event = replace(RUN, session="0123abcd-1111-4222-8333-0123456789ab", project="garden")
    told = report.dashboard(Desk(TODAY, Naive([event])))
    assert column(table(told, "dearest"), "Dearest sessions") == ["0123abcd"]


def test_a_session_is_named_with_its_title() -> None:
    events = [replace(RUN, session="one", cost=Decimal(2)), replace(RUN, session="two", cost=Decimal(1))]
    told = report.dashboard(Desk(TODAY, Naive(events), titles={"one": "Weed the beds"}))
    assert column(table(told, "dearest"), "Dearest sessions") == ["one Weed the beds", "two"]


def test_branches_are_told_where_they_differ() -> None:
    main, other = replace(RUN, project="p", branch="main"), replace(RUN, project="p", branch="fix")
    assert "branches" not in ids(report.daily(Desk(TODAY, Naive([main, replace(main, project="q")]))))
    assert "branches" in ids(report.daily(Desk(TODAY, Naive([main, other]))))


def test_a_flat_fee_shows_the_list_price_beside_the_cost() -> None:
    told = report.daily(Desk(TODAY, Flat([replace(RUN, cost=Decimal(0))])))
    assert column(table(told, "models"), "At list price (USD)") == [Amount(Decimal("0.15"))]


class Flat(Naive):
    """Figures of calls that a flat fee covers."""

    def summarize(self, *args: object, **more: object) -> Summary:
        found = super().summarize(*args, **more)  # type: ignore[arg-type]
        worth = Decimal("0.15")
        lines = tuple(replace(line, notional=worth) for line in found.lines)
        return replace(found, lines=lines, total=replace(found.total, notional=worth * len(lines)))


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (periods.day(DAY), "7 Jan 2026"),
        (periods.week(DAY), "5–11 Jan 2026"),
        (periods.week(date(2026, 1, 1)), "29 Dec 2025 – 4 Jan 2026"),
        (periods.month(DAY), "Jan 2026"),
        (periods.quarter(DAY), "2026 Q1"),
        (periods.year(DAY), "2026"),
    ],
)
def test_a_period_is_named_in_words(period: periods.Period, words: str) -> None:
    assert period.words == words


COSTS = st.none() | st.decimals("0", "9999", places=9)
EVENTS = st.lists(
    st.builds(
        Spent,
        day=st.dates(date(2025, 12, 1), date(2026, 3, 31)),
        provider=st.sampled_from(["anthropic", "openai"]),
        model=st.text("abcdefghijklmnop", min_size=1, max_size=1),
        cost=COSTS,
        project=st.none() | st.sampled_from("xyz"),
        branch=st.none() | st.sampled_from("uv"),
        action=st.none() | st.sampled_from(["skill a", "manual"]),
        session=st.none() | st.sampled_from("123"),
    ),
    max_size=40,
)


@given(EVENTS)
def test_the_rows_of_every_table_with_a_total_add_up_to_it(events: list[Spent]) -> None:
    figures = Naive(events)
    kinds = {
        "weekly": periods.week(DAY),
        "monthly": periods.month(DAY),
        "quarterly": periods.quarter(DAY),
        "yearly": periods.year(DAY),
        "dashboard": TODAY,
    }
    for kind, period in kinds.items():
        for found in report.build(kind, Desk(period, figures)).tables:  # type: ignore[arg-type]
            check_sums(found)


def check_sums(found: Table) -> None:
    """Money and counts of the rows give the total, exactly; averages and session counts cannot."""
    if found.total is None:
        return
    for index, head in enumerate(found.columns):
        cells = [row[index] for row in found.rows if row[index] is not None]
        total = found.total[index]
        if head.unit == "money" and head.title == "Cost (USD)":
            known = [cell.value for cell in cells if isinstance(cell, Amount) and cell.value is not None]
            assert isinstance(total, Amount)
            assert sum(known, Decimal(0)) == (total.value or 0)
        elif head.title in ("Calls", "Tokens", "Input", "Output", "Cache"):
            assert sum(cells) == total  # type: ignore[arg-type]
