"""Add up counts and money of lots, exactly, and tell them as a line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from operator import add

from vaultsync.aggregate.rating import Lot
from vaultsync.aggregate.rows import COUNTS
from vaultsync.model import TOKEN_CLASSES, Coverage, Line, TokenCounts

WATT_MS_PER_KWH = 3_600_000_000
ZERO = Decimal(0)
ONE = Decimal(1)
WIDTH = len(TOKEN_CLASSES)


class Tally:
    """A sum in the making; exact, so the order of additions does not matter."""

    __slots__ = ("counts", "energy", "flags", "foreign", "marks", "money", "outcomes", "sessions")

    def __init__(self) -> None:
        self.counts = [0] * len(COUNTS)
        self.money: defaultdict[str, Decimal] = defaultdict(Decimal)
        """What -> amount in the report currency."""
        self.foreign: defaultdict[str, Decimal] = defaultdict(Decimal)
        """Currency -> amount that has no way into the report currency."""
        self.energy: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.marks: defaultdict[str, int] = defaultdict(int)
        self.flags: defaultdict[str, int] = defaultdict(int)
        self.outcomes: defaultdict[str, int] = defaultdict(int)
        self.sessions = 0

    def add(self, lot: Lot, counts: list[int], stated: Decimal) -> None:
        """Add events of one lot; sessions and outcomes are counted apart."""
        self.counts = [*map(add, self.counts, counts)]
        events, duration = counts[WIDTH], counts[-1]
        if not lot.is_foreign:
            self.marks[lot.basis] += events
        if lot.is_partial:
            self.marks["partial"] += events
        if lot.is_unsplit:
            self.marks["unsplit"] += events
        for flag in lot.flags:
            self.flags[flag] += events
        cost = lot.paid.cost(counts) if lot.paid else None
        listed = lot.listed.cost(counts) if lot.listed else cost
        self._pay(lot, cost, listed, stated)
        if lot.price.energy and duration:
            load, currency = lot.price.energy
            self.energy[currency] += load * duration

    def join(self, other: Tally) -> None:
        """Add another sum, all but its sessions: one session may be in both."""
        self.counts = [*map(add, self.counts, other.counts)]
        for name in ("money", "foreign", "energy", "marks", "flags", "outcomes"):
            mine = getattr(self, name)
            for key, amount in getattr(other, name).items():
                mine[key] += amount

    def _pay(self, lot: Lot, cost: Decimal | None, listed: Decimal | None, stated: Decimal) -> None:
        """Enter the money of one lot: what counts, and beside it what the logs state."""
        own = lot.price.factor
        claim = lot.exchange[1] if lot.exchange else None
        if lot.is_foreign and lot.basis == "reported" and lot.exchange:
            self.foreign[lot.exchange[0]] += stated
        elif lot.is_foreign and cost is not None:
            self.foreign[lot.price.applied.currency] += cost
        elif lot.basis in ("calculated", "free"):
            self._enter("cost", cost, own)
            self._enter("list_cost", listed, own)
        elif lot.basis == "reported":
            self._enter("cost", stated, claim)
            self._enter("list_cost", stated, claim)
        elif lot.basis == "notional":
            self._enter("cost", ZERO)
            self._enter("list_cost", ZERO)
            self._enter("notional", *((stated, claim) if listed is None else (listed, own)))
        if claim is not None:
            self._enter("stated", stated, claim)
            self._enter("stated_calculated", cost, own)
            self.marks["incomparable"] += cost is None or own is None

    def _enter(self, what: str, amount: Decimal | None, factor: Decimal | None = ONE) -> None:
        if amount is not None and factor is not None:
            self.money[what] += amount * factor

    def line(self, keys: tuple[str | None, ...], period: str | None) -> Line:
        """What is told of the sum."""
        events, requests, searches, unsplit, duration = self.counts[WIDTH:]
        marks = self.marks
        if not events:
            self.money["cost"] = self.money["list_cost"] = ZERO
        return Line(
            keys=keys,
            period=period,
            tokens=TokenCounts(*self.counts[:WIDTH]),
            requests=requests,
            web_searches=searches,
            sessions=self.sessions,
            cost=self._amount("cost"),
            list_cost=self._amount("list_cost"),
            stated=self._amount("stated"),
            stated_calculated=None if marks["incomparable"] else self._amount("stated_calculated"),
            foreign=_by_currency(self.foreign),
            energy=tuple((c, plain(round(x / WATT_MS_PER_KWH, 12))) for c, x in _by_currency(self.energy)),
            coverage=Coverage(
                events=events,
                calculated=marks["calculated"],
                reported=marks["reported"],
                unpriced=marks["unpriced"],
                free=marks["free"],
                partial=marks["partial"],
                unsplit=marks["unsplit"],
                unsplit_tokens=unsplit,
                flags=tuple(sorted(self.flags.items())),
            ),
            duration_ms=duration,
            outcomes=tuple(sorted(self.outcomes.items())),
            notional=self._amount("notional"),
        )

    def _amount(self, what: str) -> Decimal | None:
        amount = self.money.get(what)
        return None if amount is None else plain(amount)


def _by_currency(amounts: Mapping[str, Decimal]) -> tuple[tuple[str, Decimal], ...]:
    return tuple(sorted((currency, plain(amount)) for currency, amount in amounts.items()))


def plain(amount: Decimal) -> Decimal:
    """The same number in its one shortest spelling, without an exponent: equal sums give equal bytes."""
    short = amount.normalize()
    return short.quantize(Decimal(1)) if short.as_tuple().exponent > 0 else short  # type: ignore[operator]
