"""Read what GitHub says of Copilot: the usage metrics of users by day, and rows of its billing report.

    {"day", "enterprise_id", "user_id", "ai_credits_used",
     "totals_by_cli": {"request_count", "token_usage": {"prompt_tokens_sum", "output_tokens_sum"}}}
    date,username,product,sku,model,quantity,unit_type,applied_cost_per_quantity,gross_amount,discount_amount,
        net_amount,…,organization,repository,cost_center_name[,exceeds_quota,input,output,cache_read,cache_write]

Facts of the formats. Metrics tell tokens of the command line program only, and of no model. A bill's gross
amount is what the credits are worth, and the net amount what is paid beyond the quota; as long as that is
nothing, the plan covers the row. Newer reports tell tokens too. Models have the names that the editor shows,
perhaps after `Auto: `. Some downloads wrap each line in quotes.

Source: the Copilot usage metrics API and the billing report of premium requests and AI credits, read
in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaultsync.collectors.agents.copilot import PROVIDER
from vaultsync.collectors.fields import Shape, Source, joined
from vaultsync.collectors.outline import first_record, head_of
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.records import json_object
from vaultsync.collectors.tables import CsvTable, JsonTable
from vaultsync.collectors.values import is_zero
from vaultsync.text import ALL_MODELS

DIMENSIONS = (
    *("date", "username", "product", "sku", "model", "unit_type", "applied_cost_per_quantity"),
    *("organization", "repository", "cost_center_name", "exceeds_quota"),
)
TOKENS = ("input", "output", "cache_read", "cache_write")


class CopilotMetrics(JsonTable):
    """What a user did on a day."""

    name = "copilot-metrics"
    kind = "document"
    tells = "usage"
    shape = Shape(
        {
            "when": "day",
            "id": joined("day", "enterprise_id", "organization_id", "user_id"),
            "requests": "totals_by_cli.request_count",
            "input": "totals_by_cli.token_usage.prompt_tokens_sum",
            "output": "totals_by_cli.token_usage.output_tokens_sum",
        },
        {"provider": PROVIDER},
        flags=("cache_unknown",),
    )

    def claims(self, file: LogFile) -> bool:
        """True when the first record is a day of Copilot."""
        first = first_record(head_of(file))
        names = ("totals_by_cli", "ai_credits_used", "totals_by_ide")
        return first.shows("day") and any(map(first.shows, names))

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for a day on which the command line program was not used."""
        return any(not is_zero(value) for value in _token_usage(record).values())


def _token_usage(record: Mapping[str, Any]) -> dict[str, Any]:
    return json_object(json_object(record.get("totals_by_cli")).get("token_usage"))


def _kind(row: Mapping[str, Any]) -> str:
    """What the plan covers is not paid."""
    is_covered = is_zero(row.get("net_amount")) and not is_zero(row.get("gross_amount"))
    return "notional" if is_covered else "billed"


ROW: Mapping[str, Source] = {
    "when": "date",
    "id": joined(*DIMENSIONS),
    "project": "repository",
    "model": lambda row: str(row.get("model") or "").removeprefix("Auto: "),
    "cost": "net_amount",
    "cost_kind": _kind,
}


class _Report(CsvTable):
    """What a user has spent on a day, by model."""

    kind = "document"

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for other products of the same bill."""
        return (record.get("product") or "").strip().lower() == "copilot"


class CopilotBilling(_Report):
    """Reports of money alone."""

    name = "copilot-billing"
    tells = "bills"
    signs = ("applied_cost_per_quantity", "net_amount", "product")
    foreign = ("cache_read",)
    shape = Shape(ROW, {"provider": PROVIDER, "model": ALL_MODELS})


class CopilotTokens(_Report):
    """Reports that tell tokens too."""

    name = "copilot-tokens"
    tells = "usage"
    signs = ("applied_cost_per_quantity", "net_amount", *TOKENS)
    shape = Shape({**ROW, **{name: name for name in TOKENS}}, {"provider": PROVIDER, "input": 0, "output": 0})
