"""`report`: usage and cost by any dimension, on the terminal or for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import repeat
from typing import TYPE_CHECKING, Any

import click

from vaultsync.cli.common import Shell, command, day_option, table
from vaultsync.cli.program import DONE, say
from vaultsync.periods import EVER, KINDS
from vaultsync.text import meant, named

if TYPE_CHECKING:
    from vaultsync.model import Line, Notice, Summary
    from vaultsync.settings import Settings

DIMENSIONS = ("provider", "model", "project", "session", "branch", "action", "source", "machine")
TITLE = 40
"""Characters of a session's title on the screen."""
COUNTS = ("calls", "input", "cache read", "cache write", "output", "total")


def dimensions(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """Dimensions separated by commas; `none` for no grouping."""
    names = [name.strip() for name in value.split(",") if name.strip()]
    for name in names:
        if name not in DIMENSIONS and names != ["none"]:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(DIMENSIONS)}.")
    return () if names == ["none"] else tuple(dict.fromkeys(names))


def conditions(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> Mapping[str, str | None]:
    """Conditions `DIM=VALUE`; an empty value, or (none), is a missing one."""
    found: dict[str, str | None] = {}
    for text in value:
        name, sign, wanted = text.partition("=")
        if not sign or name not in DIMENSIONS:
            raise click.BadParameter(f"{text!r} is not DIM=VALUE; DIM is one of {', '.join(DIMENSIONS)}.")
        if name in found:
            raise click.BadParameter(f"{name} is named twice; an event has one.")
        found[name] = meant(name, wanted)
    return found


@command("report")
@click.argument("period", type=click.Choice(KINDS), required=False)
@click.option("--by", metavar="DIM,...", default="provider,model", callback=dimensions, show_default=True)
@day_option("--since", "First day. Default: of this month, quarter or year.")
@day_option("--until", "Last day, included.")
@click.option(
    "--where", metavar="DIM=VALUE", multiple=True, callback=conditions, help="Only these; may be repeated."
)
@click.option("--json", "form", flag_value="json", help='One JSON object, schema "vaultsync.report/1".')
@click.option("--csv", "form", flag_value="csv", help="The rows as CSV, safe to open in a spreadsheet.")
@click.option("--markdown", "form", flag_value="markdown", help="A Markdown table.")
def report(
    shell: Shell,
    period: Any,
    by: tuple[str, ...],
    since: date | None,
    until: date | None,
    where: Mapping[str, str | None],
    form: str | None,
) -> int:
    """Show usage and cost, grouped by DIM and, with PERIOD, cut into days, weeks, months, quarters or years.

    DIM is provider, model, project, session, branch, action, source or machine; `--by none` gives one total.
    It reads the ledger as it is; `vaultsync collect` brings it up to date.
    """
    from vaultsync.cli.span import span

    with shell.open(is_reading=True) as (run, settings, today):
        whole = span(since, until, period, today, run.calendar)
        figures = run.figures(whole.start, whole.end, {*by, *where})
        summary = figures.summarize(whole, by, period, where or None)
        titles = run.titles() if form is None and "session" in by else {}
        beside = run.beside(whole) if form is None and not where else []
        if form == "json":
            from vaultsync.table import to_json

            text = to_json(summary, run.intake(), zone=settings.zone_name, currency=settings.currency)
        else:
            text = write(summary, settings, form, titles)
    lines = [text.rstrip("\n"), *_sentences(beside, settings.currency)]
    say("\n".join(lines))
    return DONE


def write(summary: Summary, settings: Settings, form: str | None, titles: Mapping[str, str]) -> str:
    """The text of a summary for people or spreadsheets; titles of sessions are shown on the screen only."""
    if form == "markdown":
        from vaultsync.render import markdown_table

        return markdown_table(summary, settings.currency)
    if form is None:
        return on_screen(summary, settings.currency, titles)
    from vaultsync.table import to_csv

    return to_csv(summary)


def _sentences(notices: Sequence[Notice], currency: str) -> Iterator[str]:
    """Notices about amounts, as text."""
    from vaultsync.model import Amount
    from vaultsync.render.numbers import cell

    for notice in notices:
        amounts = (value for value in notice.values if isinstance(value, Amount))
        yield notice.text.format(*(f"{cell(amount)} {currency}" for amount in amounts))


def on_screen(summary: Summary, currency: str, titles: Mapping[str, str]) -> str:
    """The table for a terminal, with its range above and its coverage below."""
    last = summary.until - timedelta(days=1)
    head = f"{summary.since} to {last}" if summary.since > EVER.start else f"up to {last}"
    if not summary.lines:
        return f"{head}: no usage."
    names = [*(["period"] if summary.bucket else []), *summary.by]
    called = _called(summary, titles)
    names += ["title"] if called else []
    rows = [
        [*_names(line, summary), *title, *figures_of(line)]
        for line, title in zip(summary.lines, called or repeat(()), strict=False)
    ]
    total = [*("total" if i == 0 else "" for i in range(len(names))), *figures_of(summary.total)]
    text = table([*names, *COUNTS, f"cost {currency}"], rows, total if names else None, text=len(names))
    return "\n".join([head, "", text, "", *coverage(summary.total)])


def _names(line: Line, summary: Summary) -> Iterator[str]:
    from vaultsync.render.text import plain

    if summary.bucket:
        yield line.period or ""
    yield from (plain(named(by, key)) for by, key in zip(summary.by, line.keys, strict=True))


def _called(summary: Summary, titles: Mapping[str, str]) -> list[tuple[str]]:
    """The title of each line's session; nothing where none has one."""
    from vaultsync.render.text import plain

    if "session" not in summary.by:
        return []
    place = summary.by.index("session")
    found = [titles.get(line.keys[place] or "", "") for line in summary.lines]
    return [(plain(title, TITLE),) for title in found] if any(found) else []


def figures_of(line: Line) -> list[str]:
    """Calls, tokens and cost of a line as text."""
    t = line.tokens
    counts = (line.requests, t.input, t.cache_read, t.cache_writes, t.output, t.total)
    return [*(f"{n:,}" for n in counts), cost(line)]


def cost(line: Line) -> str:
    """A cost as text; a lower bound where some of it has no price or no exchange rate."""
    from vaultsync.render.numbers import cell

    return cell(line.amount)


def coverage(line: Line) -> Iterator[str]:
    """How the total was made, and what it lacks."""
    from vaultsync.render.numbers import money

    c = line.coverage
    ways = (
        (c.calculated, "calculated"),
        (c.reported, "as reported"),
        (c.free, "free"),
        (c.unpriced, "without a price"),
        (dict(c.flags).get("foreign", 0), "without an exchange rate"),
    )
    yield f"{events(c.events)}: " + ", ".join(f"{n:,} {way}" for n, way in ways if n) + "."
    if c.unpriced:
        yield "The cost is a lower bound; `vaultsync prices check` names the models without a price."
    if c.partial:
        yield f"{events(c.partial)} with an output that is only partly known."
    if c.unsplit:
        yield f"{c.unsplit_tokens:,} more tokens of {events(c.unsplit)} are known only in sum."
    for code, amount in line.foreign:
        remedy = "add an exchange rate under `fx` in your pricing.yaml"
        yield f"{money(amount)} {code} are not in the cost; {remedy}."


def events(count: int) -> str:
    """`1 event`, `2 events`."""
    return f"{count:,} event{'s' * (count != 1)}"


COMMANDS = {"report": report}
