"""Let one run at a time work: an OS lock beside the ledger that dies with its process."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vaultsync.errors import LedgerError
from vaultsync.ledger.private import private_file, private_folder, refuse_dead_link

WAIT_SECONDS = 60.0
_PAUSE = 0.1
Waiting = Callable[[int, int], None]
_HELD = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK, errno.EINTR}
"""Errors of who comes second; any other one would be waited for in vain."""


@contextmanager
def lock(path: Path, timeout: float = WAIT_SECONDS, waiting: Waiting | None = None) -> Iterator[None]:
    """Hold the run lock of a ledger.

    Args:
        path: The ledger; the lock file stands beside it, as `NAME.lock`, and stays there, empty.
        timeout: Seconds to wait for another run.
        waiting: Told again and again how many seconds it has waited, and how many it will.

    Raises:
        LedgerError: Another run still holds it.
    """
    refuse_dead_link(path)
    private_folder(path.parent)
    file = path.with_name(path.name + ".lock")
    private_file(file)
    number = os.open(file, os.O_RDWR)
    try:
        hold(number, path, timeout, waiting)
        yield
    finally:
        os.close(number)


def hold(number: int, path: Path, timeout: float, waiting: Waiting | None = None) -> None:
    """Wait for the lock of an open file, which is given back when that is closed.

    Args:
        path: The ledger, for the message.
        timeout, waiting: As of `lock`.

    Raises:
        LedgerError: Another run still holds it.
    """
    waited = 0.0
    while not _take(number, path):
        if waited >= timeout:
            what = f"another run of vaultsync is still at work after {timeout:g} s."
            raise LedgerError(path, what, "Wait until it ends, then run the same command again.")
        if waiting:
            waiting(int(waited), int(timeout))
        time.sleep(_PAUSE)
        waited += _PAUSE


def _take(number: int, path: Path) -> bool:
    """Try to get the lock; the system gives it back when the file is closed, however the process ends.

    Raises:
        LedgerError: There are no locks to be had here.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        what = f"the run lock beside it cannot be had ({error.strerror})."
        raise LedgerError(path, what, "Put the ledger on a disk of this machine, then run again.") from error
    return True
