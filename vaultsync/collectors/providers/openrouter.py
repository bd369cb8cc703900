"""Read what OpenRouter says of its calls: single generations, the log of all, and sums by day.

    {"data": {"id", "created_at", "model", "total_cost", "is_byok", "native_tokens_prompt",
              "native_tokens_completion", "native_tokens_cached", "native_tokens_reasoning", "session_id"}}
    generation_id,created_at,cost_total,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,
        model_permaslug,variant,generation_time_ms,app_name, …
    {"data": [{"date", "model_permaslug", "endpoint_id", "usage", "requests", "prompt_tokens",
               "completion_tokens", "reasoning_tokens", "cached_tokens"}]}

Facts of the formats. Billing follows the native counts of a generation; those beside them are by another
tokenizer. Prompts include cached tokens, completions include reasoning. Money is what was taken from the
prepaid balance; where the user has a key of his own at the provider, it is the fee alone and the spend is
billed there, which is flagged `byok`. A saved answer, its generation and its row of the log have one id. Of
tokens written to a cache only answers tell.

Source: `GET /api/v1/generation`, `GET /api/v1/activity`, and the CSV of the activity page, November 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, chosen, joined
from vaultsync.collectors.tables import CsvTable, JsonTable
from vaultsync.collectors.values import is_zero

CONSTANTS = {"provider": "openrouter", "cost_kind": "charged"}


def _day(record: Mapping[str, Any]) -> str:
    """The day of a sum, which may be written as its midnight."""
    return str(record.get("date"))[:10]


class Generations(JsonTable):
    """What can be asked about one call."""

    name = "openrouter-generations"
    signs = ("native_tokens_prompt", "tokens_prompt")
    wrappers = ("data",)
    shape = Shape(
        {
            "when": "created_at",
            "response": "id",
            "session": "session_id",
            "model": "model",
            "mode": "service_tier",
            "input": "native_tokens_prompt",
            "cache_read": "native_tokens_cached",
            "output": "native_tokens_completion",
            "reasoning": "native_tokens_reasoning",
            "duration_ms": "generation_time",
            "cost": ("total_cost", "usage"),
        },
        CONSTANTS,
        family="inclusive",
    )

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for a call that came to nothing: no counts and no money."""
        counts = (record.get("native_tokens_prompt"), record.get("native_tokens_completion"))
        return counts != (None, None) or not is_zero(record.get("total_cost"))

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """As the table says, flagged if the spend is billed elsewhere."""
        return (_flagged(self.shape.find(record), record.get("is_byok") is True),)


class ActivityLog(CsvTable):
    """The log of the activity page, a row for each generation."""

    name = "openrouter-log"
    signs = ("generation_id", "model_permaslug")
    shape = Shape(
        {
            "when": "created_at",
            "response": "generation_id",
            "project": "app_name",
            "model": "model_permaslug",
            "mode": chosen("variant", {"free": "free"}),
            "input": "tokens_prompt",
            "cache_read": "tokens_cached",
            "output": "tokens_completion",
            "reasoning": "tokens_reasoning",
            "duration_ms": "generation_time_ms",
            "cost": "cost_total",
        },
        CONSTANTS,
        family="inclusive",
    )

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for a call that came to nothing: no counts and no money."""
        counts = (record.get("tokens_prompt"), record.get("tokens_completion"))
        return any(counts) or not is_zero(record.get("cost_total"))

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """As the table says, flagged if the spend is billed elsewhere."""
        return (_flagged(self.shape.find(record), not is_zero(record.get("byok_usage_inference"))),)


class Activity(JsonTable):
    """Sums by day, model and endpoint."""

    name = "openrouter-activity"
    kind = "document"
    tells = "usage"
    signs = ("data[].model_permaslug", "data[].date")
    records = "data[]"
    grain = "day"
    shape = Shape(
        {
            "when": "date",
            "id": joined(_day, "model_permaslug", "endpoint_id", "provider_name"),
            "model": ("model_permaslug", "model"),
            "requests": "requests",
            "input": "prompt_tokens",
            "cache_read": "cached_tokens",
            "output": "completion_tokens",
            "reasoning": "reasoning_tokens",
            "cost": "usage",
        },
        CONSTANTS,
        family="inclusive",
    )

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """As the table says, flagged if some of the spend is billed elsewhere."""
        return (_flagged(self.shape.find(record), not is_zero(record.get("byok_usage_inference"))),)


def _flagged(found: Found, is_byok: bool) -> Found:
    return found._replace(flags=("byok",)) if is_byok else found
