"""What the ledger holds of transcripts: those of the fixtures C1 to C17 that need more than one reading."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.collectors.test_claude_code import (
    C1,
    MSG_A,
    MSG_B,
    Json,
    answer,
    cost_state,
    encode,
    result,
    usage,
    vector,
)
from vaultsync.collectors.agents.claude_code import ClaudeCode
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.ledger import Batch, Ledger
from vaultsync.model import UsageEvent

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def write(path: Path, *rows: Json) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(rows))
    return path


def collect(ledger: Ledger, *paths: Path) -> list[UsageEvent]:
    """Read files on from where reading stopped; all events that the ledger then holds, by time and size."""
    collector = ClaudeCode(root_of=lambda folder: folder)
    for path in paths:
        known = ledger.files().get(str(path))
        reader = Reader(LogFile.look(path))
        if known:
            reader = Reader(
                LogFile.look(path), start=known.offset, first_line=known.line, state=dict(known.state)
            )
        ledger.record(Batch(collector.name, reader, list(collector.collect(reader))))
    ledger.settle()
    return held(ledger)


def held(ledger: Ledger) -> list[UsageEvent]:
    return sorted(
        (stored.event for stored in ledger.latest(50)), key=lambda event: (event.when, event.tokens.total)
    )


def test_c1_c2_rows_in_any_order_are_one_call(ledger: Ledger, tmp_path: Path) -> None:
    for number, rows in enumerate(itertools.permutations(C1)):
        (call,) = collect(ledger, write(tmp_path / f"{number}.jsonl", *rows))
        assert vector(call.tokens) == (10, 300, 2000, 140)


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_c3_a_copy_is_one_call_of_the_session_that_it_comes_from(
    ledger: Ledger, tmp_path: Path, names: tuple[str, str]
) -> None:
    own = [answer(MSG_B, sessionId="S2", timestamp="2026-01-05T11:00:00.000Z", use=usage(7, 0, 0, 90))]
    first = write(tmp_path / f"{names[0]}.jsonl", *C1)
    fork = {"sessionId": "S2", "forkedFrom": {"sessionId": "S1", "messageUuid": "u-0"}}
    second = write(tmp_path / f"{names[1]}.jsonl", *(row | fork for row in C1), *own)
    calls = collect(ledger, *sorted((first, second)))
    assert [(vector(call.tokens), call.session) for call in calls] == [
        ((10, 300, 2000, 140), "S1"),
        ((7, 0, 0, 90), "S2"),
    ]


def test_c4_rows_appended_again_change_nothing(ledger: Ledger, tmp_path: Path) -> None:
    path = write(tmp_path / "S1.jsonl", *C1)
    before = collect(ledger, path)
    write(path, *C1, *C1)
    assert collect(ledger, path) == before


def test_c5_a_side_question_adds_no_call(ledger: Ledger, tmp_path: Path) -> None:
    path = write(tmp_path / "S1.jsonl", *C1, answer(requestId="req_B", isSidechain=True))
    (call,) = collect(ledger, path)
    assert vector(call.tokens) == (10, 300, 2000, 140)


def test_c6_short_ids_of_two_sessions_are_two_calls(ledger: Ledger, tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", answer("gen-1", requestId=None))
    late = answer("gen-1", requestId=None, sessionId="S2", timestamp="2026-01-06T10:00:00.000Z")
    assert len(collect(ledger, one, write(tmp_path / "b.jsonl", late))) == 2


@pytest.mark.parametrize("agent_first", [True, False])
def test_c8_the_last_call_of_an_agent_gets_its_final_output(
    ledger: Ledger, tmp_path: Path, agent_first: bool
) -> None:
    main = write(
        tmp_path / "S1.jsonl", result(agentId="a1", totalTokens=5000, usage=usage(5, 400, 4000, 595))
    )
    rows = [
        answer(MSG_A, usage(6, 900, 0, 1), agentId="a1"),
        answer(MSG_B, usage(5, 400, 4000, 1), agentId="a1", timestamp="2026-01-05T10:01:00.000Z"),
    ]
    path = write(tmp_path / "S1" / "subagents" / "agent-a1.jsonl", *rows)
    (path.parent / "agent-a1.meta.json").write_text('{"agentType": "Explore"}')
    calls = collect(ledger, *((path, main) if agent_first else (main, path)))
    assert [vector(call.tokens) for call in calls] == [(6, 900, 0, 1), (5, 400, 4000, 595)]
    assert [call.quality for call in calls] == ["partial", "final"]
    assert {(call.action_type, call.action_name) for call in calls} == {("agent", "Explore")}


def test_c9_a_compaction_shows_as_such(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "S1" / "subagents" / "agent-acompact-x.jsonl"
    (call,) = collect(ledger, write(path, answer(isSidechain=True, agentId="acompact-x")))
    assert (call.action_type, call.action_name) == ("agent", "compaction")


def test_c12_a_cut_line_counts_once_it_is_whole(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "S1.jsonl"
    path.write_bytes(encode([answer()])[:-40])
    assert collect(ledger, path) == []
    path.write_bytes(encode([answer()]))
    assert len(collect(ledger, path)) == 1


def test_c13_a_call_stays_on_the_day_of_its_first_row(ledger: Ledger, tmp_path: Path) -> None:
    path = write(tmp_path / "S1.jsonl", answer(timestamp="2026-01-05T23:59:59.900Z"))
    first = collect(ledger, path)
    write(path, answer(timestamp="2026-01-05T23:59:59.900Z"), answer(timestamp="2026-01-06T00:00:00.100Z"))
    assert collect(ledger, path) == first


def test_c14_the_totals_of_all_runs_stand_beside_the_calls(ledger: Ledger, tmp_path: Path) -> None:
    states = [cost_state(1, inputTokens=5), cost_state(1, inputTokens=9), cost_state(2, inputTokens=1)]
    (call,) = collect(ledger, write(tmp_path / "S1.jsonl", answer(), *states))
    assert vector(call.tokens) == (10, 300, 2000, 140)
    assert sum(total.tokens.input for total in ledger.session_totals(*ALWAYS)) == 10


def test_c17_a_deleted_transcript_stays_counted(ledger: Ledger, tmp_path: Path) -> None:
    path = write(tmp_path / "S1.jsonl", *C1)
    before = collect(ledger, path)
    path.unlink()
    assert held(ledger) == before
