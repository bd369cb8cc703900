"""Gather what every telling of the same spend says, whichever of them counts: the figures of `reconcile`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from vaultsync import aggregate, reconcile
from vaultsync.ledger import Usage
from vaultsync.model import Amount, CostChoice, Notice
from vaultsync.periods import Calendar, Period, midnight, month
from vaultsync.reconcile import Comparison, Row, Said, Sum
from vaultsync.sync.books import DAY, Books

CALENDAR = Calendar(UTC)
CENT = Decimal("0.01")
STANDARD = (None, "", "standard", "default")


class Kept(NamedTuple):
    """What rows have in common that are priced and compared alike."""

    is_month: bool
    is_bill: bool
    is_special: bool
    """Of a mode or a region of their own."""
    is_odd: bool
    """Of days that are no calendar month."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What `reconcile` tells."""

    period: Period
    """Of UTC."""
    comparisons: tuple[Comparison, ...]
    kinds: Mapping[str, str]
    """Telling -> its kind."""
    alone: tuple[str, ...] = ()
    """Providers whose spend only one telling tells."""
    cut: tuple[tuple[str, str], ...] = ()
    """Tellings of months of which the range holds only a part, left out: telling and month."""
    odd: tuple[str, ...] = ()
    """Tellings of days that are no calendar month, left out."""
    also: tuple[str, ...] = ()
    """Sources of another account, which are left out."""


def usual(books: Books) -> Period:
    """The latest month with something to compare, else the latest with anything."""
    others = books.ledger.kinds().keys() - {*books.preference.also}
    found = [each.event.when for source in others for each in books.ledger.latest(1, {"source": source})]
    span = books.ledger.span()
    return month(max(found, default=span[1] if span else _midnight(books.today)).date())


def build(books: Books, period: Period, provider: str | None, now: datetime) -> Reconciled:
    """Compare the tellings of a range of UTC days.

    Args:
        provider: None: of all.
    """
    found = [one for one in said(books, _months(period)) if provider in (None, one.provider)]
    told = [one for one in found if one.is_month or one.day in period]
    comparisons = reconcile.compare(whole(told, period), now.astimezone(UTC).date())
    compared = {each.provider for each in comparisons}
    cut = {(one.telling, month(one.day).label) for one in told if not (one.is_odd or _is_whole(one, period))}
    return Reconciled(
        period,
        comparisons,
        {one.telling: one.kind for one in told},
        tuple(sorted({one.provider for one in told if one.sum.cost or one.sum.unpriced} - compared)),
        tuple(sorted(cut)),
        tuple(sorted({one.telling for one in told if one.is_odd})),
        books.preference.also,
    )


def _months(period: Period) -> Period:
    """The same and what comes before it in its first month, where a sum of that month stands."""
    return replace(period, start=period.start.replace(day=1))


def whole(told: Iterable[Said], period: Period) -> list[Said]:
    """What is told of a range, without months of which it holds only a part, and sums of other days."""
    return [one for one in told if one.day in period and not one.is_odd and _is_whole(one, period)]


def _is_whole(one: Said, period: Period) -> bool:
    of = month(one.day)
    return not one.is_month or (period.start <= of.start and of.end <= period.end)


def beside(books: Books, period: Period) -> list[Notice]:
    """What other tellings say of a period, where that is worth knowing."""
    span = books.ledger.span()
    if span is None or not books.ledger.hidden(*period.instants(UTC), books.preference):
        return []
    start, end = max(period.start, span[0].date()), min(period.end, span[1].date() + DAY)
    return list(notices(said(books, Period(start, end, "day", "")), period, books.today))


def notices(told: Iterable[Said], period: Period, today: date) -> Iterator[Notice]:
    """What other tellings say of the days of UTC of a period, where that is worth knowing.

    Args:
        told: Of these days, or more.
    """
    told = whole(told, period)
    kinds = {one.telling: one.kind for one in told}
    first: dict[tuple[str, str, str], Row] = {}
    for each in reconcile.compare(told, today):
        first.setdefault((kinds[each.here], kinds[each.there], each.provider), each.shared)
    for pair in dict.fromkeys(key[:2] for key in first):
        sides = [(row.here, row.there) for key, row in first.items() if key[:2] == pair]
        here, there = (sum((side for side in of if side), Sum()) for of in zip(*sides, strict=True))
        yield from _notice(pair, here, there)


def _notice(pair: tuple[str, str], here: Sum, there: Sum) -> Iterator[Notice]:
    if here.cost is None or there.cost is None:
        return
    difference = abs(there.cost - here.cost)
    if difference > CENT and difference * 100 > here.cost:
        ours, theirs = (reconcile.WORDS[kind] for kind in pair)
        text = f"By {theirs} the same days of UTC cost {{}}, by {ours} {{}}; see `vaultsync reconcile`."
        amounts = (Amount(side.cost, side.unpriced > 0) for side in (there, here))
        yield Notice("telling", text, tuple(amounts))


def said(books: Books, period: Period) -> list[Said]:
    """All that is told of a range of UTC days, whether or not it counts."""
    return list(_told(books, period))


def _told(books: Books, period: Period) -> Iterator[Said]:
    kinds, prefer = books.ledger.kinds(), books.preference
    for kept, rows in _apart(books.rows(period.start, period.end, (), UTC, None), kinds).items():
        choice: CostChoice = "reported" if kept.is_bill else books.settings.cost
        currency, by = books.settings.currency, ("provider", "model", "source")
        table = aggregate.load(rows, books.prices, CALENDAR, currency=currency, cost=choice, dimensions=by)
        for line in table.summarize(period, by, "day").lines:
            provider, model, source = (name or "" for name in line.keys)
            kind, day = kinds.get(source, "calls"), date.fromisoformat(line.period or "")
            rank = prefer.rank(source, kind)
            if rank is None:
                continue
            known = books.prices.model(provider, model, day)
            yield Said(
                day,
                kept.is_month,
                provider,
                known or model.lower(),
                bool(known or line.all_tokens),
                prefer.telling(source, kind),
                kind,
                rank,
                Sum.of(line, is_special=kept.is_special),
                kept.is_odd,
            )


def _apart(rows: Usage, kinds: Mapping[str, str]) -> dict[Kept, Usage]:
    """Rows by what they have in common."""
    places: defaultdict[Kept, list[int]] = defaultdict(list)
    names = ("grain", "source", "mode", "region", "flags")
    for place, (grain, source, mode, region, flags) in enumerate(
        zip(*(rows.columns[name] for name in names), strict=True)
    ):
        is_bill, is_special = kinds.get(str(source)) == "bills", mode not in STANDARD or bool(region)
        is_odd = "odd_period" in str(flags).split()
        places[Kept(grain == "month", is_bill, is_special, is_odd)].append(place)
    return {kept: Usage(_only(rows.columns, of), []) for kept, of in places.items()}


def _only(columns: Mapping[str, Sequence[object]], places: Sequence[int]) -> dict[str, Sequence[object]]:
    return {name: [values[place] for place in places] for name, values in columns.items()}


def _midnight(day: date) -> datetime:
    return midnight(day, UTC)
