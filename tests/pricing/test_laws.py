"""Laws of pricing, for any counts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.pricing.conftest import SAMPLE
from tests.pricing.keys import cost, key
from vaultsync.model import RateKey, TokenCounts
from vaultsync.pricing import load

PRICES = load([], SAMPLE)
MODELS = sorted((row.provider, row.model) for row in PRICES.list(datetime(2026, 11, 18, tzinfo=UTC).date()))
COUNT = st.integers(0, 10**9)


@st.composite
def counts(draw: st.DrawFn) -> TokenCounts:
    """Counts whose parts lie inside their whole."""
    classes = {
        name: draw(COUNT)
        for name in ("input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write", "output")
    }
    audio = draw(st.integers(0, classes["input"]))
    return TokenCounts(**classes, reasoning=draw(st.integers(0, classes["output"])), input_audio=audio)


@st.composite
def keys(draw: st.DrawFn) -> RateKey:
    provider, model = draw(st.sampled_from(MODELS))
    return RateKey(
        provider=provider,
        model=model,
        when=draw(st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
        mode=draw(st.sampled_from(["standard", "batch", "flex", "priority", "fast"])),
        region=draw(st.sampled_from([None, "us", "eu"])),
        prompt=draw(COUNT),
        grain=draw(st.sampled_from(["request", "run", "day", "month"])),
    )


@given(keys(), counts(), counts(), st.integers(0, 9), st.integers(0, 9))
def test_what_shares_a_rate_may_be_added_before_it_is_priced(
    asked: RateKey, a: TokenCounts, b: TokenCounts, m: int, n: int
) -> None:
    rate = PRICES.rate(asked)
    apart = [rate.cost(a, m, m), rate.cost(b, n, n)]
    together = rate.cost(a + b, m + n, m + n)
    if None in apart:
        assert together is None
    else:
        assert together == sum(part for part in apart if part is not None)


@given(keys())
def test_no_rate_is_a_float(asked: RateKey) -> None:
    rate = PRICES.rate(asked)
    given = (*rate.rates.values(), rate.web_search, rate.request, rate.adjust)
    assert {type(value) for value in given} <= {Decimal, type(None)}


@given(st.integers(0, 200_000), st.integers(1, 10**6))
def test_a_tier_is_a_cliff(below: int, over: int) -> None:
    """Up to 200,000 all tokens pay the base rate, beyond it every single one pays the tier's."""
    asked = key("anthropic", "claude-sonnet-4-5")
    assert cost(PRICES, asked, input=below, output=100) == Decimal(below * 3 + 100 * 15) / 1_000_000
    beyond = 200_000 + over
    expected = Decimal(beyond * 6) / 1_000_000 + Decimal("0.00225")
    assert cost(PRICES, asked, input=beyond, output=100) == expected


@given(keys(), keys())
def test_a_key_has_one_rate_in_any_order(first: RateKey, second: RateKey) -> None:
    fresh = load([], SAMPLE)
    assert fresh.rate(second) == PRICES.rate(second)
    assert fresh.rate(first) == PRICES.rate(first)


@given(keys(), st.integers(0, 14), st.integers(0, 59))
def test_no_rate_changes_within_an_interval(asked: RateKey, minute: int, second: int) -> None:
    start = asked.when.replace(minute=asked.when.minute // 15 * 15, second=0, microsecond=0)
    times = (start, start.replace(minute=start.minute + minute, second=second))
    rates = [PRICES.rate(RateKey(asked.provider, asked.model, when, asked.mode)) for when in times]
    assert rates[0] == rates[1]


@given(st.text(max_size=40), st.sampled_from(["", "anthropic", "openrouter", "aws-bedrock", "ollama", "x"]))
def test_any_name_has_an_answer(name: str, provider: str) -> None:
    applied = PRICES.rate(key(provider, name))
    assert applied.reason in (None, "unknown_model", "no_rate_for_date", "ambiguous_provider")
