"""Reports of OpenAI, Google and DeepSeek: what no sample shows."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.collectors.support import SAMPLES, events, issues, plain, read, rejected, written
from vaultsync.collectors.providers.deepseek_platform import DeepSeekAmounts
from vaultsync.collectors.providers.google_billing import GoogleBillingExport, GoogleCostTable, model_of
from vaultsync.collectors.providers.openai_reports import DashboardUsage, OpenAICosts
from vaultsync.collectors.reading import LogFile

TABLE = "Date,Service description,Service ID,SKU description,SKU ID,{}\n2026-02-10,Gemini API,A,x,1,{}\n"


def test_four_columns_of_time_are_an_export_without_usage(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "start_time,end_time,start_time_iso,end_time_iso,more\n")
    assert read(DashboardUsage(), SAMPLES / "openai_nothing.csv") == []
    assert not DashboardUsage().claims(LogFile.look(path))


@pytest.mark.parametrize(
    ("item", "model"), [("gpt-5, input", "gpt-5"), ("a,b, c", "a,b"), ("tools", "(all)")]
)
def test_line_item_names_a_model_before_its_last_comma(tmp_path: Path, item: str, model: str) -> None:
    page = json.loads((SAMPLES / "openai_costs.json").read_text())
    page["data"][0]["results"] = [page["data"][0]["results"][0] | {"line_item": item}]
    (event,) = events(read(OpenAICosts(), written(tmp_path / "a.json", json.dumps(page))))
    assert event.model == model


@pytest.mark.parametrize(
    ("heading", "currency", "cost"),
    [
        ("Subtotal ($)", "USD", "1.5"),
        ("Subtotal (€)", "EUR", "1.5"),
        ("Cost (CHF)", "CHF", "1.5"),
        ("Subtotal (£),Unrounded subtotal (£)", "GBP", "1.4999"),
    ],
)
def test_currency_stands_in_the_heading(tmp_path: Path, heading: str, currency: str, cost: str) -> None:
    text = TABLE.format(heading, "1.5,1.4999" if "," in heading else "1.5")
    (event,) = events(read(GoogleCostTable(), written(tmp_path / "a.csv", text)))
    assert (event.currency, event.cost, event.tokens.total) == (currency, Decimal(cost), 0)


def test_currency_that_is_no_code_is_told(tmp_path: Path) -> None:
    found = read(GoogleCostTable(), written(tmp_path / "a.csv", TABLE.format("Subtotal (zł)", "1.5")))
    assert not events(found) and "currency in the heading" in issues(found)[0].text


@pytest.mark.parametrize(
    ("sku", "model"),
    [
        ("Generate content output token count gemini 2.5 flash lite long text", "gemini-2.5-flash-lite"),
        ("Generate content cached input token count Gemini 3 pro short", "gemini-3-pro"),
        ("Grounding with Google Search", None),
    ],
)
def test_model_by_the_words_of_a_sku(sku: str, model: str | None) -> None:
    assert model_of(sku) == model


def test_bad_credit_is_told_and_not_left_out(tmp_path: Path) -> None:
    row = json.loads((SAMPLES / "google_billing_export.jsonl").read_text().splitlines()[0])
    row["credits"].append({"amount": "much"})
    found = read(GoogleBillingExport(), written(tmp_path / "a.json", json.dumps(row)))
    assert rejected(found) == [1] and not events(found)


def test_order_of_the_rows_of_a_sum_does_not_matter(tmp_path: Path) -> None:
    head, *rows = (SAMPLES / "deepseek_amount.csv").read_text(encoding="utf-8-sig").splitlines()[:5]
    texts = ["\n".join([head, *order]) + "\n" for order in (rows, rows[::-1])]
    one, other = (plain(read(DeepSeekAmounts(), written(tmp_path / "a.csv", text))) for text in texts)
    assert one == other and len(one) == 1


def test_sum_whose_rows_are_all_bad_is_none(tmp_path: Path) -> None:
    head, row = (SAMPLES / "deepseek_amount.csv").read_text(encoding="utf-8-sig").splitlines()[:2]
    bad = row.replace("900000", "-1")
    found = read(DeepSeekAmounts(), written(tmp_path / "a.csv", f"{head}\n{bad}\n"))
    assert rejected(found) == [2] and not events(found)
