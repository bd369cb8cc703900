"""Read the usage of messages of Anthropic's API, and of the results of its batches.

    {"id": "msg_…", "type": "message", "model", "usage": {"input_tokens", "cache_read_input_tokens",
     "cache_creation_input_tokens",
     "cache_creation": {"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"}, "output_tokens",
     "output_tokens_details": {"thinking_tokens"}, "service_tier", "speed", "inference_geo",
     "server_tool_use": {"web_search_requests"}, "iterations": [{"type", "model", "input_tokens", …}]}}

Facts of the format. The prompt count is without cached tokens, the output with thinking. A compaction is a
call of its own and no part of the numbers above it. Whether those hold the answers of advisors and fall-backs
is not documented, so it is added up. Other makers' APIs of the same form name models of their own.

Source: the Messages API and the results of message batches, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, at, chosen
from vaultsync.collectors.providers.responses.common import FIELDS, in_batch
from vaultsync.collectors.records import Repeated
from vaultsync.collectors.values import BadField

COUNTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
TERMS = ("service_tier", "speed", "inference_geo")
"""What changes the price of all steps alike."""
STEPS = {"compaction": "compaction", "advisor_message": "advisor", "fallback_message": "fallback"}
"""Kind of a step that is a call of its own -> how its key is marked."""


def _provider(record: Mapping[str, Any]) -> str | None:
    return "anthropic" if str(record.get("model")).startswith("claude") else None


SHAPE = Shape(
    {
        **FIELDS,
        "provider": ("^provider", _provider),
        "mode": in_batch((chosen("usage.speed", {"fast": "fast"}), "usage.service_tier")),
        "region": chosen("usage.inference_geo", {"us": "us"}),
        "input": "usage.input_tokens",
        "cache_read": "usage.cache_read_input_tokens",
        "cache_writes": "usage.cache_creation_input_tokens",
        "cache_write_5m": "usage.cache_creation.ephemeral_5m_input_tokens",
        "cache_write_1h": "usage.cache_creation.ephemeral_1h_input_tokens",
        "output": "usage.output_tokens",
        "reasoning": "usage.output_tokens_details.thinking_tokens",
        "web_searches": "usage.server_tool_use.web_search_requests",
    },
    family="exclusive",
)


def look(record: Mapping[str, Any]) -> Iterator[Found]:
    """The call of a message, and those that it made on the way.

    Raises:
        BadField: A key of a step stands twice.
    """
    found = SHAPE.find(record)
    given = at(record, "usage.iterations")
    steps = [step for step in given if isinstance(step, dict)] if isinstance(given, list) else []
    if any(isinstance(step, Repeated) for step in steps):
        raise BadField("a key stands twice in a step of the usage.")
    others = [step for step in steps if _kind(step) not in (None, "compaction")]
    is_sum = _sums([step for step in steps if step.get("type") == "message"]) == _sums([_usage(record)])
    if others and not is_sum:
        found = found._replace(flags=("total_mismatch",))
        steps = [step for step in steps if step not in others]
    yield found
    yield from _calls(record, steps)


def _calls(record: Mapping[str, Any], steps: list[dict[str, Any]]) -> Iterator[Found]:
    """The steps that are calls of their own, each with the number it has among its kind in the key."""
    numbers = dict.fromkeys(STEPS, 0)
    terms = {name: _usage(record).get(name) for name in TERMS}
    for step in steps:
        if kind := _kind(step):
            numbers[kind] += 1
            own = {"model": step.get("model") or record.get("model"), "usage": terms | step}
            found = SHAPE.find({**record, **own})
            if ident := found.values.get("response"):
                found.values["response"] = f"{ident}:{STEPS[kind]}:{numbers[kind]}"
            yield found


def _usage(record: Mapping[str, Any]) -> dict[str, Any]:
    usage = record.get("usage")
    return usage if isinstance(usage, dict) else {}


def _kind(step: Mapping[str, Any]) -> str | None:
    """The kind of a step that is a call of its own; None for any other."""
    kind = step.get("type")
    return kind if isinstance(kind, str) and kind in STEPS else None


def _sums(all_counts: list[dict[str, Any]]) -> list[int]:
    """The sum of each count; what is no number adds nothing."""
    return [sum(n for one in all_counts if type(n := one.get(name)) is int) for name in COUNTS]
