"""The worked cases of the specification, each with the sample list and with the shipped one."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from vaultsync.model import RateKey, TokenCounts
from vaultsync.pricing import PriceList

with (Path(__file__).parent / "cases.csv").open(encoding="utf-8") as file:
    CASES = list(csv.DictReader(file))
COUNTS = (
    "input", "cache_read", "cache_write", "cache_write_5m", "cache_write_30m", "cache_write_1h",
    "cache_write_12h", "output", "reasoning", "input_audio",
)  # fmt: skip


def test_there_are_55_cases() -> None:
    assert [case["id"] for case in CASES] == [f"C{n:02}" for n in range(1, 56)]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_sample_list_gives_the_stated_cost(case: dict[str, str], sample: PriceList) -> None:
    check(case, sample)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_shipped_list_gives_the_stated_cost(case: dict[str, str], shipped: PriceList) -> None:
    check(case, shipped)


def check(case: dict[str, str], prices: PriceList) -> None:
    tokens = TokenCounts(**{name: int(case[name] or 0) for name in COUNTS})
    asked = RateKey(
        provider=case["provider"],
        model=case["model"],
        when=datetime.fromisoformat(case["ts"]),
        mode=case["mode"] or "standard",
        region=case["region"] or None,
        prompt=tokens.prompt,
    )
    applied = prices.rate(asked)
    stated = Decimal(case["cost_usd"]) if case["cost_usd"] else None
    assert applied.cost(tokens, int(case["web_search"] or 0)) == stated
    assert (applied.reason == "unknown_model") == (stated is None)
    assert applied.currency == "USD"


def test_the_sketch_of_three_sessions_costs_its_list_price(shipped: PriceList) -> None:
    """GPT-4, Claude 3 Opus and Gemini 1.5 Pro on 9 July 2025."""
    costs = {"C04": Decimal(0), "C05": Decimal(0), "C06": Decimal(0)}
    for case in CASES:
        if case["id"] in costs:
            asked = RateKey(case["provider"], case["model"], datetime.fromisoformat(case["ts"]))
            tokens = TokenCounts(input=int(case["input"]), output=int(case["output"]))
            costs[case["id"]] = shipped.rate(asked).cost(tokens) or Decimal(0)
    assert sum(costs.values()) == Decimal("0.2455")
