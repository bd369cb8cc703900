"""`ledger`: check, back up, restore, make anew and shrink the file that holds every call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultsync.cli import common
from vaultsync.cli.common import Shell, command
from vaultsync.cli.program import DONE, FAILED, complain, say, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vaultsync.settings import Settings
    from vaultsync.sync.rebuild import Rebuilt

SCHEMA = "vaultsync.ledger/1"
as_json = click.option("--json", "is_json", is_flag=True, help=f'One JSON object, schema "{SCHEMA}".')
BACKUP = click.Path(exists=True, dir_okay=False, path_type=Path)


def tell(shell: Shell, is_json: bool, what: str, *lines: str, **values: Any) -> None:
    """Say what was done: in sentences, each a line, or as an object."""
    if is_json:
        shown = {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}
        say(json.dumps({"schema": SCHEMA, "command": what} | shown, ensure_ascii=False))
    else:
        for line in lines:
            shell.say(line)


def mark(settings: Settings) -> str:
    """What tells a file that is kept from others: the local day."""
    return f"{common.now().astimezone(settings.zone):%Y-%m-%d}"


@command("check")
@as_json
def check(shell: Shell, is_json: bool) -> int:
    """Look for damage: the file, the check sums of every day, and the laws of the books.

    It reads all of the ledger and changes nothing. Each finding is a line; with any it ends with 1.
    """
    from vaultsync.errors import LedgerDamagedError
    from vaultsync.ledger import REMEDY, Damage, Ledger

    path = shell.settings().ledger
    events, found = 0, []
    try:
        with Ledger.open(path, read_only=True, any_schema=True) as ledger:
            found = ledger.check()
            events = 0 if found else sum(span.events for span in ledger.sources())
    except LedgerDamagedError as error:
        found = [Damage(error.what)]
    if is_json:
        findings = [{"day": each.day, "text": each.text} for each in found]
        values = {"ledger": path, "whole": not found, "events": events if not found else None}
        tell(shell, True, "check", **values, findings=findings)
    else:
        for each in found:
            say(visible(f"{path}: {each}"))
        if found:
            complain(f"{path}: the ledger is damaged; it is kept as it is. {REMEDY}")
        else:
            shell.say(f"{path}: {events:,} events, no damage.")
    return FAILED if found else DONE


@command("backup")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@as_json
def backup(shell: Shell, file: Path | None, is_json: bool) -> int:
    """Copy the ledger to FILE, and check the copy.

    Other runs may go on meanwhile. FILE must not exist; without it the copy lies in `backups` beside the
    ledger, under the day's date.
    """
    from vaultsync.ledger import Ledger, free_name
    from vaultsync.sync.rebuild import BACKUPS

    settings = shell.settings()
    path = settings.ledger
    copy = file or free_name(settings.state / BACKUPS / f"ledger-{mark(settings)}.db")
    if copy.exists():
        raise click.UsageError(f"{copy}: there is such a file already. Name another one.")
    with Ledger.open(path, read_only=True, any_schema=True) as ledger:
        ledger.back_up(copy)
    size = copy.stat().st_size
    tell(shell, is_json, "backup", f"{copy}: {size:,} bytes, checked.", ledger=path, file=copy, bytes=size)
    return DONE


@command("restore")
@click.argument("file", type=BACKUP)
@as_json
def restore(shell: Shell, file: Path, is_json: bool) -> int:
    """Put the backup FILE in the place of the ledger.

    The backup is checked first, and stays. The present ledger is kept under another name beside the new one,
    whatever its state. What the logs say since the backup is read by the next run.
    """
    from vaultsync.ledger import lock, verify
    from vaultsync.ledger import restore as put_back

    settings = shell.settings()
    path = settings.ledger
    if path.exists() and file.samefile(path):
        raise click.UsageError(f"{file}: this is the ledger itself. Name a backup.")
    verify(file)  # before there is a lock, which would stay beside no ledger
    with lock(path):
        kept = put_back(path, file, f"before-{mark(settings)}")
    end = f" The one before is {kept}." if kept else ""
    tell(shell, is_json, "restore", f"{path}: restored from {file}.{end}", ledger=path, file=file, kept=kept)
    return DONE


@command("rebuild")
@click.option("--backup", "file", type=BACKUP, help="Begin with this one.")
@as_json
def rebuild(shell: Shell, file: Path | None, is_json: bool) -> int:
    """Make a damaged ledger anew: from the logs, a backup and what can still be read of it.

    Without --backup the last one in `backups` beside the ledger is taken that is whole, if there is one. The
    events that can be read are written to a file first, and the damaged ledger is kept under another name. A
    ledger that is whole is left alone.
    """
    from vaultsync.ledger import lock, verify
    from vaultsync.sync import rebuild as making

    with shell.open() as (run, settings, _):
        path = settings.ledger
        if file:
            verify(file)
        with lock(path):
            if path.exists() and making.trouble(settings) is None:
                tell(
                    shell,
                    is_json,
                    "rebuild",
                    f"{path}: no damage, so nothing was done.",
                    ledger=path,
                    whole=True,
                )
                return DONE
            done = making.rebuild(settings, run.around, file, mark(settings), run.progress)
    values = {"whole": False, "events": done.events, "backup": done.backup, "kept": done.kept}
    values |= {"saved": done.saved, "saved_events": done.salvaged.events, "lost_events": done.salvaged.lost}
    values |= {"doubtful": done.doubtful, "doubtful_events": done.salvaged.doubtful}
    tell(shell, is_json, "rebuild", *_told(path, done), ledger=path, **values)
    shell.issues(done.collected.issues)
    return DONE


@command("vacuum")
@as_json
def vacuum(shell: Shell, is_json: bool) -> int:
    """Give the room back that is free in the ledger's file.

    For a while it needs twice the room of the ledger on the same disk.
    """
    from vaultsync.ledger import Ledger, lock
    from vaultsync.ledger import vacuum as shrink
    from vaultsync.sync.shared import place

    settings = shell.settings()
    path = settings.ledger
    Ledger.open(path, read_only=True, any_schema=True).close()  # a lock beside no ledger would stay there
    with lock(path):
        before, after = shrink(path, wal=not place(settings))
    text = f"{path}: {before:,} bytes before, {after:,} after."
    tell(shell, is_json, "vacuum", text, ledger=path, bytes_before=before, bytes_after=after)
    return DONE


def _told(path: Path, done: Rebuilt) -> Iterator[str]:
    """What a ledger was made anew of, a sentence a line."""
    yield f"{path}: made anew, {done.events:,} events, no damage."
    yield f"It began with the backup {done.backup}." if done.backup else "There was no backup to begin with."
    if done.saved:
        yield f"{done.salvaged.events:,} events of the old one could be read: {done.saved}"
    if done.doubtful:
        yield f"{done.salvaged.doubtful:,} of its events may be wrong and were left out: {done.doubtful}"
    if done.salvaged.lost:
        yield f"{done.salvaged.lost:,} of its events could not be read; logs and backup may hold them."
    if done.kept:
        yield f"The damaged ledger is kept: {done.kept}"


@click.group("ledger")
def ledger() -> None:
    """Check, back up, restore, make anew and shrink the file that holds every call."""


for each in (check, backup, restore, rebuild, vacuum):
    ledger.add_command(each)

COMMANDS = {"ledger": ledger}
