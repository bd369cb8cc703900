"""Make the ledger's folders and files, which only the user may read; what hinders that stops the run."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from vaultsync import private
from vaultsync.errors import LedgerError


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it, that only the user may enter; leave existing ones as they are."""
    try:
        private.private_folder(folder)
    except OSError as error:
        raise LedgerError(
            folder, f"the folder cannot be made ({error.strerror}).", "Check the path."
        ) from error


def private_file(path: Path) -> None:
    """Make an empty file that only the user may read; an existing one loses the rights of others."""
    try:
        try:
            os.close(private.open_private(path, os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            _close_to_others(path)
    except OSError as error:
        raise LedgerError(path, f"the file cannot be made ({error.strerror}).", "Check the path.") from error


def _close_to_others(path: Path) -> None:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        try:
            path.chmod(0o600)
        except OSError as error:
            what = f"others may read it, and that cannot be changed ({error.strerror})."
            raise LedgerError(path, what, "It must belong to you; mend its owner, then run again.") from error


def refuse_dead_link(path: Path) -> None:
    """Refuse a link that leads nowhere: the ledger behind it would be taken for one that never was.

    Raises:
        LedgerError: It is one.
    """
    if os.path.islink(path) and not os.path.exists(path):  # noqa: PTH110, PTH114 - they raise nothing
        what = "this link leads to no file."
        raise LedgerError(path, what, "Mount the disk that it leads to, or delete the link.")


def write_through(path: Path) -> None:
    """Let a file, or the names in a folder, reach the disk; where a folder cannot be told so, it is not."""
    with suppress(OSError):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
