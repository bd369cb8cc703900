"""What is prepared without a ledger, maybe in another process, is recorded as if it had been read at once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger.making import NOON, File, Reading, event, record, sums, tokens
from tests.ledger.test_laws import files, new_ledger, told, usage
from vaultsync.ledger import Batch, Ledger, prepare, prepared
from vaultsync.ledger.columns import columns_of
from vaultsync.ledger.gather import group
from vaultsync.model import MAX_COUNT, Finding, UsageEvent


@settings(deadline=None, max_examples=40)
@given(files, st.randoms(use_true_random=False))
def test_what_another_process_prepared_is_recorded_as_if_read_here(
    contents: list[list[Finding]], random: Random
) -> None:
    with new_ledger() as one, new_ledger() as two:
        for content in contents:
            path, replaces = random.choice("ab"), random.random() < 0.5
            here = record(one, *content, path=path, replaces=replaces)
            assert record(two, *content, path=path, replaces=replaces, elsewhere=True) == here
            assert told(one) == told(two)
        assert one.files() == two.files()


def plain(events: list[UsageEvent]) -> list[UsageEvent]:
    """The same events, none of them a copy or with outcomes."""
    return [each._replace(outcomes=(), origin_session=None) for each in events]


@given(st.lists(usage(st.sampled_from([None, *"abcdefgh"])), max_size=6).map(plain))
def test_events_taken_by_columns_are_the_same_as_one_by_one(events: list[UsageEvent]) -> None:
    distinct = {each.key for each in events if each.key}
    by_columns = columns_of(events, [])
    if events and len(distinct) == sum(each.key is not None for each in events):
        assert by_columns is not None
    assert by_columns in (None, group(events, []))


@pytest.mark.parametrize(
    "odd",
    [
        {"tokens": tokens(output=-1)},
        {"tokens": tokens(output=MAX_COUNT + 1)},
        {"duration_ms": -1},
        {"when": NOON.replace(year=1999)},
        {"when": NOON.replace(tzinfo=None)},
        {"cost": Decimal("NaN")},
    ],
)
def test_one_event_that_cannot_be_believed_costs_no_other(ledger: Ledger, odd: dict[str, Any]) -> None:
    done = record(ledger, event("a"), event("b", **odd), event("c"))
    assert (done.new, len(done.issues)) == (2, 1)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_equal_rows_far_apart_in_one_file_are_several_calls(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    monkeypatch.setattr(prepared, "CHUNK", 2)
    rows = [event(), event(minute=1), event(), event(), event(minute=1)]
    assert record(ledger, *rows, elsewhere=elsewhere).new == 5
    assert record(ledger, *rows, head=b"read again", elsewhere=elsewhere).new == 0
    assert record(ledger, event(), start=100, end=110, head=b"read again", elsewhere=elsewhere).new == 1
    assert sums(ledger)[0] == 6


def test_a_large_log_is_never_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "CHUNK", 2)
    read = 0

    def findings() -> Iterator[UsageEvent]:
        nonlocal read
        for read in range(1, 6):
            yield event(f"k{read}")

    said = prepare(Batch("x", Reading(File(Path("a"))), findings()))
    assert [(len(part.keys), read) for part in said.parts] == [(2, 2), (2, 4), (1, 5)]
    assert said.file
