"""Read the reports of Anthropic's Admin API: usage, cost, and what people did with Claude Code.

    {"data": [{"starting_at", "ending_at",
               "results": [{"uncached_input_tokens", "cache_creation": {"ephemeral_5m_input_tokens"},
                            "cache_read_input_tokens", "output_tokens", "server_tool_use": {...},
                            "model", "service_tier", "context_window", "inference_geo", "workspace_id"}]}],
     "has_more", "next_page"}
    {"data": [{"starting_at", "ending_at", "results": [{"amount": "123.78912", "currency", "cost_type",
               "description", "model", "token_type", …}]}]}
    {"data": [{"date", "actor", "customer_type", "terminal_type",
               "model_breakdown": [{"model", "tokens": {...}, "estimated_cost": {"currency", "amount"}}]}]}

Facts of the formats. All money is in cents. A dimension that was not asked for is null; without a context
window the price band is not known. No report counts requests. Recent buckets are revised, so a result is
known by its bucket and its dimensions. The cost report has no tokens, and never tells of priority tiers. What
Claude Code's report estimates costs nothing more under a subscription; it is a sum over a day, in UTC.

Source: `/v1/organizations/usage_report/messages`, `/cost_report` and `/usage_report/claude_code`, read in
November 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, chosen, joined, scaled
from vaultsync.collectors.tables import JsonTable
from vaultsync.collectors.values import BadField, quote
from vaultsync.text import ALL_MODELS

BUCKET = ("^starting_at", "^ending_at")
DIMENSIONS = (
    *("api_key_id", "workspace_id", "model", "service_tier", "context_window", "inference_geo", "speed"),
    *("account_id", "service_account_id"),
)
COST_DIMENSIONS = (
    *("workspace_id", "description", "cost_type", "model", "token_type", "service_tier", "context_window"),
    *("inference_geo", "speed"),
)
ACTOR = ("actor.type", "actor.email_address", "actor.api_key_name")
BANDS = {"0-200k": "base", "200k-1m": "long"}


class AnthropicUsage(JsonTable):
    """Usage reports of an organisation."""

    name = "anthropic-usage"
    kind = "document"
    tells = "usage"
    signs = ("data[].results[].uncached_input_tokens",)
    records = "data[].results[]"
    shape = Shape(
        {
            "when": "^starting_at",
            "until": "^ending_at",
            "id": joined(*BUCKET, *DIMENSIONS),
            "model": "model",
            "mode": (chosen("speed", {"fast": "fast"}), "service_tier"),
            "region": "inference_geo",
            "context_band": chosen("context_window", BANDS),
            "input": "uncached_input_tokens",
            "cache_read": "cache_read_input_tokens",
            "cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
            "cache_write_1h": "cache_creation.ephemeral_1h_input_tokens",
            "output": "output_tokens",
            "web_searches": "server_tool_use.web_search_requests",
        },
        {"provider": "anthropic"},
        family="exclusive",
    )

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """As the table says; without a context window the band is unknown."""
        found = self.shape.find(record)
        return (found if "context_band" in found.values else found._replace(flags=("tier_unknown",)),)


class AnthropicCost(JsonTable):
    """Cost reports of an organisation."""

    name = "anthropic-cost"
    kind = "document"
    tells = "bills"
    signs = ("data[].starting_at", "data[].results[].amount", "data[].results[].currency")
    records = "data[].results[]"
    shape = Shape(
        {
            "when": "^starting_at",
            "until": "^ending_at",
            "id": joined(*BUCKET, *COST_DIMENSIONS),
            "model": "model",
            "mode": (chosen("speed", {"fast": "fast"}), "service_tier"),
            "region": "inference_geo",
            "context_band": chosen("context_window", BANDS),
            "cost": scaled("amount", -2),
            "currency": "currency",
        },
        {"provider": "anthropic", "model": ALL_MODELS, "cost_kind": "billed"},
    )


class ClaudeCodeAnalytics(JsonTable):
    """Days of people, terminals and models."""

    name = "claude-code-analytics"
    kind = "document"
    tells = "usage"
    signs = ("data[].model_breakdown", "data[].date")
    records = "data[]"
    grain = "day"
    shape = Shape(
        {
            "when": "date",
            "id": joined("date", *ACTOR, "organization_id", "customer_type", "terminal_type", "part.model"),
            "model": "part.model",
            "input": "part.tokens.input",
            "cache_read": "part.tokens.cache_read",
            "cache_writes": "part.tokens.cache_creation",
            "output": "part.tokens.output",
            "cost": scaled("part.estimated_cost.amount", -2),
            "currency": "part.estimated_cost.currency",
            "cost_kind": chosen("customer_type", {"subscription": "notional"}),
        },
        {"provider": "anthropic", "cost_kind": "estimated"},
        family="exclusive",
    )

    def look(self, record: Mapping[str, Any]) -> Iterator[Found]:
        """One event for each model that was used."""
        parts = record.get("model_breakdown")
        if not isinstance(parts, list):
            raise BadField(f"model breakdown is {quote(parts)}, not a list.")
        for part in parts:
            if not isinstance(part, dict):
                raise BadField(f"a part of the model breakdown is {quote(part)}, not an object.")
            yield self.shape.find({**record, "part": part})
