"""The stamp of a run that had nothing to do: all that its answer depends on, compared in milliseconds.

A scheduler asks again and again, and mostly nothing has happened. The stamp says where the last such run
looked and what it saw there: names, sizes, times. While all of it is the same, so is the answer, and neither
click nor any other part of the program is loaded. In any doubt there is no answer, and the run goes its usual
way; so a stamp may be deleted at any time. Imported at every start: nothing here may cost a millisecond.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL
except ImportError:
    from hashlib import blake2b

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

FORMAT = 2
KEPT = 32
"""Stamps that are kept, one for each command line and working folder."""
VARIABLES = (
    "HOME",
    "XDG_STATE_HOME",
    "TZ",
    "PYTHONTZPATH",
    "LC_ALL",
    "LC_TIME",
    "LANG",
    "VAULTSYNC_QUIET",
    "VAULTSYNC_VERBOSE",
    "_VAULTSYNC_COMPLETE",
)
"""Variables that libraries read; those that we read are noted as they are asked for."""
PLAIN = 2
"""Version of marshal whose bytes depend on values alone."""
NOTHING = "/"
"""How no name begins."""


class Looked:
    """Where a run looked; no dataclass, for loading those takes longer than the whole answer."""

    __slots__ = ("files", "trees", "variables")

    def __init__(
        self, variables: list[str], files: list[str], trees: list[tuple[str, str, int | None]]
    ) -> None:
        """Note where a run looked.

        Args:
            variables: Names in the environment.
            files: Paths, whether or not something is there; of a folder only its hidden names count.
            trees: Folders with all that is below them, how the names begin that are passed over there, and
                how many levels of folders count; None: all.
        """
        self.variables, self.files, self.trees = variables, files, trees


def place(arguments: list[str]) -> str | None:
    """Where the stamp of a command line lies; None: there can be none.

    Only where the system keeps the time of each change, whoever sets the others, is a stamp to be trusted.
    """
    home = os.environ.get("HOME")
    if os.name != "posix" or not home:
        return None
    usual = "Library/Application Support" if sys.platform == "darwin" else ".local/state"
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(home, usual)  # noqa: PTH118
    try:
        asked = marshal.dumps((arguments, os.getcwd()), PLAIN)  # noqa: PTH109
    except OSError:
        return None
    return os.path.join(state, "vaultsync", "idle", blake2b(asked, digest_size=16).hexdigest())  # noqa: PTH118


def answer(stamp: str, now: float) -> str | None:
    """What a run would say that has nothing to do; None: it must look itself.

    Args:
        now: Seconds since 1970.
    """
    try:
        with open(stamp, "rb") as stream:  # noqa: PTH123
            data = stream.read()
        if blake2b(data[16:], digest_size=16).digest() != data[:16]:
            return None
        form, since, until, said, *looked, seen = marshal.loads(data[16:])
        if form != FORMAT or not since <= now < until:
            return None
        facts = _facts(Looked(*looked))
        return str(said) if all(fact == next(facts, None) for fact in seen) else None
    except (OSError, ValueError, TypeError, EOFError):
        return None


def keep(stamp: str, looked: Looked, span: list[float], said: str, begun: float) -> None:
    """Leave a stamp, unless something changed since the run began, or so shortly before that it may have.

    Args:
        span: Seconds since 1970 between which the day is the same.
        said: What the run said on standard output.
        begun: When it began to look, in seconds since 1970.
    """
    times: list[int] = []
    try:
        seen = list(_facts(looked, times))
        if max(map(_at_rest, times)) < begun * 1e9:
            body: Any = (FORMAT, *span, said, looked.variables, looked.files, looked.trees, seen)
            _write(stamp, marshal.dumps(body, PLAIN))
    except (OSError, ValueError):
        return


def _at_rest(time_ns: int) -> int:
    """When a second change could no longer have the same time; coarse clocks show in round figures."""
    return time_ns + (50_000_000 if time_ns % 1_000_000 else 2_050_000_000)


def _write(stamp: str, body: bytes) -> None:
    """Write a stamp in its place: half of one does not answer to its digest, and nothing else is left."""
    from pathlib import Path

    from vaultsync.private import open_private, private_folder

    folder = os.path.dirname(stamp)  # noqa: PTH120
    private_folder(Path(folder))
    with os.fdopen(open_private(Path(stamp), os.O_WRONLY | os.O_TRUNC), "wb") as stream:
        stream.write(blake2b(body, digest_size=16).digest() + body)
    others = sorted(os.scandir(folder), key=lambda entry: entry.stat().st_mtime_ns)
    for entry in others[:-KEPT]:
        os.unlink(entry)  # noqa: PTH108


# --- what there is to see ----------------------------------------------------------------------


def _facts(looked: Looked, times: list[int] | None = None) -> Iterator[object]:
    """Yield what is to be seen, what is likely to differ and cheap to ask first.

    Args:
        times: Gathers when each thing was changed last, in nanoseconds since 1970.
    """
    yield sys.version, __file__, [os.environ.get(name) for name in looked.variables]
    for path in looked.files:
        yield _file(path, times)
    for path in sys.path:  # a package that is installed or removed changes its folder
        yield path, _stat(path, times)
    for top, passed_over, depth in (os.path.dirname(__file__), "__pycache__", None), *looked.trees:  # noqa: PTH120
        yield _tree(top, passed_over, depth, times)


def _stat(path: str, times: list[int] | None) -> tuple[int, ...] | None:
    """What changes when somebody saves a file; None: there is none."""
    try:
        info = os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        if times is not None and not path.endswith("-wal"):  # it comes and goes with every look at the ledger
            _add_parent(path, times)
        return None
    if times is not None:
        times.append(max(info.st_mtime_ns, info.st_ctime_ns))
    return info.st_mode, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _add_parent(path: str, times: list[int]) -> None:
    """When something was deleted is told by the nearest folder that is still there."""
    path = os.path.abspath(path)  # noqa: PTH100
    while not os.path.isdir(path):  # noqa: PTH112
        path = os.path.dirname(path)  # noqa: PTH120
    times.append(os.stat(path).st_ctime_ns)  # noqa: PTH116


def _file(path: str, times: list[int] | None) -> object:
    seen = _stat(path, times)
    if seen and stat.S_ISDIR(seen[0]):
        return *seen[:2], sorted(name for name in os.listdir(path) if name.startswith("."))  # noqa: PTH208
    return os.path.realpath(path), seen


def _tree(top: str, passed_over: str, depth: int | None, times: list[int] | None) -> bytes | None:
    """Digest of everything below a folder, in whatever order the system tells it; None without the folder."""
    mark = blake2b(digest_size=16)
    folders = [(os.path.realpath(top), 0)]
    if _stat(folders[0][0], times) is None:
        return None
    while folders:
        here, level = folders.pop()
        names = sorted(os.listdir(here))  # noqa: PTH208
        seen: list[object] = [here]
        for name in names:
            if name.startswith(passed_over):
                continue
            path = f"{here}/{name}"
            info = os.lstat(path)
            kind = info.st_mode & 0o170000
            if kind == stat.S_IFDIR:
                if depth is not None and level == depth:
                    continue
                folders.append((path, level + 1))
            elif kind == stat.S_IFLNK:
                seen.append((name, _link(path, times)))
            else:
                seen.append((name, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino))
            if times is not None:
                times.append(max(info.st_mtime_ns, info.st_ctime_ns))
        mark.update(marshal.dumps(seen, PLAIN))
    return mark.digest()


def _link(path: str, times: list[int] | None) -> object:
    """Where a link leads; a folder there is looked at in its own place, if at all."""
    seen = _stat(path, times)
    return os.path.realpath(path), None if seen and stat.S_ISDIR(seen[0]) else seen
