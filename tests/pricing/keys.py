"""Short ways to write what is priced."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from vaultsync.model import RateKey, TokenCounts
from vaultsync.pricing import PriceList


def at(text: str) -> datetime:
    """A UTC instant; a day is its midnight."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def key(provider: str, model: str, when: str = "2026-02-10T09:00", **more: Any) -> RateKey:
    return RateKey(provider, model, at(when), **more)


def cost(
    prices: PriceList, key: RateKey, web_searches: int = 0, requests: int = 1, **counts: int
) -> Decimal | None:
    """Cost of the counts, which also choose the long-context tier."""
    tokens = TokenCounts(**counts)
    asked = RateKey(
        key.provider, key.model, key.when, key.mode, key.region, tokens.prompt, key.grain, key.context_band
    )
    return prices.rate(asked).cost(tokens, web_searches, requests)
