"""`reconcile`: what several tellings say of the same spend, and why they differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from vaultsync.cli.common import Shell, command, day_option, table
from vaultsync.cli.program import DONE, say
from vaultsync.cli.report import events
from vaultsync.text import named

if TYPE_CHECKING:
    from vaultsync.periods import Period
    from vaultsync.reconcile import Comparison, Row, Sum
    from vaultsync.settings import Settings
    from vaultsync.sync.reconcile import Reconciled

SCHEMA = "vaultsync.reconcile/1"
_BY_MAPPING = "put a CSV or JSON of its figures into {where} with a mapping that `tells: usage` or `bills`"
MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def read_month(ctx: click.Context, param: click.Parameter, value: str | None) -> Period | None:
    """Read an option that is a month: `YYYY-MM`."""
    if value is None:
        return None
    from vaultsync.periods import month

    match = MONTH.fullmatch(value)
    if not match or not 2000 <= int(match[1]) <= 2100:
        raise click.BadParameter(f"{value!r} is not a month; write it as 2026-01.")
    return month(date(int(match[1]), int(match[2]), 1))


@command("reconcile")
@click.option("--month", "named", metavar="YYYY-MM", callback=read_month, help="This month.")
@day_option("--since", "First day, UTC.")
@day_option("--until", "Last day, included.")
@click.option("--provider", metavar="NAME", help="Only this one.")
@click.option("--json", "form", flag_value="json", help=f'One JSON object, schema "{SCHEMA}".')
@click.option("--csv", "form", flag_value="csv", help="The rows as CSV, safe to open in a spreadsheet.")
def reconcile(
    shell: Shell,
    named: Period | None,
    since: date | None,
    until: date | None,
    provider: str | None,
    form: str | None,
) -> int:
    """Show per day and model what the logs, the provider's export and the bill say, and why they differ.

    Without a range it is about the latest month with something to compare. Days are of UTC, as providers cut
    them. It reads the ledger as it is; `vaultsync collect` brings it up to date.
    """
    if named and (since or until):
        raise click.UsageError("--month is a range of its own; leave out --since and --until.")
    with shell.open(is_reading=True) as (run, settings, today):
        found = run.reconcile(named or _range(since, until, today), provider)
        if form is None:
            text = "\n".join(on_screen(found, settings))
        else:
            from vaultsync.cli.reconciled import to_csv, to_json

            text = to_csv(found) if form == "csv" else to_json(found, settings.currency)
    say(text.rstrip("\n"))
    return DONE


def _range(since: date | None, until: date | None, today: date) -> Period | None:
    """What was asked for: from the beginning where no start, to this day where no end is named."""
    from vaultsync.cli.span import in_order
    from vaultsync.periods import EVER, Period

    if not (since or until):
        return None
    in_order(since, until)
    first, last = since or EVER.start, until or max(today, since or today)
    return Period(first, last + timedelta(days=1), "day", f"{first} to {last}")


def on_screen(found: Reconciled, settings: Settings) -> Iterator[str]:
    """A table for each comparison with its reasons below, then what is left to say."""
    zone = "" if settings.zone_name == "UTC" else f"; your notes cut days in {settings.zone_name}"
    yield f"{found.period.start} to {found.period.last}, days of UTC{zone}"
    for each in found.comparisons:
        yield from _comparison(each, found, settings.currency)
    yield from _left(found, settings)


def _comparison(each: Comparison, found: Reconciled, currency: str) -> Iterator[str]:
    from vaultsync.reconcile import WORDS
    from vaultsync.render.text import plain

    here, there = (WORDS[found.kinds[name]] for name in (each.here, each.there))
    titles = ["day", "model", each.here, currency, each.there, currency, "difference", "%", "reason"]
    rows = [[row.when, plain(named("model", row.model)), *_figures(row), _why(row)] for row in each.rows]
    yield from ("", f"{plain(each.provider)}: {here} ({each.here}) and {there} ({each.there})", "")
    yield table(titles, rows, ["total", "", *_figures(each.total), ""], text=2)
    yield ""
    if each.shares:
        total = ["difference", _signed(each.total.difference), "", ""]
        yield table(["reason", currency, "tokens", "rows"], list(_reasons(each, here, there)), total)
        yield ""
    yield from _facts(each, here, there)


def _figures(row: Row) -> Iterator[str]:
    yield from (*_said(row.here), *_said(row.there), _signed(row.difference), _percent(row))


def _said(told: Sum | None) -> tuple[str, str]:
    """Tokens and cost of one side."""
    from vaultsync.model import Amount
    from vaultsync.render.numbers import cell

    if told is None:
        return "–", "–"
    return _count(told.total), cell(Amount(told.cost, told.cost is not None and told.unpriced > 0))


def _count(tokens: int | None) -> str:
    return "–" if tokens is None else f"{tokens:,}"


def _signed(amount: Decimal) -> str:
    from vaultsync.render.numbers import money

    return ("+" if amount > 0 else "") + money(amount)


def _percent(row: Row) -> str:
    if not row.here or not row.here.cost:
        return ""
    return f"{row.difference / row.here.cost * 100:+,.1f}".replace("-", "−")


def _why(row: Row) -> str:
    return row.reason.replace("_", " ") if row.reason else ""


def _reasons(each: Comparison, here: str, there: str) -> Iterator[tuple[str, ...]]:
    from vaultsync.reconcile import REASONS

    for share in each.shares:
        tokens = "" if share.tokens is None else f"{share.tokens:+,}".replace("-", "−")
        text = REASONS[share.reason].format(here=here, there=there)
        yield text, _signed(share.cost), tokens, f"{share.rows:,}"


def _facts(each: Comparison, here: str, there: str) -> Iterator[str]:
    """What may lie behind a difference, and has no sum of its own."""
    for told, who in ((each.total.here, here), (each.total.there, there)):
        if told and told.partial:
            yield f"By {who} {events(told.partial)} hold only a part of the output; the true cost is higher."
        if told and told.unpriced:
            yield f"By {who} {events(told.unpriced)} have no price; `vaultsync prices check` names them."
        if told and told.special:
            yield f"By {who} {told.special:,} tokens have the price of a mode or region: batch, priority, us."


def _left(found: Reconciled, settings: Settings) -> Iterator[str]:
    """What could not be compared, and what to do about it."""
    from vaultsync.reconcile import FILES
    from vaultsync.render.text import plain

    if not found.comparisons:
        yield from ("", "There is nothing to compare: no spend of these days is told twice.")
    for telling, of in found.cut:
        yield f"{plain(telling)} tells {of} as a whole; `--month {of}` compares it."
    for telling in found.odd:
        yield f"{plain(telling)} has sums over days that are no calendar month, which cannot be compared."
    if found.also:
        names = ", ".join(map(plain, found.also))
        yield f"Left out, for it is of another account by `tellings`: {names}."
    where = settings.logs[0] if settings.logs else "a folder that you name under `logs:`"
    for provider in found.alone:
        file = FILES.get(provider)
        how = f"put {file} into {where}" if file else _BY_MAPPING.format(where=where)
        yield f"Only one telling of {plain(provider)}. To check it, {how}, and run `vaultsync collect`."


COMMANDS = {"reconcile": reconcile}
