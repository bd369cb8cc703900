"""Exports of providers and gateways as they lie among the logs: overlapping, revised, told by several."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.collectors import telemetry
from tests.sync.conftest import World

HEADER = "usage_date_utc,model_version,context_window,usage_input_tokens_no_cache,usage_output_tokens\n"


def console(world: World, name: str, *days: tuple[int, int], age: float = 3600) -> None:
    """What the provider's console says: day of January, input tokens."""
    rows = "".join(f"2026-01-{day:02},claude-opus-4-5-20251101,≤200k,{count},10\n" for day, count in days)
    world.write(f"logs/{name}", HEADER + rows, age=age)


def totals(world: World) -> tuple[object, object]:
    """Events and input tokens of all time."""
    whole = world.run("report", "--since", "2020-01-01", "--until", "2026-12-31", "--json").output
    found = json.loads(whole)["totals"]
    return found["events"], found["input_tokens"]


@pytest.mark.parametrize("revised", [900, 1100])
def test_of_exports_that_overlap_the_newer_figures_count(world: World, revised: int) -> None:
    console(world, "january-a.csv", (5, 1000), (6, 1000), age=7200)
    world.run("collect")
    console(world, "january-b.csv", (6, revised), (7, 1000))
    world.run("collect")
    assert totals(world) == (3, 2000 + revised)
    console(world, "copy.csv", (6, revised), (7, 1000))
    world.run("collect")
    assert totals(world) == (3, 2000 + revised)


def test_an_export_that_slides_on_loses_no_day(world: World) -> None:
    console(world, "usage.csv", (5, 1000), (6, 1000), age=7200)
    world.run("collect")
    console(world, "usage.csv", (6, 1100), (7, 1000))
    world.run("collect")
    assert totals(world) == (3, 3100)


def spent(world: World) -> list[tuple[str, int, int]]:
    """What counts, by source: events and all tokens."""
    told = world.run("report", "--by", "source", "--since", "2020-01-01", "--until", "2026-12-31", "--json")
    return [(row["source"], row["events"], row["total_tokens"]) for row in json.loads(told.output)["rows"]]


USED = {"input_tokens": 504, "output_tokens": 97, "cache_read_tokens": 0, "cache_creation_tokens": 123}
MODEL = "claude-opus-4-5-20251101"


def events_of_claude_code() -> dict[str, Any]:
    about = {"event.name": "api_request", "session.id": "s", "model": MODEL, "request_id": "req_1"}
    return telemetry.logs("claude-code", {**about, **USED})


def metrics_of_claude_code() -> dict[str, Any]:
    classes = zip(("input", "output", "cacheRead", "cacheCreation"), USED.values(), strict=True)
    points = [telemetry.point(used, 0, 60, type=kind, model=MODEL) for kind, used in classes]
    return telemetry.metric("claude-code", "claude_code.token.usage", *points)


def test_of_events_and_metrics_of_one_program_the_events_count(world: World) -> None:
    world.write("logs/metrics.jsonl", json.dumps(metrics_of_claude_code()) + "\n")
    world.run("collect")
    assert spent(world) == [("claude-code-otel-metrics", 1, 724)]
    world.write("logs/events.jsonl", json.dumps(events_of_claude_code()) + "\n")
    world.run("collect")
    assert spent(world) == [("claude-code-otel", 1, 724)]


def test_a_call_in_a_transcript_and_in_telemetry_counts_once(world: World) -> None:
    world.write("logs/events.jsonl", json.dumps(events_of_claude_code()) + "\n")
    usage = {"input_tokens": 504, "output_tokens": 97, "cache_creation_input_tokens": 123}
    message = {"id": "msg_1", "model": MODEL, "usage": usage, "stop_reason": "end_turn", "role": "assistant"}
    row = {"type": "assistant", "uuid": "u", "sessionId": "s", "timestamp": "2026-02-10T09:00:00Z"}
    world.write("logs/s.jsonl", json.dumps({**row, "requestId": "req_1", "message": message}) + "\n")
    world.run("collect")
    assert [row[1:] for row in spent(world)] == [(1, 724)]


def test_a_call_in_a_span_and_in_a_log_of_answers_counts_once(world: World) -> None:
    usage = {"prompt_tokens": 2000, "completion_tokens": 1500, "total_tokens": 3500}
    answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1770714000, "model": "gpt-5"}
    span = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-5",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.usage.input_tokens": 2000,
        "gen_ai.usage.output_tokens": 1500,
    }
    world.write("logs/answers.jsonl", json.dumps({**answer, "usage": usage}) + "\n")
    world.write("logs/spans.jsonl", json.dumps(telemetry.spans("bot", span)) + "\n")
    world.run("collect")
    assert [row[1:] for row in spent(world)] == [(1, 3500)]


def test_a_cancelled_generation_that_was_paid_counts(world: World) -> None:
    head = "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,model_permaslug,cancelled\n"
    rows = "gen-1,2026-01-08 09:00:00,0.016,2000,150,openai/gpt-5,true\n"
    rows += "gen-2,2026-01-08 09:01:00,0,,,openai/gpt-5,true\n"
    world.write("logs/openrouter_activity.csv", head + rows)
    done = world.run("collect")
    assert [row[1:] for row in spent(world)] == [(1, 2150)] and not done.stderr


MEASURED = """
import re, sys
from vaultsync.cli import main
main(sys.argv[1:], standalone_mode=False)
print(re.search(r"VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units")
def test_a_hundred_thousand_rows_are_read_in_little_memory(world: World) -> None:
    head = "timestamp,model_provider,model_name,input_tokens,output_tokens\n"
    rows = "".join(f"{1767600000 + n},openai,gpt-5-mini,{n % 700},7\n" for n in range(100_000))
    world.write("logs/many.csv", head + rows)
    command = [sys.executable, "-c", MEASURED, "collect", "--vault", str(world.vault)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "100,000" in said and int(said.split()[-1]) < 200_000
