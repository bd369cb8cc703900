"""Sums of the usage table: exact, complete, and the same whichever way they are cut."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaultsync import aggregate, periods
from vaultsync.aggregate import DIMENSIONS, UsageTable
from vaultsync.aggregate.rating import PARTS, weigh
from vaultsync.aggregate.rows import COUNTS
from vaultsync.model import TOKEN_CLASSES, AppliedRate, Coverage, Line, RateKey, TokenCounts, UsageEvent
from vaultsync.periods import Calendar, Period

D = Decimal
UTC_CALENDAR = Calendar()
MILLION = 1_000_000
LABELS = (
    *(
        "source",
        "provider",
        "model",
        "mode",
        "region",
        "context_band",
        "grain",
        "session",
        "project",
        "branch",
    ),
    *("action_type", "action_name", "machine", "quality", "currency", "cost_kind"),
)


# --- what ledger and price list would give -------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """A usage table in memory."""

    columns: Mapping[str, Sequence[object]]
    outcomes: Sequence[tuple[int, str, int]] = ()


def table(events: Sequence[UsageEvent], thresholds: Sequence[int] = (200_000,)) -> Rows:
    """One row per event, in quarters of an hour."""
    columns: dict[str, list[object]] = {name: [getattr(e, name) for e in events] for name in LABELS}
    for name in TOKEN_CLASSES:
        columns[name] = [getattr(e.tokens, name) for e in events]
    columns["quarter"] = [int(e.when.timestamp()) // 900 * 900 for e in events]
    columns["band"] = [
        bisect_right(thresholds, e.tokens.prompt) + bisect_left(thresholds, e.tokens.prompt) for e in events
    ]
    columns["events"] = [1 for _ in events]
    columns["requests"] = [e.requests for e in events]
    columns["web_searches"] = [e.web_searches for e in events]
    columns["unsplit"] = [e.unsplit for e in events]
    columns["duration_ms"] = [e.duration_ms or 0 for e in events]
    columns["has_output"] = [e.tokens.output > 0 for e in events]
    columns["cost"] = [e.cost for e in events]
    columns["flags"] = [" ".join(e.flags) for e in events]
    outcomes = [(row, name, amount) for row, e in enumerate(events) for name, amount in e.outcomes]
    return Rows(columns, outcomes)


def rates(input: str, output: str | None, **others: str) -> dict[str, Decimal | None]:
    """Rates of every class: caches at the price of input unless said otherwise."""
    named = {name: D(others.get(name, input)) for name in TOKEN_CLASSES if name != "reasoning"}
    paid = None if output is None else D(output)
    return {**named, "output": paid, "output_audio": paid, **{n: D(v) for n, v in others.items()}}


@dataclass
class Prices:
    """A price list with one trap per model; `asked` counts the questions."""

    fx: Mapping[str, str] = field(default_factory=dict)
    thresholds: tuple[int, ...] = (200_000,)
    minutes: int = 15
    asked: int = 0

    def windowed(self, provider: str, model: str) -> bool:
        return model == "night"

    def rate(self, key: RateKey) -> AppliedRate:
        self.asked += 1
        if key.model == "plain":
            return AppliedRate(rates("3", "15", cache_read="0.3"))
        if key.model == "long":
            return AppliedRate(rates("6", "22.5") if key.prompt > 200_000 else rates("3", "15"))
        if key.model == "dated":
            return AppliedRate(rates("10", "40") if key.when.date() < date(2026, 1, 7) else rates("2", "8"))
        if key.model == "night":
            return AppliedRate(rates("2", "4") if key.when.hour < 3 else rates("1", "2"))
        if key.model == "contract":
            return AppliedRate(rates("5", "25"), adjust=D("0.85"), web_search=D("0.01"), request=D("0.005"))
        if key.model == "euro":
            return AppliedRate(rates("1.8", "5.4"), currency="EUR")
        if key.model == "thinker":
            return AppliedRate(rates("2", "8", reasoning="3"), flags=("maker_price",))
        if key.model == "embedding":
            return AppliedRate(rates("0.13", None))
        if key.model == "local":
            return AppliedRate({}, free=True)
        return AppliedRate({}, reason="unknown_model")

    def convert(self, amount: Decimal, currency: str, day: date) -> Decimal | None:
        return amount * D(self.fx[currency]) if currency in self.fx else None


MODELS = ("plain", "long", "dated", "night", "contract", "euro", "thinker", "embedding", "local", "unknown")


def event(model: str = "plain", when: str = "2026-01-07T14:30", **others: object) -> UsageEvent:
    """An event; `input`, `output` and the other token classes may be given directly."""
    counts = {name: others.pop(name) for name in TOKEN_CLASSES if name in others}
    defaults: dict[str, object] = {"source": "test", "provider": "acme"}
    return UsageEvent(
        when=datetime.fromisoformat(when).replace(tzinfo=UTC),
        model=model,
        tokens=TokenCounts(**counts),  # type: ignore[arg-type]
        **{**defaults, **others},  # type: ignore[arg-type]
    )


def load(
    events: Sequence[UsageEvent], calendar: Calendar = UTC_CALENDAR, prices: Prices | None = None, **more: str
) -> UsageTable:
    """Figures of some events."""
    return aggregate.load(table(events), prices or Prices(), calendar, **more)  # type: ignore[arg-type]


YEAR = periods.year(date(2026, 1, 1))


def total(events: Sequence[UsageEvent], prices: Prices | None = None, **more: str) -> Line:
    """The sum of some events of 2026."""
    return load(events, prices=prices, **more).summarize(YEAR).total


# --- one price at a time -------------------------------------------------------------------------


def test_cost_is_count_times_rate_exactly() -> None:
    events = [event(input=1_234, output=77)] * 1_000
    assert total(events).cost == D(1_234 * 3 + 77 * 15) * 1_000 / MILLION == D("4.857")


def test_equal_sums_have_equal_spelling() -> None:
    assert str(total([event(input=50 * MILLION)]).cost) == "150"
    assert str(total([event(input=100_000)]).cost) == "0.3"


def test_long_prompt_pays_the_tier_with_every_token_and_a_short_one_does_not() -> None:
    events = [event("long", input=200_001, output=10), event("long", input=200_000, output=10)]
    assert total(events).cost == (200_001 * D(6) + 10 * D("22.5") + 200_000 * 3 + 10 * 15) / MILLION


def test_price_changes_at_utc_midnight_whatever_the_local_day() -> None:
    events = [
        event("dated", "2026-01-06T23:59", input=MILLION),
        event("dated", "2026-01-07T00:00", input=MILLION),
    ]
    new_york = load(events, Calendar(ZoneInfo("America/New_York")))
    assert new_york.summarize(periods.day(date(2026, 1, 6))).total.cost == D(10) + D(2)


def test_hourly_price_follows_the_hour() -> None:
    events = [
        event("night", "2026-01-07T02:45", input=MILLION),
        event("night", "2026-01-07T03:00", input=MILLION),
    ]
    assert total(events).cost == D(2) + D(1)


def test_reasoning_with_its_own_rate_is_not_paid_twice() -> None:
    events = [event("thinker", input=1_000, output=9_000, reasoning=7_000)]
    assert total(events).cost == D(1_000 * 2 + 2_000 * 8 + 7_000 * 3) / MILLION


def test_reasoning_beyond_output_never_makes_a_sum_differ_from_its_parts() -> None:
    bad, good = event("thinker", output=10, reasoning=50), event("thinker", output=100, session="s")
    figures = load([bad, good])
    lines = figures.summarize(YEAR, ["session"]).lines
    assert sum(line.cost or 0 for line in lines) == figures.summarize(YEAR).total.cost


def test_contract_factor_is_in_the_cost_and_not_in_the_list_cost() -> None:
    line = total([event("contract", input=15_000, output=3_000, web_searches=2, requests=3)])
    listed = D(15_000 * 5 + 3_000 * 25) / MILLION + 2 * D("0.01") + 3 * D("0.005")
    assert (line.list_cost, line.cost) == (listed, listed * D("0.85"))


def test_free_model_costs_nothing_and_is_counted_as_free() -> None:
    line = total([event("local", input=512, output=256)])
    assert (line.cost, line.coverage.free, line.coverage.unpriced, line.basis) == (0, 1, 0, "calculated")


def test_energy_of_a_local_model_is_told_apart_from_cost() -> None:
    class Metered(Prices):
        def energy(self, key: RateKey) -> tuple[Decimal, Decimal, str]:
            return D(90), D("0.32"), "EUR"

    line = total([event("local", output=256, duration_ms=40_000)], prices=Metered())
    assert (line.energy, line.cost, line.duration_ms) == ((("EUR", D("0.00032")),), 0, 40_000)


# --- unknown is not zero -------------------------------------------------------------------------


def test_unknown_model_has_no_cost_but_counts_its_tokens() -> None:
    line = total([event("unknown", input=1_000, output=1_000)])
    assert (line.cost, line.basis, line.tokens.total, line.coverage.unpriced) == (None, "unpriced", 2_000, 1)


def test_sum_with_an_unpriced_event_is_the_sum_of_the_others_and_says_so() -> None:
    line = total([event("unknown", input=1_000), event(input=MILLION)])
    assert (line.cost, line.coverage.unpriced, line.coverage.calculated) == (D(3), 1, 1)


def test_empty_period_costs_nothing() -> None:
    summary = load([event(input=1)]).summarize(periods.day(date(2026, 5, 1)), ["model"], "day")
    assert (summary.lines, summary.total.cost, summary.total.coverage.events) == ((), 0, 0)


def test_no_rows_at_all_is_an_empty_period() -> None:
    assert total([]).cost == 0


def test_output_without_output_rate_is_unpriced_and_input_alone_is_not() -> None:
    line = total([event("embedding", input=1_000, output=10), event("embedding", input=1_000_000)])
    assert (line.cost, line.coverage.unpriced) == (D("0.13"), 1)


def test_event_known_only_by_a_total_is_unpriced_and_its_tokens_stand_apart() -> None:
    line = total([event(unsplit=54_161, flags=("total_only",))])
    assert (line.cost, line.tokens.total) == (None, 0)
    expected = Coverage(1, unpriced=1, unsplit=1, unsplit_tokens=54_161, flags=(("total_only", 1),))
    assert line.coverage == expected


def test_event_without_project_keeps_its_line_and_comes_last() -> None:
    events = [event(input=1), event(input=2, project="zoo"), event(input=3, project="ant")]
    lines = load(events).summarize(YEAR, ["project"]).lines
    assert [(line.keys, line.tokens.input) for line in lines] == [(("ant",), 3), (("zoo",), 2), ((None,), 1)]


@pytest.mark.parametrize("name", ["nan", "NA", "None", "null", "00123", "1e5", "", " "])
def test_odd_names_stay_what_they_are(name: str) -> None:
    lines = load([event(name, input=1), event(name, input=1)]).summarize(YEAR, ["model"]).lines
    assert [(line.keys, line.coverage.events) for line in lines] == [((name,), 2)]


# --- what the logs state -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "kind", "expected", "basis"),
    [
        ("auto", "billed", "7", "reported"),
        ("auto", "charged", "7", "reported"),
        ("auto", "estimated", "3", "calculated"),
        ("auto", None, "3", "calculated"),
        ("calculated", "billed", "3", "calculated"),
        ("calculated", "estimated", "3", "calculated"),
        ("reported", "billed", "7", "reported"),
        ("reported", "estimated", "7", "reported"),
    ],
)
def test_choice_decides_between_stated_and_calculated(
    choice: str, kind: str, expected: str, basis: str
) -> None:
    line = total([event(input=MILLION, cost=D(7), cost_kind=kind)], cost=choice)
    assert (line.cost, line.basis) == (D(expected), basis)
    assert (line.stated, line.stated_calculated) == (D(7), D(3))


@pytest.mark.parametrize(("choice", "expected"), [("auto", D(7)), ("calculated", None), ("reported", D(7))])
def test_estimate_of_the_log_stands_in_where_no_price_is_known(choice: str, expected: Decimal | None) -> None:
    line = total([event("unknown", input=1, cost=D(7), cost_kind="estimated")], cost=choice)
    assert line.cost == expected
    assert (line.stated, line.stated_calculated) == (D(7), None)


@pytest.mark.parametrize(("model", "flags"), [("unknown", ["estimated_cost"]), ("plain", [])])
def test_only_where_no_price_is_known_an_estimate_is_said_to_stand_in(model: str, flags: list[str]) -> None:
    line = total([event(model, input=1, cost=D(7), cost_kind="estimated")], cost="reported")
    assert [name for name, _ in line.coverage.flags] == flags


def test_estimate_of_zero_for_an_unknown_model_is_not_believed() -> None:
    assert total([event("unknown", input=1, cost=D(0), cost_kind="estimated")]).cost is None


def test_bill_of_zero_is_believed() -> None:
    assert total([event("unknown", input=1, cost=D(0), cost_kind="billed")]).cost == 0


def test_line_of_stated_and_calculated_events_is_mixed() -> None:
    line = total([event(input=MILLION), event(input=MILLION, cost=D("1.5"), cost_kind="billed")])
    assert (line.cost, line.basis, line.coverage.reported) == (D("4.5"), "mixed", 1)
    assert (line.stated, line.stated_calculated) == (D("1.5"), D(3))


def test_call_covered_by_a_flat_fee_is_told_beside_the_cost() -> None:
    events = [event("contract", input=MILLION, cost_kind="notional", requests=0), event(input=MILLION)]
    line = total(events)
    assert (line.cost, line.notional, line.coverage.calculated) == (D(3), D(5), 1)
    assert line.coverage.flags == (("notional", 1),)


def test_only_covered_calls_cost_nothing() -> None:
    line = total([event(input=MILLION, cost_kind="notional", cost=D(9))])
    assert (line.cost, line.notional, line.stated) == (0, D(3), D(9))


# --- other currencies ----------------------------------------------------------------------------


def test_rate_in_another_currency_is_converted() -> None:
    line = total([event("euro", input=100_000, output=20_000)], prices=Prices(fx={"EUR": "1.08"}))
    assert line.cost == (D("0.18") + D("0.108")) * D("1.08") == D("0.31104")


def test_money_without_an_exchange_rate_stays_apart() -> None:
    events = [
        event("euro", input=100_000),
        event(input=1, cost=D("12.34"), currency="CNY", cost_kind="billed"),
        event(input=MILLION),
    ]
    line = total(events)
    assert (line.cost, line.foreign) == (D(3), (("CNY", D("12.34")), ("EUR", D("0.18"))))
    assert line.coverage.flags == (("foreign", 2),)
    assert (line.coverage.calculated, line.coverage.reported, line.coverage.unpriced) == (1, 0, 0)


def test_stated_money_is_converted_on_its_utc_day() -> None:
    class Moving(Prices):
        def convert(self, amount: Decimal, currency: str, day: date) -> Decimal:
            return amount * day.day

    events = [
        event(when=f"2026-01-0{n}T23:50", cost=D(1), currency="EUR", cost_kind="billed") for n in (3, 4)
    ]
    berlin = Calendar(ZoneInfo("Europe/Berlin"))
    summary = load(events, berlin, prices=Moving()).summarize(YEAR, bucket="day")
    assert [(line.period, line.cost) for line in summary.lines] == [("2026-01-04", 3), ("2026-01-05", 4)]


# --- counting ------------------------------------------------------------------------------------


def test_flags_qualities_and_partial_outputs_are_counted_in_events() -> None:
    events = [
        event("thinker", flags=("split_mismatch", "total_mismatch"), output=1),
        event(flags=("total_mismatch",), quality="partial"),
        event(quality="estimate"),
    ]
    coverage = total(events).coverage
    named = {"estimate": 1, "maker_price": 1, "split_mismatch": 1, "total_mismatch": 2}
    assert (dict(coverage.flags), coverage.partial) == (named, 1)


def test_sessions_are_distinct_in_each_line_and_in_the_total() -> None:
    events = [
        event(session="a", project="x"),
        event(session="a", project="y"),
        event(session="b", project="x"),
        event(project="x"),
    ]
    summary = load(events).summarize(YEAR, ["project"])
    assert [line.sessions for line in summary.lines] == [2, 1]
    assert summary.total.sessions == 2


def test_grouping_by_session_counts_one_session_per_line() -> None:
    summary = load([event(session="a"), event()]).summarize(YEAR, ["session"])
    assert [(line.keys, line.sessions) for line in summary.lines] == [(("a",), 1), ((None,), 0)]


def test_outcomes_follow_the_grouping_of_their_run() -> None:
    events = [
        event(project="b", outcomes=(("messages_sent", 2), ("poems", 3))),
        event(project="a"),
        event(project="b", outcomes=(("poems", 1),)),
    ]
    summary = load(events).summarize(YEAR, ["project"], "month")
    assert [line.outcomes for line in summary.lines] == [(), (("messages_sent", 2), ("poems", 4))]
    assert summary.total.outcomes == (("messages_sent", 2), ("poems", 4))


def test_action_is_type_and_name() -> None:
    events = [
        event(action_type="agent", action_name="Explore"),
        event(action_type="manual"),
        event(action_name="tidy"),
        event(),
    ]
    lines = load(events).summarize(YEAR, ["action"]).lines
    assert [line.keys[0] for line in lines] == ["agent Explore", "manual", "tidy", None]


def test_where_keeps_only_events_with_the_value() -> None:
    figures = load([event(input=1, project="a", model="plain"), event(input=2), event(input=4, project="b")])
    assert figures.summarize(YEAR, where={"project": "a"}).total.tokens.input == 1
    assert figures.summarize(YEAR, where={"project": None}).total.tokens.input == 2
    assert figures.summarize(YEAR, where={"project": "nobody"}).total.coverage.events == 0


def test_unknown_dimension_is_named() -> None:
    with pytest.raises(ValueError, match=r"provider, model, project.*'colour'"):
        load([]).summarize(YEAR, ["colour"])


def test_lines_stand_in_the_order_of_time_then_name() -> None:
    events = [event(m, f"2026-{n:02d}-01T00:00") for n in (10, 2) for m in ("plain", "dated")]
    lines = load(events).summarize(YEAR, ["model"], "month").lines
    assert [(line.period, *line.keys) for line in lines] == [
        ("2026-02", "dated"),
        ("2026-02", "plain"),
        ("2026-10", "dated"),
        ("2026-10", "plain"),
    ]


def test_bucket_at_the_edge_counts_only_days_of_the_period() -> None:
    events = [event(when="2026-01-31T12:00", input=1), event(when="2026-02-01T12:00", input=2)]
    lines = load(events).summarize(periods.month(date(2026, 2, 1)), bucket="week").lines
    assert [(line.period, line.tokens.input) for line in lines] == [("2026-W05", 2)]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), D("24.5")),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
        ("America/St_Johns", date(2026, 3, 8), 23),
    ],
)
def test_day_holds_every_quarter_of_an_hour_between_its_midnights(
    zone: str, day: date, hours: Decimal
) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2)
    quarters = [start + timedelta(minutes=15 * n) for n in range(4 * 24 * 5)]
    events = [event(when=q.replace(tzinfo=None).isoformat(), input=1) for q in quarters]
    figures = load(events, Calendar(ZoneInfo(zone)))
    assert figures.summarize(periods.day(day)).total.coverage.events == 4 * hours


def test_a_year_of_events_asks_the_price_list_once_a_day() -> None:
    prices = Prices()
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    events = [event(when=f"{day}T{hour:02d}:00", input=1) for day in days for hour in (0, 9, 23)]
    load(events, prices=prices)
    assert prices.asked == 365


# --- laws ----------------------------------------------------------------------------------------

ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham"),
    *("Pacific/Kiritimati", "America/St_Johns", "Asia/Kolkata"),
)
COUNT = st.integers(0, 300_000)
NEW_YEAR, SPRING, AUTUMN = (datetime(2026, *day, tzinfo=UTC) for day in ((1, 1), (3, 31), (10, 29)))


def near(centre: datetime, days: int) -> st.SearchStrategy[datetime]:
    return st.integers(-1440 * days, 1440 * days).map(lambda minutes: centre + timedelta(minutes=minutes))


# Around the switches to and from summer time, where days have 23 and 25 hours; and over the whole year.
MOMENTS = near(SPRING, 5) | near(AUTUMN, 6) | near(NEW_YEAR, 5) | near(NEW_YEAR + timedelta(days=182), 190)


def some(*values: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from((None, *values))


@st.composite
def usage(draw: st.DrawFn) -> UsageEvent:
    whole = {name: draw(COUNT) for name in ("input", "cache_read", "cache_write_5m", "cache_write", "output")}
    parts = {
        "reasoning": draw(st.integers(0, whole["output"])),
        "input_audio": draw(st.integers(0, whole["input"])),
    }
    cost = draw(st.one_of(st.none(), st.decimals(0, 100, places=7)))
    return UsageEvent(
        when=draw(MOMENTS),
        source=draw(st.sampled_from(("agent", "export"))),
        provider=draw(st.sampled_from(("acme", "zeta"))),
        model=draw(st.sampled_from(MODELS)),
        tokens=TokenCounts(**whole, **parts),
        mode=draw(st.sampled_from(("standard", "batch"))),
        requests=draw(st.integers(1, 3)),
        web_searches=draw(st.integers(0, 2)),
        unsplit=draw(st.sampled_from((0, 0, 0, 77))),
        cost=cost,
        currency=draw(st.sampled_from(("USD", "EUR", "CNY"))),
        cost_kind=draw(st.sampled_from(("billed", "charged", "estimated", "notional")))
        if cost is not None
        else None,
        session=draw(some("s1", "s2")),
        project=draw(some("garden", "nan")),
        branch=draw(some("main")),
        action_type=draw(some("agent")),
        machine=draw(some("desk")),
        quality=draw(st.sampled_from(("final", "partial", "estimate"))),
        flags=draw(st.sampled_from(((), ("total_mismatch",), ("bad_count", "total_mismatch")))),
        outcomes=draw(st.sampled_from(((), (("poems", 2),)))),
    )


EVENTS = st.lists(usage(), max_size=25)
CHOICES = st.sampled_from(("auto", "calculated", "reported"))
FX = Prices(fx={"EUR": "1.0837"})


def added(lines: Sequence[Line]) -> dict[str, object]:
    """What must add up, added up."""
    with localcontext(prec=200):
        money = {
            name: sum((v for line in lines if (v := getattr(line, name)) is not None), D(0))
            for name in ("cost", "list_cost", "stated", "notional")
        }
        foreign: Counter[str] = Counter()
        outcomes: Counter[str] = Counter()
        for line in lines:
            foreign.update(dict(line.foreign))  # type: ignore[arg-type]
            outcomes.update(dict(line.outcomes))
    return {
        **money,
        "tokens": sum((line.tokens for line in lines), TokenCounts()),
        "coverage": sum((line.coverage for line in lines), Coverage()),
        "requests": sum(line.requests for line in lines),
        "searches": sum(line.web_searches for line in lines),
        "foreign": foreign,
        "outcomes": outcomes,
    }


@given(
    EVENTS, st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=4), st.sampled_from(ZONES), CHOICES
)
@settings(max_examples=60, deadline=None)
def test_lines_of_any_grouping_add_up_to_the_total(
    events: list[UsageEvent], by: list[str], zone: str, choice: str
) -> None:
    figures = load(events, Calendar(ZoneInfo(zone)), FX, cost=choice)
    summary = figures.summarize(YEAR, by, "week")
    assert added(summary.lines) == added([summary.total])
    assert added([figures.summarize(YEAR).total]) == added([summary.total])
    assert len({(line.period, line.keys) for line in summary.lines}) == len(summary.lines)


@given(
    st.lists(usage(), max_size=8),
    st.sampled_from(ZONES),
    st.sampled_from(("week", "month", "quarter", "year")),
    st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_days_add_up_to_every_wider_period(
    events: list[UsageEvent], zone: str, kind: periods.Kind, by_weeks: bool
) -> None:
    calendar = Calendar(ZoneInfo(zone), quarters="weeks" if by_weeks else "calendar")
    figures = load(events, calendar, FX)
    for start in {calendar.period(kind, calendar.day_of(e.when)).start for e in events}:
        wide = calendar.period(kind, start)
        cut = figures.summarize(wide, bucket="day")
        assert added(cut.lines) == added([figures.summarize(wide).total])
        for line in cut.lines:
            alone = figures.summarize(periods.day(date.fromisoformat(str(line.period)))).total
            assert added([alone]) == added([line])


@given(
    EVENTS,
    st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=3),
    st.sampled_from((None, *periods.KINDS)),
    st.sampled_from(({}, {"project": "garden"}, {"session": None}, {"model": "plain", "provider": "acme"})),
    st.sampled_from(("day", "week", "month")),
)
@settings(max_examples=60, deadline=None)
def test_a_period_is_summed_the_same_whatever_else_is_loaded(
    events: list[UsageEvent],
    by: list[str],
    bucket: periods.Kind | None,
    where: dict[str, str | None],
    kind: periods.Kind,
) -> None:
    figures = load(events, prices=FX)
    for period in {UTC_CALENDAR.period(kind, e.when.date()) for e in events}:
        alone = load([e for e in events if e.when.date() in period], prices=FX)
        assert repr(figures.summarize(period, by, bucket, where)) == repr(
            alone.summarize(period, by, bucket, where)
        )


@given(EVENTS, st.randoms(use_true_random=False), CHOICES)
@settings(max_examples=40, deadline=None)
def test_order_of_rows_does_not_matter(events: list[UsageEvent], random: Random, choice: str) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    one, two = (
        load(each, prices=FX, cost=choice).summarize(YEAR, ["model", "project"], "month")
        for each in (events, shuffled)
    )
    assert repr(one) == repr(two)


def naive(event: UsageEvent, choice: str) -> Decimal | None:
    """The cost of one event by the sentences of the contract."""
    key = RateKey("acme", event.model, event.when, prompt=event.tokens.prompt)
    applied = FX.rate(key)
    calculated = applied.cost(event.tokens, event.web_searches, event.requests)
    if event.unsplit and not applied.free:
        calculated = None
    calculated = None if calculated is None else in_dollars(calculated, applied.currency)
    stated = None if event.cost is None else in_dollars(event.cost, event.currency)
    if event.cost_kind == "notional":
        return D(0)
    if event.cost is not None and (
        choice == "reported" or (choice == "auto" and event.cost_kind in ("billed", "charged"))
    ):
        return stated
    if calculated is not None:
        return calculated
    return stated if choice == "auto" and event.cost else None


RATES = st.one_of(st.none(), st.decimals(0, 200, places=6))
SMALL = st.decimals(0, 2, places=4)


@given(
    st.fixed_dictionaries(dict.fromkeys(TOKEN_CLASSES, RATES)),
    st.tuples(SMALL, SMALL, st.decimals("0.5", 2, places=3)),
    st.lists(st.integers(0, 10**12), min_size=12, max_size=12),
    st.integers(0, 50),
    st.integers(0, 50),
)
def test_sums_cost_what_the_rate_says_of_their_events(
    rates: dict[str, Decimal | None],
    fees: tuple[Decimal, Decimal, Decimal],
    sizes: list[int],
    searches: int,
    requests: int,
) -> None:
    counts = dict(zip(TOKEN_CLASSES, sizes, strict=True))
    for part, whole in PARTS.items():
        counts[whole] += counts[part]
    search, request, adjust = fees
    applied = AppliedRate(rates, web_search=search, request=request, adjust=adjust)
    row = {**counts, "web_searches": searches, "requests": requests}
    with localcontext(prec=120):
        for at_list in (False, True):
            cost = applied.cost(TokenCounts(**counts), searches, requests, at_list=at_list)
            weighed = weigh(applied, at_list=at_list).cost([row.get(name, 0) for name in COUNTS])
            assert cost is None or weighed == cost


def in_dollars(amount: Decimal, currency: str) -> Decimal | None:
    return amount if currency == "USD" else FX.convert(amount, currency, date(2026, 1, 1))


@given(EVENTS, st.sampled_from(ZONES), CHOICES)
@settings(max_examples=80, deadline=None)
def test_cost_is_the_sum_of_each_event_alone(events: list[UsageEvent], zone: str, choice: str) -> None:
    calendar = Calendar(ZoneInfo(zone))
    expected: dict[tuple[str, str], list[Decimal | None]] = {}
    for each in events:
        local = calendar.day_of(each.when)
        if local in YEAR:
            expected.setdefault((local.isoformat(), each.model), []).append(naive(each, choice))
    summary = load(events, calendar, FX, cost=choice).summarize(YEAR, ["model"], "day")
    assert len(summary.lines) == len(expected)
    for line in summary.lines:
        costs = expected[str(line.period), str(line.keys[0])]
        known = [cost for cost in costs if cost is not None]
        assert line.coverage.events == len(costs)
        assert line.cost == (sum(known) if known else None)


@given(st.lists(usage(), max_size=12), CHOICES)
@settings(max_examples=40, deadline=None)
def test_every_event_is_counted_in_exactly_one_way(events: list[UsageEvent], choice: str) -> None:
    for line in load(events, prices=FX, cost=choice).summarize(YEAR, ["session"], "day").lines:
        c, flags = line.coverage, dict(line.coverage.flags)
        apart = flags.get("notional", 0) + flags.get("foreign", 0)
        assert c.events == c.calculated + c.reported + c.unpriced + c.free + apart


def test_period_of_a_fixed_offset_zone_is_cut_at_its_midnight() -> None:
    calendar = Calendar(timezone(timedelta(hours=5, minutes=45)))
    figures = load(
        [event(when="2026-01-06T18:15", input=1), event(when="2026-01-06T18:00", input=2)], calendar
    )
    day: Period = periods.day(date(2026, 1, 7))
    assert figures.summarize(day).total.tokens.input == 1
