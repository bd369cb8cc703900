"""Where a run looks that finds nothing to do; while all of it stays the same, the next one need not run."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from pathlib import Path

from vaultsync.idle import NOTHING
from vaultsync.settings import Settings, shipped, vault_marks
from vaultsync.sync.books import Books
from vaultsync.sync.collect import Surroundings
from vaultsync.sync.mappings import mapping_collectors
from vaultsync.sync.places import Places
from vaultsync.sync.read import installed
from vaultsync.sync.shared import place

APP_FILES = (
    "app.json",
    "community-plugins.json",
    "core-plugins.json",
    "daily-notes.json",
    "plugins/calendar/data.json",
    "plugins/journals/data.json",
    "plugins/periodic-notes/data.json",
    "plugins/templater-obsidian/data.json",
)
"""What the vault's own settings are read from; the others change with every click in the app."""
ZONE_FILES = (
    "/etc/localtime",
    "/etc/timezone",
    "/etc/sysconfig/clock",
    "/etc/conf.d/clock",
    "/usr/local/etc/localtime",
    "/var/db/zoneinfo",
    "/system/bin/getprop",
)
"""Where systems keep the name of the machine's time zone. Source: tzlocal 5, `unix.py`."""

HIDDEN = "."
Trees = list[tuple[Path, str, int | None]]
"""Folders, how the names begin that are passed over in them, and how many levels count; None: all."""


def looked(books: Books, places: Places, around: Surroundings) -> tuple[list[Path], Trees] | None:
    """Name what the answer of `daily` depends on, besides the program, its surroundings and the day.

    Returns:
        Files, whether or not they are there; folders that count with all below them.
        None: a collector from elsewhere is at work, and that may look at anything; or every run has to
        warn of where the ledger lies.
    """
    if place(books.settings):
        return None
    collectors, _ = installed(books.settings, mapping_collectors(books.settings))
    if not all(type(collector).__module__.startswith("vaultsync.") for collector in collectors):
        return None
    folders = [folder for folder in books.settings.logs if folder.is_dir()]
    trees: Trees = [(folder, HIDDEN, None) for folder in (books.settings.vault, *folders)]
    trees += [(folder, NOTHING, None) for folder in (books.settings.templates, shipped() / "templates")]
    if books.settings.agents != "none":
        usual = [place for each in collectors for place in each.places(around.environ, around.home)]
        trees += [(place.root, NOTHING, place.depth) for place in usual]
    return [*_files(books, places)], trees


def _files(books: Books, places: Places) -> Iterator[Path]:
    settings = books.settings
    yield from _database(settings.ledger)
    yield from settings.looked
    yield from vault_marks(settings.vault)
    yield from ((books.vault.config or settings.vault / ".obsidian") / name for name in APP_FILES)
    yield from _zone(settings)
    yield from (shipped() / "pricing.yaml", places.dashboard())
    for path in settings.logs:
        if not path.is_dir():
            yield from _database(path)  # it may be one; of any other file there is nothing beside it


def _database(path: Path) -> tuple[Path, Path]:
    """A database, and beside it the changes that wait to be written into it."""
    return path, path.with_name(f"{path.name}-wal")


def _zone(settings: Settings) -> Iterator[Path]:
    """The machine's zone, and the rules of the zone that cuts the days."""
    yield from map(Path, ZONE_FILES)
    yield from (Path(folder, settings.zone_name) for folder in zoneinfo.TZPATH)
