"""What is priced: the key that selects a rate, the rate, and what `aggregate` needs to ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from vaultsync.model.events import Grain, TokenCounts


@dataclass(frozen=True, slots=True)
class RateKey:
    """All that selects the rate of an event; events with equal keys may be summed before pricing."""

    provider: str
    model: str
    when: datetime
    """UTC; the start of the interval in which no rate changes."""
    mode: str = "standard"
    region: str | None = None
    prompt: int = 0
    """Prompt tokens of one request; any number of the same long-context band will do."""
    grain: Grain = "request"
    context_band: str | None = None


@dataclass(frozen=True, slots=True)
class AppliedRate:
    """What multiplies the counts of events with one `RateKey`; or why nothing does."""

    rates: Mapping[str, Decimal | None]
    """Token class -> money per million tokens in `currency`, fall-backs, mode and region applied."""
    currency: str = "USD"
    web_search: Decimal = Decimal(0)
    """Money per search."""
    request: Decimal = Decimal(0)
    """Money per request."""
    adjust: Decimal = Decimal(1)
    """Contract factor on the whole cost; the list cost is without it."""
    free: bool = False
    reason: str | None = None
    """None, or why there is no price: `unknown_model`, `no_rate_for_date`, `ambiguous_provider`,
    `mode_rate_missing`."""
    flags: tuple[str, ...] = ()
    """`maker_price`, `mode_rate_missing`, `tier_unknown`, `window_unknown`, `date_span`."""
    row: str = ""
    """Which row of which file, for people: `pricing.yaml:123 anthropic claude-opus-4-5 from 2025-11-24`."""

    def cost(
        self, tokens: TokenCounts, web_searches: int = 0, requests: int = 1, *, at_list: bool = False
    ) -> Decimal | None:
        """Cost of counts, exact, in `currency`.

        Args:
            at_list: Leave the contract factor out.

        Returns:
            None where there is no rate, or where output has none.
        """
        if self.reason:
            return None
        if self.free:
            return Decimal(0)
        total = Decimal(0)
        for name, count in self.counts(tokens).items():
            if count:
                price = self.rates.get(name)
                if price is None:
                    return None
                total += count * price
        total = total / 1_000_000 + web_searches * self.web_search + requests * self.request
        return total if at_list else total * self.adjust

    def counts(self, tokens: TokenCounts) -> dict[str, int]:
        """Token class -> what its rate multiplies; here the classes are disjoint, audio and reasoning
        included."""
        counts = {
            "input": tokens.input - tokens.input_audio,
            "input_audio": tokens.input_audio,
            "cache_read": tokens.cache_read - tokens.cache_read_audio,
            "cache_read_audio": tokens.cache_read_audio,
            "cache_write_5m": tokens.cache_write_5m,
            "cache_write_30m": tokens.cache_write_30m,
            "cache_write_1h": tokens.cache_write_1h,
            "cache_write_12h": tokens.cache_write_12h,
            "cache_write": tokens.cache_write,
            "output_audio": tokens.output_audio,
        }
        spoken = tokens.output - tokens.output_audio
        if self.rates.get("reasoning") is not None:
            counts["reasoning"] = min(tokens.reasoning, spoken)
            spoken -= counts["reasoning"]
        counts["output"] = spoken
        return counts


class Pricer(Protocol):
    """What `aggregate` needs of a price list.

    Two more methods are asked for where a price list has them. `windowed(provider, model) -> bool`: may a
    price
    depend on the hour? Without it every interval is asked for. `energy(key: RateKey) -> tuple[Decimal,
    Decimal,
    str] | None`: watts, price per kWh and its currency, of a local model.
    """

    @property
    def thresholds(self) -> Sequence[int]:
        """Prompt sizes at which a long-context price may begin, ascending."""

    @property
    def minutes(self) -> int:
        """Length of the UTC interval within which no rate changes; divides 15."""

    def rate(self, key: RateKey) -> AppliedRate:
        """The rate that applies to a key; cheap when asked again."""

    def convert(self, amount: Decimal, currency: str, day: date) -> Decimal | None:
        """An amount in the report currency by the table of a UTC day; None: no rate is known."""


class UsageRows(Protocol):
    """The usage table of a range: one row per group of events that may be summed; columns of equal length.

    Columns: `quarter` (int, start of the UTC interval in seconds), `band` (int, index into the sorted
    thresholds: number of thresholds t with prompt >= t plus number with prompt > t), `label` columns
    `source, provider, model, mode, region, context_band, grain, session, project, branch, action_type,
    action_name,
    machine, quality` (str or None), the token classes, `events, requests, web_searches, unsplit, duration_ms`
    (int), `has_output` (bool), `cost` (Decimal or None), `currency`, `cost_kind`, `flags` (str, space
    separated).
    A row with a stated cost holds one event.
    """

    @property
    def columns(self) -> Mapping[str, Sequence[object]]:
        """Column -> values."""

    @property
    def outcomes(self) -> Sequence[tuple[int, str, int]]:
        """Counted results: row, name, amount."""
