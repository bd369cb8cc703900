"""`init`: look at a vault and at this machine, and write a commented `vaultsync.yaml`, nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultsync.cli.common import Shell, command
from vaultsync.cli.doctor import report
from vaultsync.cli.program import DONE, complain, say, visible

if TYPE_CHECKING:
    from vaultsync.settings import Settings

APP_FOLDERS = {
    "darwin": ("Library/Application Support/obsidian",),
    "win32": ("AppData/Roaming/obsidian",),
    "linux": (".config/obsidian", ".var/app/md.obsidian.Obsidian/config/obsidian"),
}
"""Where the app lists its vaults, below the home folder."""


@command("init")
@click.argument("folder", metavar="[VAULT]", required=False)
@click.option("--dry-run", is_flag=True, help="Show the file that would be written; write nothing.")
def init(shell: Shell, folder: str | None, dry_run: bool) -> int:
    """Look at VAULT and at this machine's logs, and write a commented vaultsync.yaml.

    Without VAULT it is the vault around the current folder. Values and comments of an existing file stay as
    they are; settings that it does not mention are added as comments. Nothing else is changed.
    """
    if folder:
        shell = replace(shell, options={**shell.options, "vault": folder})
    settings = _settings(shell)
    file = settings.config_file or settings.vault / "vaultsync.yaml"
    _propose(shell, settings, file, dry_run=dry_run)
    if not shell.quiet and not dry_run:
        _advise(settings)
        with shell.open(is_reading=True) as (run, _, _):
            say("")
            report(shell, run.doctor())
    return DONE


def _settings(shell: Shell) -> Settings:
    """Settings of the vault; where none is found, the vaults that the app knows are offered."""
    from vaultsync.errors import VaultNotFoundError

    try:
        return shell.settings()
    except VaultNotFoundError:
        for folder in known_vaults(os.environ):
            complain(f"{folder} is a vault: vaultsync init {folder}")
        raise


def known_vaults(environ: Mapping[str, str]) -> list[Path]:
    """Folders that Obsidian knows as vaults on this machine and that are there."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "~").expanduser()
    folders = [home / folder for folder in APP_FOLDERS.get(sys.platform, APP_FOLDERS["linux"])]
    if environ.get("XDG_CONFIG_HOME"):
        folders.insert(0, Path(environ["XDG_CONFIG_HOME"]) / "obsidian")
    found: list[Path] = []
    for folder in folders:
        with contextlib.suppress(OSError, ValueError, AttributeError, TypeError, KeyError):
            listed = json.loads((folder / "obsidian.json").read_text(encoding="utf-8"))["vaults"].values()
            found += [Path(entry["path"]) for entry in listed]
    return [folder for folder in dict.fromkeys(found) if folder.is_dir()]


def _propose(shell: Shell, settings: Settings, file: Path, *, dry_run: bool) -> None:
    """Write the configuration, or what is missing in it, and say so."""
    from vaultsync.cli.proposal import completed, proposal

    old = file.read_bytes() if settings.config_file else None
    new = (proposal(settings) if old is None else completed(old.decode("utf-8"), settings)).encode()
    if dry_run:
        say(new.decode().rstrip("\n"))
    elif new == old:
        shell.say(f"{file} is complete; nothing was changed.")
    else:
        _write(file, new, fresh=old is None)
        shell.say(f"{'Wrote' if old is None else 'Added comments to'} {file}.")


def _write(file: Path, data: bytes, *, fresh: bool) -> None:
    """Write a file whole or not at all; never over one that appeared meanwhile; a link stays a link."""
    if fresh:
        with file.open("xb") as stream:
            stream.write(data)
        return
    target = file.resolve()
    draft = target.with_name(f".{target.name}.vaultsync.tmp")
    draft.write_bytes(data)
    shutil.copymode(target, draft)
    draft.replace(target)


def _advise(settings: Settings) -> None:
    """What to paste into templates, and where budgets go."""
    say("\nHeadings for your note templates; without them our section goes to the end of a note:")
    for kind, note in settings.notes.items():
        say(visible(f"  {kind:<10} {note.heading}"))
    dashboard = visible(f"{settings.notes['dashboard'].path}")
    say(f"\nDashboard: `vaultsync dashboard` makes the note {dashboard!r}. Its properties hold your budgets:")
    for name in ("daily", "weekly", "monthly", "quarterly", "yearly"):
        say(f"  llm_budget_{name}_{settings.currency.lower()}:")


COMMANDS = {"init": init}
