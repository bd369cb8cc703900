"""Put a backup in the place of a ledger, or give back the room that is free in it; nothing is thrown away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from vaultsync.errors import LedgerDamagedError, LedgerError
from vaultsync.ledger.opening import back_up, connect, free_name, guard, missing
from vaultsync.ledger.private import private_file, private_folder, write_through

BESIDE = ("-wal", "-journal", "-shm")
"""What may lie beside a database, with a part of it."""


def verify(copy: Path) -> None:
    """Make sure that a file is a ledger without damage, which this program can read.

    Raises:
        LedgerError: It is not.
    """
    from vaultsync.ledger.health import examine

    if not copy.exists():
        raise LedgerError(copy, "there is no such file.", "Name a backup.")
    try:
        with guard(copy), closing(connect(copy, read_only=True, wal=False, wait=0, any_schema=True)) as db:
            found = list(map(str, examine(db)))
    except LedgerDamagedError as error:
        found = [error.what]
    if found:
        more = f" And {len(found) - 1} more findings." if len(found) > 1 else ""
        raise LedgerError(
            copy, f"this is no whole backup: {found[0].rstrip('.')}.{more}", "Name another one."
        )


def restore(path: Path, backup: Path, aside: str) -> Path | None:
    """Put a backup in the place of a ledger; the caller holds the run lock, and nothing has the ledger open.

    Args:
        backup: One that is whole: see `verify`, which wants no lock, so that nothing is made for another one.
        aside: What the present file's name gets as an ending, `before-2026-01-07`, say.

    Returns:
        Where the present ledger lies now; None: there was none.

    Raises:
        LedgerError: The backup cannot be copied, or there is no room; the present ledger is as it was.
    """
    new = path.with_name(f"{path.name}.restored")
    take_over(backup, new)
    return replace(path, new, aside)


def take_over(backup: Path | None, new: Path) -> None:
    """Begin a new file as a copy of a backup; without one there is none, but a place for it.

    What a run that was killed left under its name is taken away.
    """
    private_folder(new.parent)
    for end in ("", *BESIDE):
        new.with_name(new.name + end).unlink(missing_ok=True)
    if backup:
        with closing(connect(backup, read_only=True, wal=False, wait=0, any_schema=True)) as db:
            back_up(db, new)


def replace(path: Path, new: Path, aside: str) -> Path | None:
    """Give a ledger's name to another file and keep the present one, as `restore` does.

    The present file is not moved but gets a second name first, so that at no moment there is no ledger. What
    lies beside it is copied and taken away before: it belongs to the old file, and would spoil the new one.
    """
    kept = None
    try:
        if path.exists():
            kept = free_name(path.with_name(f"{path.name}.{aside}"))
            _keep(path, kept)
        for end in BESIDE:
            path.with_name(path.name + end).unlink(missing_ok=True)
        new.replace(path)
    except OSError as error:
        what = f"the ledger cannot be replaced ({error.strerror})."
        raise LedgerError(path, what, "Check the disk, then run the same command again.") from error
    write_through(path.parent)
    return kept


def _keep(path: Path, kept: Path) -> None:
    for end in BESIDE[:-1]:
        with suppress(FileNotFoundError):
            _copy(path.with_name(path.name + end), kept.with_name(kept.name + end))
    try:
        os.link(path, kept)
    except OSError:  # a disk without second names
        _copy(path, kept)
    if os.name == "posix":
        kept.chmod(0o600)
    write_through(kept.parent)


def _copy(file: Path, to: Path) -> None:
    if file.stat().st_size:
        private_file(to)
        shutil.copyfile(file, to)
        write_through(to)


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Let SQLite make its nameless temporary files on the disk whose room was looked at."""
    before = os.environ.get("SQLITE_TMPDIR")
    os.environ["SQLITE_TMPDIR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["SQLITE_TMPDIR"]
        if before is not None:
            os.environ["SQLITE_TMPDIR"] = before


def vacuum(path: Path, *, wal: bool = True) -> tuple[int, int]:
    """Write a ledger anew without the room that is free in it.

    Args:
        wal: As of `Ledger.open`.

    Returns:
        Its bytes before and after.

    Raises:
        LedgerError: It is missing, in use, damaged, or there is no room for a second copy.
    """
    if not path.exists():
        raise missing(path)
    with closing(connect(path, read_only=False, wal=wal, wait=10.0)) as db, guard(path):
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        before = path.stat().st_size
        free = shutil.disk_usage(path.parent).free
        if free < 2 * before:  # the new copy, and all of it again in the write-ahead log
            what = f"{2 * before:,} bytes are needed for a while, and {free:,} are free."
            raise LedgerError(path, what, "Make room, then run the same command again.")
        with _temporary_files_in(path.parent):
            db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return before, path.stat().st_size
