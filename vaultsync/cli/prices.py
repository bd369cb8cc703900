"""`prices`: the rates in force, why an event costs what it does, models without a price."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from vaultsync.cli.common import Shell, command, day_option, table
from vaultsync.cli.program import DONE, complain, say, visible
from vaultsync.text import named

if TYPE_CHECKING:
    from vaultsync.model import RateKey, TokenCounts, UsageEvent
    from vaultsync.pricing import Explanation, Listed, PriceList
    from vaultsync.sync import Run

LATEST = 20
RATES = ("input", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "output")
REASONS = {
    "unknown_model": "no list knows the model",
    "no_rate_for_date": "the lists know the model, but have no rate for that day",
    "ambiguous_provider": "several providers have it at different prices, and the log does not say which",
    "mode_rate_missing": "the list has no rate for its mode",
    "no_output_rate": "the list has no rate for its output",
    "no_input_rate": "the list has no rate for a part of its input",
}


@command("prices")
@click.argument("what", type=click.Choice(["list", "explain", "check"]), default="list")
@click.argument("event", required=False)
@day_option("--date", "UTC day of the rates. Default: today.", "day")
@click.option("--provider", metavar="NAME", help="Only this provider.")
@click.option(
    "--input", "input_tokens", type=click.IntRange(0, 10**12), default=0, help="Of a model to explain."
)
@click.option(
    "--output", "output_tokens", type=click.IntRange(0, 10**12), default=0, help="Of a model to explain."
)
def prices(
    shell: Shell,
    what: str,
    event: str | None,
    day: date | None,
    provider: str | None,
    input_tokens: int,
    output_tokens: int,
) -> int:
    """Say what tokens cost, and why.

    `list` shows the rates in force on a day, per million tokens; with EVENT, only models with that in their
    name. `explain EVENT` shows which rate priced an event and why; EVENT is its id in the ledger or in its
    log, or a model name, as claude-opus-4-5 or anthropic/claude-opus-4-5; without EVENT it lists the last
    events with their ids. `check` names models in the ledger that have no price, and what is odd in the price
    lists.
    """
    if what == "check" and event:
        raise click.UsageError("check takes no EVENT.")
    with shell.open(is_reading=True) as (run, _, today):
        if what == "list":
            return _list(run.price_list().list(day or today, provider), event)
        if what == "check":
            return _check(run, provider)
        if not event:
            return _latest(run)
        known = run.event(event)
        if known:
            return _explain(run.price_list(), _key(known), known.tokens, known.web_searches, known.requests)
        from vaultsync.model import TokenCounts

        tokens = TokenCounts(input=input_tokens, output=output_tokens)
        key = _asked(event, provider, day or today, tokens)
        return _explain(run.price_list(), key, tokens if tokens.total else None, 0, 1)


def _latest(run: Run) -> int:
    """The last events, each with the id by which it can be explained."""
    found = run.latest(LATEST)
    rows = [
        (
            *(stored.short, f"{stored.event.when:%Y-%m-%d %H:%M}", stored.event.provider),
            *(named("model", stored.event.model), f"{stored.event.tokens.total:,}"),
        )
        for stored in found
    ]
    titles = ("event", "UTC", "provider", "model", "tokens")
    say(
        table(titles, rows, text=4)
        if rows
        else "The ledger has no events yet; `vaultsync collect` reads them."
    )
    return DONE


def _list(listed: tuple[Listed, ...], text: str | None) -> int:
    chosen = [entry for entry in listed if (text or "").lower() in entry.model.lower()]
    rows = [
        (
            *(entry.provider, entry.model, entry.currency),
            *("0" if entry.free else _number(entry.rates.get(name)) for name in RATES),
            ", ".join((*entry.tiers, *entry.windows, *entry.modes)),
        )
        for entry in chosen
    ]
    titles = ("provider", "model", "", *(name.replace("_", " ") for name in RATES), "also")
    say(table(titles, rows, text=3) if rows else "No list has a rate for that.")
    return DONE


def _number(value: Decimal | None) -> str:
    from vaultsync.text import decimal_text

    return "" if value is None else decimal_text(value)


def _check(run: Run, provider: str | None) -> int:
    from vaultsync.cli.report import events

    list_ = run.price_list()
    for warning in list_.warnings:
        complain(warning)
    lacking = run.unpriced(provider)
    for line in lacking:
        name, model = map(named, ("provider", "model"), line.keys)
        near = list_.nearest(model)
        offer = f" Near are: {', '.join(near)}." if near else ""
        counts = f"{events(line.coverage.unpriced)}, {line.tokens.total:,} tokens"
        say(visible(f"{name} {model}: no price for {counts}.{offer}"))
    say("Add an entry or an alias to pricing.yaml." if lacking else "Every event has a price.")
    return DONE


def _key(event: UsageEvent) -> RateKey:
    from vaultsync.model import RateKey

    return RateKey(
        event.provider,
        event.model,
        event.when,
        event.mode,
        event.region,
        event.tokens.prompt,
        event.grain,
        event.context_band,
    )


def _asked(name: str, provider: str | None, day: date, tokens: TokenCounts) -> RateKey:
    """The key of a model named by hand: at noon of a UTC day; a provider may stand before a slash."""
    from vaultsync.model import RateKey

    before, slash, model = name.partition("/")
    if provider or not slash:
        before, model = provider or "unknown", name
    return RateKey(before, model, datetime.combine(day, time(12), UTC), prompt=tokens.prompt)


def _explain(list_: PriceList, key: RateKey, tokens: TokenCounts | None, searches: int, requests: int) -> int:
    told = list_.explain(key, tokens, searches, requests)
    for name, value in _facts(told):
        say(visible(f"{name + ':':<14}{value}"))
    if told.charges:
        rows = [(c.name, f"{c.count:,}", _number(c.rate), _number(c.cost)) for c in told.charges]
        total = ("cost", "", "", "no price" if told.cost is None else _number(told.cost))
        say("\n" + table(("class", "count", "rate", "cost"), rows, total))
    if told.reason:
        near = list_.nearest(key.model)
        offer = f" Near are: {', '.join(near)}." if near else ""
        say(visible(f"{'no price:':<14}{REASONS.get(told.reason, told.reason)}.{offer}"))
    return DONE


def _facts(told: Explanation) -> Iterator[tuple[str, Any]]:
    """What led to the rate, as far as it played a part."""
    key, applied = told.key, told.applied
    yield "asked", f"{key.provider} {key.model} at {key.when:%Y-%m-%d %H:%M} UTC, {key.mode}"
    yield "tried", ", ".join(told.tried)
    if told.row:
        yield "row", told.row
    if told.since or told.until:
        yield "in force", f"from {told.since or 'the beginning'} to {told.until or 'now'}"
    if applied.free:
        yield "rate", "free"
    if told.mode != "standard" or told.multiplier != 1:
        yield "mode", f"{told.mode}, times {_number(told.multiplier)}"
    if told.region_factor != 1:
        yield "region", f"{told.region}, times {_number(told.region_factor)}"
    if told.tier or told.window:
        yield "band", " ".join(filter(None, (told.tier, told.window)))
    if applied.adjust != 1:
        yield "contract", f"times {_number(applied.adjust)}"
    if applied.flags:
        yield "flags", ", ".join(applied.flags)
    if applied.rates and not told.charges:
        rates = {name: rate for name, rate in applied.rates.items() if rate is not None}
        yield (
            "rates",
            ", ".join(f"{name} {_number(rate)}" for name, rate in rates.items()) + f" {applied.currency}",
        )


COMMANDS = {"prices": prices}
