"""Contracts, currencies, energy, fees, fall-backs, aggregates: the small examples of the specification."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.pricing.conftest import SHIPPED, Priced
from tests.pricing.keys import cost, key
from vaultsync.model import TokenCounts
from vaultsync.pricing import PriceList

OPUS = """\
version: 1
providers:
  anthropic:
    models:
      - id: claude-opus-4-5
        rates:
          - {valid_from: 2026-01-01, input: "4", output: "20"}
"""
ONE = """\
version: 1
providers:
  acme:
    models:
      - id: one
        rates: [{%s}]
"""


def one(laid_over: Priced, rates: str, **more: str) -> PriceList:
    return laid_over(ONE % rates, **more)


# --- the user's list over the shipped one ---


def test_e1_a_users_entry_replaces_the_bundled_one(laid_over: Priced) -> None:
    asked = key("anthropic", "claude-opus-4-5-20251101", "2026-01-07T14:30")
    assert cost(laid_over(OPUS), asked, input=15_000, output=3_000) == Decimal("0.12")


def test_a_users_entry_without_a_block_for_the_day_leaves_the_bundled_history(laid_over: Priced) -> None:
    asked = key("anthropic", "claude-opus-4-5-20251101", "2025-12-31T23:59")
    expected = Decimal(15_000 * 5 + 3_000 * 25) / 1_000_000
    assert cost(laid_over(OPUS), asked, input=15_000, output=3_000) == expected


def test_a_users_entry_is_not_merged_key_by_key(laid_over: Priced) -> None:
    """The user's entry has no cached rate, so cached input pays its input rate, not the bundled rate."""
    rates = laid_over(OPUS).rate(key("anthropic", "claude-opus-4-5")).rates
    assert (rates["cache_read"], rates["cache_write_1h"]) == (4, 4)


def test_a_users_name_does_not_swallow_a_dated_model_with_its_own_price(laid_over: Priced) -> None:
    own = laid_over(
        'version: 1\nproviders: {openai: {models: [{id: gpt-4o, rates: [{input: "1", output: "2"}]}]}}',
        over=SHIPPED,
    )
    assert own.rate(key("openai", "gpt-4o-2024-08-06")).rates["input"] == 1
    assert own.rate(key("openai", "gpt-4o-2024-05-13")).rates["input"] == 5


def test_a_later_list_is_laid_over_an_earlier_one(laid_over: Priced) -> None:
    prices = laid_over(OPUS, OPUS.replace('"4"', '"3"'))
    assert prices.rate(key("anthropic", "claude-opus-4-5")).rates["input"] == 3


# --- contracts and currencies ---


def test_e2_a_contract_factor_keeps_the_list_cost(laid_over: Priced) -> None:
    prices = laid_over('version: 1\nproviders: {anthropic: {adjust: [{multiplier: "0.85"}]}}')
    applied = prices.rate(key("anthropic", "claude-opus-4-5-20251101", "2026-01-07T14:30"))
    tokens = TokenCounts(input=15_000, output=3_000)
    assert applied.cost(tokens, at_list=True) == Decimal("0.15")
    assert applied.cost(tokens) == Decimal("0.15") * Decimal("0.85")


def test_a_contract_ends_on_its_last_day(laid_over: Priced) -> None:
    prices = laid_over(
        'version: 1\nproviders: {anthropic: {adjust: [{valid_to: 2026-02-10, multiplier: "0.5"}]}}'
    )
    days = ("2026-02-09", "2026-02-10")
    assert [prices.rate(key("anthropic", "claude-opus-4-5", day)).adjust for day in days] == [
        Decimal("0.5"),
        Decimal(1),
    ]


def test_e3_a_rate_in_euros_stays_in_euros_and_converts_by_date(laid_over: Priced) -> None:
    prices = laid_over(
        (ONE % 'input: "1.80", output: "5.40"').replace("id: one", "id: one\n        currency: EUR")
        + 'fx: {EUR: [{valid_from: 2026-01-01, rate: "1.08"}]}'
    )
    amount = cost(prices, key("acme", "one"), input=100_000, output=20_000)
    assert prices.rate(key("acme", "one")).currency == "EUR"
    assert amount == Decimal("0.288")
    assert prices.convert(amount, "EUR", date(2026, 2, 10)) == Decimal("0.31104")
    assert prices.convert(amount, "EUR", date(2025, 12, 31)) is None


def test_e4_the_latest_rate_that_has_begun_converts(laid_over: Priced) -> None:
    table = 'fx: {cny: [{rate: "0.13"}, {valid_from: 2026-01-01, rate: "0.14"}]}'
    prices = laid_over(f"version: 1\n{table}")
    assert prices.convert(Decimal("12.34"), "CNY", date(2026, 5, 1)) == Decimal("1.7276")
    assert prices.convert(Decimal("12.34"), "CNY", date(2025, 5, 1)) == Decimal("1.6042")


def test_the_report_currency_needs_no_table(laid_over: Priced) -> None:
    assert laid_over(currency="EUR").convert(Decimal(3), "eur", date(2026, 1, 1)) == 3


# --- energy, free models, fees ---


def test_e5_energy_of_a_local_model(sample: PriceList) -> None:
    energy = sample.energy(key("ollama", "llama3.2:3b"))
    assert energy is not None
    assert (energy.cost(40_000), energy.currency) == (Decimal("0.00032"), "EUR")
    assert energy.cost(None) is None


def test_energy_is_only_what_the_user_sets(shipped: PriceList) -> None:
    assert shipped.energy(key("ollama", "llama3.2:3b")) is None


@pytest.mark.parametrize("provider", ["ollama", "LM Studio", "llama.cpp", "vllm"])
def test_local_servers_are_free(provider: str, shipped: PriceList) -> None:
    applied = shipped.rate(key(provider, "anything"))
    assert applied.free
    assert applied.cost(TokenCounts(input=10, output=10), web_searches=3) == 0


@pytest.mark.parametrize("model", ["gpt-oss:120b-cloud", "glm-4.6:cloud"])
def test_a_hosted_model_behind_a_local_server_is_unpriced(model: str, shipped: PriceList) -> None:
    assert shipped.rate(key("ollama", model)).reason == "unknown_model"


def test_a_users_own_pattern_prices_a_hosted_model(laid_over: Priced) -> None:
    own = (
        'version: 1\nproviders: {ollama: {models: [{id: cloud, match: ["*-cloud"], rates: [{input: "1"}]}]}}'
    )
    assert laid_over(own).rate(key("ollama", "gpt-oss:120b-cloud")).rates["input"] == 1


def test_e6_a_stated_zero_is_a_price(laid_over: Priced) -> None:
    prices = one(laid_over, 'input: "1", cache_read: "0"')
    assert cost(prices, key("acme", "one"), input=1_000, cache_read=5_000) == Decimal("0.001")


def test_e7_output_without_an_output_rate_is_unpriced(laid_over: Priced) -> None:
    prices = one(laid_over, 'input: "1"')
    assert cost(prices, key("acme", "one"), input=1_000, output=10) is None
    tokens = TokenCounts(input=1_000, output=10)
    assert prices.explain(key("acme", "one"), tokens).reason == "no_output_rate"


def test_e8_cached_input_without_a_rate_pays_the_input_rate(laid_over: Priced) -> None:
    prices = one(laid_over, 'input: "30", output: "60"')
    assert cost(prices, key("acme", "one"), input=500, cache_read=500) == Decimal(1000 * 30) / 1_000_000


def test_e9_a_fee_per_request(laid_over: Priced) -> None:
    prices = one(laid_over, 'request_per_1k: "5", input: "1", output: "1"')
    assert cost(prices, key("acme", "one"), requests=3, input=1_000, output=200) == Decimal("0.0162")


def test_fees_are_not_multiplied_by_mode_or_region(laid_over: Priced) -> None:
    rates = 'input: "1", request_per_1k: "1000", modifiers: {batch: {multiplier: "0.5"}}, regions: {us: "2"}'
    prices = one(laid_over, rates)
    applied = prices.rate(key("acme", "one", mode="batch", region="us"))
    assert (applied.rates["input"], applied.request) == (1, 1)


# --- modes ---


def test_e13_a_mode_without_a_price_is_priced_as_standard_and_flagged(sample: PriceList) -> None:
    asked = key("anthropic", "claude-3-opus", mode="batch")
    assert cost(sample, asked, input=1_000, output=100) == Decimal("0.0225")
    assert sample.rate(asked).flags == ("mode_rate_missing",)


def test_a_mode_without_a_price_is_unpriced_where_the_user_says_so(laid_over: Priced) -> None:
    prices = laid_over("version: 1\non_missing_mode: unpriced")
    assert prices.rate(key("anthropic", "claude-3-opus", mode="batch")).reason == "mode_rate_missing"


def test_a_mode_with_rates_inherits_none_but_keeps_region_and_fees(laid_over: Priced) -> None:
    rates = (
        'input: "2", output: "4", cache_read: "1", web_search_per_1k: "10", regions: {eu: "1.5"}, '
        'modifiers: {batch: {input: "1", output: "2"}}'
    )
    applied = one(laid_over, rates).rate(key("acme", "one", mode="batch", region="EU"))
    assert (applied.rates["cache_read"], applied.web_search) == (Decimal("1.5"), Decimal("0.01"))


def test_unit_1000_means_rates_per_thousand_tokens(laid_over: Priced) -> None:
    prices = laid_over("unit: 1000\n" + ONE % "input: 0.002")
    assert prices.rate(key("acme", "one")).rates["input"] == 2


def test_a_bare_number_is_read_by_its_text(laid_over: Priced) -> None:
    assert one(laid_over, "input: 0.1").rate(key("acme", "one")).rates["input"] == Decimal("0.1")


def test_a_day_without_a_block_is_unpriced(laid_over: Priced) -> None:
    prices = one(laid_over, 'valid_from: 2026-03-01, input: "1"')
    assert prices.rate(key("acme", "one", "2026-02-28T23:59")).reason == "no_rate_for_date"
    assert prices.rate(key("acme", "one", "2026-03-01")).reason is None


@pytest.mark.parametrize(
    ("stated", "asked", "rate"),
    [
        ('input: "1", cache_write: "2"', "cache_write_1h", 2),
        ('input: "1", cache_write_5m: "3"', "cache_write_1h", 3),
        ('input: "1", cache_write_5m: "3"', "cache_write", 3),
        ('input: "1", cache_write: "2", cache_write_5m: "3"', "cache_write_12h", 2),
        ('input: "1"', "cache_write_30m", 1),
        ('input: "1", cache_read: "4"', "cache_read_audio", 4),
        ('input: "1"', "input_audio", 1),
        ('input: "1", output: "5"', "output_audio", 5),
    ],
)
def test_missing_rates_fall_back(stated: str, asked: str, rate: int, laid_over: Priced) -> None:
    assert one(laid_over, stated).rate(key("acme", "one")).rates[asked] == rate


def test_reasoning_has_no_rate_unless_it_is_stated(sample: PriceList) -> None:
    assert sample.rate(key("openai", "gpt-5")).rates["reasoning"] is None


# --- aggregates ---


@pytest.mark.parametrize(
    ("band", "expected", "flags"),
    [
        ("long", Decimal(250_000 * 6) / 1_000_000 + Decimal(2_000) * Decimal("22.5") / 1_000_000, ()),
        ("base", Decimal(250_000 * 3 + 2_000 * 15) / 1_000_000, ()),
        (None, Decimal("0.78"), ("tier_unknown",)),
    ],
    ids=["A1", "A2", "A3"],
)
def test_a_day_is_priced_by_its_context_band(
    band: str | None, expected: Decimal, flags: tuple[str, ...], sample: PriceList
) -> None:
    asked = key("anthropic", "claude-sonnet-4-5", grain="day", context_band=band)
    assert cost(sample, asked, input=250_000, output=2_000) == expected
    assert sample.rate(asked).flags == flags


def test_a4_a_day_of_a_model_with_peak_hours_pays_the_base_rate(sample: PriceList) -> None:
    asked = key("deepseek", "deepseek-v4-pro", "2026-11-18", grain="day")
    assert cost(sample, asked, input=100_000, cache_read=900_000, output=50_000) == Decimal("0.1848")
    assert sample.rate(asked).flags == ("window_unknown",)


def test_a_run_selects_its_tier_like_a_request(sample: PriceList) -> None:
    asked = key("anthropic", "claude-sonnet-4-5", grain="run")
    assert cost(sample, asked, input=250_000, output=2_000) == Decimal("1.545")


def test_no_tier_is_doubted_where_the_model_has_none_that_day(sample: PriceList) -> None:
    days = ("2026-03-12", "2026-03-13")
    flags = [sample.rate(key("anthropic", "claude-opus-4-6", day, grain="day")).flags for day in days]
    assert flags == [("tier_unknown",), ()]


def test_a_month_that_straddles_a_price_change_is_priced_by_its_start(sample: PriceList) -> None:
    march = sample.rate(key("anthropic", "claude-opus-4-6", "2026-03-01", grain="month"))
    april = sample.rate(key("anthropic", "claude-opus-4-6", "2026-04-01", grain="month"))
    assert march.flags == ("date_span", "tier_unknown")
    assert april.flags == ()


# --- what the ledger and the figures need ---


def test_thresholds_of_all_lists_ascend(laid_over: Priced) -> None:
    prices = one(laid_over, 'input: "1", tiers: [{above: 50000, input: "2"}]')
    assert list(prices.thresholds) == [50_000, 100_000, 128_000, 200_000, 272_000]


def test_minutes_divide_every_window(laid_over: Priced) -> None:
    prices = one(laid_over, 'input: "1", time_windows: [{hours_utc: ["00:10-24:00"], input: "2"}]')
    assert prices.minutes == 5


def test_hours_are_half_open(sample: PriceList) -> None:
    times = ("00:59", "01:00", "03:59", "04:00")
    asked = [key("deepseek", "deepseek-v4-pro", f"2026-11-18T{time}") for time in times]
    base, peak = Decimal("0.66"), Decimal("1.32")
    assert [sample.rate(k).rates["input"] for k in asked] == [base, peak, peak, base]


def test_only_models_with_peak_hours_depend_on_the_hour(sample: PriceList) -> None:
    assert sample.windowed("deepseek", "deepseek-v4-pro")
    assert not sample.windowed("anthropic", "claude-opus-4-5")


def test_the_row_names_file_line_and_block(laid_over: Priced) -> None:
    applied = laid_over(OPUS).rate(key("anthropic", "claude-opus-4-5"))
    assert applied.row == "own0.yaml:7 anthropic claude-opus-4-5 from 2026-01-01"


# --- told to people ---


def test_an_explanation_adds_up_to_the_cost(sample: PriceList) -> None:
    tokens = TokenCounts(input=10_000, cache_read=180_000, cache_write_1h=30_000, output=1_500)
    told = sample.explain(
        key("anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", prompt=tokens.prompt), tokens, 2
    )
    assert told.cost == sum(charge.cost or 0 for charge in told.charges)
    assert told.tier == "above 200,000 tokens"
    assert told.tried[0] == "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    assert told.found_as == "claude-sonnet-4-5-20250929-v1:0"


def test_an_explanation_of_an_unknown_model_tells_what_was_tried(sample: PriceList) -> None:
    told = sample.explain(key("openai", "openai/gpt-9-2027-01-01"))
    assert told.reason == "unknown_model"
    assert told.tried == ("openai/gpt-9-2027-01-01", "gpt-9-2027-01-01", "gpt-9")


def test_an_explanation_tells_mode_window_and_region(sample: PriceList) -> None:
    told = sample.explain(key("anthropic", "claude-opus-4-8", mode="fast", region="us"))
    assert (told.mode, told.multiplier, told.region_factor) == ("fast", 2, Decimal("1.1"))
    assert (
        sample.explain(key("deepseek", "deepseek-v4-pro", "2026-11-18T02:00")).window
        == "01:00-04:00, 06:00-10:00 UTC on weekdays 1, 2, 3, 4, 5"
    )


def test_the_list_of_a_day_has_the_users_row_instead_of_the_bundled_one(laid_over: Priced) -> None:
    rows = laid_over(OPUS).list(date(2026, 2, 1), "Anthropic")
    opus = [row for row in rows if row.model == "claude-opus-4-5"]
    assert [(row.rates["input"], row.since) for row in opus] == [(4, date(2026, 1, 1))]
    assert len(rows) == 8


def test_near_names_are_offered(sample: PriceList) -> None:
    assert sample.nearest("claude-opuss-4-5")[0] == "claude-opus-4-5"
