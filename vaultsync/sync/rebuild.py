"""Make a damaged ledger anew from the logs, the last good backup and what can still be read of it.

The new one is made beside the old one and checked before it takes its place; the old one stays, under another
name. An event that several of the three tell counts once, as always.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from vaultsync.errors import LedgerDamagedError, LedgerError
from vaultsync.ledger import Ledger, Salvaged, free_name, regain, save_events, take_over, verify
from vaultsync.ledger import replace as put_in_place
from vaultsync.model import Issue
from vaultsync.settings import Settings
from vaultsync.sync.collect import Collecting, Progress, Surroundings, check_names
from vaultsync.sync.values import Collected

BACKUPS = "backups"
"""Folder beside the ledger; backups of notes lie there, too."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a new ledger was made of."""

    backup: Path | None
    """The backup that it began with."""
    salvaged: Salvaged
    """What could be read of the old one."""
    saved: Path | None
    """File with the events that were taken over from it."""
    doubtful: Path | None
    """File with those that were not."""
    kept: Path | None
    """Where the old one lies now."""
    events: int
    """Of the new ledger."""
    collected: Collected


def backups(settings: Settings) -> list[Path]:
    """Backups in their usual place, the last one first."""
    found = (settings.state / BACKUPS).glob("ledger-*.db")
    return sorted(found, key=lambda path: (path.stem[:17], len(path.stem), path.stem), reverse=True)


def trouble(settings: Settings) -> str | None:
    """What is wrong with the ledger; None: nothing.

    Raises:
        LedgerError: It is locked, newer than the program, or another program's: nothing to be made anew.
    """
    try:
        with Ledger.open(settings.ledger, read_only=True, any_schema=True) as ledger:
            found = ledger.check()
    except LedgerDamagedError as error:
        return str(error)
    return str(found[0]) if found else None


def rebuild(
    settings: Settings, around: Surroundings, backup: Path | None, mark: str, progress: Progress | None
) -> Rebuilt:
    """Make the ledger anew; the caller holds the run lock, and nothing has the ledger open.

    Args:
        backup: To begin with, one that is whole; None: the last such one in the usual place, if any.
        mark: What tells the files that are kept from others: a day.

    Raises:
        ConfigError: A mapping, or the name of a collector, that cannot be used.
        LedgerError: The new ledger cannot be made, or is not whole; the old one is as it was.
    """
    check_names(settings)
    path = settings.ledger
    backup = backup or next(_whole(settings), None)
    good, doubtful = (
        free_name(path.with_name(f"{path.name}.{what}-{mark}.jsonl")) for what in ("saved", "doubtful")
    )
    salvaged = save_events(path, good, doubtful) if path.exists() else Salvaged(0, 0, None)
    saved = good if salvaged.events else None
    new = path.with_name(f"{path.name}.rebuilt")
    take_over(backup, new)
    issues = _take_saved(settings, around, saved, new) if saved else ()
    with Ledger.open(new, wal=False) as ledger:
        collected = Collecting(replace(settings, ledger=new), ledger, around, progress).run()
        events = sum(span.events for span in ledger.sources())
        if found := ledger.check():
            raise LedgerError(
                new, f"the new ledger is not whole ({found[0]}).", "Check the disk, then run again."
            )
    kept = put_in_place(path, new, f"damaged-{mark}")
    unsure = doubtful if salvaged.doubtful else None
    told = replace(collected, issues=(*issues, *collected.issues))
    return Rebuilt(backup, salvaged, saved, unsure, kept, events, told)


def _take_saved(settings: Settings, around: Surroundings, saved: Path, new: Path) -> tuple[Issue, ...]:
    """Take the saved events over before any log is read, and who said them: a document that was edited since
    then takes back what it says no more, as it always does.
    """
    alone = replace(settings, ledger=new, logs=(saved,), agents=())
    with Ledger.open(new, wal=False) as ledger:
        told = Collecting(alone, ledger, around).run()
    regain(settings.ledger, new)
    return told.issues


def _whole(settings: Settings) -> Iterator[Path]:
    for path in backups(settings):
        try:
            verify(path)
        except LedgerError:
            continue
        yield path
