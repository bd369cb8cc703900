"""Azure: dates of either order, meters without grammar, metrics that are told one by one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests.collectors.support import SAMPLES, events, read, rejected, written
from vaultsync.collectors.providers.azure import AzureCosts, AzureMetrics, model_of

HEAD = "date,meterCategory,meterName,quantity,costInBillingCurrency,billingCurrency\n"


@pytest.mark.parametrize(
    ("days", "first"),
    [
        (["02/10/2026", "02/11/2026"], date(2026, 2, 10)),
        (["02/10/2025", "13/10/2025"], date(2025, 10, 2)),
        (["2026-02-10", "13/10/2025"], date(2026, 2, 10)),
        (["2/1/2026"], date(2026, 2, 1)),
        (["02/10/2026", "42/11/2026"], date(2026, 2, 10)),
        (["02/10/2026", "02/13/2026", "22/11/2026"], date(2026, 2, 10)),
    ],
)
def test_the_rest_of_the_file_says_what_a_date_means(tmp_path: Path, days: list[str], first: date) -> None:
    rows = "".join(f"{day},Azure OpenAI,PTU Hours,1,3.00,USD\n" for day in days)
    found = read(AzureCosts(), written(tmp_path / "a.csv", HEAD + rows))
    assert events(found)[0].when.date() == first and events(found)[0].grain == "day"
    assert len(events(found)) + len(rejected(found)) == len(days)


@pytest.mark.parametrize(
    ("meter", "model"),
    [
        ("gpt 4o 1120 Inp glbl Tokens", "gpt-4o"),
        ("gpt 4o 1120 cached Inp glbl Tokens", "gpt-4o"),
        ("o4-mini 0416 Outp glbl Tokens", "o4-mini"),
        ("5.5 ShortCo inp Gl 1M Tokens", "gpt-5.5"),
        ("PTU Hours", None),
        ("Inp Tokens", None),
    ],
)
def test_the_model_stands_in_front_of_the_class(meter: str, model: str | None) -> None:
    assert model_of(meter) == model


def test_a_later_export_replaces_the_amounts_of_a_row(tmp_path: Path) -> None:
    row = "2026-02-10,Azure OpenAI,PTU Hours,{},{},USD\n"
    texts = (HEAD + row.format(1, "3.00"), HEAD + row.format(2, "6.00"))
    one, other = (events(read(AzureCosts(), written(tmp_path / "a.csv", text)))[0] for text in texts)
    assert one.key == other.key and one.cost != other.cost


def test_a_bill_tells_money_and_nothing_else() -> None:
    for event in events(read(AzureCosts(), SAMPLES / "azure_costs.csv")):
        assert event.tokens.total == event.requests == 0 and event.cost_kind == "billed"


def test_metrics_by_the_day_are_known_to_the_day(tmp_path: Path) -> None:
    page = json.loads((SAMPLES / "azure_metrics.json").read_text())
    path = written(tmp_path / "a.json", json.dumps({**page, "interval": "P1D"}))
    assert {event.grain for event in events(read(AzureMetrics(), path))} == {"day"}
