"""The rates of one model: which block, sheet, time window and long-context tier an event has.

The order is fixed: block by day, sheet by mode, window by hour, tier by prompt, fall-backs, factors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from vaultsync.model import Grain, RateKey
from vaultsync.periods import month

_ONE = Decimal(1)
_AGGREGATES: frozenset[Grain] = frozenset({"session", "hour", "day", "month"})
_WITHOUT_HOUR: frozenset[Grain] = frozenset({"day", "month"})
STANDARD = frozenset({"", "standard", "default"})

FALL_BACKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("input", ()),
    ("cache_read", ("input",)),
    ("cache_write", ("cache_write_5m", "input")),
    ("cache_write_5m", ("cache_write", "input")),
    ("cache_write_30m", ("cache_write", "cache_write_5m", "input")),
    ("cache_write_1h", ("cache_write", "cache_write_5m", "input")),
    ("cache_write_12h", ("cache_write", "cache_write_5m", "input")),
    ("output", ()),
    ("reasoning", ()),
    ("input_audio", ("input",)),
    ("output_audio", ("output",)),
    ("cache_read_audio", ("cache_read", "input")),
)
"""Token class -> whose rate it pays where it has none; output has no substitute, reasoning lies in output."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Rates of a request whose whole prompt is long."""

    start: int
    inclusive: bool
    rates: Mapping[str, Decimal]

    def holds(self, prompt: int) -> bool:
        """Say whether a prompt of this many tokens is priced by the tier."""
        return prompt > self.start or (self.inclusive and prompt == self.start)

    def __str__(self) -> str:
        return f"{'at or above' if self.inclusive else 'above'} {self.start:,} tokens"


@dataclass(frozen=True, slots=True)
class Window:
    """Rates of some hours of the week."""

    hours: tuple[tuple[int, int], ...]
    """Minutes of the UTC day, half open."""
    weekdays: frozenset[int]
    """1 Monday ... 7 Sunday."""
    rates: Mapping[str, Decimal]

    def holds(self, minute: int, weekday: int) -> bool:
        """Say whether a minute of a weekday lies in the window."""
        return weekday in self.weekdays and any(start <= minute < end for start, end in self.hours)

    def __str__(self) -> str:
        spans = ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in self.hours)
        days = "" if len(self.weekdays) == 7 else f" on weekdays {', '.join(map(str, sorted(self.weekdays)))}"
        return f"{spans} UTC{days}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rates per million tokens, with what replaces them by hour and by length of the prompt."""

    rates: Mapping[str, Decimal]
    tiers: tuple[Tier, ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """The prices of a model in a range of UTC days."""

    line: int
    start: date | None
    end: date | None
    """Exclusive."""
    sheet: Sheet
    fees: Mapping[str, Decimal]
    modes: Mapping[str, Sheet | Decimal]
    """A sheet of its own, or a factor."""
    regions: Mapping[str, Decimal]

    def __contains__(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


class Energy(NamedTuple):
    """What a local model draws while it answers."""

    watts: Decimal
    price_per_kwh: Decimal
    currency: str

    def cost(self, duration_ms: int | None) -> Decimal | None:
        """Estimate the cost of a measured duration, in `currency`; None without a duration."""
        if duration_ms is None:
            return None
        return self.watts * duration_ms * self.price_per_kwh / 3_600_000_000


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of a price list."""

    provider: str
    id: str
    line: int
    free: bool
    currency: str
    energy: Energy | None
    blocks: tuple[Block, ...]

    @property
    def is_windowed(self) -> bool:
        """Say whether any price of the model depends on the hour."""
        sheets = (sheet for block in self.blocks for sheet in (block.sheet, *block.modes.values()))
        return any(isinstance(sheet, Sheet) and sheet.windows for sheet in sheets)

    def block(self, day: date) -> Block | None:
        """The block in force on a UTC day."""
        return next((block for block in self.blocks if day in block), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which part of a block an event pays by."""

    rates: Mapping[str, Decimal | None]
    """Every token class, fall-backs and factors applied."""
    stated: Mapping[str, Decimal]
    """Before fall-backs and factors."""
    mode: str = "standard"
    multiplier: Decimal = _ONE
    region: str | None = None
    region_factor: Decimal = _ONE
    tier: Tier | None = None
    window: Window | None = None
    flags: tuple[str, ...] = field(default=())


def choose(block: Block, key: RateKey, region: str | None) -> Choice:
    """Pick sheet, window and tier of a block, and apply them.

    Args:
        region: The event's, or the one its model name begins with.
    """
    flags: list[str] = []
    sheet, multiplier = block.sheet, _ONE
    entry = None if key.mode in STANDARD else block.modes.get(key.mode)
    if isinstance(entry, Sheet):
        sheet = entry
    elif entry is not None:
        multiplier = entry
    elif key.mode not in STANDARD:
        flags.append("mode_rate_missing")
    window = _window(sheet, key, flags)
    tier = _tier(sheet, key, flags)
    stated = {**sheet.rates, **(window.rates if window else {}), **(tier.rates if tier else {})}
    factor = block.regions.get(region.lower(), _ONE) if region else _ONE
    rates = with_fall_backs(stated, multiplier * factor)
    mode = "standard" if "mode_rate_missing" in flags else key.mode or "standard"
    return Choice(rates, stated, mode, multiplier, region, factor, tier, window, tuple(flags))


def _window(sheet: Sheet, key: RateKey, flags: list[str]) -> Window | None:
    if sheet.windows and key.grain in _WITHOUT_HOUR:
        flags.append("window_unknown")
        return None
    minute, weekday = key.when.hour * 60 + key.when.minute, key.when.isoweekday()
    return next((window for window in sheet.windows if window.holds(minute, weekday)), None)


def _tier(sheet: Sheet, key: RateKey, flags: list[str]) -> Tier | None:
    if not sheet.tiers or key.context_band == "base":
        return None
    if key.context_band == "long":
        return sheet.tiers[-1]
    if key.grain in _AGGREGATES:
        flags.append("tier_unknown")
        return None
    return next((tier for tier in reversed(sheet.tiers) if tier.holds(key.prompt)), None)


def with_fall_backs(stated: Mapping[str, Decimal], factor: Decimal = _ONE) -> dict[str, Decimal | None]:
    """Give every token class the rate that it pays."""
    rates: dict[str, Decimal | None] = {}
    for name, substitutes in FALL_BACKS:
        found = next((stated[other] for other in (name, *substitutes) if other in stated), None)
        rates[name] = None if found is None else found * factor
    return rates


def last_day(key: RateKey) -> date:
    """Last UTC day that a bucket may contain; only months span several."""
    day = key.when.date()
    return month(day).end - timedelta(days=1) if key.grain == "month" else day


# --- from the compiled form ---


def model(plain: Mapping[str, Any]) -> Model:
    """Build a model from its compiled form."""
    energy = plain["energy"]
    return Model(
        provider=plain["provider"],
        id=plain["id"],
        line=plain["line"],
        free=plain["free"],
        currency=plain["currency"],
        energy=Energy(Decimal(energy["watts"]), Decimal(energy["price_per_kwh"]), energy["currency"])
        if energy
        else None,
        blocks=tuple(_block(block) for block in plain["blocks"]),
    )


def _block(plain: Mapping[str, Any]) -> Block:
    return Block(
        line=plain["line"],
        start=_day(plain["from"]),
        end=_day(plain["to"]),
        sheet=_sheet(plain),
        fees=_decimals(plain["fees"]),
        modes={
            name: Decimal(mode["multiplier"]) if "multiplier" in mode else _sheet(mode)
            for name, mode in plain["modes"].items()
        },
        regions=_decimals(plain["regions"]),
    )


def _sheet(plain: Mapping[str, Any]) -> Sheet:
    return Sheet(
        rates=_decimals(plain["rates"]),
        tiers=tuple(Tier(t["start"], t["inclusive"], _decimals(t["rates"])) for t in plain["tiers"]),
        windows=tuple(
            Window(tuple((a, b) for a, b in w["hours"]), frozenset(w["weekdays"]), _decimals(w["rates"]))
            for w in plain["windows"]
        ),
    )


def _decimals(plain: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(text) for name, text in plain.items()}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
