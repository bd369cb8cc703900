"""The command line: which commands there are. Each is loaded when it is called, so that help stays light."""

from __future__ import annotations

from vaultsync import __version__
from vaultsync.cli.program import Program

COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Notes": {
        "daily": ("notes", "Collect, then refresh the day's note and all that changed. For schedulers."),
        "weekly": ("notes", "Collect, then refresh the note of a week."),
        "monthly": ("notes", "Collect, then refresh the note of a month."),
        "quarterly": ("notes", "Collect, then refresh the note of a quarter."),
        "yearly": ("notes", "Collect, then refresh the note of a year."),
        "dashboard": ("notes", "Collect, then refresh the dashboard note."),
        "sync": ("notes", "Collect, then refresh every note in a range: backfill."),
        "undo": ("undo", "Bring a note back exactly as it was before its last change."),
    },
    "Figures": {
        "collect": ("collect", "Read new log data into the ledger, and say what was found."),
        "show": ("show", "Today, this week, this month, budgets and last sessions on one screen."),
        "report": ("report", "Usage and cost by any dimension, as a table, JSON, CSV or Markdown."),
        "reconcile": (
            "reconcile",
            "What logs, exports and bills say of the same spend, and why they differ.",
        ),
        "prices": ("prices", "The rates in force, why an event costs what it does, models without a price."),
    },
    "Set-up": {
        "init": ("init", "Look at a vault and at this machine's logs, and write a commented vaultsync.yaml."),
        "doctor": ("doctor", "What was found where, what looks wrong and how to mend it."),
        "ledger": ("ledger", "Check, back up, restore, make anew and shrink the file that holds every call."),
    },
}
"""Group -> command -> module in this package and one sentence."""

main = Program(COMMANDS, __version__)
