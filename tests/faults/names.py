"""Hostile names in every position: each must read as a name, and do nothing, wherever it is shown."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import click

from tests.faults import played
from tests.faults.hostile import BLANK, TEXTS
from tests.faults.reading import HARMLESS, Fault, counted, differences, tree
from tests.faults.scene import ROOT
from tests.telling import Naive, Spent, state
from vaultsync import report
from vaultsync.model import Notice
from vaultsync.periods import NOTE_KINDS, PERIOD_OF, NoteKind
from vaultsync.render import markdown_table, templates, view
from vaultsync.report import Desk

SHIPPED = ROOT / "templates"
DAY = date(2026, 1, 7)
POSITIONS = 19
"""Places at which a report holds a name."""


# --- the notes that are told -------------------------------------------------------------------


def told(kind: NoteKind, name: str) -> str:
    """A note with a name in every position."""
    events = [
        Spent(
            DAY,
            name,
            name,
            cost=Decimal(4),
            session=name,
            project=name,
            branch=name,
            action=name,
            outcomes=((name, 2),),
        ),
        Spent(DAY, cost=Decimal(2), project="p", branch="b", action=f"skill {name}", session="s"),
        Spent(DAY, cost=Decimal(1), project=name, branch=name, action="manual"),
        Spent(DAY, name, name, cost=None),
    ]
    figures = Naive(events)
    period = figures.calendar.period(PERIOD_OF.get(kind, "day"), DAY)
    desk = Desk(
        period,
        figures,
        budgets=(
            state(period, "5", "7", provider=name),
            state(period, "5", "1", project=name),
        ),
        notices=(
            Notice("budget", f"{name}: llm_budget_usd is '{name}', which is not an amount."),
            Notice("flag", "{} {}: marked {} by the reader.", (1, "event", name)),
        ),
        outcomes={name: 3},
        titles={name: name},
    )
    made = replace(report.build(kind, desk), only=(name, "p"))
    return templates.run(f"{kind}.md.j2", view.of(made), None, SHIPPED)


def in_notes(texts: Sequence[str], kinds: Sequence[NoteKind]) -> Iterator[Fault]:
    """Every text in every position of notes of some kinds, against a harmless name."""
    for kind in kinds:
        expected = told(kind, HARMLESS)
        for text in texts:
            found = differences(told(kind, text), expected, text)
            yield from (Fault(f"{kind} note", text, what) for what in found)


def in_tables(texts: Sequence[str]) -> Iterator[Fault]:
    """Every text in the table of `report --markdown`."""
    for text in texts:
        tables = []
        for name in (text, HARMLESS):
            figures = Naive([Spent(DAY, model=name, cost=Decimal(2)), Spent(DAY, project=name)])
            tables.append(
                markdown_table(figures.summarize(figures.calendar.period("day", DAY), ("model", "project")))
            )
        found = [*counted(*tables), *["another tree"] * (tree(tables[0])[0] != tree(tables[1])[0])]
        yield from (Fault("Markdown table", text, what) for what in found)


# --- the program -------------------------------------------------------------------------------


@click.command("names")
@click.option("--all", "everything", is_flag=True, help="Every text in every kind of note; else each in one.")
def main(everything: bool) -> None:
    """Show hostile names in every position, and read what comes of it as a plugin or a terminal would."""
    faults: list[Fault] = []
    kinds = NOTE_KINDS if everything else ("dashboard",)
    for title, found in (
        (
            f"{len(TEXTS)} texts x {POSITIONS} positions x {len(kinds)} kinds of note",
            in_notes(TEXTS, kinds),
        ),
        (f"{len(TEXTS)} texts in a table of `report --markdown`", in_tables(TEXTS)),
        (f"{len(TEXTS) + len(BLANK)} texts through {len(played.COMMANDS)} commands", _in_a_vault()),
    ):
        told = list(found)
        click.echo(f"{title}: {len(told)} faults")
        for fault in told:
            click.echo(f"  {fault}")
        faults += told
    raise SystemExit(bool(faults))


def _in_a_vault() -> Iterator[Fault]:
    with tempfile.TemporaryDirectory() as folder:
        yield from played.faults(Path(folder), (*TEXTS, *BLANK))
