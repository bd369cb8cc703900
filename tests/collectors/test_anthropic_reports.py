"""Reports of Anthropic: what no sample shows."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import SAMPLES, events, issues, read, written
from vaultsync.collectors.providers.anthropic_admin import AnthropicCost, AnthropicUsage
from vaultsync.collectors.providers.anthropic_console import ConsoleUsage, SpendReport, model_of
from vaultsync.collectors.providers.claude_code_result import ClaudeCodeResult
from vaultsync.collectors.reading import LogFile

SPEND = SAMPLES / "spend-report-example-2026-02-01-to-2026-02-28.csv"


def test_revised_bucket_is_the_same_with_other_numbers(tmp_path: Path) -> None:
    page = json.loads((SAMPLES / "anthropic_usage.json").read_text())
    before = events(read(AnthropicUsage(), written(tmp_path / "a.json", json.dumps(page))))
    page["data"][0]["results"][0]["output_tokens"] += 7
    after = events(read(AnthropicUsage(), written(tmp_path / "b.json", json.dumps(page))))
    assert [event.key for event in before] == [event.key for event in after] and before != after


def test_any_dimension_tells_rows_apart(tmp_path: Path) -> None:
    page = json.loads((SAMPLES / "anthropic_usage.json").read_text())
    row = page["data"][0]["results"][0]
    page["data"][0]["results"] = [row, row | {"workspace_id": None}, row | {"speed": "fast"}]
    found = events(read(AnthropicUsage(), written(tmp_path / "a.json", json.dumps(page))))
    assert len({event.key for event in found}) == 3


@pytest.mark.parametrize(("cents", "dollars"), [("123.78912", "1.2378912"), (50, "0.5"), ("0", "0")])
def test_bill_is_money_without_tokens_and_calls(tmp_path: Path, cents: Any, dollars: str) -> None:
    result = {"amount": cents, "currency": "EUR", "model": None}
    page = {"data": [{"starting_at": "2026-02-10", "ending_at": "2026-02-11", "results": [result]}]}
    (event,) = events(read(AnthropicCost(), written(tmp_path / "a.json", json.dumps(page))))
    assert (event.tokens.total, event.requests, event.model, event.grain) == (0, 0, "(all)", "day")
    assert (event.cost, event.currency, event.cost_kind) == (Decimal(dollars), "EUR", "billed")


@pytest.mark.parametrize(
    "name", ["spend.csv", "spend-2026-02-30-to-2026-03-01.csv", "2026-02-01-to-9999-12-31.csv"]
)
def test_spend_report_without_a_period_in_its_name_is_told(tmp_path: Path, name: str) -> None:
    found = read(SpendReport(), written(tmp_path / name, SPEND.read_bytes()))
    assert not events(found) and all("name of the file" in issue.text for issue in issues(found))


def test_old_files_of_the_console_have_fewer_columns(tmp_path: Path) -> None:
    head = "usage_date_utc,model_version,usage_type,usage_input_tokens_no_cache,usage_output_tokens"
    path = written(tmp_path / "a.csv", f"{head}\n2026-02-10,claude-opus-4-5,standard,5,6\n")
    (event,) = events(read(ConsoleUsage(), path))
    assert (event.tokens.input, event.tokens.output, event.flags) == (5, 6, ("tier_unknown",))


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("Claude Sonnet 4.5", "claude-sonnet-4-5"),
        ("Claude Opus 4", "claude-opus-4"),
        ("Claude Haiku 3.5", "claude-3-5-haiku"),
        ("claude-opus-4-5-20251101", "claude-opus-4-5-20251101"),
        ("", None),
    ],
)
def test_model_by_its_title(title: str, model: str | None) -> None:
    assert model_of({"model": title}) == model


def test_result_alone_has_the_time_of_its_file(tmp_path: Path) -> None:
    lines = (SAMPLES / "claude_code_result.jsonl").read_text().splitlines()
    result = {k: v for k, v in json.loads(lines[3]).items() if k != "timestamp"}
    (event,) = events(read(ClaudeCodeResult(), written(tmp_path / "a.json", json.dumps(result, indent=1))))
    assert event.flags == ("assumed_date",) and event.tokens.cache_write_1h == 300


def test_lifetimes_of_another_sum_are_not_believed(tmp_path: Path) -> None:
    result = json.loads((SAMPLES / "claude_code_result.jsonl").read_text().splitlines()[3])
    result["usage"]["cache_creation"]["ephemeral_5m_input_tokens"] += 1
    (event,) = events(read(ClaudeCodeResult(), written(tmp_path / "a.json", json.dumps(result))))
    assert (event.tokens.cache_write, event.tokens.cache_write_1h) == (1500, 0)


def test_other_lines_of_type_result_are_not_claimed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", json.dumps({"type": "result", "usage": {"input_tokens": 3}}))
    assert not ClaudeCodeResult().claims(LogFile.look(path))
