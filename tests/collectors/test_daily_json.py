"""Daily JSON: runs count, totals are compared, and nothing is lost between them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.collectors.support import SAMPLES, events, issues, read, reader_of, rejected, written
from vaultsync.collectors.logs.daily_json import DailyJson, _share
from vaultsync.collectors.reading import LogFile
from vaultsync.model import Finding, TokenCounts, UsageEvent

RUN = {
    "timestamp": "2026-01-07T14:30:00Z",
    "run_type": "manual",
    "run_log": "a.md",
    "model": "claude-opus-4-5",
    "tokens": {"input": 100, "output": 20, "total": 120},
}


def day(folder: Path, *, packed: bool = False, **fields: Any) -> list[Finding]:
    """Findings of one day."""
    text = json.dumps({"date": "2026-01-07", **fields})
    return read(DailyJson(), written(folder / ("day.json.gz" if packed else "day.json"), text))


def outcomes(found: list[Finding]) -> list[dict[str, int]]:
    """Outcomes of each event."""
    return [dict(event.outcomes) for event in events(found)]


def test_day_of_the_sketch_states_its_cost_once() -> None:
    found = events(read(DailyJson(), SAMPLES / "day.json"))
    assert sum(event.tokens.input for event in found) == 45000
    assert sum(event.tokens.output for event in found) == 9000
    assert sum(event.cost for event in found if event.cost) == Decimal("0.81")


def test_packed_day_says_the_same(tmp_path: Path) -> None:
    assert day(tmp_path, runs=[RUN], packed=True) == day(tmp_path, runs=[RUN])


def test_run_without_model_is_unknown_unless_the_settings_know(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", json.dumps({"date": "2026-01-07", "runs": [{**RUN, "model": None}]}))
    (plain,) = events(read(DailyJson(), path))
    (known,) = events(read(DailyJson("claude-opus-4-5", "anthropic"), path))
    assert (plain.provider, plain.model, plain.flags) == ("unknown", "unknown", ())
    assert (known.provider, known.model, known.flags) == ("anthropic", "claude-opus-4-5", ("assumed_model",))


def test_model_of_the_day_holds_for_its_runs(tmp_path: Path) -> None:
    found = day(tmp_path, model="gpt-5", provider="OpenAI", project="p", runs=[RUN, {**RUN, "model": None}])
    assert [(e.provider, e.model, e.project) for e in events(found)] == [
        ("openai", "claude-opus-4-5", "p"),
        ("openai", "gpt-5", "p"),
    ]


@pytest.mark.parametrize(
    ("run_type", "action"),
    [
        *(
            ("manual", ("manual", None)),
            ("Scheduled", ("scheduled", None)),
            ("skill:review", ("skill", "review")),
        ),
        *(("morning pages", ("morning pages", None)), ("note: x", ("note: x", None)), (None, (None, None))),
    ],
)
def test_run_type_is_the_action(
    tmp_path: Path, run_type: str | None, action: tuple[str | None, str | None]
) -> None:
    (event,) = events(day(tmp_path, runs=[{**RUN, "run_type": run_type}]))
    assert (event.action_type, event.action_name) == action


def test_run_log_is_the_session(tmp_path: Path) -> None:
    assert events(day(tmp_path, runs=[RUN]))[0].session == "a.md"


def test_time_of_day_belongs_to_the_date(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.json", json.dumps({"date": "2026-01-07", "runs": [{**RUN, "timestamp": "14:30"}]})
    )
    (event,) = events(read(DailyJson(), path, zone=ZoneInfo("Europe/Berlin")))
    assert event.when == datetime(2026, 1, 7, 13, 30, tzinfo=UTC)


def test_cache_classes_may_stand_inside_tokens(tmp_path: Path) -> None:
    tokens = {"input": 1, "output": 2, "cache_read_tokens": 3, "cache_write_1h_tokens": 4, "total": 10}
    (event,) = events(day(tmp_path, runs=[{**RUN, "tokens": tokens}]))
    assert event.tokens == TokenCounts(1, 3, cache_write_1h=4, output=2) and not event.flags


def test_bad_run_is_named_by_its_line(tmp_path: Path) -> None:
    text = json.dumps(
        {"date": "2026-01-07", "runs": [RUN, {**RUN, "tokens": {"input": 1, "output": -5}}]}, indent=1
    )
    path = written(tmp_path / "a.json", text)
    found = read(DailyJson(), path)
    assert str(issues(found)[0]).startswith(f"{path}:15: output tokens is -5; counts cannot be negative.")
    assert len(events(found)) == 1


def test_differing_totals_are_told_with_both_numbers(tmp_path: Path) -> None:
    found = day(tmp_path, runs=[RUN], totals={"runs": 1, "input": 101, "output": 20, "total": 121})
    assert [i.text for i in issues(found)] == [
        "totals say 101 input tokens, the runs add up to 100. The runs count."
    ]
    assert not rejected(found) and events(found)[0].tokens == TokenCounts(100, output=20)


def test_equal_totals_are_silent(tmp_path: Path) -> None:
    found = day(
        tmp_path, runs=[RUN, RUN], totals={"runs": 2, "tokens": {"input": 200, "output": 40, "total": 240}}
    )
    assert not issues(found) and len(events(found)) == 2


def test_totals_without_runs_are_one_event_of_the_day(tmp_path: Path) -> None:
    (event,) = events(
        day(tmp_path, totals={"runs": 3, "input": 45000, "output": 9000, "estimated_cost_usd": 0.81})
    )
    assert (event.grain, event.requests, event.cost) == ("day", 3, Decimal("0.81"))
    assert event.tokens == TokenCounts(45000, output=9000) and "from_totals" in event.flags


def test_runs_that_are_missing_in_the_list_are_one_event_of_the_day(tmp_path: Path) -> None:
    found = day(tmp_path, runs=[RUN], totals={"runs": 3, "input": 300, "output": 60})
    rest = events(found)[1]
    assert (rest.tokens, rest.requests, rest.grain) == (TokenCounts(200, output=40), 2, "day")
    assert rest.model == "claude-opus-4-5" and rest.flags == ("assumed_model", "from_totals")


def test_empty_day_is_no_event(tmp_path: Path) -> None:
    assert day(tmp_path, runs=[], totals={"runs": 0, "input": 0, "output": 0, "estimated_cost_usd": 0}) == []


def test_outcome_that_no_run_tells_of_goes_to_the_last_run(tmp_path: Path) -> None:
    run = {**RUN, "metrics": {"messages_sent": 3}}
    found = day(tmp_path, runs=[run, run], outcomes={"messages_sent": 6, "Poems written": 2})
    assert outcomes(found) == [{"messages_sent": 3}, {"messages_sent": 3, "poems_written": 2}] and not issues(
        found
    )


def test_outcomes_that_differ_are_told(tmp_path: Path) -> None:
    found = day(tmp_path, runs=[{**RUN, "metrics": {"messages_sent": 3}}], outcomes={"messages_sent": 4})
    text = "the day has 4 messages_sent, its runs add up to 3. The runs count."
    assert outcomes(found) == [{"messages_sent": 3}] and [i.text for i in issues(found)] == [text]


def test_outcomes_without_any_call_are_kept(tmp_path: Path) -> None:
    (event,) = events(day(tmp_path, outcomes={"poems": 2}))
    assert (event.tokens.total, event.requests, event.outcomes) == (0, 0, (("poems", 2),))


def test_bad_metric_is_left_out_and_told(tmp_path: Path) -> None:
    found = day(tmp_path, runs=[{**RUN, "metrics": {"messages_sent": -3, "errors": 1}}])
    assert outcomes(found) == [{"errors": 1}] and not rejected(found) and len(issues(found)) == 1


def test_costs_of_runs_are_compared_with_that_of_the_day(tmp_path: Path) -> None:
    found = day(tmp_path, runs=[{**RUN, "cost_usd": "0.10"}], totals={"estimated_cost_usd": 0.2})
    assert events(found)[0].cost == Decimal("0.10")
    assert [i.text for i in issues(found)] == [
        "totals state a cost of 0.2, the runs state 0.10. The runs count."
    ]


def test_bad_date_costs_no_run(tmp_path: Path) -> None:
    found = day(tmp_path, date="someday", runs=[RUN, {**RUN, "timestamp": None}])
    assert len(events(found)) == 1 and len(rejected(found)) == 1


@pytest.mark.parametrize("form", ["[%s,%s]", "%s\n%s\n", "%s%s"])
def test_file_may_hold_several_days(tmp_path: Path, form: str) -> None:
    days = tuple(json.dumps({"date": f"2026-01-0{n}", "runs": [RUN]}) for n in (7, 8))
    assert len(events(read(DailyJson(), written(tmp_path / "a.json", form % days)))) == 2


def test_damaged_line_of_days_costs_itself_only(tmp_path: Path) -> None:
    text = json.dumps({"date": "2026-01-07", "runs": [RUN]})
    found = read(DailyJson(), written(tmp_path / "a.json", f"{text}\n{text[:50]}\n{text}\n"))
    assert len(events(found)) == 2 and rejected(found) == [2]


def test_day_being_written_is_pending(tmp_path: Path) -> None:
    reader = reader_of(written(tmp_path / "a.json", '{"date": "2026-01-07", "runs": ['), rested=10)
    assert not list(DailyJson().collect(reader)) and reader.verdict == "pending" and not reader.issues


def test_repeated_count_is_rejected(tmp_path: Path) -> None:
    text = json.dumps({"date": "2026-01-07", "runs": [RUN]}).replace(
        '"input": 100', '"input": 100, "input": 200'
    )
    found = read(DailyJson(), written(tmp_path / "a.json", text))
    assert not events(found) and "input tokens stands twice" in issues(found)[0].text


@pytest.mark.parametrize(
    "text", ['{"date": "2026-01-07", "input_tokens": 1}', "[]", "words", '{"runs": []}', ""]
)
def test_other_json_is_not_claimed(tmp_path: Path, text: str) -> None:
    assert not DailyJson().claims(LogFile.look(written(tmp_path / "a.json", text)))


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=8),
    st.decimals(0, 10**6, places=8, allow_nan=False, allow_infinity=False),
)
def test_shares_of_an_estimate_add_up_to_it(weights: list[int], amount: Decimal) -> None:
    when = datetime(2026, 1, 7, tzinfo=UTC)
    runs = [UsageEvent(when, "daily-json", "unknown", "unknown", TokenCounts(weight)) for weight in weights]
    shares = [event.cost for event in _share(runs, amount)]
    assert sum(share for share in shares if share is not None) == amount
    assert all(share is not None and share >= 0 for share in shares)


@pytest.mark.parametrize(("runs", "is_lost"), [([], True), ([RUN], False)])
def test_totals_that_say_a_count_twice_are_told(tmp_path: Path, runs: list[Any], is_lost: bool) -> None:
    text = json.dumps({"date": "2026-01-07", "runs": runs, "totals": {"input": 100, "output": 20}})
    found = read(
        DailyJson(),
        written(tmp_path / "day.json", text.replace('"output": 20}}', '"output": 20, "output": 2}}')),
    )
    (issue,) = issues(found)
    assert "stands twice in the record. The totals are left out." in issue.text and issue.rejected is is_lost
