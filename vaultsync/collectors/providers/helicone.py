"""Read the requests that Helicone has logged.

    {"request_id", "request_created_at", "request_model", "response_model", "provider": "OPENAI", "delay_ms",
     "prompt_tokens", "completion_tokens", "total_tokens", "prompt_cache_read_tokens",
     "prompt_cache_write_tokens", "cost": 16348000, "costUSD": 0.016348, "cache_reference_id",
     "properties": {"project"}}

Facts of the format. Whether prompts include cached tokens is the provider's habit, and the total tells. Some
stores keep `cost` in billionths of a dollar and others in dollars, so only `costUSD` is read. An answer from
Helicone's own cache refers to the request that was paid for; the reference of others is null or all zeros.

Source: `POST /v1/request/query`, read in November 2026; the layout of file exports is not documented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vaultsync.collectors.families import Found, is_given
from vaultsync.collectors.fields import Shape
from vaultsync.collectors.providers.names import usual
from vaultsync.collectors.tables import JsonTable
from vaultsync.collectors.values import is_zero

EXCLUSIVE = ("anthropic", "aws-bedrock")
"""Providers whose prompts are without cached tokens."""
COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


class Helicone(JsonTable):
    """Requests line by line or in an array."""

    name = "helicone"
    signs = ("request_created_at", "costUSD")
    shape = Shape(
        {
            "when": "request_created_at",
            "id": "request_id",
            "project": ("properties.project", "request_properties.project"),
            "provider": usual("provider"),
            "model": ("response_model", "model", "request_model"),
            "duration_ms": "delay_ms",
            "input": "prompt_tokens",
            "cache_read": "prompt_cache_read_tokens",
            "cache_writes": "prompt_cache_write_tokens",
            "input_audio": "prompt_audio_tokens",
            "output": "completion_tokens",
            "output_audio": "completion_audio_tokens",
            "total": "total_tokens",
            "cost": "costUSD",
        },
        {"cost_kind": "estimated"},
        family="inclusive",
    )

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for a request that failed before it used anything."""
        return not all(is_zero(record.get(name)) for name in COUNTS)

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """The call, read as its provider counts."""
        found = self.shape.find(record)
        if str(record.get("cache_reference_id") or "").strip("0-"):
            found.values.update(cost=0, cost_kind="charged")
        elif is_zero(found.values.get("cost")):
            found.values.pop("cost", None)
            unclear = is_given(record.get("cost")) and not is_zero(record["cost"])
            found = found._replace(flags=("bad_cost",) if unclear else ())
        exclusive = found.values.get("provider") in EXCLUSIVE
        return (found._replace(family="exclusive") if exclusive else found,)


class HeliconePages(Helicone):
    """Requests in pages of the API."""

    name = "helicone-pages"
    source = Helicone.name
    signs = ("data[].request_created_at", "data[].costUSD")
    records = "data[]"
