"""A document that changed replaces what it said before; nothing else is ever taken back."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.ledger.making import EVER, event, events, record, sums, tokens
from vaultsync.ledger import Ledger
from vaultsync.model import UsageEvent

DAY = 24 * 60


def outputs(ledger: Ledger) -> list[int]:
    return sorted(e.tokens.output for e in events(ledger))


def run(minute: float = 0, output: int = 100, **fields: object) -> UsageEvent:
    return event(None, minute, tokens=tokens(output=output), **fields)


def test_an_event_that_was_edited_replaces_the_old_one(ledger: Ledger) -> None:
    record(ledger, run(0, 100), run(1, 200), path="day.json", replaces=True)
    done = record(ledger, run(0, 100), run(1, 50), path="day.json", replaces=True)
    assert (done.new, done.duplicates, done.removed) == (1, 1, 1)
    assert outputs(ledger) == [50, 100]


def test_a_run_that_was_deleted_goes_with_its_outcomes(ledger: Ledger) -> None:
    poems = run(1, outcomes=(("poems", 3),))
    record(ledger, run(0), poems, path="day.json", replaces=True)
    record(ledger, run(0), path="day.json", replaces=True)
    assert sums(ledger)[0] == 1
    assert ledger.rows(*EVER).outcomes == []
    assert ledger.check() == []


def test_all_runs_of_a_day_may_be_other_ones(ledger: Ledger) -> None:
    record(ledger, run(0, 1), path="day.json", replaces=True)
    record(ledger, run(5, 2), run(6, 3), path="day.json", replaces=True)
    assert outputs(ledger) == [2, 3]


def test_an_empty_version_removes_nothing(ledger: Ledger) -> None:
    record(ledger, run(0, 1), run(1, 2), path="day.json", replaces=True)
    assert record(ledger, path="day.json", replaces=True).removed == 0
    assert outputs(ledger) == [1, 2]
    record(ledger, run(0, 1), path="day.json", replaces=True)
    assert outputs(ledger) == [1]


def test_another_day_at_the_same_path_keeps_the_old_one(ledger: Ledger) -> None:
    record(ledger, run(0, 1), path="today.json", replaces=True)
    record(ledger, run(DAY, 2), path="today.json", replaces=True)
    assert outputs(ledger) == [1, 2]


def test_a_table_that_was_rotated_within_a_day_keeps_the_old_events(ledger: Ledger) -> None:
    record(ledger, run(-DAY, 1), run(0, 2), path="usage.csv", replaces=True)
    record(ledger, run(5, 3), path="usage.csv", replaces=True)
    assert outputs(ledger) == [1, 2, 3]


def test_a_document_that_comes_back_to_its_path_takes_back_nothing_of_the_other(ledger: Ledger) -> None:
    record(ledger, run(0, 1), path="today.json", replaces=True)
    record(ledger, run(DAY, 2), path="today.json", replaces=True)
    record(ledger, run(DAY, 3), path="today.json", replaces=True)
    assert outputs(ledger) == [1, 3]


def test_what_another_file_says_too_is_not_taken_back(ledger: Ledger) -> None:
    record(ledger, run(0, 1), run(1, 2), path="day.json", replaces=True)
    record(ledger, run(0, 1), run(1, 2), path="backup/day.json", replaces=True)
    record(ledger, run(0, 1), path="day.json", replaces=True)
    assert outputs(ledger) == [1, 2]


def test_what_an_append_only_log_says_is_not_taken_back(ledger: Ledger) -> None:
    both = event("id-1", 1)
    for order in ("log first", "document first"):
        with Ledger.open(ledger.path.with_name(order)) as fresh:
            steps = [
                lambda led=fresh: record(led, both, path="a.jsonl"),
                lambda led=fresh: record(led, event("id-2"), both, path="day.json", replaces=True),
            ]
            for step in steps if order == "log first" else reversed(steps):
                step()
            record(fresh, event("id-2"), path="day.json", replaces=True)
            assert sums(fresh)[0] == 2


def test_what_a_log_said_before_it_was_rotated_is_not_taken_back(ledger: Ledger) -> None:
    record(ledger, run(0, 1), run(1, 2), path="a.jsonl")
    record(ledger, run(0, 1), run(1, 2), path="day.csv", replaces=True)
    record(ledger, run(9, 9), path="a.jsonl", head=b"rotated")
    record(ledger, run(0, 1), path="day.csv", replaces=True)
    assert outputs(ledger) == [1, 2, 9]


def test_lower_counts_of_a_run_with_an_id_replace_the_higher(ledger: Ledger) -> None:
    record(ledger, event("id", tokens=tokens(output=500), project="p"), path="day.json", replaces=True)
    done = record(ledger, event("id", tokens=tokens(output=300)), path="day.json", replaces=True)
    assert done.changed == 1
    assert [(e.tokens.output, e.project) for e in events(ledger)] == [(300, None)]


def test_counts_of_a_run_that_a_log_says_too_are_joined(ledger: Ledger) -> None:
    record(ledger, event("id", tokens=tokens(output=500)), path="a.jsonl")
    record(ledger, event("id", tokens=tokens(output=300)), path="day.json", replaces=True)
    assert outputs(ledger) == [500]


def test_outcomes_that_were_edited_replace_the_old_ones(ledger: Ledger) -> None:
    record(ledger, run(outcomes=(("poems", 3), ("errors", 1))), path="day.json", replaces=True)
    assert record(ledger, run(outcomes=(("poems", 2),)), path="day.json", replaces=True).changed == 1
    assert events(ledger)[0].outcomes == (("poems", 2),)


def test_an_origin_that_was_edited_away_gives_the_call_back(ledger: Ledger) -> None:
    for origin, owner in (("S1", "S1"), (None, "S2")):
        copied = event("id", session="S2", origin_session=origin)
        record(ledger, copied, path="day.json", replaces=True)
        ledger.settle()
        assert [e.session for e in events(ledger)] == [owner]
        assert record(ledger, copied, path="day.json", replaces=True).changed == 0


def test_reading_a_document_again_changes_nothing(ledger: Ledger) -> None:
    record(ledger, run(0, outcomes=(("poems", 3),)), run(0), run(1), path="day.json", replaces=True)
    seen = ledger.changes().token
    done = record(ledger, run(0, outcomes=(("poems", 3),)), run(0), run(1), path="day.json", replaces=True)
    assert (done.new, done.changed, done.removed, done.duplicates) == (0, 0, 0, 3)
    assert ledger.changes(seen).intervals == []


def test_one_of_three_equal_runs_may_be_deleted(ledger: Ledger) -> None:
    record(ledger, run(), run(), run(), path="day.json", replaces=True)
    record(ledger, run(), run(), path="day.json", replaces=True)
    assert sums(ledger)[0] == 2


def test_a_document_that_was_moved_and_edited_replaces_what_it_said(ledger: Ledger) -> None:
    record(ledger, run(0, 1), run(1, 2), path="day.json", replaces=True)
    known = ledger.files()["logs/day.json"]
    record(ledger, run(0, 1), run(1, 3), path="2026/day.json", replaces=True, file_id=known.id)
    assert outputs(ledger) == [1, 3]


def test_a_table_that_grew_and_was_then_edited_replaces_what_it_said(ledger: Ledger) -> None:
    record(ledger, run(0, 1), end=10, path="usage.csv")
    record(ledger, run(1, 2), start=10, end=20, path="usage.csv")
    record(ledger, run(0, 1), run(1, 5), path="usage.csv", replaces=True)
    assert outputs(ledger) == [1, 5]


def test_a_table_with_ids_that_grew_and_was_then_edited_replaces_what_it_said(ledger: Ledger) -> None:
    first, second, third = (event(f"id-{n}", n, tokens=tokens(output=500)) for n in range(3))
    record(ledger, first, end=10, path="usage.csv", is_table=True)
    record(ledger, second, third, start=10, end=20, path="usage.csv", is_table=True)
    lower = event("id-1", 1, tokens=tokens(output=20))
    record(ledger, first, lower, path="usage.csv", replaces=True, is_table=True)
    assert outputs(ledger) == [20, 500]


def test_a_table_takes_back_nothing_that_a_log_said_first(ledger: Ledger) -> None:
    record(ledger, event("id-1"), event("id-2", 1))
    record(ledger, event("id-1"), event("id-2", 1), path="usage.csv", is_table=True)
    record(ledger, event("id-1"), path="usage.csv", replaces=True, is_table=True)
    assert sums(ledger)[0] == 2


def test_the_figures_of_a_removed_event_are_marked_as_changed(ledger: Ledger) -> None:
    record(ledger, run(0), run(60), path="day.json", replaces=True)
    seen = ledger.changes().token
    record(ledger, run(0), path="day.json", replaces=True)
    assert ledger.changes(seen).intervals == [int(event(None, 60).when.timestamp())]


# --- what a provider tells of its range of days ---


def report(ledger: Ledger, path: str, **days: int) -> None:
    """Days of January with what was used then, `d5=100`; each has an id."""
    rows = [event(day, int(day[1:]) * DAY, tokens=tokens(output=used)) for day, used in days.items()]
    record(ledger, *rows, path=path, replaces=True, tells="usage")


def test_days_that_a_report_no_longer_reaches_stay(ledger: Ledger) -> None:
    report(ledger, "usage.json", d5=5, d6=6)
    report(ledger, "usage.json", d6=7, d7=8)
    assert outputs(ledger) == [5, 7, 8]


def test_a_day_that_a_report_passes_over_is_taken_back(ledger: Ledger) -> None:
    report(ledger, "usage.json", d5=5, d6=6, d7=7)
    report(ledger, "usage.json", d4=4, d5=5, d7=7)
    assert outputs(ledger) == [4, 5, 7]


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_of_reports_the_one_that_reaches_further_tells_what_is_true(
    ledger: Ledger, order: tuple[int, ...]
) -> None:
    """Recent days are revised, up or down; of reports that reach equally far the larger figure counts."""
    told = [{"d5": 100, "d6": 100}, {"d6": 90, "d7": 50}, {"d5": 90, "d6": 80, "d7": 60}, {"d7": 200}]
    for _ in range(2):
        for number in order:
            report(ledger, f"{number}.json", **told[number])
    assert outputs(ledger) == [90, 90, 200]


def test_what_a_log_tells_too_is_joined_with_a_report(ledger: Ledger) -> None:
    record(ledger, event("d5", 5 * DAY, tokens=tokens(output=9)))
    report(ledger, "usage.json", d5=5, d6=6)
    report(ledger, "later.json", d5=4, d7=7)
    assert outputs(ledger) == [6, 7, 9]
