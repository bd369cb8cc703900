"""The price lists of a run, laid over each other: which rate applies to an event, and why."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from hashlib import sha256
from math import gcd

from vaultsync.model import AppliedRate, RateKey, TokenCounts
from vaultsync.pricing.explain import Explanation, explain
from vaultsync.pricing.find import Found, Hit, find
from vaultsync.pricing.layer import Layer, fits
from vaultsync.pricing.names import candidates, geography, is_free_variant, provider_name
from vaultsync.pricing.rates import Block, Choice, Energy, Model, choose, last_day

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Listed:
    """One model with the block that is in force on a day."""

    provider: str
    model: str
    row: str
    """File, line, provider, model and start, for people."""
    currency: str
    free: bool
    rates: Mapping[str, Decimal]
    """Stated rates per million tokens of the standard sheet; classes without one are missing."""
    fees: Mapping[str, Decimal]
    """Per thousand calls."""
    tiers: tuple[str, ...]
    windows: tuple[str, ...]
    modes: tuple[str, ...]
    since: date | None
    until: date | None
    """Exclusive."""


@dataclass(frozen=True, slots=True)
class Priced:
    """An applied rate with all that led to it."""

    applied: AppliedRate
    found: Found
    hit: Hit | None = None
    model: Model | None = None
    block: Block | None = None
    choice: Choice | None = None


class PriceList:
    """Dated prices of all lists; the user's replace the shipped ones entry by entry."""

    def __init__(self, layers: Sequence[Layer], currency: str = "USD") -> None:
        self._layers = tuple(layers)
        self._currency = currency.upper()
        self._found: dict[Hashable, Found] = {}
        self._priced: dict[RateKey, Priced] = {}
        self.digest = sha256("\n".join(layer.digest for layer in layers).encode()).hexdigest()
        """Hash of the content of all lists."""
        self.thresholds: Sequence[int] = sorted({start for layer in layers for start in layer.thresholds})
        """Prompt sizes at which a long-context price may begin, ascending."""
        self.minutes = gcd(*(layer.minutes for layer in layers))
        """Length of the UTC interval within which no rate changes; divides 15."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd in the user's lists, as `path:line: what`; the shipped one is not theirs to mend."""
        return tuple(text for layer in self._layers[:-1] for text in layer.warnings) + tuple(self._broad())

    @property
    def providers(self) -> frozenset[str]:
        """Providers that have a price in any list, by their usual names."""
        return frozenset(name for layer in self._layers for name in layer.providers)

    def rate(self, key: RateKey) -> AppliedRate:
        """The rate that applies to a key; cheap when asked again.

        Args:
            key: `when` in UTC. `prompt` selects the long-context tier of single calls and runs; sums have the
                tier of their `context_band`, else the base rate and a flag.
        """
        return self._price(key).applied

    def energy(self, key: RateKey) -> Energy | None:
        """What the model's machine draws, where a list says so."""
        model = self._price(key).model
        return model.energy if model else None

    def windowed(self, provider: str, model: str) -> bool:
        """Say whether a price of a model may depend on the hour, on any day."""
        name = model.strip().lower()
        days = {date.max}.union(*(layer.alias_days(name) for layer in self._layers))
        hits = (hit for day in days for hit in self._find(provider, model, day).hits)
        return any(hit.layer.model(hit.number).is_windowed for hit in hits)

    def model(self, provider: str, model: str, day: date) -> str | None:
        """The id that the lists have for a model on a UTC day, however it is written; None: they do not."""
        hits = self._find(provider, model, day).hits
        found = hits[0].layer.model(hits[0].number).id if hits else "*"
        return None if "*" in found else found

    def convert(self, amount: Decimal, currency: str, day: date) -> Decimal | None:
        """An amount in the report currency by the table of a UTC day; None: no rate is known."""
        currency = currency.upper()
        if currency == self._currency:
            return amount
        rates = (layer.exchange(currency, day) for layer in self._layers)
        rate = next((rate for rate in rates if rate is not None), None)
        return None if rate is None else amount * rate

    def explain(
        self, key: RateKey, tokens: TokenCounts | None = None, web_searches: int = 0, requests: int = 1
    ) -> Explanation:
        """Tell how a key is priced: names tried, row, sheet, tier, factors, count x rate of each class."""
        return explain(self._price(key), key, tokens, web_searches, requests)

    def list(self, day: date, provider: str | None = None) -> tuple[Listed, ...]:
        """Models with a rate in force on a UTC day, those of the user's lists first.

        Args:
            provider: In any usual spelling; None for all.
        """
        wanted = None if provider is None else provider_name(provider)
        found: dict[tuple[str, str], Listed] = {}
        for place, layer in enumerate(self._layers):
            for model in layer.models(wanted):
                if self._is_replaced(model, day, self._layers[:place]):
                    continue
                block = model.block(day)
                if block or model.free:
                    found.setdefault((model.provider, model.id.lower()), _listed(layer, model, block))
        return tuple(found.values())

    def nearest(self, model: str, n: int = 3) -> tuple[str, ...]:
        """Names of the lists that look most like a name, best first."""
        known = {name for layer in self._layers for each in layer.providers for name in layer.names(each)}
        *_, bare = candidates(model, "")
        return tuple(get_close_matches(bare, sorted(known), n))

    def _price(self, key: RateKey) -> Priced:
        priced = self._priced.get(key)
        if priced is None:
            priced = self._priced[key] = self._build(key)
        return priced

    def _build(self, key: RateKey) -> Priced:
        day = key.when.date()
        found = self._find(key.provider, key.model, day)
        if found.reason:
            return Priced(AppliedRate({}, reason=found.reason), found)
        picked = _pick(found.hits, day)
        if picked is None:
            hit = found.hits[0]
            model = hit.layer.model(hit.number)
            row = row_of(hit.layer, model, None)
            return Priced(AppliedRate({}, reason="no_rate_for_date", row=row), found, hit, model)
        hit, model, block = picked
        applied = AppliedRate({}, currency=model.currency, free=True, row=row_of(hit.layer, model, block))
        if block is None or _is_free(key, hit, block):
            return Priced(replace(applied, flags=found.flags), found, hit, model, block)
        return self._apply(key, found, hit, model, block)

    def _apply(self, key: RateKey, found: Found, hit: Hit, model: Model, block: Block) -> Priced:
        choice = choose(block, key, key.region or geography(key.model))
        flags = {*found.flags, *choice.flags}
        if _pick(found.hits, last_day(key)) != (hit, model, block):
            flags.add("date_span")
        refused = "mode_rate_missing" in flags and self._on_missing_mode == "unpriced"
        applied = AppliedRate(
            rates={} if refused else choice.rates,
            currency=model.currency,
            web_search=block.fees.get("web_search_per_1k", Decimal(0)) / 1000,
            request=block.fees.get("request_per_1k", Decimal(0)) / 1000,
            adjust=self._adjust(provider_name(key.provider) or model.provider, key.when.date()),
            reason="mode_rate_missing" if refused else None,
            flags=tuple(sorted(flags)),
            row=row_of(hit.layer, model, block),
        )
        return Priced(applied, found, hit, model, block, choice)

    def _find(self, provider: str, model: str, day: date) -> Found:
        name = model.strip().lower()
        meant = tuple(layer.alias(name, day) for layer in self._layers)  # all that a day can change
        asked = (provider, model, meant)
        found = self._found.get(asked)
        if found is None:
            found = self._found[asked] = find(self._layers, provider_name(provider), model, day)
        return found

    def _adjust(self, provider: str, day: date) -> Decimal:
        factors = (layer.adjust(provider, day) for layer in self._layers)
        return next((factor for factor in factors if factor is not None), _ONE)

    @property
    def _on_missing_mode(self) -> str:
        said = (layer.on_missing_mode for layer in self._layers)
        return next((value for value in said if value), "standard")

    def _is_replaced(self, model: Model, day: date, above: Sequence[Layer]) -> bool:
        for layer in above:
            number = layer.find(model.provider, model.id.lower())
            if number is not None and (layer.model(number).free or layer.model(number).block(day)):
                return True
        return False

    def _broad(self) -> Iterator[str]:
        """Warn about a pattern whose open end takes another model too, which a list below prices apart."""
        for place, layer in enumerate(self._layers):
            for below in self._layers[place + 1 :]:
                for provider in layer.providers:
                    for pattern, number, line in layer.patterns(provider):
                        other = _also(layer, below, provider, pattern, number)
                        if other:
                            yield (
                                f"{layer.path}:{line}: the pattern {pattern!r} also matches {other!r}. "
                                "List the names, or give the other model an entry."
                            )


def _also(layer: Layer, below: Layer, provider: str, pattern: str, number: int) -> str | None:
    stem = below.find(provider, pattern.rstrip("*")) if pattern.endswith("*") else None
    if stem is None:
        return None
    others = (
        name
        for name in below.names(provider)
        if fits(pattern, name) and layer.find(provider, name) == number and below.find(provider, name) != stem
    )
    return min(others, key=lambda name: (len(name), name), default=None)


def _pick(hits: Sequence[Hit], day: date) -> tuple[Hit, Model, Block | None] | None:
    """The first entry that has a block for a UTC day; a free one always has."""
    for hit in hits:
        model = hit.layer.model(hit.number)
        block = model.block(day)
        if block or model.free:
            return hit, model, block
    return None


def _is_free(key: RateKey, hit: Hit, block: Block) -> bool:
    """A free variant without an entry of its own costs nothing, whatever its model costs."""
    asked = key.mode == "free" or (is_free_variant(key.model) and not is_free_variant(hit.name))
    return asked and "free" not in block.modes


def row_of(layer: Layer, model: Model, block: Block | None) -> str:
    """Name the row of a list, for people."""
    line = block.line if block else model.line
    since = f" from {block.start}" if block and block.start else ""
    return f"{layer.name}:{line} {model.provider} {model.id}{since}"


def _listed(layer: Layer, model: Model, block: Block | None) -> Listed:
    return Listed(
        provider=model.provider,
        model=model.id,
        row=row_of(layer, model, block),
        currency=model.currency,
        free=model.free,
        rates=block.sheet.rates if block else {},
        fees=block.fees if block else {},
        tiers=tuple(map(str, block.sheet.tiers)) if block else (),
        windows=tuple(map(str, block.sheet.windows)) if block else (),
        modes=tuple(block.modes) if block else (),
        since=block.start if block else None,
        until=block.end if block else None,
    )
