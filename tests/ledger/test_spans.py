"""Rows summed over days and labels say the same as all rows; nothing is lost, nothing is mixed."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger.making import EVER, NOON, event, record
from tests.ledger.test_laws import documents, new_ledger
from vaultsync.ledger import Ledger, Usage
from vaultsync.ledger.rows import SUMS
from vaultsync.ledger.spans import DETAILS, Texts
from vaultsync.model import UsageEvent

COUNTED = (*SUMS, "events")
CUTS = [NOON + timedelta(minutes=15 * n) for n in range(3)]


def added(usage: Usage, needs: Collection[str], cuts: Sequence[datetime] | None) -> dict[Any, Any]:
    """What rows say together: those that may be summed as one."""
    starts = None if cuts is None else [int(cut.timestamp()) for cut in cuts]
    columns, sums = usage.columns, defaultdict[Any, Any](lambda: ([0] * len(COUNTED), defaultdict(int)))
    names = [name for name in columns if name not in (*COUNTED, "quarter", *DETAILS)]
    keys = []
    for row in range(len(usage)):
        quarter: Any = columns["quarter"][row]
        start = quarter if starts is None else bisect_right(starts, quarter)
        details = [columns[name][row] if name in needs else None for name in DETAILS]
        keys.append((start, *details, *(columns[name][row] for name in names)))
        for number, name in enumerate(COUNTED):
            sums[keys[row]][0][number] += columns[name][row]
    for row, name, amount in usage.outcomes:
        sums[keys[row]][1][name] += amount
    return dict(sums)


@settings(deadline=None, max_examples=60)
@given(documents, st.sets(st.sampled_from(DETAILS)), st.sampled_from([None, CUTS]), st.randoms())
def test_rows_summed_over_days_and_labels_equal_the_sums_of_all_rows(
    contents: list[list[UsageEvent]], needs: set[str], cuts: Sequence[datetime] | None, random: Random
) -> None:
    with new_ledger() as ledger:
        for content in contents:
            record(ledger, *content, path=f"{random.randrange(2)}.json", replaces=random.random() < 0.5)
        wanted = added(ledger.rows(*EVER, [4]), needs, cuts)
        odd = EVER[0] + timedelta(microseconds=1)  # not summed ahead
        for since in (EVER[0], odd):
            few = ledger.rows(since, EVER[1], [4], needs=needs, cuts=cuts)
            assert added(few, needs, cuts) == wanted
            if all(cost is None for cost in few.columns["cost"]):
                assert len(few) == len(wanted)


def test_a_row_begins_where_its_span_does(ledger: Ledger) -> None:
    record(ledger, event("a", 1), event("b", 16), event("c", 31), event("d", 50))
    usage = ledger.rows(*EVER, cuts=CUTS[1:])
    starts = [EVER[0], *CUTS[1:]]
    assert list(usage.columns["quarter"]) == [int(start.timestamp()) for start in starts]
    assert list(usage.columns["events"]) == [1, 1, 2]


def test_labels_that_are_not_wanted_are_summed_over(ledger: Ledger) -> None:
    record(ledger, event("a", session="S1", project="p"), event("b", session="S2", project="p"))
    usage = ledger.rows(*EVER, needs=["project"], project_name=lambda name: f"my {name}")
    assert list(usage.columns["project"]) == ["my p"]
    assert list(usage.columns["session"]) == [None]
    assert list(usage.columns["events"]) == [2]


def test_what_a_price_depends_on_cannot_be_left_out(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="not model"):
        ledger.rows(*EVER, needs=["model"])


def test_texts_are_numbered(ledger: Ledger) -> None:
    record(ledger, event("a", project="/x/p"), event("b", 1, project="/y/p"), event("c", 20))
    usage = ledger.rows(*EVER, needs=["project"], project_name=lambda name: name and name[-1])
    projects = usage.columns["project"]
    assert isinstance(projects, Texts)
    assert sorted(projects, key=str) == [None, "p", "p"]
    assert [projects.distinct[code] for code in projects.codes] == projects
    assert sorted(projects.distinct, key=str) == [None, "p"]
