"""Read the CSV files of Anthropic's Console, and the spend reports of teams.

    usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,
        usage_input_tokens_cache_write_5m,…,usage_output_tokens,web_search_count,inference_geo,speed
    usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,…
    user_email,account_uuid,product,model,total_requests,total_prompt_tokens,total_completion_tokens,
        total_net_spend_usd,total_gross_spend_usd,user_id,total_uncached_input_tokens,…

Facts of the formats. Older files have fewer columns. The usage file names models by their ids, the cost file
by their titles. Costs are rounded to cents in each row, so many rows drift from the invoice. A spend report
tells its period only by its name, `spend-report-NAME-2026-02-01-to-2026-02-28.csv`; rows of services have no
user and no tokens. Net is what is paid, gross the list price. Users and keys make up the identity of a row,
of which only a hash is kept.

Source: exports of the Console's usage and cost pages and of the spend page of Team and Enterprise plans, read
in November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, chosen, joined
from vaultsync.collectors.reading import Reader
from vaultsync.collectors.tables import CsvTable
from vaultsync.collectors.values import BadField, count
from vaultsync.text import ALL_MODELS

BANDS = {"≤200k": "base", ">200k": "long", "0-200k": "base", "200k-1m": "long"}
DIMENSIONS = (
    *("usage_date_utc", "model_version", "model", "api_key", "workspace", "usage_type", "context_window"),
    *("token_type", "cost_type", "inference_geo", "speed"),
)
PERIOD = re.compile(r"(\d{4}-\d\d-\d\d)-to-(\d{4}-\d\d-\d\d)", re.ASCII)
USER = ("user_email", "account_uuid", "user_id", "slack_channel_id", "teams_channel_id")
TITLE = re.compile(r"claude (?P<name>[a-z]+) (?P<version>\d+(\.\d+)?)", re.ASCII)


def _band(row: Mapping[str, Any]) -> str | None:
    return BANDS.get("".join(str(row.get("context_window")).lower().split()))


def model_of(row: Mapping[str, Any]) -> str | None:
    """The id of a model by its title: `Claude Haiku 4.5` is claude-haiku-4-5, but 3 is claude-3-haiku."""
    title = str(row.get("model") or "").strip().lower()
    if not title.startswith("claude "):
        return title or None
    if (match := TITLE.fullmatch(title)) and match["version"].startswith("3"):
        title = f"claude {match['version']} {match['name']}"
    return re.sub(r"[ .]+", "-", title)


class ConsoleUsage(CsvTable):
    """Usage by day and all that the Console tells apart."""

    name = "anthropic-console-usage"
    kind = "document"
    tells = "usage"
    signs = ("usage_date_utc", "usage_input_tokens_no_cache")
    separators = True
    shape = Shape(
        {
            "when": "usage_date_utc",
            "id": joined(*DIMENSIONS),
            "model": "model_version",
            "mode": (chosen("speed", {"fast": "fast"}), "usage_type"),
            "region": "inference_geo",
            "context_band": _band,
            "input": "usage_input_tokens_no_cache",
            "cache_write_5m": "usage_input_tokens_cache_write_5m",
            "cache_write_1h": "usage_input_tokens_cache_write_1h",
            "cache_read": "usage_input_tokens_cache_read",
            "output": "usage_output_tokens",
            "web_searches": "web_search_count",
        },
        {"provider": "anthropic"},
        family="exclusive",
    )

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """As the table says; without a context window the band is unknown."""
        found = self.shape.find(record)
        return (found if "context_band" in found.values else found._replace(flags=("tier_unknown",)),)


class ConsoleCost(CsvTable):
    """Cost by day and all that the Console tells apart."""

    name = "anthropic-console-cost"
    kind = "document"
    tells = "bills"
    signs = ("usage_date_utc", "token_type", "cost_usd")
    separators = True
    shape = Shape(
        {
            "when": "usage_date_utc",
            "id": joined(*DIMENSIONS),
            "model": model_of,
            "mode": (chosen("speed", {"fast": "fast"}), "usage_type"),
            "region": "inference_geo",
            "context_band": _band,
            "cost": "cost_usd",
        },
        {"provider": "anthropic", "model": ALL_MODELS, "cost_kind": "billed"},
    )


class SpendReport(CsvTable):
    """Spend and usage of a period by user, product and model."""

    name = "anthropic-spend-report"
    kind = "document"
    tells = "usage"
    signs = ("total_net_spend_usd", "total_prompt_tokens", "total_completion_tokens")
    separators = True
    shape = Shape(
        {
            "when": "^from",
            "until": "^until",
            "id": joined("^from", "^until", *USER, "product", "model"),
            "model": "model",
            "requests": "total_requests",
            "input": ("total_uncached_input_tokens", "total_prompt_tokens"),
            "cache_read": "total_cache_read_tokens",
            "cache_write_5m": "total_cache_write_5m_tokens",
            "cache_write_1h": "total_cache_write_1h_tokens",
            "output": "total_completion_tokens",
            "web_searches": "total_web_search_count",
            "cost": "total_net_spend_usd",
        },
        {"provider": "anthropic", "model": ALL_MODELS, "cost_kind": "billed"},
        family="exclusive",
    )

    def beside(self, reader: Reader) -> dict[str, Any]:
        """The period, by the name of the file."""
        match = PERIOD.search(reader.file.name)
        try:
            first, last = map(date.fromisoformat, match.groups() if match else ("", ""))
            return {"from": str(first), "until": str(last + timedelta(days=1))}
        except (ValueError, OverflowError):
            return {}

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """As the table says, compared with the stated sum of the prompt."""
        if "^from" not in record:
            raise BadField("the period is only in the name of the file, and this one has none.")
        found = self.shape.find(record)
        if not record.get("total_uncached_input_tokens"):
            return (found._replace(flags=("cache_unknown",)),)
        given = (record.get(name) for name in ("total_prompt_tokens", "total_completion_tokens"))
        found.values["total"] = sum(count(value, "tokens", separators=True) for value in given)
        return (found,)
