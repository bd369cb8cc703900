"""Read what OpenAI says of an organisation: pages of its usage and costs APIs, files of its dashboard.

    {"object": "page", "data": [{"start_time", "end_time",
       "results": [{"object": "organization.usage.completions.result", "input_tokens", "input_cached_tokens",
                    "input_cache_write_tokens", "output_tokens", "num_model_requests", "model", …}]}],
     "has_more", "next_page"}
    {"object": "page", "data": [{"start_time", "end_time",
       "results": [{"object": "organization.costs.result", "amount": {"value", "currency"}, "line_item"}]}]}
    start_time,end_time,start_time_iso,…,num_model_requests,model,batch,service_tier,input_tokens,output_tokens,…
    start_time,end_time,start_time_iso,…,amount_value,amount_currency,quantity,quantity_unit,line_item,…

Facts of the formats. The input is with cached and written tokens; splits by text, audio and image are of the
uncached tokens, those of the cached ones have their own names. Reasoning and prompts of single calls are not
told. `incentivized-tier` is free. Images, speech and searches have no tokens; the cost tells of them. A line
item is a model and a class, with a comma between. In the CSV files empty days are rows of blank cells, and
an export without any usage has but the four columns of time. Recent buckets are revised.

Source: `/v1/organization/usage/completions` and its sisters, `/v1/organization/costs`, and the exports of the
usage page, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vaultsync.collectors.cells import headers
from vaultsync.collectors.families import Found, is_given
from vaultsync.collectors.fields import Getter, Shape, Source, at, chosen, getter, joined
from vaultsync.collectors.outline import head_of
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.tables import CsvTable, JsonTable
from vaultsync.text import ALL_MODELS

TIMES = ("start_time", "end_time", "start_time_iso", "end_time_iso")
WHOSE = ("project_id", "user_id", "api_key_id")
COUNTS = ("input_tokens", "output_tokens")
WITHOUT_OUTPUT = ("organization.usage.embeddings.result", "organization.usage.moderations.result")
USAGE: Mapping[str, Source] = {
    "model": "model",
    "mode": (
        chosen("batch", {"true": "batch"}),
        chosen("service_tier", {"incentivized-tier": "free"}),
        "service_tier",
    ),
    "requests": "num_model_requests",
    "input": "input_tokens",
    "cache_read": "input_cached_tokens",
    "cache_writes": "input_cache_write_tokens",
    "cache_write_30m": "input_cache_write_30m_tokens",
    "cache_write_12h": "input_cache_write_12h_tokens",
    "output": "output_tokens",
    "input_audio": "input_audio_tokens",
    "cache_read_audio": "input_cached_audio_tokens",
    "output_audio": "output_audio_tokens",
}
NAMES = {"provider": "openai", "model": ALL_MODELS}
BILL = {**NAMES, "cost_kind": "billed"}


def _model(source: Source) -> Getter:
    """The model that a line item names before its last comma."""
    get = getter(source)
    return lambda record: str(get(record) or "").rpartition(",")[0].strip() or None


def _priced(found: Found) -> Found:
    """Tokens that were granted cost nothing."""
    if found.values.get("mode") == "free":
        found.values.update(cost="0", cost_kind="billed")
    return found


class OpenAIUsage(JsonTable):
    """Usage by bucket, of completions, embeddings and moderations."""

    name = "openai-usage"
    kind = "document"
    tells = "usage"
    signs = ("data[].results[].object=organization.usage.*",)
    records = "data[].results[]"
    shape = Shape(
        {
            **USAGE,
            "when": "^start_time",
            "until": "^end_time",
            "id": joined("^start_time", "^end_time", "object", *WHOSE, "model", "batch", "service_tier"),
        },
        {"provider": "openai"},
        family="inclusive",
    )

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for what is not counted in tokens."""
        return any(is_given(value) or value for value in map(record.get, COUNTS))

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """As the table says; embeddings and moderations have no output."""
        found = _priced(self.shape.find(record))
        if record.get("object") in WITHOUT_OUTPUT:
            found.values.setdefault("output", 0)
        return (found,)


class OpenAICosts(JsonTable):
    """Costs by day."""

    name = "openai-costs"
    kind = "document"
    tells = "bills"
    signs = ("data[].results[].object=organization.costs.result",)
    records = "data[].results[]"
    shape = Shape(
        {
            "when": "^start_time",
            "until": "^end_time",
            "id": joined("^start_time", "^end_time", "line_item", "quantity_unit", *WHOSE),
            "model": _model("line_item"),
            "cost": "amount.value",
            "currency": "amount.currency",
        },
        BILL,
    )


class DashboardUsage(CsvTable):
    """Usage by day, as the dashboard exports it."""

    name = "openai-dashboard-usage"
    kind = "document"
    tells = "usage"
    signs = ("start_time_iso", "num_model_requests", "input_tokens")
    shape = Shape(
        {
            **USAGE,
            "when": "start_time",
            "until": "end_time",
            "id": joined("start_time", "end_time", *WHOSE, "model", "batch", "service_tier"),
        },
        {"provider": "openai"},
        family="inclusive",
    )

    def claims(self, file: LogFile) -> bool:
        """True for the columns of usage, or for nothing but those of time."""
        return super().claims(file) or any(set(head.names) == {*TIMES} for head in headers(head_of(file)))

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for an empty day."""
        return any((record.get(name) or "").strip() for name in (*COUNTS, "num_model_requests"))

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """As the table says."""
        return (_priced(self.shape.find(record)),)


class DashboardCosts(CsvTable):
    """Costs by day, as the dashboard exports them."""

    name = "openai-dashboard-costs"
    kind = "document"
    tells = "bills"
    signs = ("amount_value", "line_item")
    shape = Shape(
        {
            "when": "start_time",
            "until": "end_time",
            "id": joined(
                *("start_time", "end_time", "line_item", "quantity_unit", *WHOSE),
                *("organization_id", "api_source"),
            ),
            "model": _model("line_item"),
            "cost": "amount_value",
            "currency": "amount_currency",
        },
        BILL,
    )

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for an empty day."""
        return any((at(record, name) or "").strip() for name in ("amount_value", "line_item"))
