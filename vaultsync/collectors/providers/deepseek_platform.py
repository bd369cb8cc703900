"""Read the CSV files of DeepSeek's platform, which come in a ZIP: amounts, and costs.

    user_id,start_time_iso,end_time_iso,model,api_key_name,api_key,type,price,amount
    user_id,start_time_iso,end_time_iso,model,wallet_type,cost,currency

Facts of the formats. Each class of tokens has a row of its own, and one that was not used may have none; rows
that agree in all but class, price and amount are one sum. A class has several rows where its price changed
within the day. The currency, CNY or USD, is only in the file of costs, so the prices are not read.

Source: exports of the usage page of platform.deepseek.com, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vaultsync.collectors.events import REMEDY
from vaultsync.collectors.fields import Shape, joined
from vaultsync.collectors.reading import Reader
from vaultsync.collectors.tables import CsvTable
from vaultsync.collectors.values import BadField, count
from vaultsync.model import Finding, Issue
from vaultsync.text import ALL_MODELS

WHOSE = ("user_id", "start_time_iso", "end_time_iso", "model", "api_key_name", "api_key")


class DeepSeekAmounts(CsvTable):
    """Tokens by day, model and key."""

    name = "deepseek-amounts"
    kind = "document"
    tells = "usage"
    signs = ("type", "price", "amount", "api_key_name", "start_time_iso")
    shape = Shape(
        {
            "when": "start_time_iso",
            "until": "end_time_iso",
            "id": joined(*WHOSE),
            "model": "model",
            "requests": "type:request_count",
            "input": "type:input_cache_miss_tokens",
            "cache_read": "type:input_cache_hit_tokens",
            "output": "type:output_tokens",
        },
        {"provider": "deepseek", "input": 0, "output": 0},
    )

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield an event for the rows that belong together, where the first of them stands."""
        sums: dict[tuple[str | None, ...], tuple[int, dict[str, Any]]] = {}
        for found in self.rows(reader):
            if isinstance(found, Issue):
                yield found
                continue
            line, row = found
            kind = f"type:{row['type'].strip()}"
            _, together = sums.setdefault(tuple(row.get(name) for name in WHOSE), (line, dict(row)))
            try:
                together[kind] = together.get(kind, 0) + count(row["amount"], "the amount")
            except BadField as error:
                yield Issue(reader.file.path, line, f"{error} {REMEDY}")
        for line, together in sums.values():
            if any(name.startswith("type:") for name in together):
                yield from self._events(together, line, reader, self._origin(reader))


class DeepSeekCosts(CsvTable):
    """Money by day, model and wallet."""

    name = "deepseek-costs"
    kind = "document"
    tells = "bills"
    signs = ("wallet_type", "cost", "currency", "start_time_iso")
    shape = Shape(
        {
            "when": "start_time_iso",
            "until": "end_time_iso",
            "id": joined("user_id", "start_time_iso", "end_time_iso", "model", "wallet_type", "currency"),
            "model": "model",
            "cost": "cost",
            "currency": "currency",
        },
        {"provider": "deepseek", "model": ALL_MODELS, "cost_kind": "billed"},
    )
