"""Events saved from a ledger keep their key and all that was known; what is odd is rejected, not guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import events, issues, read
from vaultsync.collectors import loading, registry
from vaultsync.collectors.logs.ledger_events import LedgerEvents
from vaultsync.collectors.reading import LogFile
from vaultsync.model import SAME_KEY, TokenCounts, UsageEvent

KEY = "0f" * 16
LINE: dict[str, Any] = {
    "ledger_event": KEY,
    "timestamp": "2026-01-07T14:30:00.000001Z",
    "source": "claude-code",
    "model_provider": "anthropic",
    "model_name": "claude-opus-4-5",
    "mode": "standard",
    "grain": "request",
    "quality": "final",
    "requests": 1,
    "input_tokens": 7,
}


def saved(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "saved.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_an_event_is_what_it_was(tmp_path: Path) -> None:
    more: dict[str, Any] = {
        "cost": "-0.25",
        "currency": "EUR",
        "cost_kind": "billed",
        "flags": "bad_count future",
    }
    more |= {"outcomes": {"poems": 2}, "session_id": "S1", "project": "a b", "duration_ms": 9}
    assert read(LedgerEvents(), saved(tmp_path, LINE | more)) == [
        UsageEvent(
            datetime(2026, 1, 7, 14, 30, 0, 1, UTC),
            "claude-code",
            "anthropic",
            "claude-opus-4-5",
            TokenCounts(input=7),
            SAME_KEY + KEY,
            duration_ms=9,
            cost=Decimal("-0.25"),
            currency="EUR",
            cost_kind="billed",
            session="S1",
            project="a b",
            flags=("bad_count", "future"),
            outcomes=(("poems", 2),),
        )
    ]


def test_no_other_collector_takes_such_a_file(tmp_path: Path) -> None:
    collectors, _ = loading.load()
    file = LogFile.look(saved(tmp_path, LINE))
    assert [each.name for each in collectors if each.claims(file)] == ["ledger-events"]


def test_sources_tell_what_they_told_before() -> None:
    kinds = registry.kinds_of(loading.load()[0])
    assert (kinds["anthropic-usage"], kinds.get("claude-code", "calls")) == ("usage", "calls")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ledger_event": "msg_1"}, "the key of the event is not 32 hex digits"),
        ({"source": None}, "source is missing"),
        ({"input_tokens": -1}, "input tokens is -1"),
        ({"input_tokens": "Dear diary"}, "input tokens is a text"),
        ({"grain": "Dear diary"}, "grain is none of"),
        ({"timestamp": "Dear diary"}, "a text"),
        ({"cost": "--1"}, "cost is"),
        ({"outcomes": {"poems": "Dear diary"}}, "poems is a text"),
    ],
)
def test_what_cannot_be_is_rejected_without_its_words(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    found = read(LedgerEvents(), saved(tmp_path, LINE, LINE | wrong))
    (issue,) = issues(found)
    assert (len(events(found)), issue.line, issue.rejected) == (1, 2, True)
    assert said in issue.text
    assert "diary" not in issue.text
