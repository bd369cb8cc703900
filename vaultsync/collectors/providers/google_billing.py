"""Read what Google Cloud bills for models: the cost table as CSV, and rows of the export to BigQuery.

    Date,Service description,Service ID,SKU description,SKU ID,Usage amount,Usage unit,List cost ($),…,
        Unrounded subtotal ($),Subtotal ($)
    {"service": {"id", "description"}, "sku": {"id", "description"}, "usage_start_time", "usage_end_time",
     "project": {"id"}, "labels": [{"key", "value"}], "cost", "currency", "credits": [{"amount"}], …}

Facts of the formats. A bill is of all services, so rows that are not about models are passed over, and so are
the sums at the end of the table, which have no date. The currency of the table stands in its headings. Words
of a SKU tell the model and the class, in units that differ, so only the money is read. Credits are negative,
and taken off the cost of their row.

Source: the cost table report and the standard usage cost export of Cloud Billing, read in November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vaultsync.collectors.fields import Shape, Source, at, getter, joined
from vaultsync.collectors.tables import CsvTable, JsonTable
from vaultsync.collectors.values import BadField, money, quote
from vaultsync.text import ALL_MODELS

MODEL_LABEL = "goog-generativelanguage-model"
CURRENCIES = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
BILL = {"provider": "google", "model": ALL_MODELS, "cost_kind": "billed"}
_is_about_models = re.compile(r"gemini|generative language", re.IGNORECASE).search
_may_be_about_models = re.compile(r"vertex ai", re.IGNORECASE).search
_has_model = re.compile(
    r"gemini|claude|llama|mistral|imagen|veo|gemma|embedding|token|grounding", re.IGNORECASE
).search
_name_in = re.compile(
    r"\b(gemini(?: embedding)?(?: \d+(?:\.\d+)?)?(?: (?:pro|flash|lite|ultra|nano|live))*)\b"
).search
_HEADING = re.compile(r"(?P<words>[^()]*?)\s*\((?P<currency>[^()]+)\)")


def _is_bill(service: object, sku: object) -> bool:
    """Say whether a row is about models, by the words of its service and its SKU."""
    names, words = str(service or ""), str(sku or "")
    return bool(_is_about_models(names) or (_may_be_about_models(names) and _has_model(words)))


def model_of(sku: object) -> str | None:
    """The model that a SKU names: `… token count gemini 2.5 pro short input text` is of gemini-2.5-pro."""
    match = _name_in(str(sku or "").lower())
    return match[1].replace(" ", "-") if match else None


def _mode(source: Source) -> Any:
    get = getter(source)

    def read(record: Mapping[str, Any]) -> str | None:
        words = str(get(record) or "").lower().split()
        return next((mode for mode in ("batch", "flex", "priority") if mode in words), None)

    return read


def _amount(row: Mapping[str, Any]) -> tuple[object, str | None]:
    """What a row costs, and in which currency, from the exactest column that is there."""
    for asked in ("unrounded subtotal", "subtotal", "cost"):
        for heading, value in row.items():
            match = _HEADING.fullmatch(heading.strip())
            if match and match["words"].lower() == asked:
                return value, match["currency"].strip()
    return None, None


def _currency(row: Mapping[str, Any]) -> str | None:
    sign = _amount(row)[1]
    name = None if sign is None else CURRENCIES.get(sign, sign)
    if name is not None and not re.fullmatch("[A-Z]{3}", name):
        raise BadField(f"the currency in the heading is {quote(sign)}; it is a code such as EUR.")
    return name


def _row_id(row: Mapping[str, Any]) -> object:
    """All that tells rows apart: every column but the amounts."""
    names = sorted(name for name in row if "(" not in name and name[:1] != "^" and name != "Usage amount")
    return joined(*((lambda record, name=name: record[name]) for name in names))(row)


class GoogleCostTable(CsvTable):
    """The cost table of a billing account."""

    name = "google-cost-table"
    kind = "document"
    tells = "bills"
    signs = ("SKU description", "Service description", "Date")
    separators = True
    shape = Shape(
        {
            "when": "Date",
            "id": _row_id,
            "model": lambda row: model_of(row.get("SKU description")),
            "mode": _mode("SKU description"),
            "project": "Project ID",
            "cost": lambda row: _amount(row)[0],
            "currency": _currency,
        },
        BILL,
    )

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for sums, and for what is not about models."""
        service, sku = record.get("Service description"), record.get("SKU description")
        return bool((record.get("Date") or "").strip()) and _is_bill(service, sku)


def _labelled(record: Mapping[str, Any]) -> object:
    labels = record.get("labels")
    given = [one for one in labels if isinstance(one, dict)] if isinstance(labels, list) else []
    return next((one.get("value") for one in given if one.get("key") == MODEL_LABEL), None)


def _net(record: Mapping[str, Any]) -> object:
    """The cost with its credits; what is no money is passed on, for the door of costs to tell."""
    credits = record.get("credits")
    given = [one for one in credits if isinstance(one, dict)] if isinstance(credits, list) else []
    net = Decimal(0)
    for value in (record.get("cost"), *(one.get("amount") for one in given)):
        text = str(value)
        try:
            net += -money(text[1:]) if text.startswith("-") else money(text)
        except BadField:
            return value
    return net


class GoogleBillingExport(JsonTable):
    """Rows of the export to BigQuery, saved as JSON."""

    name = "google-billing-export"
    kind = "document"
    tells = "bills"
    signs = ("sku.description", "service.description", "usage_start_time", "cost")
    shape = Shape(
        {
            "when": "usage_start_time",
            "until": "usage_end_time",
            "id": joined(
                *("usage_start_time", "usage_end_time", "service.id", "sku.id", "project.id", "labels"),
                *("location", "cost_type", "invoice.month", "currency", "export_time", "resource.name"),
            ),
            "model": (_labelled, lambda record: model_of(at(record, "sku.description"))),
            "mode": _mode("sku.description"),
            "project": "project.id",
            "cost": _net,
            "currency": "currency",
        },
        BILL,
    )

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for what is not about models."""
        return _is_bill(at(record, "service.description"), at(record, "sku.description"))
