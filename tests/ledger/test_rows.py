"""The usage table: what may be summed is one row, what may not stays apart, nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.making import EVER, NOON, event, record, sums, tokens
from vaultsync.ledger import Ledger, Usage
from vaultsync.model import TOKEN_CLASSES, TokenCounts

COLUMNS = [
    *("quarter", "band", "source", "provider", "model", "mode", "region", "context_band", "grain", "session"),
    *(
        "project",
        "branch",
        "action_type",
        "action_name",
        "machine",
        "quality",
        "flags",
        "currency",
        "cost_kind",
    ),
    *TOKEN_CLASSES,
    *("requests", "web_searches", "unsplit", "duration_ms", "events", "has_output", "cost"),
]


def column(usage: Usage, name: str) -> list[Any]:
    return list(usage.columns[name])


def test_events_of_one_quarter_hour_are_one_row(ledger: Ledger) -> None:
    record(ledger, event("a", 0), event("b", 14), event("c", 15))
    usage = ledger.rows(*EVER)
    start = int(NOON.timestamp())
    assert column(usage, "quarter") == [start, start + 900]
    assert column(usage, "events") == [2, 1]
    assert column(usage, "output") == [280, 140]


def test_the_columns_are_those_of_the_model_even_without_events(ledger: Ledger) -> None:
    assert list(ledger.rows(*EVER).columns) == COLUMNS
    record(ledger, event("a"))
    usage = ledger.rows(*EVER)
    assert list(usage.columns) == COLUMNS
    assert {len(usage.columns[name]) for name in COLUMNS} == {1}


def test_the_end_of_a_range_is_out(ledger: Ledger) -> None:
    record(ledger, event("a", 0), event("b", 15))
    assert column(ledger.rows(NOON, NOON + timedelta(minutes=15)), "events") == [1]
    assert column(ledger.rows(NOON, NOON + timedelta(minutes=15, microseconds=1)), "events") == [1, 1]


@pytest.mark.parametrize(
    "difference",
    [
        {"model": "other"},
        {"session": "S"},
        {"branch": "b"},
        {"mode": "batch"},
        {"quality": "partial"},
        {"flags": ("future",)},
        {"tokens": tokens(output=0)},
        {"tokens": tokens(input=200_000)},
    ],
)
def test_what_must_not_be_summed_stays_apart(ledger: Ledger, difference: dict[str, Any]) -> None:
    record(ledger, event("a"), event("b", **difference))
    assert column(ledger.rows(*EVER, thresholds=[200_000]), "events") == [1, 1]


@pytest.mark.parametrize(("prompt", "band"), [(99, 0), (100, 1), (101, 2), (199, 2), (200, 3), (201, 4)])
def test_the_band_tells_a_prompt_at_a_threshold_from_more(ledger: Ledger, prompt: int, band: int) -> None:
    record(ledger, event("a", tokens=TokenCounts(input=prompt - 50, cache_read=30, cache_write_1h=20)))
    assert column(ledger.rows(*EVER, thresholds=[100, 200]), "band") == [band]


def test_a_stated_cost_stands_alone_and_exact(ledger: Ledger) -> None:
    record(ledger, *(event(f"k{n}", cost=Decimal("0.1000000000000000000001")) for n in range(2)), event("c"))
    usage = ledger.rows(*EVER)
    assert column(usage, "events") == [1, 1, 1]
    assert sorted(map(str, column(usage, "cost"))) == ["0.1000000000000000000001"] * 2 + ["None"]


def test_shorter_intervals_may_be_asked_for(ledger: Ledger) -> None:
    record(ledger, event("a", 0), event("b", 6))
    assert column(ledger.rows(*EVER, minutes=5), "events") == [1, 1]


def test_projects_are_named_when_asked_and_not_when_stored(ledger: Ledger) -> None:
    record(ledger, event("a", project="/home/ana/notes"), event("b", 1), event("c", 1, project="x"))
    usage = ledger.rows(*EVER, project_name=lambda path: path and Path(path).name)
    assert sorted(map(str, column(usage, "project"))) == ["None", "notes", "x"]
    assert "/home/ana/notes" in column(ledger.rows(*EVER), "project")


def test_outcomes_point_to_the_row_of_their_events(ledger: Ledger) -> None:
    record(
        ledger,
        event("a", 0, outcomes=(("poems", 2),)),
        event("b", 1, outcomes=(("errors", 0), ("poems", 3))),
        event("c", 20, project="p", outcomes=(("poems", 5),)),
        event("d", 40),
    )
    usage = ledger.rows(*EVER)
    projects = column(usage, "project")
    found = {(projects[row], name, amount) for row, name, amount in usage.outcomes}
    assert found == {(None, "errors", 0), (None, "poems", 5), ("p", "poems", 5)}


def test_other_thresholds_give_other_rows_and_the_same_sums(ledger: Ledger) -> None:
    record(ledger, event("a"), event("b", tokens=tokens(input=5000)))
    rows = [len(ledger.rows(*EVER, thresholds=t)) for t in ([], [4000], [9000], [])]
    assert rows == [1, 2, 1, 1]
    assert sums(ledger)[:2] == [2, 5010]


def test_figures_follow_what_is_recorded_between_two_reports(ledger: Ledger) -> None:
    record(ledger, event("a"))
    assert sums(ledger)[0] == 1
    record(ledger, event("b", 1), event("c", 60), start=100)
    assert sums(ledger)[0] == 3
    record(ledger, event("a", tokens=tokens(output=1000)), start=100)
    assert sums(ledger)[4] == 1280


def test_a_reader_sees_figures_that_were_not_summed_ahead(ledger: Ledger) -> None:
    record(ledger, event("a"))
    sums(ledger)
    record(ledger, event("b", 1), start=100)
    with Ledger.open(ledger.path, read_only=True) as reader:
        assert sums(reader)[0] == 2


def test_span_is_from_the_first_to_the_last_event(ledger: Ledger) -> None:
    assert ledger.span() is None
    record(ledger, event("a", 5), event("b", 1), event("c", 3))
    assert ledger.span() == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=5))
