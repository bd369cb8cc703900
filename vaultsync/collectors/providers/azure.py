"""Read what Azure says of models: exports of Cost Management as CSV, and answers of Monitor's metrics API.

    date,meterCategory,meterName,unitOfMeasure,quantity,costInBillingCurrency,billingCurrency
    {"interval": "PT1H", "value": [{"name": {"value": "ProcessedPromptTokens"}, "timeseries": [
        {"metadatavalues": [{"name": {"value": "modelname"}, "value": "gpt-4o"}],
         "data": [{"timeStamp", "total"}]}]}]}

Facts of the formats. Columns of the export differ by account in their names and in capitals. Dates like
02/10/2026 begin with the month, unless another row shows that they cannot. A bill is of all services, so rows
that are not about models are passed over. Names of meters follow no grammar, so only their money is read, and
the model as far as it stands in front: `gpt 4o 1120 cached Inp glbl Tokens`. Metrics do not tell cached
tokens apart; where they are split by deployment alone, its name stands for the model.

Source: Cost Management exports, and `GET …/providers/Microsoft.Insights/metrics`, read in November 2026. The
list of columns and the names of meters are not fully documented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, timedelta
from functools import partial
from typing import Any

from vaultsync.collectors.cells import Header
from vaultsync.collectors.events import events
from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, joined
from vaultsync.collectors.outline import Lines
from vaultsync.collectors.reading import Reader
from vaultsync.collectors.records import below, json_object, surround
from vaultsync.collectors.tables import CsvTable, JsonTable
from vaultsync.collectors.values import instant, is_zero
from vaultsync.model import Finding, Issue
from vaultsync.text import ALL_MODELS

DATES = ("date", "usagedate", "usagedatetime")
COSTS = ("costinbillingcurrency", "cost", "pretaxcost")
CURRENCIES = ("billingcurrency", "billingcurrencycode", "currency")
AMOUNTS = ("quantity", *COSTS, "costinusd", "costinpricingcurrency")
"""Columns that a later export may tell anew; all others tell rows apart."""
_is_about_models = re.compile(r"openai|foundry models", re.IGNORECASE).search
_date = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})").fullmatch
_of_class = re.compile(
    r"\b(inp|inpt|input|outp|outpt|opt|output|cached|cchd|shortco|longco|batch)\b.*", re.IGNORECASE
)


def model_of(meter: object) -> str | None:
    """The model at the beginning of a meter's name, without the month and day of its version."""
    words = _of_class.sub("", str(meter or "")).lower().split()
    if not words or words == str(meter).lower().split():
        return None
    if len(words) > 1 and re.fullmatch(r"\d{4}", words[-1]):
        words = words[:-1]
    name = "-".join(words)
    return f"gpt-{name}" if name[:1].isdigit() else name


def _row_id(row: Mapping[str, Any]) -> object:
    names = sorted(name for name in row if name not in AMOUNTS and name[:1] != "^")
    return joined(*((lambda record, name=name: record[name]) for name in names))(row)


class AzureCosts(CsvTable):
    """Rows of a cost export; columns in lower case."""

    name = "azure-costs"
    kind = "document"
    tells = "bills"
    separators = True
    shape = Shape(
        {
            "when": DATES,
            "id": _row_id,
            "model": lambda row: model_of(row.get("metername")),
            "cost": COSTS,
            "currency": CURRENCIES,
        },
        {"provider": "azure", "model": ALL_MODELS, "cost_kind": "billed"},
    )
    grain = "day"

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for what is not about models."""
        names = (record.get(name) or "" for name in ("metercategory", "metersubcategory", "metername"))
        return bool(_is_about_models(" ".join(names)))

    def rows(self, reader: Reader) -> Iterator[tuple[int, dict[str, str]] | Issue]:
        """The rows with their columns in lower case and their dates as everywhere else."""
        found = [
            row if isinstance(row, Issue) else (row[0], {name.lower(): cell for name, cell in row[1].items()})
            for row in super().rows(reader)
        ]
        cells = [
            cell for row in found if not isinstance(row, Issue) for cell in map(row[1].get, DATES) if cell
        ]
        is_day_first = _is_day_first(cells)
        for row in found:
            if not isinstance(row, Issue):
                row[1].update({name: _iso(row[1][name], is_day_first) for name in DATES if name in row[1]})
            yield row

    def _is_ours(self, head: Header) -> bool:
        names = {name.lower() for name in head.names}
        return "metername" in names and all(map(names.intersection, (DATES, COSTS, CURRENCIES)))


def _is_day_first(cells: Iterable[str]) -> bool:
    """Say whether more dates must begin with the day than must begin with the month; one may be a slip."""
    days = months = 0
    for first, second in (map(int, match.group(1, 2)) for cell in cells if (match := _date(cell.strip()))):
        days += 12 < first <= 31 and 1 <= second <= 12
        months += 12 < second <= 31 and 1 <= first <= 12
    return days > months


def _iso(cell: str, is_day_first: bool) -> str:
    match = _date(cell.strip())
    if match is None:
        return cell
    month, day = (match[2], match[1]) if is_day_first else (match[1], match[2])
    return f"{match[3]}-{month:0>2}-{day:0>2}"


FIELDS = {
    "processedprompttokens": "input",
    "inputtokens": "input",
    "generatedtokens": "output",
    "outputtokens": "output",
    "azureopenairequests": "requests",
    "modelrequests": "requests",
}
"""Name of a metric, former and present -> field of the event."""


class AzureMetrics(JsonTable):
    """Sums by time, deployment and model; each metric is told by itself, and an event joins them."""

    name = "azure-metrics"
    kind = "document"
    tells = "usage"
    signs = ("value[].timeseries", "value[].name.value")
    shape = Shape(
        {
            "when": "timestamp",
            "id": joined("^interval", "timestamp", "modeldeploymentname", "modelname", "^resourceregion"),
            "model": ("modelname", "modeldeploymentname"),
            **{field: field for field in FIELDS.values()},
        },
        {"provider": "azure", "input": 0, "output": 0},
        flags=("cache_unknown",),
    )

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield an event for each time of each deployment and model."""
        origin = self._origin(reader)
        for found in self._pages(reader):
            if isinstance(found, Issue):
                yield found
                continue
            where, top, path = found
            for there, page in below(top, "", path):
                line = partial(where.of, there) if isinstance(where, Lines) else where
                for record in _sums(page) if isinstance(page, dict) else ():
                    yield from events(record, line, reader, origin, self.look)

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """As the table says; steps of a day are known to the day, shorter ones to the hour."""
        found = self.shape.find(record)
        width = timedelta(days=1) if str(record.get("^interval")).endswith("D") else timedelta(hours=1)
        found.values["until"] = (instant(found.values.get("when"), UTC) + width).isoformat()
        return (found,)


def _sums(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The points of all metrics of a page, joined by time and dimensions."""
    joint: dict[tuple[str, ...], dict[str, Any]] = {}
    for metric, series, point in _points(page):
        field = FIELDS.get(_name(metric))
        if field is None or is_zero(point.get("total")):
            continue
        about = {_name(one): str(one.get("value")) for one in _objects(series.get("metadatavalues"))}
        about["timestamp"] = str(point.get("timeStamp"))
        record = joint.setdefault(tuple(sorted(f"{name}={value}" for name, value in about.items())), about)
        record[field] = point["total"]
    for record in joint.values():
        surround(record, page)
        yield record


def _points(page: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    for metric in _objects(page.get("value")):
        for series in _objects(metric.get("timeseries")):
            for point in _objects(series.get("data")):
                yield metric, series, point


def _name(holder: Mapping[str, Any]) -> str:
    return str(json_object(holder.get("name")).get("value")).lower()


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
