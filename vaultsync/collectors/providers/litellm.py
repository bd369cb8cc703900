"""Read what LiteLLM's proxy logs: a row per call, as a table or as its callbacks tell it, and sums by day.

    {"request_id", "call_type", "spend", "prompt_tokens", "completion_tokens", "total_tokens", "startTime",
     "model", "custom_llm_provider", "cache_hit": "False", "status", "session_id",
     "metadata": "{\\"user_api_key_alias\\", \\"usage_object\\": {…}}"}
    {"id", "call_type", "response_cost", "startTime": 1770714000.0, "cache_hit": null, "metadata": {…}, …}
    {"date", "api_key", "model", "model_group", "custom_llm_provider", "prompt_tokens", "completion_tokens",
     "cache_read_input_tokens", "cache_creation_input_tokens", "spend", "api_requests"}

Facts of the formats. Prompts include what was read from a cache and written to it, of Anthropic's models too.
How much that was stands in the usage object, in older rows in the additional values, else nowhere. A row is
named by the id of the provider's response. What the proxy answered from its own cache costs nothing, though
its tokens are told again. The spend is by LiteLLM's price list, and 0 too where that knows no price. The
key's alias is the project; the key itself is not read.

Source: the tables `LiteLLM_SpendLogs` and `LiteLLM_DailyUserSpend`, the spend endpoints, and the payload
`StandardLoggingPayload` of callbacks, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vaultsync.collectors.families import Found, is_given
from vaultsync.collectors.fields import Shape, joined
from vaultsync.collectors.providers.names import usual
from vaultsync.collectors.records import json_object
from vaultsync.collectors.tables import CsvTable, JsonTable
from vaultsync.collectors.values import is_zero

CALL = Shape(
    {
        "when": "startTime",
        "response": ("request_id", "id"),
        "session": "session_id",
        "provider": usual("custom_llm_provider"),
        "model": "model",
        "input": "prompt_tokens",
        "output": "completion_tokens",
        "total": "total_tokens",
        "cost": ("spend", "response_cost"),
    },
    {"cost_kind": "charged"},
    family="inclusive",
)
DETAILS = Shape(
    {
        "cache_read": ("prompt_tokens_details.cached_tokens", "cache_read_input_tokens"),
        "cache_writes": ("cache_creation_input_tokens", "prompt_tokens_details.cache_creation_tokens"),
        "cache_write_5m": (
            "prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens",
            "cache_creation.ephemeral_5m_input_tokens",
        ),
        "cache_write_1h": (
            "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",
            "cache_creation.ephemeral_1h_input_tokens",
        ),
        "input_audio": "prompt_tokens_details.audio_tokens",
        "reasoning": "completion_tokens_details.reasoning_tokens",
        "output_audio": "completion_tokens_details.audio_tokens",
    }
)
"""Where the parts of the counts stand in a usage object."""
ALIAS = Shape({"project": "user_api_key_alias"})
DIMENSIONS = ("date", "user_id", "api_key", "model", "model_group", "custom_llm_provider", "endpoint")
HITS = ("true", "1")


class _Calls:
    """What all rows of single calls share."""

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for a call that failed before it used anything."""
        return not all(is_zero(record.get(name)) for name in ("total_tokens", "prompt_tokens", "spend"))

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """The call, with the parts of its counts as far as they are told."""
        found = CALL.find(record)
        metadata = json_object(record.get("metadata"))
        usage = json_object(metadata.get("usage_object")) or json_object(
            metadata.get("additional_usage_values")
        )
        found.values.update(DETAILS.find(usage).values | ALIAS.find(metadata).values)
        if str(record.get("cache_hit")).strip().lower() in HITS:
            _make_hit(found)
        elif is_zero(found.values.get("cost")):
            found.values.pop("cost", None)
        return (found if usage else found._replace(flags=("cache_unknown",)),)


class LiteLlm(_Calls, JsonTable):
    """Rows of calls, line by line or in an array."""

    name = "litellm"
    signs = ("call_type", "custom_llm_provider", "prompt_tokens", "startTime")


class LiteLlmPages(_Calls, JsonTable):
    """The same rows in pages of the proxy's endpoint."""

    name = "litellm-pages"
    source = LiteLlm.name
    signs = tuple(f"data[].{sign}" for sign in LiteLlm.signs)
    records = "data[]"


class LiteLlmDump(_Calls, CsvTable):
    """The same rows as a dump of the table."""

    name = "litellm-dump"
    source = LiteLlm.name
    signs = LiteLlm.signs


class LiteLlmDays(CsvTable):
    """Sums by day, user, key and model as a dump of their table."""

    name = "litellm-days"
    kind = "document"
    tells = "usage"
    signs = ("date", "api_key", "custom_llm_provider", "api_requests")
    grain = "day"
    shape = Shape(
        {
            "when": "date",
            "id": joined(*DIMENSIONS),
            "provider": usual("custom_llm_provider"),
            "model": "model",
            "requests": "api_requests",
            "input": "prompt_tokens",
            "cache_read": "cache_read_input_tokens",
            "cache_writes": "cache_creation_input_tokens",
            "output": "completion_tokens",
            "cost": "spend",
        },
        {"cost_kind": "charged"},
        family="inclusive",
    )


def _make_hit(found: Found) -> None:
    """Let a call have cost nothing; it bears the id of the response that it repeats, so its time names it."""
    values = found.values
    values["cost"] = 0
    if is_given(response := values.pop("response", None)):
        values["id"] = f"{response}:{values.get('when')}"
