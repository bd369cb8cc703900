"""Where captured calls are kept, and how a line is put there by many at once."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VARIABLE = "VAULTSYNC_CAPTURE"
FOLDER = "capture"
LOCKED = 1 << 30
"""A byte that only locks are put on, where the system does not append as one."""
_SPECIAL = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0) | getattr(os, "O_BINARY", 0)
"""Flags that not every system has: the file is ours alone, and a line feed is one byte."""


def usual(environ: Mapping[str, str]) -> str:
    """The file or folder of captured calls: VAULTSYNC_CAPTURE, else one in the platform's data folder."""
    named = environ.get(VARIABLE, "").strip()
    if named:
        return _expanded(named, environ)
    if sys.platform == "win32":
        base = environ.get("LOCALAPPDATA") or _expanded("~/AppData/Local", environ)
    elif sys.platform == "darwin":
        base = _expanded("~/Library/Application Support", environ)
    else:
        base = environ.get("XDG_DATA_HOME", "").strip() or _expanded("~/.local/share", environ)
    return os.path.join(base, "vaultsync", FOLDER)  # noqa: PTH118 - pathlib takes longer to load than all this


def append(lines: Sequence[Mapping[str, object]], to: str | os.PathLike[str] | None) -> bool:
    """Add lines to the log, each whole, whoever else is adding.

    Args:
        to: File or folder; None: the usual one. What is there says which it is, else an ending means a file.

    Raises:
        OSError: It cannot be written.
    """
    import json

    path = _file(os.fspath(to) if to is not None else usual(os.environ))
    data = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _SPECIAL, 0o600)
    try:
        written = _write(number, data)
        if written < len(data):
            os.write(number, b"\n")  # so that the next line is not drawn into what is left of this one
            raise OSError(f"{path} could not be written to the end; is the disk full?")
    finally:
        os.close(number)
    return True


def _expanded(path: str, environ: Mapping[str, str]) -> str:
    home = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    if home and (path == "~" or path.startswith(("~/", "~\\"))):
        return home + path[1:]
    return os.path.expanduser(path)  # noqa: PTH111


def _file(path: str) -> str:
    """The file that a line goes to, in a folder that is there."""
    path = _expanded(path, os.environ)
    is_there, ending = os.path.exists(path), os.path.splitext(path)[1]  # noqa: PTH110, PTH122
    if not os.path.isdir(path) if is_there else ending:  # noqa: PTH112
        folder, file = os.path.dirname(path), path  # noqa: PTH120
    else:
        folder, file = path, os.path.join(path, time.strftime("%Y-%m.jsonl", time.gmtime()))  # noqa: PTH118
    if folder:
        os.makedirs(folder, 0o700, exist_ok=True)  # noqa: PTH103
    return file


def _write(number: int, data: bytes) -> int:
    """Write as one; where the system does not append so, under a lock that dies with its process."""
    if sys.platform != "win32":
        return os.write(number, data)
    import msvcrt

    os.lseek(number, LOCKED, os.SEEK_SET)
    msvcrt.locking(number, msvcrt.LK_LOCK, 1)
    try:
        return os.write(number, data)  # appending, it goes to the end by itself
    finally:
        os.lseek(number, LOCKED, os.SEEK_SET)
        msvcrt.locking(number, msvcrt.LK_UNLCK, 1)
