"""Commands that write notes: collect, refresh, and say what became of each note."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultsync.cli.common import Shell, command, day_option, options, relative
from vaultsync.cli.program import DONE, LEFT_UNDONE, WOULD_CHANGE, complain, show, worst

if TYPE_CHECKING:
    from vaultsync.periods import NoteKind
    from vaultsync.settings import Settings
    from vaultsync.sync import Collected, NoteResult, Outcome
    from vaultsync.sync.looked import Trees

VERBS = {
    "written": "wrote",
    "created": "created",
    "restored": "restored",
    "removed": "removed",
    "would-write": "would write",
    "would-create": "would create",
    "would-restore": "would restore",
    "would-remove": "would remove",
    "unchanged": "unchanged",
    "left": "left",
}
SWITCHES = ("dry_run", "diff", "check", "force", "adopt", "only", "strict")

date_option = day_option("--date", "A day of the period. Default: today.", "day")
careful_options = options(
    click.option("--dry-run", is_flag=True, help="Say what would change; write nothing."),
    click.option("--diff", is_flag=True, help="Show what would change as a unified diff; write nothing."),
    click.option("--check", is_flag=True, help="Write nothing; exit with 5 if a note would change."),
)
note_options = options(
    careful_options,
    click.option("--force", is_flag=True, help="Replace a block that was edited by hand, after a backup."),
    click.option(
        "--adopt", is_flag=True, help="Replace the old text of a section that has no block, after a backup."
    ),
    click.option("--strict", is_flag=True, help="Exit with 3 if a log line was rejected."),
)


@command("daily")
@date_option
@click.option(
    "--only", is_flag=True, help="Only daily notes; leave weeks, months, quarters, years, the dashboard."
)
@note_options
def daily(shell: Shell, day: date | None, **switches: bool) -> int:
    """Collect, then refresh the day's note, earlier notes whose figures changed, and what contains them.

    This is the command for a scheduler. With nothing to do it is quick, and silent under -q.
    """
    from vaultsync.periods import day as period

    with shell.open() as (run, settings, today):
        outcome = run.daily(day or today, _options(switches))
        looked = run.looked() if shell.stamp and outcome.is_settled else None
    code = finish(shell, settings, outcome, switches)
    if shell.stamp and looked and code == DONE:
        span = [moment.timestamp() for moment in period(today).instants(settings.zone)]
        _leave_stamp(shell, *shell.stamp, span, *looked)
    return code


def _leave_stamp(
    shell: Shell, stamp: str, begun: float, span: list[float], files: list[Path], trees: Trees
) -> None:
    """Note what nothing to do depended on, so that the next run may answer without looking into anything."""
    from vaultsync import idle

    looked = idle.Looked(
        [*idle.VARIABLES, *sorted(shell.environ.names)],
        [os.fspath(path) for path in files],
        [(os.fspath(path), passed_over, depth) for path, passed_over, depth in trees],
    )
    idle.keep(stamp, looked, span, "\n".join(shell.said), begun)


def _refresher(kind: NoteKind, period: str) -> click.Command:
    """The command that refreshes one note of a kind."""

    def refresh(shell: Shell, day: date | None = None, **switches: bool) -> int:
        with shell.open() as (run, settings, today):
            outcome = run.refresh(kind, day or today, _options(switches))
        return finish(shell, settings, outcome, switches)

    refresh.__doc__ = f"Collect, then refresh {period}."
    dated: Callable[[Any], Any] = date_option if kind != "dashboard" else options()
    return command(kind)(dated(note_options(refresh)))


@command("sync")
@day_option("--since", "First day. Default: the first with usage.")
@day_option("--until", "Last day, included. Default: today.")
@note_options
def sync(shell: Shell, since: date | None, until: date | None, **switches: bool) -> int:
    """Collect, then refresh every note of a range, missing notes of past days included."""
    from vaultsync.cli.span import after, in_order

    in_order(since, until)
    with shell.open() as (run, settings, _):
        outcome = run.backfill(since, after(until), _options(switches))
    return finish(shell, settings, outcome, switches)


def _options(switches: dict[str, bool]) -> Any:
    from vaultsync.sync import Options

    return Options(**{name: switches.get(name, False) for name in SWITCHES})


def finish(shell: Shell, settings: Settings, outcome: Outcome, switches: dict[str, bool]) -> int:
    """Say what a command did, and how it ends."""
    codes = [DONE]
    if outcome.collected:
        codes.append(_collected(shell, outcome.collected, strict=switches.get("strict", False)))
    for problem in outcome.problems:
        complain(problem)
    told = not switches.get("check") or switches.get("dry_run") or shell.verbose
    for note in outcome.notes:
        if note.action == "skipped":
            complain(_skipped(note, settings))
            codes.append(LEFT_UNDONE)
        elif told and (shell.verbose or note.action != "unchanged"):
            shell.say(_line(note, settings))
        if note.diff and switches.get("diff"):
            show(note.diff.rstrip("\n"))
    if told and not outcome.changes and not outcome.skipped:
        shell.say("Nothing to do: all notes are up to date.")
    for hint in outcome.hints if told else ():
        shell.say(hint)
    if switches.get("check") and outcome.changes:
        codes.append(WOULD_CHANGE)
    return worst(*codes)


def _collected(shell: Shell, collected: Collected, *, strict: bool) -> int:
    shell.issues(collected.issues)
    if collected.new:
        names = ", ".join(count.source for count in collected.sources if count.new)
        shell.say(f"{collected.new:,} new call{'s' * (collected.new != 1)} from {names}")
    return LEFT_UNDONE if strict and collected.rejected else DONE


def _line(note: NoteResult, settings: Settings) -> str:
    reason = f": {note.reason}" if note.reason else ""
    period = f" ({note.kind} {note.label})" if note.label else ""
    return f"{VERBS[note.action]} {relative(note.path, settings.vault)}{period}{reason}"


def _skipped(note: NoteResult, settings: Settings) -> str:
    """Why a note was left; its reason may begin with its path and line already."""
    path = relative(note.path, settings.vault)
    reason = (note.reason or "it was not safe to write.").removeprefix(f"{settings.vault}{os.sep}")
    return reason if path in reason.partition(": ")[0] else f"{path}: {reason}"


COMMANDS = {
    "daily": daily,
    "sync": sync,
    "weekly": _refresher("weekly", "the note of the week"),
    "monthly": _refresher("monthly", "the note of the month"),
    "quarterly": _refresher("quarterly", "the note of the quarter"),
    "yearly": _refresher("yearly", "the note of the year"),
    "dashboard": _refresher("dashboard", "the dashboard note"),
}
