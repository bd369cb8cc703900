"""Compare what several tellings say of the same spend, and give every difference one reason.

Of each provider the best telling is held against each of the others, by day of UTC and model, or by month
where one of the two tells whole months. Each row has one reason, so that the reasons add up to the difference
exactly. What no rule explains is called unexplained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise
from operator import attrgetter
from typing import Final, Literal, NamedTuple

from vaultsync.model import Line, TokenCounts
from vaultsync.text import ALL_MODELS

Reason = Literal[
    "unfinished",
    "day_only_here",
    "day_only_there",
    "not_a_model",
    "model_only_here",
    "model_only_there",
    "no_price",
    "rounding",
    "other_price",
    "placeholders",
    "midnight",
    "unexplained",
]
REASONS: Final[Mapping[Reason, str]] = {
    "day_only_there": "days told only by {there}",
    "day_only_here": "days told only by {here}",
    "unfinished": "the last two days, which may not be whole in {there} yet",
    "model_only_there": "models told only by {there}: hidden calls, other programs and machines",
    "model_only_here": "models told only by {here}",
    "not_a_model": "items that are no model: searches, fees, taxes",
    "placeholders": "outputs told only in part by {here}, the prompts being the same",
    "other_price": "the same tokens at another price: modes, regions, cache lifetimes, searches, discounts",
    "no_price": "rows with calls that have no price, so that their cost is not known",
    "midnight": "calls about midnight UTC, told on different days",
    "rounding": "amounts that were rounded before they were told",
    "unexplained": "unexplained",
}
"""What a reason means, in the order in which reasons are told."""
WORDS: Final[Mapping[str, str]] = {
    "calls": "the logs",
    "usage": "the provider's figures",
    "events": "telemetry",
    "metrics": "telemetry",
    "bills": "the bill",
}
"""What each kind of telling is called."""
FILES: Final[Mapping[str, str]] = {
    "anthropic": "the usage or cost CSV of the Console, or saved pages of the Admin API's reports of both",
    "deepseek": "the CSV files in the ZIP that its usage page exports",
    "google": "the cost table of Cloud Billing as CSV, or rows of its export to BigQuery as JSON",
    "openai": "the usage or cost CSV of the usage page, or saved pages of the usage or costs API",
    "openrouter": "a saved answer of the activity API",
}
"""What a provider gives out that tells of all its calls, as far as a collector reads it."""
UNFINISHED: Final = timedelta(days=2)
"""How long providers revise their figures of a day."""
CENTS: Final = 2
"""Digits behind the point of an amount that was rounded to cents."""
ROUNDED_OFF: Final = 100
"""Of a sum of many amounts no more than this part of it is put down to rounding."""
PRECISION: Final = 120
"""Digits of a sum, so that nothing is rounded on the way."""
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Sum:
    """What one telling says of some calls."""

    tokens: TokenCounts = field(default_factory=TokenCounts)
    unsplit: int = 0
    """Tokens known only as a total."""
    calls: int = 0
    cost: Decimal | None = None
    """None: nothing of it has a price."""
    stated: int = 0
    """Events whose cost is told, not calculated."""
    unpriced: int = 0
    partial: int = 0
    """Events of which only part of the output is known."""
    special: int = 0
    """Tokens of a mode or a region of their own."""

    @classmethod
    def of(cls, line: Line, *, is_special: bool = False) -> Sum:
        """The same of a line."""
        c = line.coverage
        special = line.all_tokens if is_special else 0
        counts = (c.reported, c.unpriced, c.partial, special)
        return cls(line.tokens, c.unsplit_tokens, line.requests, line.cost, *counts)

    @property
    def total(self) -> int | None:
        """All tokens; None where none are told: a bill tells money only."""
        return self.tokens.total + self.unsplit or None

    @property
    def classes(self) -> tuple[int, ...]:
        """Tokens by what all tellings tell apart; lifetimes of a cache, say, are not."""
        t = self.tokens
        return t.input, t.cache_read, t.cache_writes, t.output, self.unsplit

    def __add__(self, other: Sum) -> Sum:
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        counts = {
            f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Sum) if f.name != "cost"
        }
        return Sum(**counts, cost=sum(costs, ZERO) if costs else None)


NOTHING: Final = Sum()


class Said(NamedTuple):
    """What one telling says of a model on a day of UTC."""

    day: date
    """Of a month: any day of it."""
    is_month: bool
    provider: str
    model: str
    is_model: bool
    """False for items of a bill that are none."""
    telling: str
    kind: str
    """What kind of telling that is: `calls`, `usage`, ..."""
    rank: tuple[int, str]
    """Its place among the tellings, least is best."""
    sum: Sum
    is_odd: bool = False
    """True for a sum of days that are no calendar month, which can be held against nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """A day, or a month, and a model, as two tellings have it."""

    when: str
    """`2026-01-07` or `2026-01`, UTC."""
    model: str
    here: Sum | None
    """By the better telling; None: it says nothing of it."""
    there: Sum | None
    reason: Reason | None = None
    """None: they agree."""

    @property
    def difference(self) -> Decimal:
        """What `there` is dearer, of all that has a price."""
        with localcontext(prec=PRECISION):
            return ((self.there or NOTHING).cost or ZERO) - ((self.here or NOTHING).cost or ZERO)

    @property
    def tokens(self) -> int | None:
        """How many tokens more `there` has; None where a side tells none."""
        if any(side and side.total is None for side in (self.here, self.there)):
            return None
        return ((self.there or NOTHING).total or 0) - ((self.here or NOTHING).total or 0)


_HERE, _THERE = attrgetter("here"), attrgetter("there")


class Share(NamedTuple):
    """What one reason makes of a difference."""

    reason: Reason
    cost: Decimal
    tokens: int | None
    rows: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two tellings of one provider's spend."""

    provider: str
    here: str
    """The better telling."""
    there: str
    rows: tuple[Row, ...]
    """Those of `here` and `there`, by day and model."""
    total: Row = field(init=False)
    shares: tuple[Share, ...] = field(init=False)
    """Reasons of the whole difference, in the order of `REASONS`; their costs add up to it."""
    shared: Row = field(init=False)
    """The total of the days, or months, that both tell."""

    def __post_init__(self) -> None:
        with localcontext(prec=PRECISION):
            told = [{row.when for row in self.rows if side(row)} for side in (_HERE, _THERE)]
            object.__setattr__(self, "total", _total(self.rows))
            object.__setattr__(
                self, "shared", _total(row for row in self.rows if row.when in told[0] & told[1])
            )
            object.__setattr__(self, "shares", tuple(_shares(self.rows)))


def compare(said: Iterable[Said], today: date) -> tuple[Comparison, ...]:
    """Hold the best telling of each provider against each of the others.

    Args:
        today: UTC; what is told of the last days may be unfinished.
    """
    by_provider: defaultdict[str, list[Said]] = defaultdict(list)
    for one in said:
        by_provider[one.provider].append(one)
    with localcontext(prec=PRECISION):
        return tuple(found for name in sorted(by_provider) for found in _of(name, by_provider[name], today))


def _of(provider: str, said: Sequence[Said], today: date) -> Iterator[Comparison]:
    (_, here), *others = sorted({(one.rank, one.telling) for one in said})
    for _, there in others:
        rows = _explained(_Pair(said, here, there), today)
        yield Comparison(provider, here, there, tuple(rows))


class _Pair:
    """What two tellings say, by the same days or months."""

    def __init__(self, said: Iterable[Said], here: str, there: str) -> None:
        both = [one for one in said if one.telling in (here, there)]
        months = {one.day.replace(day=1) for one in both if one.is_month}
        self.sums: defaultdict[tuple[str, str], dict[bool, Sum]] = defaultdict(dict)
        """When and model -> what is said; True: by `here`."""
        self.days: dict[str, date] = {}
        self.told: set[tuple[str, bool]] = set()
        """When each of the two tells anything."""
        self.models: set[str] = set()
        for one in both:
            is_here = one.telling == here
            when = one.day.isoformat()[: 7 if one.day.replace(day=1) in months else 10]
            of = self.sums[when, one.model]
            of[is_here] = of.get(is_here, NOTHING) + one.sum
            self.days[when] = max(one.day, self.days.get(when, one.day))
            self.told.add((when, is_here))
            if one.is_model:
                self.models.add(one.model)
        self.may_lag = all(one.kind != "calls" for one in both if one.telling == there)
        """True where `there` is not one's own logs, which have all up to now."""
        named = {is_here for (_, model), of in self.sums.items() if model in self.models for is_here in of}
        if len(named) == 1 and len({is_here for _, is_here in self.told}) == 2:
            self._forget_models()

    def _forget_models(self) -> None:
        """Compare whole days: one of the two tells no model, so nothing can be said of one."""
        sums, self.models = self.sums, {ALL_MODELS}
        self.sums = defaultdict(dict)
        for (when, _), of in sums.items():
            whole = self.sums[when, ALL_MODELS]
            for is_here, told in of.items():
                whole[is_here] = whole.get(is_here, NOTHING) + told


def _explained(pair: _Pair, today: date) -> list[Row]:
    rows = []
    for (when, model), of in sorted(pair.sums.items()):
        row = Row(when, model, of.get(True), of.get(False))
        rows.append(replace(row, reason=_reason(row, pair, today)))
    return _over_midnight(rows)


def _reason(row: Row, pair: _Pair, today: date) -> Reason | None:
    """Why the two tell different costs of a row; the first rule that fits."""
    is_late = pair.may_lag and pair.days[row.when] > today - UNFINISHED
    if row.there is None:
        if is_late:
            return "unfinished"
        if row.model not in pair.models:
            return "not_a_model"
        return "model_only_here" if (row.when, False) in pair.told else "day_only_here"
    if row.here is None:
        if row.model not in pair.models:
            return "not_a_model"
        return "model_only_there" if (row.when, True) in pair.told else "day_only_there"
    if row.here.unpriced or row.there.unpriced:
        return "no_price"
    if not row.difference and not row.tokens:
        return None
    reason = _reason_of_both(row.here, row.there, row.difference)
    is_less = row.difference < 0 or (row.tokens or 0) < 0
    return "unfinished" if reason == "unexplained" and is_late and is_less else reason


def _reason_of_both(here: Sum, there: Sum, difference: Decimal) -> Reason:
    if difference and abs(difference) <= _slack(here, there):
        return "rounding"
    if here.classes == there.classes:
        return "other_price"
    *prompt, output, unsplit = here.classes
    *other, larger, others = there.classes
    if here.partial and (prompt, unsplit) == (other, others) and larger > output:
        return "placeholders"
    return "unexplained"


def _slack(here: Sum, there: Sum) -> Decimal:
    """How much of a difference comes of amounts that were rounded before they were told."""
    return max(_rounded_off(side) for side in (here, there))


def _rounded_off(side: Sum) -> Decimal:
    """The most that rounding made of a sum; exact amounts may happen to add up to whole cents, too."""
    half = _half_digit(side.cost)
    return min(half * side.stated, max(half, abs(side.cost or ZERO) / ROUNDED_OFF))


def _half_digit(cost: Decimal | None) -> Decimal:
    """Half of the last digit in which the amounts of a sum are told; of a cent, if that is more exact."""
    exponent = (cost or ZERO).normalize().as_tuple().exponent
    return Decimal(5).scaleb(min(-CENTS, int(exponent)) - 1)


def _over_midnight(rows: list[Row]) -> list[Row]:
    """Explain two days, one after the other, of which both tell the same in sum."""
    by_model: defaultdict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.reason == "unexplained":
            by_model[row.model].append(place)
    for places in by_model.values():
        for one, two in pairwise(places):
            first, second = rows[one], rows[two]
            if first.reason == "unexplained" and _are_shifted(first, second):
                rows[one], rows[two] = (replace(row, reason="midnight") for row in (first, second))
    return rows


def _are_shifted(one: Row, two: Row) -> bool:
    if len(one.when) < 10 or len(two.when) < 10 or not (one.here and one.there and two.here and two.there):
        return False
    if date.fromisoformat(two.when) - date.fromisoformat(one.when) != timedelta(days=1):
        return False
    here, there = one.here + two.here, one.there + two.there
    if one.tokens is None or two.tokens is None:
        slack = _slack(here, there)
        return abs(one.difference + two.difference) <= slack < min(abs(one.difference), abs(two.difference))
    return here.classes == there.classes


def _total(rows: Iterable[Row]) -> Row:
    sides = [(row.here or NOTHING, row.there or NOTHING) for row in rows]
    return Row("", "", sum((here for here, _ in sides), NOTHING), sum((there for _, there in sides), NOTHING))


def _shares(rows: Iterable[Row]) -> Iterator[Share]:
    by_reason: defaultdict[Reason, list[Row]] = defaultdict(list)
    for row in rows:
        if row.reason:
            by_reason[row.reason].append(row)
    for reason in REASONS:
        if of := by_reason[reason]:
            tokens = [row.tokens for row in of if row.tokens is not None]
            cost = sum((row.difference for row in of), ZERO)
            yield Share(reason, cost, sum(tokens) if tokens else None, len(of))
