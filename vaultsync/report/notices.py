"""Honest sentences under the figures: what has no price, what is uncertain, what was left out."""

from __future__ import annotations

from collections.abc import Iterator

from vaultsync.model import Amount, Line, Notice
from vaultsync.report.desk import Desk, name

NAMED = 5
"""Models without a price that are named; more are counted."""

FOLLOWED = "skill_followed"
"""Flag of events of a skill that the log does not name at them."""

FLAGS = {
    "tier_unknown": "a sum of calls that may hold long prompts, so the price of short ones",
    "mode_rate_missing": "a mode without a price of its own, so the standard price",
    "maker_price": "the reseller's price is not listed, so the maker's price",
    "window_unknown": "a sum over hours of different price, so the base price",
    "odd_period": "a sum over days that are no calendar month, which stands under its first day",
    "date_span": "a price change within the event, so the price of its first day",
    "split_mismatch": "parts larger than their whole, which were cut to fit",
    "total_mismatch": "a stated total that is not the sum of its parts, which count",
    "negative_class": "a count below zero after subtraction, taken as zero",
    "bad_count": "an optional count that cannot be read, left out",
    "from_totals": "taken from the day's totals, for the log lists no runs",
    "future": "dated more than two days ahead when read",
    "assumed_date": "no time of their own, so the time of what stands around them",
    "estimate": "token counts that are themselves an estimate",
    "session-total": "known only as the total of a session",
    "reasoning_unknown": "reasoning tokens that may be part of the output or stand beside it",
    "estimated_cost": "no price in the list, so the cost that the program itself estimates",
    "bad_cost": "a stated cost that cannot be read, left out",
    "assumed_model": "no model in the log, so the one in force before it",
    "byok": "paid with a key of your own at the provider, so only the gateway's fee is known",
    "cache_unknown": "cached tokens that the log does not tell apart, priced as plain input",
}
"""What a flag means, after "3 events: "."""

_TOLD_ELSEWHERE = {
    "ambiguous_provider",
    "day_estimate",
    "foreign",
    "no_output_rate",
    "no_rate_for_date",
    "notional",
    FOLLOWED,
    "total_only",
    "unknown_model",
}


def all_of(desk: Desk) -> tuple[Notice, ...]:
    """Everything worth knowing about the figures of a period, gravest first, then what was handed in."""
    total = desk.sum().total
    return (*_unpriced(desk), *_counts(total), *_money(total), *_flags(total), *_skills(desk), *desk.notices)


def _unpriced(desk: Desk) -> Iterator[Notice]:
    lines = [x for x in desk.sum("provider", "model").lines if x.coverage.unpriced > x.coverage.unsplit]
    lines.sort(key=lambda x: (-x.all_tokens, x.keys))
    for line in lines[:NAMED]:
        provider, model = map(name, line.keys, ("provider", "model"))
        missing, events = line.coverage.unpriced, line.coverage.events
        of = "{} {}" if missing == events else "{} of {} events"
        counts = (missing, _events(missing)) if missing == events else (missing, events)
        yield Notice(
            "unpriced",
            f"No price for {{}} {{}}: {of}, {{}} tokens. Add the model to your pricing.yaml.",
            (provider, model, *counts, line.all_tokens),
        )
    if len(lines) > NAMED:
        text = "No price for {} more models; `vaultsync prices check` names them."
        yield Notice("unpriced", text, (len(lines) - NAMED,))


def _events(count: int) -> str:
    return "event" if count == 1 else "events"


def _counts(total: Line) -> Iterator[Notice]:
    coverage = total.coverage
    if coverage.unsplit:
        text = "{} {} known only by a total of {} tokens, which the price list cannot price."
        are = "event is" if coverage.unsplit == 1 else "events are"
        yield Notice("unsplit", text, (coverage.unsplit, are, coverage.unsplit_tokens))
    if coverage.partial:
        have = "event has" if coverage.partial == 1 else "events have"
        text = "{} {} only part of the output in the log; the true cost is higher."
        yield Notice("partial", text, (coverage.partial, have))


def _money(total: Line) -> Iterator[Notice]:
    for code, value in total.foreign:
        text = "{} is not in the sum, for no exchange rate is known. Add one under fx in your pricing.yaml."
        yield Notice("foreign", text, (Amount(value, currency=code),))
    stated, ours = total.stated, total.stated_calculated
    if stated is not None and ours is not None and round(stated, 2) != round(ours, 2):
        text = "The logs state {} where the price list makes it {}."
        yield Notice("stated", text, (Amount(stated), Amount(ours)))
    for code, value in total.energy:
        if value:
            text = "Local models used about {} of electricity, which is not in the sum."
            yield Notice("energy", text, (Amount(value, currency=code),))


def _flags(total: Line) -> Iterator[Notice]:
    for flag, count in total.coverage.flags:
        if flag in FLAGS:
            yield Notice("flag", f"{{}} {{}}: {FLAGS[flag]}.", (count, _events(count)))
        elif flag not in _TOLD_ELSEWHERE:
            yield Notice("flag", "{} {}: marked {} by the reader.", (count, _events(count), flag))


def _skills(desk: Desk) -> Iterator[Notice]:
    """Skills with calls that are theirs only by their place, between its start and the next prompt."""
    if FOLLOWED not in dict(desk.sum().total.coverage.flags):
        return
    lines = [(dict(line.coverage.flags).get(FOLLOWED, 0), line) for line in desk.sum("action").lines]
    found = sorted((pair for pair in lines if pair[0]), key=lambda pair: (-pair[0], name(pair[1].keys[0])))
    for count, line in found[:NAMED]:
        events = line.coverage.events
        text = "{}: the log names it at {} of {} {}, the rest came between its start and the next prompt."
        yield Notice("flag", text, (name(line.keys[0]), events - count, events, _events(events)))
    if len(found) > NAMED:
        yield Notice("flag", "{} more skills have events at which no log names them.", (len(found) - NAMED,))
