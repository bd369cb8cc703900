"""Say why an event costs what it costs: a value for `prices explain`, without layout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from vaultsync.model import AppliedRate, RateKey, TokenCounts

if TYPE_CHECKING:
    from vaultsync.pricing.pricelist import Priced


@dataclass(frozen=True, slots=True)
class Charge:
    """One summand of a cost."""

    name: str
    """Token class, `web_search` or `request`."""
    count: int
    rate: Decimal | None
    """Per million tokens, or per call; factors of mode and region applied. None: no rate is known."""
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that led from a key to its rate."""

    key: RateKey
    tried: tuple[str, ...]
    """Names that were looked up, in order."""
    file: str | None
    """Path of the price list that won."""
    row: str
    provider: str | None
    """Whose price it is; the maker's where `maker_price` is among the flags."""
    model: str | None
    """Id of the entry."""
    found_as: str | None
    """Which of the tried names fitted."""
    since: date | None
    until: date | None
    """Exclusive."""
    mode: str
    """Whose rates apply: `standard` where the list has none for the event's mode."""
    multiplier: Decimal
    region: str | None
    region_factor: Decimal
    tier: str | None
    window: str | None
    applied: AppliedRate
    """With `adjust`, `flags`, `currency` and `reason`."""
    charges: tuple[Charge, ...]
    cost: Decimal | None
    list_cost: Decimal | None
    """Without the contract factor."""
    reason: str | None
    """None, or why there is no cost; `no_output_rate` and `no_input_rate` depend on the tokens."""


def explain(
    priced: Priced, key: RateKey, tokens: TokenCounts | None, web_searches: int, requests: int
) -> Explanation:
    """Put the parts of a priced key into one value; see `PriceList.explain`."""
    applied, hit, block, choice = priced.applied, priced.hit, priced.block, priced.choice
    charges = _charges(applied, tokens, web_searches, requests) if tokens else ()
    return Explanation(
        key=key,
        tried=priced.found.tried,
        file=str(hit.layer.path) if hit else None,
        row=applied.row,
        provider=priced.model.provider if priced.model else None,
        model=priced.model.id if priced.model else None,
        found_as=hit.name if hit else None,
        since=block.start if block else None,
        until=block.end if block else None,
        mode=choice.mode if choice else key.mode,
        multiplier=choice.multiplier if choice else Decimal(1),
        region=choice.region if choice else key.region,
        region_factor=choice.region_factor if choice else Decimal(1),
        tier=str(choice.tier) if choice and choice.tier else None,
        window=str(choice.window) if choice and choice.window else None,
        applied=applied,
        charges=charges,
        cost=applied.cost(tokens, web_searches, requests) if tokens else None,
        list_cost=applied.cost(tokens, web_searches, requests, at_list=True) if tokens else None,
        reason=applied.reason or _missing(charges),
    )


def _charges(
    applied: AppliedRate, tokens: TokenCounts, web_searches: int, requests: int
) -> tuple[Charge, ...]:
    if applied.reason or applied.free:
        return ()
    counts = applied.counts(tokens)
    charges = [
        Charge(name, count, rate, None if rate is None else count * rate / 1_000_000)
        for name, count in counts.items()
        if count
        for rate in (applied.rates.get(name),)
    ]
    fees = (("web_search", web_searches, applied.web_search), ("request", requests, applied.request))
    return (*charges, *(Charge(name, count, fee, count * fee) for name, count, fee in fees if count and fee))


def _missing(charges: tuple[Charge, ...]) -> str | None:
    without = [charge.name for charge in charges if charge.rate is None]
    if not without:
        return None
    return "no_output_rate" if without[0].startswith("output") else "no_input_rate"
