"""`undo`: bring notes back exactly as they were before they were changed."""

from __future__ import annotations

from pathlib import Path

import click

from vaultsync.cli.common import Shell, command
from vaultsync.cli.notes import careful_options, finish


@command("undo")
@click.argument("note", required=False)
@click.option("--all", "everything", is_flag=True, help="Bring back every note that has a backup.")
@careful_options
@click.option(
    "--force", is_flag=True, help="Even if the note was edited since; the edit is kept as a backup."
)
def undo(shell: Shell, note: str | None, everything: bool, **switches: bool) -> int:
    """Bring NOTE back exactly as it was before vaultsync first changed it, or before the last --force.

    Without NOTE it lists the notes that have a backup, which is what --all would bring back. NOTE is a path,
    from the current folder or from the vault.
    """
    from vaultsync.sync import Options

    if note and everything:
        raise click.UsageError("Name a NOTE, or say --all; not both.")
    switches["dry_run"] = switches["dry_run"] or not (note or everything)
    with shell.open() as (run, settings, _):
        path = find(note, settings.vault) if note else None
        outcome = run.undo(path, Options(**switches))
    return finish(shell, settings, outcome, switches)


def find(note: str, vault: Path) -> Path:
    """The path that a note was named by: as it stands if there is such a file, else below the vault."""
    here = Path.cwd() / note
    inside = here.is_relative_to(vault)
    return here if inside and here.exists() else vault / note


COMMANDS = {"undo": undo}
