"""Analytics logs of aider: each sent message, with what the log cannot tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, cut, held
from tests.collectors.support import events, read, rejected, written
from vaultsync.collectors.agents.aider import Aider, provider_of
from vaultsync.collectors.reading import LogFile
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts

AIDER = Aider()
Json = dict[str, Any]
NINE = 1_767_603_600


def row(event: str = "message_send", time: Any = NINE, **properties: Any) -> Json:
    return {"event": event, "properties": properties, "user_id": "u-1", "time": time}


def sent(time: Any = NINE, **more: Any) -> Json:
    said = {
        "main_model": "anthropic/claude-sonnet-4-5",
        "weak_model": "anthropic/claude-haiku-4-5",
        "edit_format": "diff",
        "prompt_tokens": 10006,
        "completion_tokens": 81,
        "total_tokens": 10087,
        "cost": 0.031233,
        "total_cost": 0.05,
    }
    return row(time=time, **said | more)


def log(tmp_path: Path, *rows: Json) -> Path:
    text = "".join(f"{json.dumps(each)}\n" for each in (row("launched"), *rows))
    return written(tmp_path / "analytics.jsonl", text)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def test_a_sent_message_is_a_call(tmp_path: Path) -> None:
    (call,) = events(read(AIDER, log(tmp_path, row("cli session"), sent(), row("exit"))))
    assert call.tokens == TokenCounts(input=10006, output=81)
    assert (call.when, call.provider) == (datetime(2026, 1, 5, 9, tzinfo=UTC), "anthropic")
    assert call.model == "anthropic/claude-sonnet-4-5"
    assert (call.cost, call.cost_kind) == (Decimal("0.031233"), "estimated")
    assert call.key is None and call.flags == ("cache_unknown",)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-4o", "unknown"),
        ("gemini/gemini-2.5-pro", "google"),
        ("ollama_chat/llama3.2:3b", "ollama"),
        ("openrouter/anthropic/claude-sonnet-4.5", "openrouter"),
        ("deepseek/REDACTED", "deepseek"),
        ("/x", "unknown"),
    ],
)
def test_the_provider_stands_before_the_slash(model: str, provider: str) -> None:
    assert provider_of(model) == provider


def test_a_cost_of_nothing_is_no_cost(tmp_path: Path) -> None:
    (call,) = events(read(AIDER, log(tmp_path, sent(cost=0))))
    assert call.cost is None and call.cost_kind is None


def test_two_equal_messages_are_two_and_a_log_that_grew_or_was_copied_adds_none(
    tmp_path: Path, ledger: Ledger
) -> None:
    path = log(tmp_path, sent(), sent())
    assert len(held(ledger, AIDER, path)) == 2
    log(tmp_path, sent(), sent(), sent(time=NINE + 1))
    assert len(held(ledger, AIDER, path)) == 3
    copy = written(tmp_path / "copy.jsonl", path.read_bytes())
    assert len(held(ledger, AIDER, copy)) == 3


def test_a_log_that_is_cut_anywhere_keeps_its_whole_lines(tmp_path: Path) -> None:
    path = log(tmp_path, sent(), sent(time=NINE + 1))
    data = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(data) if byte == 0x0A]
    for length, found, reader in cut(AIDER, path, data):
        whole = sum(1 for end in ends[1:] if length >= end - 1)
        assert len(events(found)) == whole and rejected(found) == []
        assert length - reader.end == 0 or reader.end in (0, *ends)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", ["prompt_tokens", "completion_tokens", "total_tokens", "cost", "main_model"])
def test_odd_values_cost_no_other_message(tmp_path: Path, key: str, value: Any) -> None:
    found = read(AIDER, log(tmp_path, sent(**{key: value}), sent(time=NINE + 1, completion_tokens=7)))
    assert events(found)[-1].tokens.output == 7
    assert len(events(found)) + len(rejected(found)) == 2


def test_a_message_without_a_time_is_named(tmp_path: Path) -> None:
    assert rejected(read(AIDER, log(tmp_path, sent(time="soon")))) == [2]


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        (json.dumps(row("launched")), True),
        (json.dumps(row("launched", time=None)), False),
        ('{"event": "x", "properties": 3, "user_id": "u", "time": 1}', False),
        ('{"event": "x", "time": 1}', False),
        ("", False),
        ("launched", False),
    ],
)
def test_logs_are_claimed_by_their_first_row(tmp_path: Path, text: str, claimed: bool) -> None:
    assert AIDER.claims(LogFile.look(written(tmp_path / "a.log", text))) is claimed


def test_it_has_no_usual_place() -> None:
    assert list(AIDER.places({}, Path("/home/ana"))) == []
