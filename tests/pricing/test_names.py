"""Which entry a name in a log means."""

from __future__ import annotations

import pytest

from tests.pricing.conftest import SHIPPED, Priced
from tests.pricing.keys import key
from vaultsync.pricing import PriceList, provider_name

TABLE = [
    ("claude-opus-4-5-20251101", "anthropic", "claude-opus-4-5"),
    ("anthropic/claude-opus-4.5", "openrouter", "claude-opus-4-5"),
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws-bedrock", "claude-sonnet-4-5"),
    ("claude-opus-4-5@20251101", "google", "claude-opus-4-5"),
    ("claude-sonnet-4-5[1m]", "anthropic", "claude-sonnet-4-5"),
    ("Claude Opus 4.5", "anthropic", "claude-opus-4-5"),
    ("models/gemini-2.5-pro", "google", "gemini-2.5-pro"),
    ("gpt-5-2025-08-07", "openai", "gpt-5"),
    ("llama3.2:3b", "ollama", "local"),
    (" GPT-5 ", "OpenAI", "gpt-5"),
    ("gemini/gemini-2.5-pro", "google", "gemini-2.5-pro"),
    ("publishers/anthropic/models/claude-opus-4-5@20251101", "vertex_ai", "claude-opus-4-5"),
    (
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0",
        "bedrock",
        "claude-opus-4-5",
    ),
    ("bedrock/us-east-1/anthropic.claude-opus-4-5-20251101-v1:0", "aws-bedrock", "claude-opus-4-5"),
    ("openrouter/anthropic/claude-opus-4.5:thinking", "openrouter", "claude-opus-4-5"),
    ("claude-4-5-opus", "anthropic", "claude-opus-4-5"),
    ("claude-4.5-opus-20251101", "anthropic", "claude-opus-4-5"),
    ("claude-opus-4.5-latest", "anthropic", "claude-opus-4-5"),
    ("azure/gpt-4o", "azure", "gpt-4o"),
]


@pytest.mark.parametrize(("written", "provider", "found"), TABLE)
def test_a_name_is_found(written: str, provider: str, found: str, sample: PriceList) -> None:
    assert sample.explain(key(provider, written)).model == found


@pytest.mark.parametrize(("written", "provider", "found"), TABLE)
def test_a_name_is_found_in_the_shipped_list(
    written: str, provider: str, found: str, shipped: PriceList
) -> None:
    told = shipped.explain(key(provider, written))
    own = {"openrouter": "anthropic/claude-opus-4.5"}
    assert told.model in (found, own.get(provider))


def test_copilots_choice_is_priced_as_its_model(shipped: PriceList) -> None:
    told = shipped.explain(key("copilot", "Auto: Claude Haiku 4.5"))
    assert (told.provider, told.model, told.applied.flags) == (
        "anthropic",
        "claude-haiku-4-5",
        ("maker_price",),
    )


def test_a_resellers_name_without_an_entry_has_the_makers_price_and_says_so(sample: PriceList) -> None:
    assert sample.rate(key("openrouter", "anthropic/claude-opus-4.5")).flags == ("maker_price",)


def test_a_geography_in_a_name_is_the_region(sample: PriceList) -> None:
    told = sample.explain(key("aws-bedrock", "us.anthropic.claude-opus-4-6-v1:0"))
    assert (told.region, str(told.region_factor)) == ("us", "1.1")
    assert sample.explain(key("aws-bedrock", "global.anthropic.claude-opus-4-6-v1:0")).region is None


def test_a_dated_model_with_its_own_price_keeps_it(shipped: PriceList) -> None:
    assert shipped.explain(key("openai", "gpt-4o-2024-05-13")).model == "gpt-4o-2024-05-13"
    assert shipped.rate(key("openai", "gpt-4o-2024-05-13")).rates["output"] == 15


def test_a_slash_is_part_of_the_name_where_ids_have_one(shipped: PriceList) -> None:
    assert shipped.explain(key("groq", "openai/gpt-oss-120b")).model == "openai/gpt-oss-120b"


@pytest.mark.parametrize(
    "other",
    ["gpt-5-mini-turbo", "gpt-5-ultra", "gpt-5-mega-2026-01-01", "gemini-2.5-pro-nano", "o3-codex-latest"],
)
def test_a_different_model_does_not_become_a_known_one(other: str, shipped: PriceList) -> None:
    provider = "google" if other.startswith("gemini") else "openai"
    assert shipped.rate(key(provider, other)).reason == "unknown_model"


def test_a_short_name_is_found_only_through_an_alias(laid_over: Priced, sample: PriceList) -> None:
    assert sample.rate(key("", "opus")).reason == "unknown_model"
    aliases = "aliases: {Opus: [{model: claude-opus-4-5, provider: anthropic, valid_from: 2025-11-24}]}"
    prices = laid_over(f"version: 1\n{aliases}")
    assert prices.explain(key("", "opus")).model == "claude-opus-4-5"
    assert prices.rate(key("", "opus", "2025-11-23T23:59")).reason == "unknown_model"


def test_an_alias_moves_on_with_the_date(laid_over: Priced) -> None:
    rows = "{model: claude-opus-4-1}, {model: claude-opus-4-5, valid_from: 2025-11-24}"
    prices = laid_over(f"version: 1\naliases: {{opus: [{rows}]}}")
    days = ("2025-11-23", "2025-11-24")
    found = [prices.explain(key("anthropic", "opus", day)).model for day in days]
    assert found == ["claude-opus-4-1", "claude-opus-4-5"]


@pytest.mark.parametrize("provider", ["", "unknown"])
def test_without_a_provider_the_maker_is_accepted(provider: str, shipped: PriceList) -> None:
    told = shipped.explain(key(provider, "claude-opus-4-5-20251101"))
    assert (told.provider, told.applied.flags) == ("anthropic", ())


def test_without_a_provider_a_local_catch_all_is_no_evidence(shipped: PriceList) -> None:
    assert shipped.rate(key("", "llama3.2:3b")).reason == "unknown_model"


def test_without_a_provider_two_resellers_are_ambiguous(laid_over: Priced) -> None:
    own = laid_over(
        "version: 1\nproviders:\n"
        '  north: {models: [{id: house-7b, rates: [{input: "1"}]}]}\n'
        '  south: {models: [{id: house-7b, rates: [{input: "2"}]}, {id: barn-7b, rates: [{input: "3"}]}]}\n'
    )
    assert own.rate(key("", "house-7b")).reason == "ambiguous_provider"
    assert own.rate(key("", "barn-7b")).rates["input"] == 3


def test_a_provider_without_any_entry_has_no_price(sample: PriceList) -> None:
    assert sample.rate(key("acme", "gpt-5")).reason == "unknown_model"


def test_a_free_variant_costs_nothing(sample: PriceList) -> None:
    assert sample.rate(key("openai", "gpt-5:free")).free


@pytest.mark.parametrize(
    ("match", "model", "winner"),
    [
        ('["gpt-x-1"]', "gpt-x-1", "first"),
        ('["gpt-x*1"]', "gpt-x-1", "first"),
        ('["*x-1"]', "gpt-x-1", "second"),
    ],
)
def test_exact_names_win_then_the_longest_literal_start(
    match: str, model: str, winner: str, laid_over: Priced
) -> None:
    prices = laid_over(
        f"""\
version: 1
providers:
  acme:
    models:
      - {{id: second, match: ["gpt-*"], rates: [{{input: "2"}}]}}
      - {{id: first, match: {match}, rates: [{{input: "1"}}]}}
"""
    )
    assert prices.explain(key("acme", model)).model == winner


def test_brackets_in_a_pattern_are_only_text(laid_over: Priced) -> None:
    own = 'version: 1\nproviders: {acme: {models: [{id: a, match: ["x[1]*"], rates: [{input: "1"}]}]}}'
    assert laid_over(own).rate(key("acme", "x[1]-new")).reason is None
    assert laid_over(own).rate(key("acme", "x1")).reason == "unknown_model"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("OpenAI", "openai"),
        ("vertex_ai", "google"),
        ("gemini", "google"),
        ("bedrock", "aws-bedrock"),
        ("x-ai", "xai"),
        ("LM Studio", "lm-studio"),
        ("Unknown", ""),
        ("somebody", "somebody"),
    ],
)
def test_providers_have_one_spelling(written: str, name: str) -> None:
    assert provider_name(written) == name


def test_the_users_list_may_spell_a_provider_its_own_way(laid_over: Priced) -> None:
    own = 'version: 1\nproviders: {Vertex_AI: {models: [{id: new, rates: [{input: "1"}]}]}}'
    assert laid_over(own).rate(key("google", "new")).rates["input"] == 1


def test_a_broad_pattern_warns_of_the_model_it_also_takes(laid_over: Priced) -> None:
    own = """\
version: 1
providers:
  openai:
    models:
      - id: mine
        match: ["gpt-4*"]
        rates: [{input: "1", output: "2"}]
"""
    (warning,) = laid_over(own, over=SHIPPED).warnings
    assert warning.endswith("also matches 'gpt-4o'. List the names, or give the other model an entry.")
    assert "own0.yaml:6: the pattern 'gpt-4*'" in warning


def test_a_catch_all_for_a_contract_does_not_warn(laid_over: Priced) -> None:
    own = 'version: 1\nproviders: {openai: {models: [{id: all, match: ["*"], rates: [{input: "1"}]}]}}'
    assert laid_over(own, over=SHIPPED).warnings == ()
