"""Each sample log says exactly the events and issues that stand beside it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collectors.support import SAMPLES, events, plain, read, reader_of, rejected
from vaultsync.collectors.logs.daily_json import DailyJson
from vaultsync.collectors.logs.flat_events import FlatArray, FlatEvents
from vaultsync.collectors.logs.mapping import MappedLog, MappingSpec
from vaultsync.collectors.logs.markdown import MarkdownLog
from vaultsync.collectors.providers.anthropic_admin import AnthropicCost, AnthropicUsage, ClaudeCodeAnalytics
from vaultsync.collectors.providers.anthropic_console import ConsoleCost, ConsoleUsage, SpendReport
from vaultsync.collectors.providers.azure import AzureCosts, AzureMetrics
from vaultsync.collectors.providers.bedrock import Bedrock
from vaultsync.collectors.providers.claude_code_result import ClaudeCodeResult
from vaultsync.collectors.providers.copilot import CopilotBilling, CopilotMetrics, CopilotTokens
from vaultsync.collectors.providers.deepseek_platform import DeepSeekAmounts, DeepSeekCosts
from vaultsync.collectors.providers.google_billing import GoogleBillingExport, GoogleCostTable
from vaultsync.collectors.providers.helicone import Helicone, HeliconePages
from vaultsync.collectors.providers.langfuse import Langfuse, LangfuseCsv, LangfusePages
from vaultsync.collectors.providers.litellm import LiteLlm, LiteLlmDays, LiteLlmDump, LiteLlmPages
from vaultsync.collectors.providers.openai_reports import (
    DashboardCosts,
    DashboardUsage,
    OpenAICosts,
    OpenAIUsage,
)
from vaultsync.collectors.providers.openrouter import Activity, ActivityLog, Generations
from vaultsync.collectors.providers.responses import ResponseFiles, Responses
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import Collector, match
from vaultsync.collectors.telemetry.gemini_cli import GeminiCliTelemetry
from vaultsync.collectors.telemetry.otlp import Otlp
from vaultsync.model import Issue, UsageEvent

GATEWAY = MappingSpec.from_dict(
    {
        "name": "gateway",
        "files": "gateway*.csv",
        "columns": {
            "when": "startTime",
            "model": "model",
            "prompt": "prompt_tokens",
            "cache_read": "cached",
            "output": "completion_tokens",
            "cost": "spend",
        },
        "constants": {"provider": "openai", "project": "gateway"},
        "time_format": "%d.%m.%Y %H:%M:%S",
        "decimal_comma": True,
    }
)
COLLECTORS: dict[str, Collector] = {
    "day.json": DailyJson(),
    "day_gaps.json": DailyJson(),
    "events.jsonl": FlatEvents(),
    "events.csv": FlatEvents(),
    "spellings.jsonl": FlatEvents(),
    "sessions.md": MarkdownLog(),
    "run_2026-01-07.md": MarkdownLog(),
    "gateway.csv": MappedLog(GATEWAY),
    "anthropic_usage.json": AnthropicUsage(),
    "anthropic_cost.json": AnthropicCost(),
    "claude_code_analytics.json": ClaudeCodeAnalytics(),
    "anthropic_console_usage.csv": ConsoleUsage(),
    "anthropic_console_cost.csv": ConsoleCost(),
    "spend-report-example-2026-02-01-to-2026-02-28.csv": SpendReport(),
    "claude_code_result.jsonl": ClaudeCodeResult(),
    "openai_usage.json": OpenAIUsage(),
    "openai_costs.json": OpenAICosts(),
    "completions_usage.csv": DashboardUsage(),
    "openai_nothing.csv": DashboardUsage(),
    "openai_cost.csv": DashboardCosts(),
    "google_cost_table.csv": GoogleCostTable(),
    "google_billing_export.jsonl": GoogleBillingExport(),
    "deepseek_amount.csv": DeepSeekAmounts(),
    "deepseek_cost.csv": DeepSeekCosts(),
    "responses.jsonl": Responses(),
    "responses_openai.jsonl": Responses(),
    "responses_alike.jsonl": Responses(),
    "responses_gemini.jsonl": Responses(),
    "responses_ollama.jsonl": Responses(),
    "openrouter_generations.jsonl": Generations(),
    "openrouter_log.csv": ActivityLog(),
    "openrouter_activity.json": Activity(),
    "litellm.jsonl": LiteLlm(),
    "litellm_pages.json": LiteLlmPages(),
    "litellm_dump.csv": LiteLlmDump(),
    "litellm_days.csv": LiteLlmDays(),
    "langfuse.jsonl": Langfuse(),
    "langfuse_pages.json": LangfusePages(),
    "langfuse.csv": LangfuseCsv(),
    "helicone.jsonl": Helicone(),
    "helicone_pages.json": HeliconePages(),
    "otlp_spans.jsonl": Otlp(),
    "otlp_logs.jsonl": Otlp(),
    "otlp_metrics.jsonl": Otlp(),
    "gemini_cli_telemetry.log": GeminiCliTelemetry(),
    "bedrock.jsonl": Bedrock(),
    "azure_costs.csv": AzureCosts(),
    "azure_metrics.json": AzureMetrics(),
    "copilot_metrics.jsonl": CopilotMetrics(),
    "copilot_billing.csv": CopilotBilling(),
    "copilot_tokens.csv": CopilotTokens(),
}
SHIPPED: list[Collector] = [
    *(DailyJson(), FlatArray(), FlatEvents(), MarkdownLog()),
    *(AnthropicUsage(), AnthropicCost(), ClaudeCodeAnalytics(), ConsoleUsage(), ConsoleCost(), SpendReport()),
    *(ClaudeCodeResult(), Responses(), ResponseFiles()),
    *(OpenAIUsage(), OpenAICosts(), DashboardUsage(), DashboardCosts()),
    *(GoogleCostTable(), GoogleBillingExport(), DeepSeekAmounts(), DeepSeekCosts()),
    *(Generations(), ActivityLog(), Activity()),
    *(LiteLlm(), LiteLlmPages(), LiteLlmDump(), LiteLlmDays()),
    *(Langfuse(), LangfusePages(), LangfuseCsv()),
    *(Helicone(), HeliconePages()),
    Otlp(),
    GeminiCliTelemetry(),
    Bedrock(),
    *(AzureCosts(), AzureMetrics()),
    *(CopilotMetrics(), CopilotBilling(), CopilotTokens()),
]
sample = pytest.mark.parametrize("name", COLLECTORS)


@sample
def test_sample_says_what_stands_beside_it(name: str, golden: Callable[[Path, Any], None]) -> None:
    findings = read(COLLECTORS[name], SAMPLES / name)
    golden(SAMPLES / f"{name}.expected.json", plain(findings))


@sample
def test_sample_is_claimed_by_one_collector(name: str) -> None:
    mapped = [MappedLog(GATEWAY)]
    found = match(LogFile.look(SAMPLES / name), [*mapped, *SHIPPED], mapped=1)
    assert not isinstance(found, Issue) and found.name == COLLECTORS[name].name


@sample
def test_no_word_of_a_note_or_title_is_kept(name: str) -> None:
    told = repr(read(COLLECTORS[name], SAMPLES / name))
    assert not any(word in told for word in ("private", "never kept", "quoted", "Words about"))


def survives(collector: Collector, path: Path, data: bytes) -> list[Any]:
    """Read damaged bytes; whatever they say is events and issues."""
    path.write_bytes(data)
    reader = reader_of(path)
    collector.claims(reader.file)
    findings = [*collector.collect(reader), *reader.issues]
    assert all(isinstance(finding, UsageEvent | Issue) for finding in findings)
    assert 0 <= reader.end <= len(data)
    return findings


@sample
def test_every_truncation_is_survived(name: str, tmp_path: Path) -> None:
    data = (SAMPLES / name).read_bytes()
    for length in range(len(data)):
        survives(COLLECTORS[name], tmp_path / name, data[:length])


@sample
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), junk=st.binary(max_size=12))
def test_every_mutation_is_survived(name: str, tmp_path: Path, seed: int, junk: bytes) -> None:
    data = (SAMPLES / name).read_bytes()
    chance = random.Random(seed)
    start = chance.randrange(len(data))
    end = start + chance.choice([0, 1, 5, 40])
    survives(COLLECTORS[name], tmp_path / name, data[:start] + junk + data[end:])


@pytest.mark.parametrize("name", [name for name in COLLECTORS if name.endswith(".jsonl")])
@pytest.mark.parametrize("damage", ["begin", "end", "garbage", "NUL"])
def test_a_damaged_first_line_costs_no_other(name: str, damage: str, tmp_path: Path) -> None:
    data = (SAMPLES / name).read_bytes().removeprefix(b"\xef\xbb\xbf")
    first = data.split(b"\n")[0]
    half = len(first) // 2
    spoilt = {"begin": first[:half], "end": first[half:], "garbage": b"lorem ipsum", "NUL": b"\0" * 50}
    path = tmp_path / name
    path.write_bytes(spoilt[damage] + b"\n" + data)
    found = match(LogFile.look(path), SHIPPED)
    assert not isinstance(found, Issue) and found.name == COLLECTORS[name].name
    assert events(read(COLLECTORS[name], path)) == events(read(COLLECTORS[name], SAMPLES / name))
    assert 1 in rejected(read(COLLECTORS[name], path)) or damage == "NUL"


LINES = [name for name in COLLECTORS if COLLECTORS[name].kind == "lines"]


@pytest.mark.parametrize("name", LINES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1))
def test_reading_in_two_parts_says_the_same(name: str, tmp_path: Path, cut: float) -> None:
    data, path = (SAMPLES / name).read_bytes(), tmp_path / name
    path.write_bytes(data[: int(len(data) * cut)])
    first = reader_of(path, rested=0)
    early = list(COLLECTORS[name].collect(first)) if COLLECTORS[name].claims(first.file) else []
    if first.verdict == "pending":  # nothing of it counts yet
        early, first = [], reader_of(path, rested=0)
    if not early and not first.end:
        first.next_line = 1
    path.write_bytes(data)
    later = reader_of(path, start=first.end, first_line=first.next_line)
    later.state.update(first.state)
    assert plain([*early, *COLLECTORS[name].collect(later)]) == plain(read(COLLECTORS[name], SAMPLES / name))
