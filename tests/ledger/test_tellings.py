"""The same spend told twice counts once: by provider and UTC day, in any order, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger.making import EVER, event, picture, record, tokens
from tests.ledger.test_laws import new_ledger
from vaultsync.ledger import HiddenDay, Ledger, Usage
from vaultsync.model import Preference, Tells, UsageEvent

KINDS: dict[str, Tells] = {
    "claude-code": "calls",
    "scripts": "calls",
    "console": "usage",
    "api": "usage",
    "telemetry": "events",
    "invoice": "bills",
}
NOON = datetime(2026, 1, 7, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def told(source: str, amount: int, when: datetime = NOON, **more: Any) -> UsageEvent:
    """A telling, known by its amount."""
    return event(f"{source}:{amount}", source=source, when=when, tokens=tokens(0, 0, 0, amount), **more)


def bill(amount: int, when: datetime = datetime(2026, 1, 1, tzinfo=UTC), **more: Any) -> UsageEvent:
    return told("invoice", amount, when, grain="month", **more)


def read(ledger: Ledger, *events: UsageEvent, **how: Any) -> None:
    """Read events as one file that may hold several kinds."""
    record(ledger, *events, tells=KINDS, **how)
    ledger.settle()


def counted(ledger: Ledger, **how: Any) -> int:
    return output(ledger.rows(*EVER, **how))


def output(usage: Usage) -> int:
    return sum(usage.columns["output"])  # type: ignore[arg-type]


def test_an_export_of_what_the_logs_tell_changes_no_total(ledger: Ledger) -> None:
    read(ledger, told("claude-code", 5), told("scripts", 7), path="logs")
    read(ledger, told("console", 12), told("invoice", 13), told("telemetry", 14), path="export")
    assert counted(ledger) == 12
    assert counted(ledger, preference=None) == 12 + 12 + 13 + 14


def test_each_day_and_provider_has_its_own_best_telling(ledger: Ledger) -> None:
    days = [told("console", 20, NOON + DAY), told("invoice", 300, NOON + DAY)]
    read(ledger, told("claude-code", 1), told("console", 10), *days, told("console", 4000, provider="openai"))
    assert counted(ledger) == 1 + 20 + 4000


def test_two_exports_of_one_kind_are_two_tellings_of_one_account(ledger: Ledger) -> None:
    read(ledger, told("console", 12), told("api", 30))
    assert counted(ledger) == 30
    assert counted(ledger, preference=Preference(("console",))) == 12
    assert counted(ledger, preference=Preference(also=("console",))) == 42


@pytest.mark.parametrize(
    ("order", "also", "total"),
    [
        ((), (), 1),
        (("usage",), (), 20),
        (("bills", "usage"), (), 300),
        (("console", "calls"), (), 20),
        (("calls", "claude-code"), (), 1),
        (("calls", "usage", "claude-code"), (), 20),
        ((), ("console",), 21),
        ((), ("claude-code",), 21),
    ],
)
def test_the_user_orders_tellings_by_kind_or_by_name(
    ledger: Ledger, order: tuple[str, ...], also: tuple[str, ...], total: int
) -> None:
    read(ledger, told("claude-code", 1), told("console", 20), told("invoice", 300))
    assert counted(ledger, preference=Preference(order, also)) == total


def test_calls_of_a_preferred_collector_hide_other_calls(ledger: Ledger) -> None:
    record(ledger, told("claude-code", 1), told("scripts", 20))
    assert counted(ledger) == 21
    assert counted(ledger, preference=Preference(("scripts",))) == 20


def test_the_bill_of_a_month_yields_to_any_better_day_and_hides_all_worse_ones(ledger: Ledger) -> None:
    last = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    read(ledger, bill(300), told("telemetry", 9, last), bill(500, datetime(2026, 2, 1, tzinfo=UTC)))
    assert counted(ledger) == 9 + 500
    assert counted(ledger, preference=Preference(("bills",))) == 300 + 500
    read(ledger, told("claude-code", 1, last))
    assert counted(ledger, preference=Preference(("calls", "bills"))) == 1 + 500
    assert counted(ledger, preference=Preference(("calls", "bills", "events"))) == 1 + 500


def test_what_is_hidden_by_something_hidden_counts(ledger: Ledger) -> None:
    read(ledger, told("claude-code", 1), bill(300), told("telemetry", 20, NOON + DAY))
    order = Preference(("calls", "bills", "events"))
    assert counted(ledger, preference=order) == 1 + 20


def test_a_range_that_cuts_a_day_chooses_by_the_whole_day(ledger: Ledger) -> None:
    midnight = datetime(2026, 1, 7, tzinfo=UTC)
    read(ledger, told("claude-code", 1, midnight + timedelta(hours=20)), told("console", 10, midnight))
    morning = ledger.rows(midnight, midnight + timedelta(hours=6))
    assert len(morning) == 0
    assert len(ledger.rows(midnight, midnight + timedelta(hours=6), preference=None)) == 1


def test_without_the_better_telling_the_other_counts(ledger: Ledger) -> None:
    read(ledger, told("console", 10), path="export")
    read(ledger, told("claude-code", 1), told("claude-code", 2, NOON + DAY), path="day.json", replaces=True)
    assert counted(ledger) == 3
    read(ledger, told("claude-code", 2, NOON + DAY), path="day.json", replaces=True)
    assert counted(ledger) == 12


def test_outcomes_of_what_is_hidden_are_not_told(ledger: Ledger) -> None:
    read(
        ledger,
        told("claude-code", 1, outcomes=(("poems", 1),)),
        told("console", 10, outcomes=(("poems", 5),)),
    )
    for usage in (ledger.rows(*EVER), ledger.rows(*EVER, needs=[])):
        assert [amount for _, _, amount in usage.outcomes] == [1]


def test_hidden_days_are_named(ledger: Ledger) -> None:
    read(ledger, told("claude-code", 1), told("console", 10), told("console", 20, NOON + DAY), bill(30))
    assert ledger.hidden(*EVER) == [
        HiddenDay(date(2026, 1, 1), "anthropic", "invoice"),
        HiddenDay(date(2026, 1, 7), "anthropic", "console"),
    ]
    assert [found.source for found in ledger.hidden(NOON, NOON + DAY)] == ["console"]
    assert ledger.kinds() == {"console": "usage", "invoice": "bills"}


def test_a_source_that_turns_out_to_be_of_another_kind_is_chosen_anew(ledger: Ledger) -> None:
    record(ledger, told("claude-code", 1), told("console", 10))
    ledger.settle()
    assert counted(ledger) == 11
    token = ledger.changes().token
    read(ledger, told("console", 20, NOON + 40 * DAY), path="more")
    assert counted(ledger) == 21
    assert int(NOON.timestamp()) in ledger.changes(token).intervals
    record(ledger, told("console", 30, NOON + 50 * DAY), path="last")
    ledger.settle()
    assert counted(ledger) == 1 + 10 + 20 + 30


def test_a_first_telling_of_a_day_marks_only_days_that_several_tell(ledger: Ledger) -> None:
    read(ledger, *(told("claude-code", n, NOON + n * DAY) for n in range(5)))
    token = ledger.changes().token
    read(ledger, told("console", 90, NOON + DAY), path="export")
    marked = {datetime.fromtimestamp(start, UTC) for start in ledger.changes(token).intervals}
    assert marked == {NOON + DAY}
    token = ledger.changes(token).token
    read(ledger, told("claude-code", 50, NOON + DAY + timedelta(hours=1)), path="more")
    marked = {datetime.fromtimestamp(start, UTC) for start in ledger.changes(token).intervals}
    assert marked == {NOON + DAY + timedelta(hours=1)}


tellings = st.builds(
    lambda source, hours, provider, amount: told(
        source,
        amount,
        (datetime(2026, 1, 30, tzinfo=UTC) if source != "invoice" else datetime(2026, 1, 1, tzinfo=UTC))
        + timedelta(hours=hours * (1 if source != "invoice" else 31)),
        provider=provider,
        grain="month" if source == "invoice" and amount % 2 else "request",
    ),
    st.sampled_from([*KINDS]),
    st.integers(0, 24 * 4),
    st.sampled_from(["anthropic", "openai"]),
    st.integers(1, 10_000),
)
orders = st.lists(st.sampled_from([*KINDS, *set(KINDS.values())]), max_size=4, unique=True)
preferences = st.builds(
    lambda order, also: Preference(tuple(order), tuple(also)),
    orders,
    st.lists(st.sampled_from([*KINDS]), max_size=1),
)
files = st.lists(st.lists(tellings, max_size=5), min_size=1, max_size=4)


def days_of(one: UsageEvent) -> set[date]:
    if one.grain != "month":
        return {one.when.date()}
    return {
        day for n in range(31) if (day := one.when.date().replace(day=1) + n * DAY).month == one.when.month
    }


def shown(events: Iterable[UsageEvent], preference: Preference) -> list[UsageEvent]:
    """Those that count, by the words of the rule: no better telling that counts has one of their days."""
    found: list[UsageEvent] = []
    ranked = [(preference.rank(e.source, KINDS[e.source]), e) for e in events]
    best = [(rank, e) for rank, e in ranked if rank is not None]
    for rank, one in sorted(best, key=lambda pair: pair[0]):
        better = (e for e in found if e.provider == one.provider and (_rank(e, preference) < rank))
        if not any(days_of(e) & days_of(one) for e in better):
            found.append(one)
    return found + [e for rank, e in ranked if rank is None]


def _rank(one: UsageEvent, preference: Preference) -> tuple[int, str]:
    rank = preference.rank(one.source, KINDS[one.source])
    assert rank is not None
    return rank


def amounts(events: Iterable[UsageEvent]) -> int:
    return sum(e.tokens.output for e in events)


def of(ledger: Ledger) -> list[UsageEvent]:
    return [each for _, each in picture(ledger)]


@settings(deadline=None, max_examples=60)
@given(files, preferences, st.randoms(use_true_random=False))
def test_what_counts_and_what_is_hidden_is_all_in_whatever_order_it_came(
    contents: list[list[UsageEvent]], preference: Preference, random: Random
) -> None:
    with new_ledger() as one, new_ledger() as two:
        for ledger, order in ((one, range(len(contents))), (two, shuffled(len(contents), random))):
            for number in order:
                record(ledger, *contents[number], path=str(number), tells=KINDS)
                if random.random() < 0.5:
                    ledger.settle(is_choosing=preference.names_sources)
        wanted = amounts(shown(of(one), preference))
        for ledger in (one, two):
            assert counted(ledger, preference=preference) == wanted
            assert counted(ledger, needs=[], cuts=[], preference=preference) == wanted
            assert counted(ledger, preference=None) == amounts(of(ledger))
            edges = sorted({EVER[0], EVER[1], *(e.when + timedelta(hours=7) for e in of(ledger))})
            parts = [ledger.rows(since, until, preference=preference) for since, until in pairwise(edges)]
            assert sum(map(output, parts)) == wanted


def shuffled(count: int, random: Random) -> Sequence[int]:
    return random.sample(range(count), count)


@settings(deadline=None, max_examples=60)
@given(files, preferences, st.randoms(use_true_random=False))
def test_whatever_counts_otherwise_now_is_marked_as_changed(
    contents: list[list[UsageEvent]], preference: Preference, random: Random
) -> None:
    with new_ledger() as ledger:
        for content in contents:
            before, token = keys(shown(of(ledger), preference)), ledger.changes().token
            path, replaces = random.choice("ab"), random.random() < 0.6
            record(ledger, *content, path=path, replaces=replaces, tells=KINDS)
            ledger.settle(is_choosing=preference.names_sources)
            marked = {*ledger.changes(token).intervals}
            for _, at in before ^ keys(shown(of(ledger), preference)):
                assert at // 900 * 900 in marked


def keys(events: Iterable[UsageEvent]) -> set[tuple[object, int]]:
    return {(e._replace(when=None), int(e.when.timestamp())) for e in events}  # type: ignore[arg-type]


def test_a_ledger_without_tellings_beside_calls_has_nothing_to_choose(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        record(ledger, told("claude-code", 1), told("scripts", 2))
        ledger.settle()
        asked: list[str] = []
        ledger._db.set_trace_callback(asked.append)
        assert counted(ledger) == 3
        assert [ask for ask in asked if "present" in ask or "telling" in ask] == [
            "SELECT source FROM telling NOT INDEXED",
            "SELECT source FROM telling INDEXED BY telling_again",
        ]
