"""Limits as people write them, and what a period may spend."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telling import Spent, line
from vaultsync import budget, periods
from vaultsync.model import Budget, BudgetState, Line
from vaultsync.periods import NOTE_OF, Calendar, Kind, Period, WeekRule

D = Decimal
CALENDAR = Calendar()
DAY = date(2026, 1, 7)
JANUARY = periods.month(DAY)
NOTE = "LLM Costs.md"


def dashboard(**properties: object) -> tuple[list[Budget], list[str]]:
    return budget.read(properties, NOTE, "dashboard", None, "USD")


def limit(value: object) -> Decimal | None:
    """The limit that a value is read as; it must be one or empty."""
    found, problems = dashboard(llm_budget_monthly_usd=value)
    assert not problems
    return found[0].limit if found else None


def problem(value: object) -> str:
    """The sentence about a value that cannot be read."""
    found, problems = dashboard(llm_budget_monthly_usd=value)
    assert not found
    (text,) = problems
    return text


# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("daily", "day"),
        ("weekly", "week"),
        ("monthly", "month"),
        ("quarterly", "quarter"),
        ("yearly", "year"),
    ],
)
def test_dashboard_holds_standing_budgets(word: str, kind: Kind) -> None:
    key = f"llm_budget_{word}_usd"
    assert dashboard(**{key: 60}) == ([Budget(kind, D(60), f"{NOTE} {key}")], [])


@pytest.mark.parametrize(
    ("key", "provider", "kind"),
    [
        ("llm_budget_anthropic_monthly_usd", "anthropic", "month"),
        ("llm_budget_openai_daily_usd", "openai", "day"),
        ("llm_budget_openai_usd", "openai", "month"),
        ("llm_budget_aws_bedrock_yearly_usd", "aws-bedrock", "year"),
        ("llm_budget_claude_monthly_usd", "anthropic", "month"),
        ("LLM_Budget_Gemini_Weekly_USD", "google", "week"),
    ],
)
def test_key_may_name_a_provider(key: str, provider: str, kind: Kind) -> None:
    assert dashboard(**{key: 5})[0] == [Budget(kind, D(5), f"{NOTE} {key}", provider)]


def test_dashboard_key_without_a_period_means_the_month() -> None:
    assert dashboard(llm_budget_usd=60)[0] == [Budget("month", D(60), f"{NOTE} llm_budget_usd")]


def test_map_of_budgets_is_read() -> None:
    found, problems = dashboard(llm_budget={"claude": 5, "weekly": 20, "openai monthly": "$7"})
    assert [(b.provider, b.kind, b.limit) for b in found] == [
        ("anthropic", "month", 5),
        (None, "week", 20),
        ("openai", "month", 7),
    ]
    assert not problems


@pytest.mark.parametrize("kind", ["day", "week", "month", "quarter", "year"])
def test_periodic_note_limits_its_own_period(kind: Kind) -> None:
    period = CALENDAR.period(kind, DAY)
    properties = {"llm_budget_usd": 9, f"llm_budget_openai_{NOTE_OF[kind]}_usd": 4}
    found, problems = budget.read(properties, "note.md", NOTE_OF[kind], period, "USD")
    assert [(b.kind, b.period, b.provider, b.limit) for b in found] == [
        (kind, period.label, None, 9),
        (kind, period.label, "openai", 4),
    ]
    assert not problems


def test_periodic_note_cannot_limit_other_periods() -> None:
    found, problems = budget.read({"llm_budget_daily_usd": 2}, "2026-01.md", "monthly", JANUARY, "USD")
    assert found == []
    assert problems == [
        "2026-01.md: llm_budget_daily_usd limits other periods than the note's. "
        "Move it to the dashboard note."
    ]


def test_project_note_limits_its_project_by_the_month() -> None:
    properties = {"llm_project": "garden", "llm_budget_usd": 30, "llm_budget_weekly_usd": 10}
    found, _ = budget.read(properties, "Garden.md", "project", None, "USD")
    assert [(b.project, b.kind, b.limit) for b in found] == [("garden", "month", 30), ("garden", "week", 10)]


def test_project_note_may_tie_several_log_names() -> None:
    properties = {"llm_project": ["garden", "old-garden", "garden"], "llm_budget_usd": 30}
    (found,), _ = budget.read(properties, "Garden.md", "project", None, "USD")
    assert (found.project, found.also) == ("garden", ("old-garden",))


@pytest.mark.parametrize("named", [None, "", [], True, ["a", None], {"a": 1}])
def test_project_note_without_a_name_is_told(named: object) -> None:
    properties = {"llm_project": named, "llm_budget_usd": 30}
    found, problems = budget.read(properties, "Garden.md", "project", None, "USD")
    assert found == []
    assert problems[0].startswith("Garden.md: llm_project is ")


def test_other_properties_are_no_budgets() -> None:
    assert dashboard(llm_cost_usd=3, llm_over_budget=True, tags=["a"], llm_budgets=4) == ([], [])


@pytest.mark.parametrize("key", ["llm_budget_monthly", "llm_budget_monthly_eur", "llm_budget_monthly_limit"])
def test_key_that_does_not_end_with_the_currency_is_named(key: str) -> None:
    found, problems = dashboard(**{key: 3})
    assert (found, problems) == ([], [f"{NOTE}: {key} is not in USD. End the key with _usd."])


@pytest.mark.parametrize(
    "key", ["llm_budget_monthly_openai_usd", "llm_budget__usd", "llm_budget_daily_weekly_usd"]
)
def test_key_with_its_words_in_disorder_is_named(key: str) -> None:
    found, (text,) = dashboard(**{key: 3})
    assert found == []
    assert text.startswith(f"{NOTE}: {key} is not a known key.")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("montly", "monthly"), ("dayly", "daily"), ("Quaterly", "quarterly"), ("week", "weekly")],
)
def test_period_that_is_nearly_spelt_right_is_no_provider(word: str, meant: str) -> None:
    for key in (f"llm_budget_{word}_usd", f"llm_budget_openai_{word}_usd"):
        assert dashboard(**{key: 3}) == ([], [f"{NOTE}: {key} names no period. Did you mean {meant!r}?"])


@pytest.mark.parametrize(
    ("word", "near"),
    [("antropic", "'anthropic'"), ("cluade", "'claude'"), ("open_ia", "'openai'")],
)
def test_provider_that_nothing_tells_of_is_named_with_the_nearest(word: str, near: str) -> None:
    known = {"anthropic", "openai"}
    keys = {f"llm_budget_{word}_monthly_usd": 40, "llm_budget_claude_monthly_usd": 5}
    found, problems = budget.read(keys, NOTE, "dashboard", None, "USD", lambda: known)
    assert [b.provider for b in found] == ["anthropic"], "the others still count"
    (text,) = problems
    assert text.startswith(f"{NOTE}: llm_budget_{word}_monthly_usd names provider ")
    assert text.endswith(f", of which neither price lists nor logs tell. Did you mean {near}?")


@pytest.mark.parametrize("known", ["vertex_ai", "Vertex AI", "vertex-ai"])
def test_provider_is_found_however_logs_part_its_words(known: str) -> None:
    keys = {"llm_budget_vertex_ai_monthly_usd": 40, "llm_budget": {"vertex ai": 5}}
    found, problems = budget.read(keys, NOTE, "dashboard", None, "USD", lambda: {known, "openai"})
    assert ([b.provider for b in found], problems) == ([known, known], [])


@pytest.mark.parametrize("key", ["llm_budget_my own_usd", "llm_budget_my_own_usd", "llm_budget_My-Own_usd"])
def test_provider_of_several_words_is_written_in_any_way(key: str) -> None:
    (found,), problems = budget.read({key: 1}, NOTE, "dashboard", None, "USD", lambda: {"my-own"})
    assert (found.provider, problems) == ("my-own", [])


def test_provider_may_have_the_name_of_a_period_in_its_own() -> None:
    key = "llm_budget_my daily server_monthly_usd"
    (found,), _ = budget.read({key: 1}, NOTE, "dashboard", None, "USD", lambda: {"my-daily-server"})
    assert (found.provider, found.kind) == ("my-daily-server", "month")


def test_provider_that_is_like_no_other_is_to_be_written_as_reports_do() -> None:
    found, (text,) = budget.read({"llm_budget_zzz_usd": 1}, NOTE, "dashboard", None, "USD", lambda: {"xai"})
    assert found == [] and text.endswith("tell. Write it as `vaultsync report` does.")


def test_providers_are_not_asked_for_where_none_is_named() -> None:
    def fail() -> set[str]:
        raise AssertionError

    assert budget.read({"llm_budget_daily_usd": 1}, NOTE, "dashboard", None, "USD", fail)[1] == []


def test_currency_of_the_report_ends_the_key() -> None:
    found, _ = budget.read({"llm_budget_monthly_eur": "5 €"}, NOTE, "dashboard", None, "EUR")
    assert [b.limit for b in found] == [5]


def test_one_bad_value_does_not_hide_the_others() -> None:
    found, problems = dashboard(llm_budget_daily_usd="1,5", llm_budget_weekly_usd=10)
    assert ([b.limit for b in found], len(problems)) == ([10], 1)


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, "5"),
        (12.5, "12.5"),
        (0.1, "0.1"),
        (D("3.20"), "3.20"),
        ("5", "5"),
        (" 5.50 ", "5.50"),
        ("$5", "5"),
        ("$ 5.25", "5.25"),
        ("5 USD", "5"),
        ("5usd", "5"),
        ("USD 5", "5"),
        ("$5 USD", "5"),
        ("1e3", "1000"),
        (".5", "0.5"),
        (0, "0"),
        ("0", "0"),
        ("-0", "0"),
    ],
)
def test_amount_is_read(value: object, expected: str) -> None:
    assert limit(value) == D(expected)


@pytest.mark.parametrize("value", [None, "", "   "])
def test_empty_value_is_no_budget(value: object) -> None:
    assert limit(value) is None


@pytest.mark.parametrize("value", ["1,5", "1.234,50", "$1,000"])
def test_comma_is_ambiguous(value: str) -> None:
    assert problem(value) == (
        f"{NOTE}: llm_budget_monthly_usd is {value!r}; a comma may part thousands or decimals. "
        "Write 1234.5, without a comma."
    )


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        float("nan"),
        float("inf"),
        "NaN",
        "five",
        "5%",
        "5 6",
        "$",
        "1_000",
        "٥",
        "5 dollars",
        [5],
        DAY,
    ],
)
def test_what_is_not_an_amount_is_quoted(value: object) -> None:
    assert "which is not an amount" in problem(value)


@pytest.mark.parametrize("value", [-1, "-0.01", "$-5"])
def test_budget_cannot_be_negative(value: object) -> None:
    assert "cannot be negative" in problem(value)


@pytest.mark.parametrize("value", ["€5", "5 EUR", "£5", "EUR 5 USD"])
def test_amount_in_another_currency_is_refused(value: str) -> None:
    assert problem(value).endswith("but the report is in USD. Write it in USD.")


@pytest.mark.parametrize("value", [10**15, 10**6000, "1e99", 1e300], ids=["int", "long int", "text", "float"])
def test_absurd_amount_is_refused(value: object) -> None:
    assert "is too large" in problem(value)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.dates(), st.lists(st.integers()), st.booleans()))
def test_any_value_is_a_budget_or_a_problem_or_empty(value: object) -> None:
    found, problems = dashboard(llm_budget_monthly_usd=value)
    assert len(found) + len(problems) <= 1
    assert all(b.limit.is_finite() and b.limit >= 0 for b in found)


# --- states --------------------------------------------------------------------------------------


def standing(kind: Kind, amount: str, **more: str) -> Budget:
    return Budget(kind, D(amount), f"{NOTE} {kind}", **more)  # type: ignore[arg-type]


def states(
    budgets: list[Budget],
    period: Period,
    spent: Mapping[str, str | None] | None = None,
    calendar: Calendar = CALENDAR,
) -> list[BudgetState]:
    """States where each scope, written as its names, spent what is given, and nothing else did."""

    def spent_of(where: Mapping[str, str]) -> Line:
        name = " ".join(where.values())
        if name not in (spent or {}):
            return line([])
        cost = (spent or {})[name]
        return line([Spent(DAY, cost=D(cost) if cost else None)])

    return budget.states(budgets, period, calendar, spent_of)


def test_standing_budget_holds_for_every_period_of_its_kind() -> None:
    (found,) = states([standing("month", "60")], JANUARY, {"": "45"})
    assert (found.limit, found.spent, found.left, found.is_over, found.shared_from) == (
        60,
        45,
        15,
        False,
        None,
    )


def test_budget_of_the_own_note_wins_over_the_standing_one() -> None:
    own = standing("month", "20", period="2026-01")
    budgets = [standing("month", "60"), own]
    assert [s.budget for s in states(budgets, JANUARY)] == [own]
    assert [s.limit for s in states(budgets, periods.month(date(2026, 2, 1)))] == [60]


def test_standing_budget_of_the_kind_wins_over_a_share() -> None:
    assert [s.limit for s in states([standing("month", "60"), standing("day", "5")], periods.day(DAY))] == [5]


def test_day_has_its_share_of_the_month_and_says_so() -> None:
    (found,) = states([standing("month", "62")], periods.day(DAY))
    assert (found.limit, found.shared_from) == (2, "2026-01")


def test_share_is_of_the_next_wider_budget() -> None:
    budgets = [standing("year", "365"), standing("week", "70")]
    (found,) = states(budgets, periods.day(DAY))
    assert (found.limit, found.shared_from) == (10, "2026-W02")


def test_own_note_of_the_wider_period_gives_the_share() -> None:
    budgets = [standing("month", "31"), standing("month", "310", period="2026-01")]
    assert [s.limit for s in states(budgets, periods.day(DAY))] == [10]


def test_week_between_two_months_has_a_share_of_both() -> None:
    week = periods.week(date(2026, 1, 28))
    budgets = [standing("month", "31"), standing("month", "280", period="2026-02")]
    (found,) = states(budgets, week)
    assert (found.limit, found.shared_from) == (6 * 1 + 1 * 10, "2026-01 and 2026-02")


def test_month_has_no_share_of_a_narrower_budget() -> None:
    assert states([standing("day", "5"), standing("week", "35")], JANUARY) == []


def test_week_that_only_one_month_limits_looks_further() -> None:
    week = periods.week(date(2026, 1, 28))
    budgets = [standing("month", "31", period="2026-01"), standing("year", "730")]
    assert [(s.limit, s.shared_from) for s in states(budgets, week)] == [(14, "2026")]


def test_budget_of_nothing_is_a_budget() -> None:
    (found,) = states([standing("day", "0")], periods.day(DAY), {"": "0.01"})
    assert (found.limit, found.is_over, found.used) == (0, True, None)


def test_unpriced_events_make_a_state_incomplete() -> None:
    (found,) = states([standing("day", "5")], periods.day(DAY), {"": None})
    assert (found.spent, found.incomplete) == (0, True)


def test_everything_stands_first_then_providers_then_projects() -> None:
    budgets = [
        standing("day", "1", project="garden"),
        standing("day", "2", provider="openai"),
        standing("day", "3"),
        standing("day", "4", provider="anthropic"),
        standing("day", "5", project="garden", provider="openai"),
    ]
    spent = {"": "9", "openai": "7", "anthropic": "2", "garden": "6", "openai garden": "4"}
    assert [(s.limit, s.spent) for s in states(budgets, periods.day(DAY), spent)] == [
        (3, 9),
        (4, 2),
        (2, 7),
        (1, 6),
        (5, 4),
    ]


def test_project_of_several_names_spends_their_sum() -> None:
    joint = Budget("day", D(5), "Garden.md llm_budget_usd", project="garden", also=("old-garden",))
    (found,) = states([joint], periods.day(DAY), {"garden": "1.25", "old-garden": "2"})
    assert found.spent == D("3.25")


@given(
    st.decimals(0, 10**9, places=6),
    st.dates(date(2020, 1, 1), date(2032, 12, 31)),
    st.sampled_from(
        [("day", "week"), ("day", "month"), ("day", "quarter"), ("day", "year"), ("month", "quarter")]
    ),
    st.sampled_from(["calendar", "weeks"]),
    st.sampled_from([WeekRule(), WeekRule(0, 6)]),
)
def test_shares_of_a_period_add_up_to_its_limit(
    amount: Decimal, day: date, kinds: tuple[Kind, Kind], quarters: periods.QuarterRule, weeks: WeekRule
) -> None:
    narrow, wide = kinds
    calendar = Calendar(weeks=weeks, quarters=quarters if narrow == "day" else "calendar")
    period = calendar.period(wide, day)
    shares = [
        found.limit
        for part in calendar.split(period, narrow)
        for found in states([standing(wide, str(amount))], part, calendar=calendar)
    ]
    with localcontext(prec=60):
        assert sum(shares) == amount
    assert all(share >= 0 for share in shares)


@given(st.decimals(0, 10**6, places=2), st.dates(date(2020, 1, 1), date(2032, 12, 31)))
def test_share_of_a_week_is_the_sum_of_its_days(amount: Decimal, day: date) -> None:
    budgets, week = [standing("month", str(amount))], periods.week(day)
    (whole,) = states(budgets, week)
    assert sum(states(budgets, periods.day(each))[0].limit for each in week.days()) == whole.limit
