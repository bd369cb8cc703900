"""`collect`: read new log data and say what was found per source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vaultsync.cli.common import Shell, command, table
from vaultsync.cli.program import DONE, LEFT_UNDONE, say, visible

if TYPE_CHECKING:
    from vaultsync.sync import SourceCount

TITLES = ("source", "files", "read", "new", "copies", "partial", "pending", "rejected", "first", "last")


@command("collect")
@click.option("--strict", is_flag=True, help="Exit with 3 if a log line was rejected.")
def collect(shell: Shell, strict: bool) -> int:
    """Read new log data into the ledger, and say what was found per source.

    `copies` are rows of calls that were known already, `partial` calls of which only a part is known,
    `pending` last lines and documents that are still being written. Logs are only read. What was counted
    once is not counted again, wherever its log is moved.
    """
    with shell.open() as (run, _, _):
        collected = run.collect()
    rows = [_row(count) for count in collected.sources]
    if not shell.quiet:
        say(
            table(TITLES, rows)
            if rows
            else "No logs were found. `vaultsync doctor` says where they are looked for."
        )
        for count in collected.sources:
            for reason, times in count.reasons:
                say(visible(f"{count.source}: {times:,} rejected: {reason}"))
        if collected.removed:
            are = "event was" if collected.removed == 1 else "events were"
            say(f"{collected.removed:,} {are} taken back: the document no longer says so.")
    shell.issues(collected.issues)
    return LEFT_UNDONE if strict and collected.rejected else DONE


def _row(found: SourceCount) -> tuple[str, ...]:
    counts = (found.files, found.read, found.new, found.joined, found.partial, found.pending, found.rejected)
    return found.source, *(f"{n:,}" for n in counts), str(found.first or ""), str(found.last or "")


COMMANDS = {"collect": collect}
