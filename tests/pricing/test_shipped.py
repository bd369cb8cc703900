"""The shipped list: its core prices, and that it is what its script makes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from decimal import Decimal

import pytest

from tests.pricing.conftest import SHIPPED
from tests.pricing.keys import key
from vaultsync.pricing import PriceList

CORE = [
    ("anthropic", "claude-fable-5-2", "2026-11-18", {"input": "8", "cache_read": "0.2", "output": "40"}),
    ("anthropic", "claude-opus-5-5", "2026-11-18", {"input": "4", "cache_write_1h": "8", "output": "20"}),
    (
        "anthropic",
        "claude-opus-4-1",
        "2025-10-01",
        {"input": "15", "cache_write_5m": "18.75", "output": "75"},
    ),
    (
        "anthropic",
        "claude-3-haiku",
        "2025-01-01",
        {"input": "0.25", "cache_write_5m": "0.3", "output": "1.25"},
    ),
    ("openai", "gpt-6.1-terra", "2026-11-18", {"input": "1", "cache_write": "1.25", "output": "5"}),
    ("openai", "gpt-5.6-sol", "2026-08-20", {"input": "5", "cache_write_30m": "6.25", "output": "30"}),
    ("openai", "gpt-5.6-sol", "2026-08-21", {"input": "4", "cache_write_30m": "5", "output": "20"}),
    ("openai", "o3", "2025-06-09", {"input": "10", "cache_read": "2.5", "output": "40"}),
    ("openai", "gpt-4", "2025-07-09", {"input": "30", "cache_read": "30", "output": "60"}),
    ("google", "gemini-3.8-flash", "2026-12-31", {"input": "0.75", "output": "3.75"}),
    ("google", "gemini-3.8-flash", "2027-01-01", {"input": "1.5", "output": "7.5"}),
    ("google", "gemini-2.5-flash", "2026-02-10", {"input_audio": "1", "cache_read_audio": "0.1"}),
    ("xai", "grok-4.20", "2026-04-30", {"input": "1.25", "output": "2.5"}),
    ("mistral", "mistral-large-4", "2026-10-28", {"input": "1.36", "output": "4.18"}),
    ("mistral", "mistral-large-4", "2026-10-29", {"input": "0.7", "output": "2.1"}),
    ("deepseek", "deepseek-v4-flash", "2026-09-09T02:00", {"input": "0.22", "output": "0.66"}),
    ("deepseek", "deepseek-v4-flash", "2026-09-10T02:00", {"input": "0.3", "output": "1.2"}),
    ("deepseek", "deepseek-chat", "2025-11-01", {"input": "0.28", "cache_read": "0.028", "output": "0.42"}),
    ("groq", "openai/gpt-oss-20b", "2026-11-18", {"input": "0.075", "cache_read": "0.0375", "output": "0.3"}),
    ("perplexity", "sonar-deep-research", "2026-02-10", {"input": "2", "output": "8", "reasoning": "3"}),
]


@pytest.mark.parametrize(("provider", "model", "day", "rates"), CORE)
def test_a_core_price(provider: str, model: str, day: str, rates: dict[str, str], shipped: PriceList) -> None:
    applied = shipped.rate(key(provider, model, day))
    assert {name: applied.rates[name] for name in rates} == {name: Decimal(r) for name, r in rates.items()}


@pytest.mark.parametrize("model", ["claude-3-opus", "claude-opus-4-1", "claude-opus-4-5", "claude-opus-5-5"])
def test_claude_batches_are_half_price_at_any_time(model: str, shipped: PriceList) -> None:
    asked = [key("anthropic", model, "2025-03-01", mode=mode) for mode in ("standard", "batch")]
    full, half = (shipped.rate(each).rates["output"] for each in asked)
    assert full and half == full / 2


def test_modes_hold_before_the_source_began_to_record_them(shipped: PriceList) -> None:
    assert shipped.rate(key("openai", "gpt-5", "2025-09-01", mode="flex")).flags == ()


def test_residency_costs_more_from_gpt_5_4_on(shipped: PriceList) -> None:
    factors = [
        shipped.explain(key("openai", model, region="eu")).region_factor
        for model in ("gpt-5.2", "gpt-5.4", "gpt-5.4-mini", "gpt-6-astra")
    ]
    assert factors == [1, Decimal("1.1"), Decimal("1.1"), Decimal("1.1")]


def test_the_peak_hours_of_deepseek_are_on_weekdays(shipped: PriceList) -> None:
    saturday = shipped.rate(key("deepseek", "deepseek-flash", "2026-11-21T02:00"))
    assert saturday.rates["input"] == Decimal("0.15")


def test_openrouter_has_its_own_entries(shipped: PriceList) -> None:
    told = shipped.explain(key("openrouter", "anthropic/claude-opus-4.5"))
    assert (told.provider, told.applied.flags) == ("openrouter", ())


def test_the_shipped_list_has_nothing_to_warn_of(shipped: PriceList) -> None:
    assert shipped.warnings == ()


def test_every_model_of_the_list_finds_itself(shipped: PriceList) -> None:
    day = key("", "", "2026-11-18").when.date()
    lost = [
        (row.provider, row.model)
        for row in shipped.list(day)
        if shipped.explain(key(row.provider, row.model, "2026-11-18")).model != row.model
    ]
    assert lost == []


@pytest.mark.skipif(not importlib.util.find_spec("genai_prices"), reason="the source is not installed")
def test_the_script_makes_this_list() -> None:
    script = SHIPPED.parent / ".ci" / "make_pricing.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, "pricing.yaml is current.\n")
