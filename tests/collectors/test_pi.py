"""Sessions of Pi: each answer once, whatever was forked, migrated or copied."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, cut, held
from tests.collectors.support import events, issues, read, rejected, titled, written
from vaultsync.collectors.agents.pi import Pi
from vaultsync.collectors.reading import LogFile
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts

PI = Pi(root_of=lambda folder: folder)
Json = dict[str, Any]
NINE = 1_767_603_600_000


def head(ident: str = "S1", **more: Any) -> Json:
    said = {"type": "session", "version": 3, "id": ident, "timestamp": "2026-01-05T08:59:00.000Z"}
    return said | {"cwd": "/home/ana/notes"} | more


def usage(**more: Any) -> Json:
    cost = {"input": 0.00003, "output": 0.003, "total": 0.012345}
    counts = {"input": 10, "output": 140, "cacheRead": 2000, "cacheWrite": 300, "totalTokens": 2450}
    return counts | {"cost": cost} | more


def answer(use: Any = None, at: int = NINE, ident: str = "a1b2c3d4", **more: Any) -> Json:
    message = {
        "role": "assistant",
        "content": [{"type": "text", "text": "SECRET"}],
        "api": "anthropic-messages",
        "provider": "anthropic",
        "model": "claude-opus-4-5",
        "usage": usage() if use is None else use,
        "timestamp": at,
    }
    return {"type": "message", "id": ident, "timestamp": "2026-01-05T09:00:01Z", "message": message | more}


def lines(*rows: Any) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def log(tmp_path: Path, *rows: Any, name: str = "2026-01-05_S1.jsonl") -> Path:
    return written(tmp_path / name, lines(head(), *rows))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def test_an_answer_is_a_call(tmp_path: Path) -> None:
    asked = {"type": "message", "message": {"role": "user", "content": "SECRET", "usage": usage()}}
    (call,) = events(read(PI, log(tmp_path, asked, answer())))
    assert call.tokens == TokenCounts(input=10, cache_read=2000, cache_write=300, output=140)
    assert (call.when, call.provider) == (datetime(2026, 1, 5, 9, tzinfo=UTC), "anthropic")
    assert (call.session, call.project, call.model) == ("S1", "/home/ana/notes", "claude-opus-4-5")
    assert (call.cost, call.cost_kind, call.flags) == (Decimal("0.012345"), "estimated", ())


def test_reasoning_lies_inside_the_output(tmp_path: Path) -> None:
    (call,) = events(read(PI, log(tmp_path, answer(usage(reasoning=100)))))
    assert (call.tokens.output, call.tokens.reasoning) == (140, 100)


def test_an_answer_without_counts_is_no_call(tmp_path: Path) -> None:
    none = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "cost": {"total": 0}}
    assert read(PI, log(tmp_path, answer(none), answer({}), {"type": "message"}, {"type": "label"})) == []


@pytest.mark.parametrize("kind", ["compaction", "branch_summary"])
def test_a_summary_is_a_call_of_the_model_in_force(tmp_path: Path, kind: str) -> None:
    change = {"type": "model_change", "provider": "OpenAI", "modelId": "gpt-5"}
    summary = {"type": kind, "timestamp": "2026-01-05T09:05:00Z", "summary": "SECRET", "usage": usage()}
    (call,) = events(read(PI, log(tmp_path, change, summary)))
    assert (call.provider, call.model, call.flags) == ("openai", "gpt-5", ("assumed_model",))
    assert (call.action_type, call.action_name) == ("agent", kind.replace("_", " "))


def test_what_codex_did_is_not_counted_again(tmp_path: Path) -> None:
    mirrored = answer(idempotencyKey="codex-app-server:t1:u1:assistant")
    assert events(read(PI, log(tmp_path, mirrored))) == []


def test_a_fork_and_a_migration_add_no_call(tmp_path: Path, ledger: Ledger) -> None:
    first = log(tmp_path, answer(ident=""))
    fork = written(tmp_path / "fork.jsonl", lines(head("S2"), answer(ident="ffffffff"), answer(at=NINE + 5)))
    assert [call.session for call in held(ledger, PI, first, fork)] == ["S1", "S2"]


def test_a_session_that_grew_is_read_on(tmp_path: Path, ledger: Ledger) -> None:
    path = log(tmp_path, answer())
    held(ledger, PI, path)
    log(tmp_path, answer(), answer(at=NINE + 1000))
    late = held(ledger, PI, path)[-1]
    assert (late.session, late.project) == ("S1", "/home/ana/notes")
    assert len(held(ledger, PI, path)) == 2


def test_a_session_that_is_cut_anywhere_keeps_its_whole_lines(tmp_path: Path) -> None:
    text = lines(head(), answer(), answer(at=NINE + 1)).encode()
    ends = [at + 1 for at, byte in enumerate(text) if byte == 0x0A]
    for length, found, reader in cut(PI, tmp_path / "s.jsonl", text):
        assert len(events(found)) == sum(1 for end in ends[1:] if length >= end - 1)
        assert rejected(found) == [] and reader.end in (0, length, *ends)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", ["input", "output", "cacheRead", "cost", "reasoning"])
def test_odd_counts_cost_no_other_call(tmp_path: Path, key: str, value: Any) -> None:
    found = read(PI, log(tmp_path, answer(usage(**{key: value})), answer(usage(output=7), at=NINE + 1)))
    assert events(found)[-1].tokens.output == 7
    assert len(events(found)) + len(rejected(found)) == 2
    assert "SECRET" not in str(found)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", ["model", "provider", "timestamp", "usage", "role"])
def test_odd_values_cost_no_other_call(tmp_path: Path, key: str, value: Any) -> None:
    odd = answer(at=NINE + 1)
    odd["message"][key] = value
    assert len(events(read(PI, log(tmp_path, odd, answer(), value)))) >= 1


@pytest.mark.parametrize("value", HOSTILE)
def test_an_odd_type_costs_no_other_entry(tmp_path: Path, value: Any) -> None:
    assert len(events(read(PI, log(tmp_path, answer() | {"type": value}, answer(at=NINE + 1))))) == 1


def test_a_time_that_is_none_is_named(tmp_path: Path) -> None:
    assert rejected(read(PI, log(tmp_path, answer(timestamp="later")))) == [2]


def test_a_damaged_line_is_named_and_the_rest_counts(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl", f"{json.dumps(head())}\n{{\n{json.dumps(answer())}\n")
    found = read(PI, path)
    assert rejected(found) == [2] and len(events(found)) == 1 and len(issues(found)) == 1


@pytest.mark.parametrize(
    ("name", "text", "claimed"),
    [
        ("a.jsonl", lines(head()), True),
        ("a.jsonl.gz", lines(head()), True),
        ("a.json", lines(head()), False),
        ("a.jsonl", lines({"type": "session", "id": "x"}), False),
        ("a.jsonl", lines({"type": "user", "cwd": "/x"}), False),
        ("a.jsonl", lines({"x": 1}, head()), False),
        ("a.jsonl.reset.2026", lines(head()), False),
    ],
)
def test_sessions_are_claimed_by_their_head(tmp_path: Path, name: str, text: str, claimed: bool) -> None:
    assert PI.claims(LogFile.look(written(tmp_path / name, text))) is claimed


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({}, "/home/ana/.pi/agent/sessions"),
        ({"PI_CODING_AGENT_DIR": "~/pi"}, "/home/ana/pi/sessions"),
        ({"PI_AGENT_DIR": "/data/sessions"}, "/data/sessions"),
    ],
)
def test_the_usual_place_and_the_variables_that_move_it(environ: dict[str, str], root: str) -> None:
    (place,) = PI.places(environ, Path("/home/ana"))
    assert (place.root, place.patterns) == (Path(root), ("**/*.jsonl",))


def test_a_session_shows_by_the_name_that_it_was_given_last(tmp_path: Path) -> None:
    given = [
        {"type": "session_info", "name": name, "timestamp": f"2026-01-05T09:0{minute}:00Z"}
        for minute, name in enumerate(("Zebras", "Poems", " ", 5))
    ]
    assert titled(read(PI, log(tmp_path, answer(), *given))) == {"S1": "Poems"}
