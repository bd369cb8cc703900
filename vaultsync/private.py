"""Make folders and files that only the user may read, whatever the umask."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it, that only the user may enter; leave existing ones as they are.

    Raises:
        OSError: It cannot be made, or something else has its name.
    """
    if folder.is_dir():
        return
    private_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)
    except FileExistsError:
        if not folder.is_dir():  # else another run was quicker
            raise


def open_private(path: Path, flags: int) -> int:
    """Open a file that only the user may read, and make it first if need be; its number.

    Args:
        flags: As of `os.open`.

    Raises:
        OSError: It cannot be.
    """
    number = os.open(path, flags | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    if sys.platform != "win32":
        with suppress(OSError):  # a disk without rights
            os.fchmod(number, 0o600)
    return number
