"""What the ledger holds of rollouts: forks, subagents, archives and copies, in any order of files."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.rollouts import (
    MODEL,
    Json,
    at,
    collector,
    context,
    count,
    encode,
    event,
    meta,
    record,
    row,
    uuid7,
    vectors,
    write,
)
from tests.collectors.test_codex import (
    FIRST,
    ONE,
    SECOND,
    SPAWN,
    SUM1,
    SUM2,
    SUM3,
    THIRD,
    THREE,
    TWO,
)
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.ledger import Batch, Ledger
from vaultsync.model import UsageEvent


def collected(folder: Path, *paths: Path) -> list[UsageEvent]:
    """Read files into a new ledger; all calls that it then holds, by time and size."""
    with Ledger.open(folder / "ledger.db") as ledger:
        for path in paths:
            read_on(ledger, path)
        ledger.settle()
        return held(ledger)


def read_on(ledger: Ledger, path: Path) -> None:
    """Read a file on from where reading stopped."""
    known = ledger.files().get(str(path))
    reader = Reader(LogFile.look(path))
    if known:
        reader = Reader(reader.file, start=known.offset, first_line=known.line, state=dict(known.state))
    ledger.record(Batch("codex", reader, list(collector().collect(reader))))


def held(ledger: Ledger) -> list[UsageEvent]:
    return sorted((each.event for each in ledger.latest(90)), key=lambda call: (call.when, call.tokens.total))


def orders(folder: Path, *paths: Path) -> Iterator[list[UsageEvent]]:
    """What is held after reading files in each order."""
    for number, order in enumerate(itertools.permutations(paths)):
        yield collected(folder / str(number), *order)


def restamped(rows: list[Json], seconds: float) -> list[Json]:
    """Copied rows, as a fork writes them within some milliseconds."""
    return [each | {"timestamp": at(seconds + number / 1000)} for number, each in enumerate(rows)]


PARENT, CHILD, GRANDCHILD = uuid7(0), uuid7(100), uuid7(200)
HISTORY = [
    meta(PARENT),
    event("task_started", 1, turn_id=uuid7(1)),
    context(uuid7(1), 1),
    count(SUM1, ONE, 5),
    count(SUM1, ONE, 6),
    count(SUM2, TWO, 9),
]
"""A thread with two calls."""
OWN = [
    event("task_started", 101, turn_id=uuid7(101)),
    context(uuid7(101), 101),
    count(SUM2, TWO, 102),
    count(SUM3, THREE, 105),
]
"""What a fork does itself: one call."""


def told(calls: list[UsageEvent]) -> list[tuple[tuple[int, int, int, int], str | None, str | None]]:
    return [(*vectors([call]), call.session, call.agent) for call in calls]


@pytest.mark.parametrize("has_new_times", [True, False])
@pytest.mark.parametrize("names_parent", [{"forked_from_id": PARENT}, {"parent_thread_id": PARENT}])
def test_x5_a_fork_that_replays_its_parent(tmp_path: Path, has_new_times: bool, names_parent: Json) -> None:
    parent = write(tmp_path / "parent.jsonl", *HISTORY)
    copied = restamped(HISTORY, 100) if has_new_times else HISTORY
    child = write(tmp_path / "child.jsonl", meta(CHILD, 100, **names_parent), *copied, *OWN)
    for calls in orders(tmp_path, parent, child):
        assert told(calls) == [(FIRST, PARENT, None), (SECOND, PARENT, None), (THIRD, CHILD, None)]
        assert [call.when.second for call in calls] == [5, 9, 45]


@pytest.mark.parametrize("has_new_times", [True, False])
@pytest.mark.parametrize("has_meta", [True, False])
def test_x5_without_ids_that_tell_their_instant(tmp_path: Path, has_new_times: bool, has_meta: bool) -> None:
    """The forks of older versions: no turn tells whose a call is, but the sums go on."""
    history = [meta("P"), context(when=1), count(SUM1, ONE, 5), count(SUM2, TWO, 9)]
    copied = history if has_meta else history[1:]
    copied = restamped(copied, 100) if has_new_times else copied
    parent = write(tmp_path / "parent.jsonl", *history)
    own = [context(when=101), count(SUM2, TWO, 102), count(SUM3, THREE, 105)]
    child = write(tmp_path / "child.jsonl", meta("C", 100, forked_from_id="P"), *copied, *own)
    for calls in orders(tmp_path, parent, child):
        assert told(calls) == [(FIRST, "P", None), (SECOND, "P", None), (THIRD, "C", None)]


def test_a_subagent_that_replays_its_parent(tmp_path: Path) -> None:
    parent = write(tmp_path / "parent.jsonl", *HISTORY, count(SUM3, THREE, 300))
    source = {"subagent": {"thread_spawn": SPAWN | {"parent_thread_id": PARENT}}}
    child = write(tmp_path / "child.jsonl", meta(CHILD, 100, source=source), *restamped(HISTORY, 100), *OWN)
    for calls in orders(tmp_path, parent, child):
        expected = [(FIRST, PARENT, None), (SECOND, PARENT, None), (THIRD, PARENT, CHILD)]
        assert told(calls) == [*expected, (THIRD, PARENT, None)]
        assert [call.action_name for call in calls] == [None, None, "explorer", None]


@pytest.mark.parametrize("named", [{"forked_from_id": CHILD}, {"session_id": PARENT}])
def test_a_fork_of_a_fork(tmp_path: Path, named: Json) -> None:
    parent = write(tmp_path / "a.jsonl", *HISTORY)
    middle = [meta(CHILD, 100, forked_from_id=PARENT), *restamped(HISTORY, 100), *OWN]
    child = write(tmp_path / "b.jsonl", *middle)
    last = [context(uuid7(201), 201), count((2600, 1900, 0, 110, 40), (100, 0, 0, 10, 0), 205)]
    youngest = [meta(GRANDCHILD, 200, **named), *restamped(middle, 200), *last]
    grandchild = write(tmp_path / "c.jsonl", *youngest)
    expected = [(FIRST, PARENT, None), (SECOND, PARENT, None), (THIRD, CHILD, None)]
    for calls in orders(tmp_path, parent, child, grandchild):
        assert told(calls) == [*expected, ((100, 0, 0, 10), GRANDCHILD, None)]


def test_a_subagent_that_copies_no_settings(tmp_path: Path) -> None:
    """The last turns of a long history; where a turn begins still tells whose it is."""
    parent = write(tmp_path / "parent.jsonl", *HISTORY)
    copied = [each for each in restamped(HISTORY, 100) if each["type"] != "turn_context"]
    child = write(tmp_path / "child.jsonl", meta(CHILD, 100, forked_from_id=PARENT), *copied, *OWN)
    for calls in orders(tmp_path, parent, child):
        assert told(calls) == [(FIRST, PARENT, None), (SECOND, PARENT, None), (THIRD, CHILD, None)]
        assert {call.model for call in calls} == {MODEL}
    assert [call.session for call in collected(tmp_path, child)] == [PARENT, PARENT, CHILD]


def test_a_fork_whose_parent_is_gone_keeps_its_calls(tmp_path: Path) -> None:
    child = write(tmp_path / "b.jsonl", meta(CHILD, 100, forked_from_id=PARENT), *HISTORY, *OWN)
    expected = [(FIRST, PARENT, None), (SECOND, PARENT, None), (THIRD, CHILD, None)]
    assert told(collected(tmp_path, child)) == expected


def test_calls_from_before_a_fork_are_its_parent_s(tmp_path: Path) -> None:
    rows = [meta("C", 100, forked_from_id="P"), meta("P"), count(SUM1, ONE, 5), count(SUM2, TWO, 105)]
    expected = [(FIRST, "P", None), (SECOND, "C", None)]
    assert told(collected(tmp_path, write(tmp_path / "b.jsonl", *rows))) == expected


def test_an_answer_tells_its_thread(tmp_path: Path) -> None:
    rows = [meta("C", forked_from_id="P"), record("resp_1", ONE, 5, "P"), record("resp_2", TWO, 6, "C")]
    rows += [record("resp_3", THREE, 7, "nobody")]
    expected = [(FIRST, "P", None), (SECOND, "C", None), (THIRD, "C", None)]
    assert told(collected(tmp_path, write(tmp_path / "b.jsonl", *rows))) == expected


def test_subagents_whose_sums_begin_at_zero(tmp_path: Path) -> None:
    """They name a parent, but copy nothing; equal first calls of two are two calls."""
    parent = write(tmp_path / "a.jsonl", *HISTORY)
    children = []
    for number in (1, 2):
        ident, turn = uuid7(100, number), uuid7(101, number)
        source = {"subagent": {"thread_spawn": SPAWN | {"parent_thread_id": PARENT}}}
        more: Json = {"source": source, "session_id": PARENT, "forked_from_id": PARENT}
        rows = [meta(ident, 100, **more), context(turn, 101), count(ONE, ONE, 110 + number)]
        children.append(write(tmp_path / f"b{number}.jsonl", *rows))
    for calls in orders(tmp_path, parent, *children):
        assert vectors(calls) == [FIRST, SECOND, FIRST, FIRST]
        assert [call.agent for call in calls] == [None, None, uuid7(100, 1), uuid7(100, 2)]
        assert {call.session for call in calls} == {PARENT}


def test_a_fork_by_reference_goes_on_with_a_sum_that_it_did_not_make(tmp_path: Path) -> None:
    opening = count((3_000_000, 2_000_000, 0, 9_000, 10), (0, 0, 0, 0, 0), 101)
    rows = [meta(CHILD, 100, forked_from_id=PARENT, forked_from_ordinal_exclusive=67), opening]
    rows += [context(uuid7(101), 102), count((3_000_900, 2_000_800, 0, 9_050, 30), TWO, 105)]
    assert told(collected(tmp_path, write(tmp_path / "b.jsonl", *rows))) == [(SECOND, CHILD, None)]


ANSWERS = [
    *HISTORY[:3],
    record("resp_1", ONE, 5, PARENT),
    count(SUM1, ONE, 5.1),
    record("resp_2", TWO, 9, PARENT),
    count(SUM2, TWO, 9.1),
]
"""The same two calls, as newer versions tell them."""
NEW = {"cli_version": "0.153.4"}


def test_a_subagent_that_replays_counts_but_not_the_ids_of_the_answers(tmp_path: Path) -> None:
    parent = write(tmp_path / "a.jsonl", *ANSWERS)
    copied = [each for each in restamped(ANSWERS, 100) if each["type"] != "token_usage_record"]
    own = [*OWN[:2], record("resp_3", THREE, 104, CHILD), *OWN[2:]]
    child = write(tmp_path / "b.jsonl", meta(CHILD, 100, forked_from_id=PARENT, **NEW), *copied, *own)
    for calls in orders(tmp_path, parent, child):
        assert told(calls) == [(FIRST, PARENT, None), (SECOND, PARENT, None), (THIRD, CHILD, None)]


def test_where_the_history_ends_may_be_told_by_numbers_of_rows(tmp_path: Path) -> None:
    parent = write(tmp_path / "a.jsonl", *ANSWERS)
    begun = meta(CHILD, 0, forked_from_id=PARENT, subagent_history_start_ordinal=3, **NEW)
    rows = [begun, count(SUM1, ONE, 100), count(SUM2, TWO, 100), count(SUM3, THREE, 105)]
    child = write(tmp_path / "b.jsonl", *(each | {"ordinal": number} for number, each in enumerate(rows)))
    for calls in orders(tmp_path, parent, child):
        assert told(calls) == [(FIRST, PARENT, None), (SECOND, PARENT, None), (THIRD, CHILD, None)]


def test_a_fork_that_replays_the_answers_too(tmp_path: Path) -> None:
    parent = write(tmp_path / "a.jsonl", *ANSWERS)
    own = [*OWN[:2], record("resp_3", THREE, 104, CHILD), *OWN[2:]]
    rows = [meta(CHILD, 100, forked_from_id=PARENT, **NEW), *restamped(ANSWERS, 100), *own]
    child = write(tmp_path / "b.jsonl", *rows)
    for calls in orders(tmp_path, parent, child):
        assert told(calls) == [(FIRST, PARENT, None), (SECOND, PARENT, None), (THIRD, CHILD, None)]


@pytest.mark.parametrize("rows", [HISTORY, ANSWERS])
def test_x6_an_archived_copy_adds_nothing(tmp_path: Path, rows: list[Json]) -> None:
    one = write(tmp_path / "sessions" / "2026" / "r.jsonl", *rows)
    other = write(tmp_path / "archived_sessions" / "r.jsonl", *rows[:-1])
    for calls in orders(tmp_path, one, other):
        assert vectors(calls) == [FIRST, SECOND]


def test_x6_a_copy_of_the_record_alone_adds_nothing(tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", meta(), record("resp_1", TWO, 5), count(TWO, TWO, 5.1))
    other = write(tmp_path / "b.jsonl", meta(), record("resp_1", TWO, 5))
    for calls in orders(tmp_path, one, other):
        assert vectors(calls) == [SECOND]


@pytest.mark.parametrize("rows", [HISTORY, ANSWERS])
def test_x9_a_packed_rollout_counts_once_beside_the_plain_one(tmp_path: Path, rows: list[Json]) -> None:
    plain = write(tmp_path / "r.jsonl", *rows)
    packed = write(tmp_path / "r.jsonl.zst", *rows)
    for calls in orders(tmp_path, plain, packed):
        assert vectors(calls) == [FIRST, SECOND]
    assert vectors(collected(tmp_path, packed)) == [FIRST, SECOND]


def test_a_resumed_session_goes_on_in_its_rollout(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", *HISTORY)
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        read_on(ledger, path)
        rows = [meta(PARENT, 500), context(uuid7(501), 501), count(SUM2, TWO, 502), count(SUM3, THREE, 505)]
        path.write_bytes(path.read_bytes() + encode(rows))
        read_on(ledger, path)
        assert vectors(held(ledger)) == [FIRST, SECOND, THIRD]
        read_on(ledger, write(tmp_path / "again.jsonl", *HISTORY, *rows))
        assert vectors(held(ledger)) == [FIRST, SECOND, THIRD]


def test_two_sessions_with_equal_counts_are_two_calls(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.jsonl", meta(f"S{number}"), count(ONE, ONE, 5)) for number in (1, 2)]
    assert vectors(collected(tmp_path, *paths)) == [FIRST, FIRST]


def test_the_turn_of_a_compaction_changes_nothing(tmp_path: Path) -> None:
    rows = [*HISTORY, row("compacted", {"message": "", "replacement_history": HISTORY}, 50), *HISTORY[3:]]
    assert vectors(collected(tmp_path, write(tmp_path / "r.jsonl", *rows))) == [FIRST, SECOND]
