"""Files of OpenTelemetry: what is a call, what repeats one, and what a counter is worth."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import SAMPLES, events, issues, read, reader_of, written
from tests.collectors.telemetry import Json, logs, metric, point, spans
from vaultsync.collectors.agents.copilot.otel import CopilotOtel
from vaultsync.collectors.providers.responses import Responses
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.telemetry.otlp import Otlp
from vaultsync.model import TokenCounts, UsageEvent

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.response.model": "gpt-5",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
}
TOKENS = "claude_code.token.usage"


def told(folder: Path, *lines: Json) -> list[UsageEvent]:
    """The events of a file of these lines, in which nothing is amiss."""
    found = read(Otlp(), written(folder / "a.jsonl", "".join(json.dumps(line) + "\n" for line in lines)))
    assert not issues(found)
    return events(found)


def counter(*values: tuple[int, int, int]) -> list[Json]:
    """Lines of one cumulative counter: since, until, value."""
    name = "gen_ai.client.token.usage"
    return [
        metric("bot", name, point(v, s, u, **{"gen_ai.token.type": "input"}), cumulative=True)
        for s, u, v in values
    ]


def test_a_call_in_a_span_and_in_a_log_of_answers_is_one(tmp_path: Path) -> None:
    ident = "chatcmpl-AbCdEfGhIjKlMnOp"
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    answer = {
        "id": ident,
        "object": "chat.completion",
        "created": 1770714000,
        "model": "gpt-5",
        "usage": usage,
    }
    (saved,) = events(read(Responses(), written(tmp_path / "b.jsonl", json.dumps(answer) + "\n")))
    (span,) = told(tmp_path, spans("bot", {**CHAT, "gen_ai.response.id": ident}))
    assert (span.key, span.when, span.provider, span.tokens) == (
        saved.key,
        saved.when,
        saved.provider,
        saved.tokens,
    )


def test_ids_that_local_servers_draw_again_name_no_call(tmp_path: Path) -> None:
    local = {**CHAT, "gen_ai.response.model": "llama3.2", "gen_ai.response.id": "chatcmpl-1"}
    one, other = told(tmp_path, spans("bot", local, local))
    assert one.key != other.key


def test_a_span_tells_its_program_its_conversation_and_how_long_it_took(tmp_path: Path) -> None:
    (event,) = told(tmp_path, spans("letters", {**CHAT, "gen_ai.conversation.id": "c-1"}))
    assert (event.project, event.session, event.duration_ms) == ("letters", "c-1", 2000)
    (nameless,) = told(tmp_path, spans("unknown_service:python", CHAT))
    assert nameless.project is None


@pytest.mark.parametrize("operation", ["invoke_agent", "execute_tool", "create_agent", ""])
def test_spans_that_repeat_others_are_passed_over(tmp_path: Path, operation: str) -> None:
    assert told(tmp_path, spans("bot", {**CHAT, "gen_ai.operation.name": operation})) == []


@pytest.mark.parametrize("service", ["claude-code", "codex_cli_rs", "codex-cli", "codex_exec", "gemini-cli"])
def test_coding_agents_tell_their_calls_by_events_alone(tmp_path: Path, service: str) -> None:
    name = "gen_ai.client.token.usage"
    usage = metric(service, name, point(10, 0, 60, **{"gen_ai.token.type": "input"}))
    assert told(tmp_path, spans(service, CHAT), usage) == []


def test_more_cached_tokens_than_input_means_counts_side_by_side(tmp_path: Path) -> None:
    cached = {"gen_ai.usage.cache_read.input_tokens": 7, "gen_ai.usage.cache_write.input_tokens": 4}
    (beside,) = told(tmp_path, spans("bot", {**CHAT, **cached}))
    (inside,) = told(tmp_path, spans("bot", {**CHAT, **cached, "gen_ai.usage.input_tokens": 11}))
    assert beside.tokens == TokenCounts(10, 7, cache_write=4, output=5)
    assert inside.tokens == TokenCounts(0, 7, cache_write=4, output=5)


def test_numbers_may_stand_where_texts_are_asked_for(tmp_path: Path) -> None:
    line = json.dumps(spans("bot", CHAT))
    number = json.loads(line.replace('"1770714000000000000"', "1770714000000000000").replace('"10"', "10"))
    assert told(tmp_path, number) == told(tmp_path, json.loads(line))


def test_an_array_of_lines_says_the_same(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in (SAMPLES / "otlp_spans.jsonl").read_text().splitlines()]
    path = written(tmp_path / "a.json", json.dumps(lines, indent=1))
    assert events(read(Otlp(), path)) == events(read(Otlp(), SAMPLES / "otlp_spans.jsonl"))


def test_all_signals_may_stand_in_one_file_and_each_event_says_whose_it_is(tmp_path: Path) -> None:
    request = {"event.name": "api_request", "model": "claude-opus-4-5", "input_tokens": 1, "output_tokens": 2}
    usage = metric("claude-code", TOKENS, point(3, 0, 60, type="input", model="claude-opus-4-5"))
    found = told(tmp_path, spans("bot", CHAT), logs("claude-code", request), usage)
    sources = [event.source for event in found]
    assert sources == ["otlp", "claude-code-otel", "claude-code-otel-metrics"]
    assert [Otlp.tells[source] for source in sources] == ["events", "events", "metrics"]


def test_answers_of_codex_without_an_id_are_told_apart_by_time(tmp_path: Path) -> None:
    answer = {
        "event.name": "codex.sse_event",
        "event.kind": "response.completed",
        "conversation.id": "c",
        "input_token_count": 10,
        "output_token_count": 5,
        "model": "gpt-5",
    }
    times = ({"event.timestamp": f"2026-02-10T09:00:0{n}Z"} for n in (1, 2, 2))
    one, other, again = told(tmp_path, *(logs("codex-cli", {**answer, **time}) for time in times))
    assert one.key != other.key == again.key


@pytest.mark.parametrize(
    ("points", "rises"),
    [
        ([(0, 60, 100), (0, 120, 250), (0, 180, 250), (200, 240, 40), (200, 300, 90)], [100, 150, 40, 50]),
        ([(0, 60, 100), (0, 120, 40)], [100, 40]),
        ([(0, 120, 250), (0, 60, 100), (0, 180, 260)], [250, 10]),
        ([(0, 60, 100), (0, 60, 100)], [100]),
    ],
)
def test_a_cumulative_counter_is_worth_its_differences(
    tmp_path: Path, points: list[tuple[int, int, int]], rises: list[int]
) -> None:
    assert [event.tokens.input for event in told(tmp_path, *counter(*points))] == rises


def test_a_counter_goes_on_where_an_earlier_reading_stopped(tmp_path: Path) -> None:
    first, second = counter((0, 60, 100), (0, 120, 250))
    path = written(tmp_path / "a.jsonl", json.dumps(first) + "\n")
    early = reader_of(path)
    assert [event.tokens.input for event in events(list(Otlp().collect(early)))] == [100]
    written(path, json.dumps(first) + "\n" + json.dumps(second) + "\n")
    later = reader_of(path, start=early.end, first_line=early.next_line)
    later.state = json.loads(json.dumps(early.state))
    assert [event.tokens.input for event in events(list(Otlp().collect(later)))] == [150]


def test_points_of_one_moment_are_one_event_though_lines_lie_between(tmp_path: Path) -> None:
    kinds = {"input": 1, "output": 2, "cacheRead": 3, "cacheCreation": 4}
    points = [point(n, 0, 60, type=kind, model="claude-opus-4-5") for kind, n in kinds.items()]
    (together,) = told(tmp_path, metric("claude-code", TOKENS, *points))
    assert together.tokens == TokenCounts(1, 3, cache_write=4, output=2) and together.grain == "hour"
    apart = told(tmp_path, *(metric("claude-code", TOKENS, one) for one in points))
    assert {event.key for event in apart} == {together.key} and len(apart) == 4


def test_a_sum_over_a_long_time_stands_at_its_end(tmp_path: Path) -> None:
    (event,) = told(tmp_path, metric("claude-code", TOKENS, point(3, 0, 86_400, type="input")))
    assert event.when == datetime(2026, 2, 11, 9, tzinfo=UTC)


def test_what_a_collector_writes_for_copilot_is_no_export_of_copilots_own(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.jsonl", json.dumps(spans("copilot", {**CHAT, "github.copilot.cost": 1})) + "\n"
    )
    assert Otlp().claims(LogFile.look(path)) and not CopilotOtel().claims(LogFile.look(path))


@pytest.mark.parametrize("amount", ["1e9999999", "-1", "NaN"])
def test_an_absurd_point_costs_only_its_own_sum(tmp_path: Path, amount: str) -> None:
    text = "".join(
        json.dumps(
            metric("claude-code", TOKENS, point(3, 0, at, type="input"), point(4, 0, at, type="input"))
        )
        + "\n"
        for at in (60, 120)
    )
    found = read(
        Otlp(), written(tmp_path / "a.jsonl", text.replace('"4"', amount, 1).replace(": 4", f": {amount}", 1))
    )
    assert len(events(found)) == 1 and len(issues(found)) == 1


@pytest.mark.parametrize("odd", [[], {}, [["input"]], None, True, 5])
def test_what_is_no_text_where_a_point_tells_its_kind_costs_that_point_only(tmp_path: Path, odd: Any) -> None:
    points = [point(7, 0, 60, type="input"), point(9, 0, 60, type="output")]
    bad = point(5, 0, 60, type="input")
    bad["attributes"][0]["value"] = {"stringValue": odd}
    (event,) = told(tmp_path, metric("claude-code", TOKENS, *points, bad))
    assert event.tokens == TokenCounts(7, output=9)


@pytest.mark.parametrize("odd", [[], {}, [["chat"]], None, True])
def test_what_is_no_text_where_a_span_tells_its_operation_costs_that_span_alone(
    tmp_path: Path, odd: Any
) -> None:
    line = spans("bot", CHAT, CHAT)
    (bad, _) = line["resourceSpans"][0]["scopeSpans"][0]["spans"]
    bad["attributes"][0]["value"] = {"stringValue": odd}
    assert len(told(tmp_path, line)) == 1
