"""`doctor`: what was found where, what is configured, what looks wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from vaultsync.cli.common import Shell, command
from vaultsync.cli.program import DONE, LEFT_UNDONE, say, visible

if TYPE_CHECKING:
    from vaultsync.sync import Check

SIGNS = {"ok": "ok  ", "info": "    ", "warning": "warn", "error": "FAIL"}


@command("doctor")
def doctor(shell: Shell) -> int:
    """Say what was found where, what is configured, what looks wrong and how to mend it.

    It changes nothing. It ends with 3 if something keeps figures or notes from being true.
    """
    with shell.open(is_reading=True) as (run, _, _):
        checks = run.doctor()
    report(shell, checks)
    return LEFT_UNDONE if any(check.state == "error" for check in checks) else DONE


def report(shell: Shell, checks: Iterable[Check]) -> None:
    """Print checks by group, with their remedies; with --quiet only trouble, with --verbose all details."""
    shown = [check for check in checks if not shell.quiet or check.state in ("warning", "error")]
    for group, members in groupby(shown, key=lambda check: check.group):
        say(visible(group))
        for check in members:
            say(visible(f"  {SIGNS[check.state]} {check.name}: {check.text}"))
            for line in (*check.more, *(check.details if shell.verbose else ()), check.remedy):
                if line:
                    say(visible(f"       {line}"))


COMMANDS = {"doctor": doctor}
