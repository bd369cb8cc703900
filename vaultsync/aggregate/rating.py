"""Put every row of the usage table into a lot: how it is priced, where its cost comes from, what was noticed.

The price list is asked once for each distinct key; rows are handled as columns, so a million events cost some
thousand questions.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from operator import mul
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from vaultsync.aggregate.rows import COUNTS, DAY, EPOCH, Integers, intern, text
from vaultsync.model import TOKEN_CLASSES, AppliedRate, CostChoice, Pricer, RateKey, TokenCounts

RATE_LABELS = ("provider", "model", "mode", "region", "grain", "context_band")
PARTS = {
    "reasoning": "output",
    "output_audio": "output",
    "input_audio": "input",
    "cache_read_audio": "cache_read",
}
"""Counts that are a part of another one, and may have a rate of their own."""
Basis = Literal["calculated", "free", "reported", "unpriced", "notional"]


@dataclass(frozen=True, slots=True)
class Price:
    """A rate, with its way into the report currency and the energy a local model draws."""

    applied: AppliedRate
    factor: Decimal | None
    """Report currency for one unit of the rate's; None: no exchange rate."""
    energy: tuple[Decimal, str] | None
    """Watts x price per kWh, and the currency."""

    @property
    def identity(self) -> Hashable:
        """Equal for prices that cost the same and are told the same."""
        a = self.applied
        fees = (a.currency, a.web_search, a.request, a.adjust, a.free, a.reason, a.flags)
        return (tuple(sorted(a.rates.items())), fees, self.factor, self.energy)


@dataclass(frozen=True, slots=True)
class Weights:
    """What one more of each count costs.

    A cost is linear, so it is asked for one of each, and any sum of counts is then a sum of products.
    """

    each: tuple[int, ...]
    """As `rows.COUNTS`, in units of ten to the power of `exponent`."""
    exponent: int

    def cost(self, counts: Sequence[int]) -> Decimal:
        """What a sum of counts costs, exactly."""
        return Decimal(sum(map(mul, self.each, counts))).scaleb(self.exponent)


@dataclass(frozen=True, slots=True)
class Lot:
    """What events share beyond their labels: how they are priced, and what was noticed about them."""

    basis: Basis
    price: Price
    paid: Weights | None
    """None: nothing can be calculated."""
    listed: Weights | None
    """The same without a contract factor; None: there is no such factor."""
    exchange: tuple[str, Decimal | None] | None
    """Currency that the logs state, and its factor; None: nothing is stated."""
    is_partial: bool
    is_unsplit: bool
    flags: tuple[str, ...] = ()

    @property
    def is_calculable(self) -> bool:
        """Has a rate for all that it counts."""
        return self.paid is not None

    @property
    def is_foreign(self) -> bool:
        """Has a cost, but no way into the report currency."""
        if self.basis == "reported":
            return self.exchange is not None and self.exchange[1] is None
        return self.basis == "calculated" and self.price.factor is None


def rate(
    frame: pd.DataFrame, names: Mapping[str, list[str]], pricer: Pricer, currency: str, choice: CostChoice
) -> tuple[Integers, list[Lot]]:
    """Find the lot of every row.

    Args:
        frame: As `rows.read` gives it.
        currency: The report's.

    Returns:
        Each row's number of a lot, and the lots.
    """
    labels = ("cost_kind", "quality", "flags")
    table = frame[["is_zero", "is_unsplit", *labels]].copy()
    table["price"], prices = _prices(frame, names, pricer, currency)
    table["lacks"] = _lacking(frame, table["price"].to_numpy(), prices)
    table["exchange"], exchanges = _exchanges(frame, names, pricer, currency)
    numbers, combinations = intern(table, ["price", "lacks", "exchange", "is_zero", "is_unsplit", *labels])
    lots = []
    for number, lacks, exchange, is_zero, is_unsplit, *codes in combinations:
        kind, quality, flags = (text(names[n], code) for n, code in zip(labels, codes, strict=True))
        price, stated = prices[number], exchange >= 0
        can = price.applied.free or not (lacks or is_unsplit)
        basis = _basis(kind, can, price.applied.free, stated, bool(is_zero), choice)
        money = exchanges[exchange] if stated else None
        paid = weigh(price.applied) if can else None
        listed = weigh(price.applied, at_list=True) if can and price.applied.adjust != 1 else None
        lot = Lot(basis, price, paid, listed, money, quality == "partial", bool(is_unsplit))
        lots.append(replace(lot, flags=_flags(lot, kind, quality, flags)))
    return numbers, lots


def weigh(applied: AppliedRate, *, at_list: bool = False) -> Weights:
    """Ask a rate what one more of each count costs.

    Args:
        at_list: Leave the contract factor out.
    """

    def cost(searches: int = 0, requests: int = 0, **tokens: int) -> Decimal:
        return applied.cost(TokenCounts(**tokens), searches, requests, at_list=at_list) or Decimal(0)

    one = {name: cost(**{name: 1}) for name in TOKEN_CLASSES if name not in PARTS}
    one |= {part: cost(**{part: 1, whole: 1}) - one[whole] for part, whole in PARTS.items()}
    one |= {"web_searches": cost(searches=1), "requests": cost(requests=1)}
    exponent = min(int(amount.as_tuple().exponent) for amount in one.values())
    each = (int(one.get(name, Decimal(0)).scaleb(-exponent)) for name in COUNTS)
    return Weights(tuple(each), exponent)


def _prices(
    frame: pd.DataFrame, names: Mapping[str, list[str]], pricer: Pricer, currency: str
) -> tuple[Integers, list[Price]]:
    """Ask for the rate of every distinct key once; returns each row's price, and the distinct prices."""
    keys = frame[[*RATE_LABELS, "band"]].assign(when=_moments(frame, names, pricer))
    numbers, combinations = intern(keys, [*RATE_LABELS, "band", "when"])
    sizes = _prompts(pricer.thresholds)
    known: dict[Hashable, int] = {}
    prices: list[Price] = []
    places = np.zeros(len(combinations), dtype=np.int64)
    for number, (*labels, band, when) in enumerate(combinations):
        provider, model, mode, region, grain, context_band = (
            text(names[label], code) for label, code in zip(RATE_LABELS, labels, strict=True)
        )
        key = RateKey(
            provider=provider or "unknown",
            model=model or "",
            when=EPOCH + timedelta(seconds=int(when)),
            mode=mode or "standard",
            region=region,
            prompt=sizes[band],
            grain=grain or "request",  # type: ignore[arg-type]
            context_band=context_band,
        )
        price = _price(key, pricer, currency)
        places[number] = known.setdefault(price.identity, len(prices))
        if places[number] == len(prices):
            prices.append(price)
    return places[numbers], prices


def _moments(frame: pd.DataFrame, names: Mapping[str, list[str]], pricer: Pricer) -> Integers:
    """What of a row's time selects its rate: its UTC day, or its interval where prices follow the hour."""
    windowed = getattr(pricer, "windowed", None)
    pairs, models = intern(frame, ["provider", "model"])
    by_hour = [
        windowed is None
        or bool(windowed(text(names["provider"], p) or "unknown", text(names["model"], m) or ""))
        for p, m in models
    ]
    midnights = frame["utc_day"].to_numpy() * DAY
    return np.where(np.asarray(by_hour, dtype=bool)[pairs], frame["quarter"].to_numpy(), midnights)


def _prompts(thresholds: Sequence[int]) -> list[int]:
    """A prompt size of each band: below, at and above each threshold."""
    return [0, *(size for threshold in thresholds for size in (threshold, threshold + 1))]


def _price(key: RateKey, pricer: Pricer, currency: str) -> Price:
    applied = pricer.rate(key)
    factor: Decimal | None = Decimal(1)
    if applied.currency != currency and not applied.free and not applied.reason:
        factor = pricer.convert(Decimal(1), applied.currency, key.when.date())
    find = getattr(pricer, "energy", None)
    energy = find(key) if find else None
    return Price(applied, factor, (energy[0] * energy[1], energy[2]) if energy else None)


def _exchanges(
    frame: pd.DataFrame, names: Mapping[str, list[str]], pricer: Pricer, currency: str
) -> tuple[Integers, list[tuple[str, Decimal | None]]]:
    """Find each row's way from the currency its log states to the report's; -1 where nothing is stated."""
    numbers, combinations = intern(frame, ["is_stated", "currency", "utc_day"])
    known: dict[tuple[str, Decimal | None], int] = {}
    places = np.full(len(combinations), -1, dtype=np.int64)
    for number, (is_stated, code, day) in enumerate(combinations):
        if is_stated:
            name = text(names["currency"], code) or currency
            utc_day = (EPOCH + timedelta(days=int(day))).date()
            factor = Decimal(1) if name == currency else pricer.convert(Decimal(1), name, utc_day)
            places[number] = known.setdefault((name, factor), len(known))
    return places[numbers], list(known)


def _lacking(frame: pd.DataFrame, numbers: Integers, prices: Sequence[Price]) -> npt.NDArray[np.bool_]:
    """Rows that count tokens of a class without a rate; the twin of `AppliedRate.cost` for whole columns."""
    lacks = np.zeros(len(frame), dtype=bool)
    for number, price in enumerate(prices):
        applied = price.applied
        missing = [n for n in TOKEN_CLASSES if applied.rates.get(n) is None and n != "reasoning"]
        if applied.free or not (missing or applied.reason):
            continue
        rows = numbers == number
        if not applied.reason:
            rows = rows & np.any([_charged(frame, name, applied) != 0 for name in missing], axis=0)
        lacks |= rows
    return lacks


def _charged(frame: pd.DataFrame, name: str, applied: AppliedRate) -> Integers:
    """Tokens that pay the rate of a class: without the parts that pay their own."""
    count = frame[name].to_numpy()
    if name in ("input", "cache_read", "output"):
        count = count - frame[f"{name}_audio"].to_numpy()
    if name == "output" and applied.rates.get("reasoning") is not None:
        count = count - frame["reasoning"].to_numpy()
    return count


def _basis(
    kind: str | None, can: bool, is_free: bool, is_stated: bool, is_zero: bool, choice: CostChoice
) -> Basis:
    """Decide where the cost of an event comes from."""
    if kind == "notional":
        return "notional"
    is_paid = kind in ("billed", "charged")
    if is_stated and (choice == "reported" or (choice == "auto" and is_paid)):
        return "reported"
    if can:
        return "free" if is_free else "calculated"
    # Programs write an estimate of 0 for models that they do not know.
    return "reported" if is_stated and choice == "auto" and not is_zero else "unpriced"


def _flags(lot: Lot, kind: str | None, quality: str | None, noted: str | None) -> tuple[str, ...]:
    """All that was noticed: by the collector, by the price list, and here.

    Here: `estimate` and `session-total` for counts of that quality, `estimated_cost` where the log's own one
    stands in for a price, `notional` for calls covered by a flat fee, `foreign` for money that stays apart.
    """
    flags = set((noted or "").split())
    if quality in ("estimate", "session-total"):
        flags.add(quality)
    if lot.basis in ("calculated", "free", "notional"):
        flags.update(lot.price.applied.flags)
    if lot.basis == "reported" and kind not in ("billed", "charged") and not lot.is_calculable:
        flags.add("estimated_cost")
    if lot.basis == "notional":
        flags.add("notional")
    if lot.is_foreign:
        flags.add("foreign")
    return tuple(sorted(flags))
