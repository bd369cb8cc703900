"""Say which log records and spans are calls of models, and where their fields stand.

Coding agents tell each call as an event and again in spans, so of their services only events are read. Of all
others the spans of the conventions for generative AI are read; those of agents repeat the sum of their
children.

Facts of the formats. Claude Code: prompts are without cached tokens, lifetimes of writes are not told, the
cost is its own estimate, and `request_id` is that of its transcripts. Codex: `tool_token_count` is the total;
an answer has no id. Gemini CLI: thoughts stand beside the output, tools beside the input. Convention: input
holds the cached tokens; where these are more, the program has passed on Anthropic's counts.

Source: the monitoring documents of Claude Code, Codex and Gemini CLI, and OpenTelemetry's conventions for
generative AI with their former names, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from vaultsync.collectors.agents.claude_code.calls import provider_of
from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, chosen, getter, joined, scaled, summed
from vaultsync.collectors.identity import LONG_ID
from vaultsync.collectors.providers.names import usual
from vaultsync.collectors.providers.responses.openai import maker_of
from vaultsync.collectors.telemetry.envelope import Item, attributes, plain, time_of
from vaultsync.collectors.values import BadField, count, is_zero

Look = Callable[[Mapping[str, Any]], Iterable[Found]]

CLAUDE_CODE, CODEX, GEMINI_CLI, OTHERS = "claude-code-otel", "codex-otel", "gemini-cli-otel", "otlp"
"""Sources of the events."""
AGENTS = frozenset({"claude-code", "codex_cli_rs", "codex-cli", "codex_exec", "gemini-cli"})
"""Services whose calls are told by events."""
OPERATIONS = frozenset(
    {"chat", "text_completion", "generate_content", "embeddings", "completion", "embedding"}
)


class Told(NamedTuple):
    """A call, or a sum of calls, that telemetry tells of."""

    source: str
    record: Mapping[str, Any]
    look: Look


CLAUDE_CODE_SHAPE = Shape(
    {
        "when": ("event.timestamp", "^time"),
        "id": ("request_id", "client_request_id"),
        "session": "session.id",
        "provider": lambda record: provider_of(str(record.get("model"))),
        "model": "model",
        "mode": chosen("speed", {"fast": "fast"}),
        "input": "input_tokens",
        "cache_read": "cache_read_tokens",
        "cache_write": "cache_creation_tokens",
        "output": "output_tokens",
        "duration_ms": "duration_ms",
        "cost": (scaled("cost_usd_micros", -6), "cost_usd"),
    },
    {"cost_kind": "estimated"},
    family="exclusive",
)
CODEX_SHAPE = Shape(
    {
        "when": ("event.timestamp", "^time"),
        "id": joined(
            "conversation.id", ("event.timestamp", "^time"), "input_token_count", "output_token_count"
        ),
        "session": "conversation.id",
        "model": ("model", "slug"),
        "input": "input_token_count",
        "cache_read": "cached_token_count",
        "cache_write": "cache_write_token_count",
        "output": "output_token_count",
        "reasoning": "reasoning_token_count",
        "total": "tool_token_count",
        "duration_ms": "duration_ms",
    },
    {"provider": "openai"},
    family="inclusive",
)
GEMINI_CLI_SHAPE = Shape(
    {
        "when": ("event.timestamp", "^time"),
        "id": joined("session.id", "prompt_id", ("event.timestamp", "^time"), "model", "total_token_count"),
        "session": "session.id",
        "model": "model",
        "input": summed("input_token_count", "tool_token_count"),
        "cache_read": "cached_content_token_count",
        "output": "output_token_count",
        "reasoning": "thoughts_token_count",
        "total": "total_token_count",
        "duration_ms": "duration_ms",
    },
    {"provider": "google"},
    family="outside",
)
_provider = usual(("gen_ai.provider.name", "gen_ai.system"))
MODEL = ("gen_ai.response.model", "gen_ai.request.model")
_model = getter(MODEL)


def maker(record: Mapping[str, Any]) -> str | None:
    """Who serves the model of a record, where its name tells it."""
    return maker_of(str(_model(record)).lower())


def _response(record: Mapping[str, Any]) -> object:
    """The id of the response, unless it may be one of those that local servers draw again and again."""
    ident = record.get("gen_ai.response.id")
    return ident if isinstance(ident, str) and (len(ident) >= LONG_ID or maker(record)) else None


def _duration(record: Mapping[str, Any]) -> object:
    start, end = record.get("^time"), record.get("^end")
    return (end - start) // 10**6 if start and end and end > start else None


SPAN_SHAPE = Shape(
    {
        "when": "^time",
        "response": _response,
        "id": "^span",
        "session": ("gen_ai.conversation.id", "session.id"),
        "project": "^service",
        "provider": (_provider, maker),
        "model": MODEL,
        "input": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        "cache_read": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
        "cache_write": (
            *("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
            "gen_ai.usage.cache_creation_input_tokens",
        ),
        "output": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        "reasoning": "gen_ai.usage.reasoning.output_tokens",
        "duration_ms": _duration,
    },
    family="inclusive",
)


def call_of(item: Item) -> Told | None:
    """The call that a log record or a span tells of, if it tells of one."""
    return _event(item) if item.signal == "resourceLogs" else _span(item)


def _event(item: Item) -> Told | None:
    record = attributes(item.body)
    record["^time"] = time_of(item.body, "timeUnixNano", "observedTimeUnixNano")
    name = record.get("event.name") or item.body.get("eventName") or plain(item.body.get("body"))
    return event_of(str(name), record)


def event_of(name: str, record: Mapping[str, Any]) -> Told | None:
    """The call that an event of a coding agent tells of, by its name."""
    if name in ("api_request", "claude_code.api_request"):
        return Told(CLAUDE_CODE, record, lambda record: (CLAUDE_CODE_SHAPE.find(record),))
    if name in ("codex.sse_event", "codex.websocket_event"):
        is_answer = record.get("event.kind") == "response.completed"
        is_counted = is_answer and not is_zero(record.get("input_token_count"))
        return Told(CODEX, record, lambda record: (CODEX_SHAPE.find(record),)) if is_counted else None
    if name == "gemini_cli.api_response" and not is_zero(record.get("total_token_count")):
        return Told(GEMINI_CLI, record, lambda record: (GEMINI_CLI_SHAPE.find(record),))
    return None


def _span(item: Item) -> Told | None:
    record = attributes(item.body)
    operation = record.get("gen_ai.operation.name") or record.get("llm.request.type")
    if item.service in AGENTS or operation not in OPERATIONS:
        return None
    record["^time"] = time_of(item.body, "startTimeUnixNano")
    record["^end"] = time_of(item.body, "endTimeUnixNano")
    record["^service"] = item.service
    record["^span"] = ":".join(str(item.body.get(name) or "") for name in ("traceId", "spanId")).strip(":")
    is_counted = any(name.startswith("gen_ai.usage.") and not is_zero(record[name]) for name in record)
    return Told(OTHERS, record, _spent) if is_counted else None


def _spent(record: Mapping[str, Any]) -> Iterable[Found]:
    """The call of a span; an embedding has no output."""
    found = SPAN_SHAPE.find(record)
    if str(record.get("gen_ai.operation.name")).startswith("embedding"):
        found.values.setdefault("output", 0)
    beside = sum(_amount(found.values.get(name)) for name in ("cache_read", "cache_write"))
    return (found._replace(family="exclusive") if beside > _amount(found.values.get("input")) else found,)


def _amount(value: object) -> int:
    try:
        return count(value, "")
    except BadField:
        return 0
