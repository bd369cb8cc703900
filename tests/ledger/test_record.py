"""Each call is counted once, whatever the files look like."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.making import NOON, File, Reading, event, events, picture, record, sums, tokens
from vaultsync.ledger import Batch, Ledger
from vaultsync.model import MAX_COUNT, Issue, TokenCounts, UsageEvent

STREAM = [event("claude-code:msg_A", tokens=tokens(output=n), session="S1") for n in (3, 3, 140)]


def test_rows_of_one_call_are_one_event_with_the_largest_counts(ledger: Ledger) -> None:
    done = record(ledger, *STREAM)
    assert (done.new, done.duplicates) == (1, 2)
    assert sums(ledger) == [1, 10, 2000, 300, 140]


def test_rows_of_one_call_in_reverse_order_are_the_same_event(ledger: Ledger) -> None:
    record(ledger, *reversed(STREAM))
    assert sums(ledger) == [1, 10, 2000, 300, 140]


def test_rows_appended_again_to_the_same_file_add_nothing(ledger: Ledger) -> None:
    record(ledger, *STREAM)
    before = picture(ledger)
    done = record(ledger, *STREAM, start=100, end=200)
    assert (done.new, done.duplicates, done.changed) == (0, 3, 0)
    assert picture(ledger) == before


def test_a_later_row_with_larger_counts_raises_the_event(ledger: Ledger) -> None:
    record(ledger, STREAM[0])
    done = record(ledger, STREAM[2], start=100, end=200)
    assert (done.new, done.changed) == (0, 1)
    assert sums(ledger) == [1, 10, 2000, 300, 140]


def test_short_ids_made_unlike_by_the_collector_are_two_calls(ledger: Ledger) -> None:
    record(ledger, event("gw:S1 gen-1 10:00", session="S1"), event("gw:S2 gen-1 11:00", 60, session="S2"))
    assert sums(ledger)[0] == 2


def test_an_unfinished_line_that_is_completed_later_counts_once(ledger: Ledger) -> None:
    assert record(ledger, end=80).new == 0
    assert record(ledger, STREAM[2], start=80, end=160).new == 1
    assert sums(ledger)[0] == 1


def test_a_call_belongs_to_the_day_of_its_earliest_row(ledger: Ledger) -> None:
    early = datetime(2026, 1, 7, 23, 59, 59, 900_000, tzinfo=UTC)
    record(ledger, event("k", when=early + timedelta(seconds=0.2)))
    record(ledger, event("k", when=early), start=100, end=200)
    assert [e.when for e in events(ledger)] == [early]


def test_events_stay_when_their_file_says_nothing_any_more(ledger: Ledger) -> None:
    record(ledger, *STREAM)
    record(ledger)
    assert sums(ledger)[0] == 1


def test_equal_rows_of_one_file_are_several_calls(ledger: Ledger) -> None:
    record(ledger, event(), event(), event())
    assert sums(ledger)[0] == 3


def test_a_copy_of_a_file_with_equal_rows_adds_nothing(ledger: Ledger) -> None:
    record(ledger, event(), event(), event())
    record(ledger, event(), event(), event(), path="copy.jsonl")
    assert sums(ledger)[0] == 3


def test_overlapping_files_hold_as_many_equal_calls_as_the_fuller_one(ledger: Ledger) -> None:
    record(ledger, event())
    record(ledger, event(), event(), path="later export.csv")
    assert sums(ledger)[0] == 2


def test_equal_rows_read_in_pieces_are_as_many_as_read_at_once(ledger: Ledger) -> None:
    record(ledger, event(), end=10)
    record(ledger, event(), event(), start=10, end=30)
    record(ledger, event(), start=30, end=40)
    assert sums(ledger)[0] == 4


def test_equal_rows_read_in_pieces_of_a_copy_add_nothing(ledger: Ledger) -> None:
    record(ledger, *[event()] * 4)
    record(ledger, event(), end=10, path="copy")
    record(ledger, *[event()] * 3, start=10, end=40, path="copy")
    assert sums(ledger)[0] == 4


def test_reading_again_from_the_first_byte_adds_nothing(ledger: Ledger) -> None:
    record(ledger, event(), event(minute=1))
    done = record(ledger, event(), event(minute=1), event(minute=2), head=b"other head")
    assert (done.new, done.duplicates) == (1, 2)


def test_a_reading_that_does_not_begin_where_the_ledger_stands_is_refused(ledger: Ledger) -> None:
    record(ledger, event(), end=50)
    assert record(ledger, event(), start=20, end=70).is_stale
    assert sums(ledger)[0] == 1
    assert ledger.files()["logs/a.jsonl"].offset == 50


def test_a_reading_that_goes_on_in_another_file_is_refused(ledger: Ledger) -> None:
    record(ledger, event(), end=50)
    assert record(ledger, event(), start=50, end=70, head=b"HEAD").is_stale


def test_two_runs_that_read_the_same_new_lines_count_them_once(ledger: Ledger) -> None:
    with Ledger.open(ledger.path) as other:
        record(ledger, event(), end=50)
        assert record(ledger, event(), start=50, end=100).new == 1
        assert record(other, event(), start=50, end=100).is_stale
    assert sums(ledger)[0] == 2


def test_two_runs_that_read_the_same_new_file_count_it_once(ledger: Ledger) -> None:
    with Ledger.open(ledger.path) as other:
        record(ledger, event(), event())
        done = record(other, event(), event())
    assert (done.new, done.duplicates) == (0, 2)


def test_a_renamed_file_goes_on_where_it_stood(ledger: Ledger) -> None:
    record(ledger, event(), end=50, path="log")
    known = ledger.files()["logs/log"]
    record(ledger, event(), start=50, end=100, path="log.1", file_id=known.id)
    assert sums(ledger)[0] == 2
    assert set(ledger.files()) == {"logs/log.1"}


def test_a_rotation_over_an_older_file_keeps_every_event(ledger: Ledger) -> None:
    record(ledger, event(minute=1), path="log.1")
    record(ledger, event(minute=2), path="log", end=50)
    known = ledger.files()["logs/log"]
    record(ledger, event(minute=3), start=50, path="log.1", file_id=known.id)
    record(ledger, event(minute=4), path="log")
    assert sums(ledger)[0] == 4
    assert set(ledger.files()) == {"logs/log.1", "logs/log"}


@pytest.mark.parametrize("count", [-5, MAX_COUNT + 1])
def test_an_impossible_count_is_an_issue_and_not_an_event(ledger: Ledger, count: int) -> None:
    done = record(ledger, event("a", tokens=TokenCounts(output=count)))
    assert [str(issue) for issue in done.issues] == [
        f"logs/a.jsonl: a count is {count}; counts are 0 to {MAX_COUNT}. Fix the log or remove the row."
    ]
    assert done.new == 0


@pytest.mark.parametrize("change", [{"year": 1999}, {"year": 2101}, {"tzinfo": None}])
def test_an_impossible_time_is_an_issue_and_not_an_event(ledger: Ledger, change: dict[str, Any]) -> None:
    done = record(ledger, event("a", when=NOON.replace(**change)))
    assert (done.new, len(done.issues)) == (0, 1)


@pytest.mark.parametrize("cost", ["NaN", "Infinity", "1e30"])
def test_an_impossible_cost_is_an_issue_and_not_an_event(ledger: Ledger, cost: str) -> None:
    assert len(record(ledger, event("a", cost=Decimal(cost))).issues) == 1


def test_issues_among_the_findings_are_no_events(ledger: Ledger) -> None:
    assert record(ledger, Issue("a.jsonl", 3, "bad")).new == 0


def test_an_event_comes_back_as_it_was_told(ledger: Ledger) -> None:
    told = UsageEvent(
        when=NOON,
        source="flat-events",
        provider="openai",
        model="gpt-5.2",
        tokens=TokenCounts(*range(100, 112)),
        mode="batch",
        region="eu",
        context_band="long",
        grain="run",
        requests=7,
        web_searches=2,
        unsplit=9,
        duration_ms=1500,
        cost=Decimal("0.0123"),
        currency="EUR",
        cost_kind="billed",
        session="S1",
        project="/home/ana/notes",
        branch="main",
        action_type="skill",
        action_name="review",
        agent="a1",
        machine="desk",
        quality="estimate",
        flags=("future", "total_mismatch"),
        outcomes=(("messages_sent", 4), ("poems", 0)),
    )
    record(ledger, told)
    assert events(ledger) == [told]


def test_what_a_log_does_not_state_stays_unknown(ledger: Ledger) -> None:
    record(ledger, event("k"))
    (found,) = events(ledger)
    assert (found.cost, found.duration_ms, found.session, found.project) == (None, None, None, None)


def test_a_stated_cost_of_zero_is_not_unknown(ledger: Ledger) -> None:
    record(ledger, event("k", cost=Decimal("0.00")))
    assert events(ledger)[0].cost == Decimal(0)


def test_empty_and_missing_names_differ(ledger: Ledger) -> None:
    record(ledger, event("a", branch=""), event("b", 1))
    assert [e.branch for e in events(ledger)] == ["", None]


def test_half_characters_in_names_are_kept_as_replacement_characters(ledger: Ledger) -> None:
    record(ledger, event("a\ud800", model="m\ud800\0"))
    assert "\ud800" not in events(ledger)[0].model
    assert record(ledger, event("a\ud800", model="m\ud800\0"), start=100).changed == 0


def test_a_file_name_that_is_not_utf8_comes_back(ledger: Ledger) -> None:
    record(ledger, event("k"), path="caf\udce9.jsonl")
    assert list(ledger.files()) == ["logs/caf\udce9.jsonl"]


def test_the_state_of_a_file_comes_back(ledger: Ledger) -> None:
    record(ledger, event("k"), end=80)
    state = ledger.files()["logs/a.jsonl"]
    assert (state.offset, state.line, state.size, state.collector) == (80, 2, 100, "claude-code")


def test_a_failing_collector_leaves_neither_events_nor_state(ledger: Ledger) -> None:
    def findings() -> Iterator[UsageEvent]:
        yield event("k", session="S1")
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        ledger.record(Batch("x", Reading(File(Path("a"))), findings()))
    assert (ledger.span(), ledger.files()) == (None, {})
    record(ledger, event("k", session="S1"))
    assert events(ledger)[0].session == "S1"


def test_a_group_of_records_is_kept_whole_or_not_at_all(ledger: Ledger) -> None:
    with pytest.raises(KeyboardInterrupt), ledger.transaction():
        record(ledger, event("k"))
        raise KeyboardInterrupt
    assert ledger.span() is None


def test_a_record_that_fails_is_undone_alone_in_a_group(ledger: Ledger) -> None:
    with ledger.transaction():
        record(ledger, event("a"))
        with pytest.raises(TypeError):
            record(ledger, event("b"), event("c", tokens=None))
        record(ledger, event("d", 1))
    assert sums(ledger)[0] == 2


def test_first_and_last_tell_where_something_changed(ledger: Ledger) -> None:
    done = record(ledger, event("a", 5), event("b", 3))
    assert (done.first, done.last) == (NOON + timedelta(minutes=3), NOON + timedelta(minutes=5))
    assert record(ledger, event("a", 5), start=100).first is None
