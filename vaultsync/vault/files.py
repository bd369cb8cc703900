"""What the operating system offers for changing a file without ever showing half of it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vaultsync.private import private_folder

PART_END = ".vaultsync.part"
"""How a file is named while we write it: nobody has saved into it, so what is left of one can go."""
TEMP_END = ".vaultsync.tmp"
"""How a file is named that had a note's name, or is about to: it may hold somebody's save."""
_SWAP = 2  # RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS alike
_NEW_NAME = 4 if sys.platform == "darwin" else 1  # RENAME_EXCL, RENAME_NOREPLACE
_AT_FDCWD = -100
_MISSING = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}


@dataclass(frozen=True, slots=True)
class Clock:
    """The present and the passing of time, handed in by whoever may read the clock."""

    now: Callable[[], float]
    """Seconds since 1970."""
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes when somebody saves a file."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, info: os.stat_result) -> Stamp:
        """The stamp of a stat result."""
        return cls(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)


def read_stamped(path: Path, limit: int) -> tuple[bytes, os.stat_result] | None:
    """Read a regular file that rests while it is read.

    Returns:
        Its bytes and its stat, or None when it changed meanwhile.

    Raises:
        OSError: Not readable, not a regular file (`EISDIR`), larger than the limit (`EFBIG`).
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as stream:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise OSError(errno.EISDIR, "it is not a regular file")
        if before.st_size > limit:
            raise OSError(errno.EFBIG, "it is too large for a note")
        data = stream.read(limit + 1)
        after = os.fstat(handle)
    rested = Stamp.of(before) == Stamp.of(after) == Stamp.of(path.stat()) and len(data) == after.st_size
    return (data, after) if rested else None


def bytes_of(path: Path) -> bytes | None:
    """Bytes of a regular file, or None."""
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None


def check_writable(path: Path, info: os.stat_result) -> None:
    """Make sure that a file may be replaced, and that nothing of the attempt would have to stay.

    Raises:
        PermissionError: It is read-only, at least for us, or only its owner may take its name away.
    """
    if not info.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only")
    if hasattr(os, "geteuid") and os.geteuid() not in (0, info.st_uid):
        folder = path.parent.stat()
        if folder.st_mode & stat.S_ISVTX and folder.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "only its owner may replace it in this folder")


def temp_name(path: Path, end: str = TEMP_END) -> Path:
    """A new hidden name beside a file, short enough for every file system."""
    name = path.name.encode("utf-8", "surrogateescape")[:200].decode("utf-8", "ignore")
    return path.with_name(f".{name}.{secrets.token_hex(4)}{end}")


def write_temp(
    path: Path, data: bytes, like: os.stat_result | None = None, mode: int = 0o666, *, sync: bool = True
) -> Path:
    """Write a hidden file beside a path.

    Args:
        like: Stat of the path's file, whose owner, mode and extended attributes are copied.
        mode: Without `like`: the mode, less the umask.
        sync: Force it to the disk, so that a power failure cannot leave its name without its bytes.
    """
    temp = temp_name(path, PART_END)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temp, flags, mode if like is None else 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            if like is not None:
                _copy_attributes(path, temp, like)
            if sync:
                os.fsync(handle)
    except BaseException:
        discard(temp)
        raise
    return temp


def _copy_attributes(source: Path, target: Path, like: os.stat_result) -> None:
    if hasattr(os, "chown"):
        for owner in (-1, like.st_uid):  # the group may be kept where the owner may not
            with contextlib.suppress(OSError):
                os.chown(target, owner, like.st_gid)
    target.chmod(stat.S_IMODE(like.st_mode))
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for name in os.listxattr(source):
                with contextlib.suppress(OSError):
                    os.setxattr(target, name, os.getxattr(source, name))


def discard(path: Path) -> None:
    """Delete a file that may be gone already; what cannot be deleted is swept by the next run."""
    with contextlib.suppress(OSError):
        path.unlink()


def move(path: Path, target: Path) -> bool:
    """Give a file a name in another folder; False, and nothing happened, where that would need a copy."""
    try:
        path.rename(target)
    except OSError:
        return False
    return True


def exchange(one: Path, other: Path) -> bool:
    """Swap two files' names in one step.

    Returns:
        False where the system or the file system has no such step; nothing happened then.

    Raises:
        OSError: It has, and refused.
    """
    return _rename(one, other, _SWAP)


def _rename(one: Path, other: Path, flag: int) -> bool:
    """Rename in the way that a flag says; False where there is no such way."""
    rename = _rename_call()
    if rename is None or rename(os.fsencode(one), os.fsencode(other), flag) == 0:
        return rename is not None
    number = ctypes.get_errno()
    if number in _MISSING:
        return False
    raise OSError(number, os.strerror(number), str(other))


def _rename_call() -> Callable[[bytes, bytes, int], int] | None:
    if sys.platform == "linux":
        call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
        if call:
            return lambda a, b, flag: int(call(_AT_FDCWD, a, _AT_FDCWD, b, flag))
    elif sys.platform == "darwin":
        call = getattr(ctypes.CDLL(None, use_errno=True), "renamex_np", None)
        if call:
            return lambda a, b, flag: int(call(a, b, flag))
    return None


def put_over(temp: Path, path: Path) -> Path | None:
    """Give a finished temp file a file's name, and keep the old file under a hidden name.

    Returns:
        Where the old file is; None on file systems that cannot keep it.
    """
    ready = temp_name(path)
    temp.rename(ready)  # a moment later the old file has this name
    try:
        return take_name(ready, path)
    except OSError:
        discard(ready)
        raise


def take_name(ready: Path, path: Path) -> Path | None:
    """Give a file another file's name; where that fails, both are as they were.

    Returns:
        Where the old file is; None on file systems that cannot keep it.
    """
    if exchange(ready, path):
        return ready
    kept = _second_name(path)
    try:
        ready.replace(path)
    except OSError:
        if kept:
            discard(kept)
        raise
    return kept


def _second_name(path: Path) -> Path | None:
    """Give a file a hidden name beside the one it has; None on file systems that cannot."""
    name = temp_name(path)
    try:
        os.link(path, name)
    except FileNotFoundError:
        raise  # somebody has just moved or deleted the note: it must not come back
    except (OSError, NotImplementedError):
        return None
    return name


def put_new(temp: Path, path: Path) -> None:
    """Give a finished temp file a name that nothing has yet.

    Raises:
        FileExistsError: Something appeared under that name; it is untouched.
    """
    try:
        os.link(temp, path)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        _put_new_without_links(temp, path)


def _put_new_without_links(temp: Path, path: Path) -> None:
    """Windows renames only onto free names, others can; else the name is taken first, by an empty file."""
    if sys.platform == "win32":
        temp.rename(path)
    elif not _rename(temp, path, _NEW_NAME):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            temp.replace(path)
        except OSError:
            if not path.stat().st_size:  # else somebody has saved into it meanwhile
                discard(path)
            raise


def sync_folder(folder: Path) -> None:
    """Force a folder's names to the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def make_folders(folder: Path, top: Path) -> None:
    """Make a folder and those above it, but none above `top`: what vanished is a disk that is not there."""
    if folder != top and not folder.is_dir():
        make_folders(folder.parent, top)
        folder.mkdir(exist_ok=True)


def write_private(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write a file of our own, whole or not at all, readable only for its owner; only under the run lock.

    Args:
        sync: Also after a power failure.
    """
    private_folder(path.parent)
    for left in path.parent.glob(f".*{PART_END}"):
        discard(left)  # of a run that died
    temp = write_temp(path, data, mode=0o600, sync=sync)
    try:
        temp.chmod(0o600)
        temp.replace(path)
    except BaseException:
        discard(temp)
        raise
    if sync:
        sync_folder(path.parent)


def advice(error: OSError) -> str:
    """What the user can do about an error of the system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space and run again."
    if error.errno == errno.EPERM and sys.platform == "darwin":
        return "Give the program that runs vaultsync Full Disk Access in the system settings."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Check the permissions of the file and its folder."
    if error.errno == errno.EISDIR:
        return "Move it away."
    if error.errno in (errno.ENAMETOOLONG, errno.EFBIG):
        return "Make it shorter."
    return "Run again later."
