"""Find log files: walk the folders of logs and the usual places of tools, never waiting on what is there.

Order does not depend on the file system. What is no regular file, leads out of its folder or cannot be read
is an issue.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePath

from vaultsync.collectors.packing import plain_name
from vaultsync.model import Issue

TEMPORARY = ("~", ".tmp", ".temp", ".swp", ".swo", ".part", ".partial", ".crdownload", ".download", ".lock")
"""Endings of files that editors, downloads and sync clients are still writing."""


def find_files(roots: Iterable[Path], depth: int | None = None) -> Iterator[Path | Issue]:
    """Walk folders of logs, and files named singly.

    Hidden and temporary files are passed over. A link to a file within its folder is followed, a link to a
    folder there is not (it is walked at its place), a link that leads out is an issue.

    Args:
        depth: Folders below a root beyond so many are not looked into; None: all are.

    Returns:
        Regular files, each once, in the order of the roots and sorted by name below them; issues in their
        places.
    """
    seen: set[str] = set()
    for root in roots:
        try:
            top = os.path.realpath(root, strict=True)
            mode = os.stat(top).st_mode  # noqa: PTH116
        except OSError as error:
            missing = error.errno == errno.ENOENT
            text = (
                "does not exist, so nothing is read from it"
                if missing
                else f"cannot be read ({error.strerror})"
            )
            yield Issue(root, None, f"the place of logs {text}. Check `logs` in vaultsync.yaml.", not missing)
            continue
        if stat.S_ISDIR(mode):
            yield from _walk(Path(root), top, seen, depth)
        else:
            yield from _file(Path(root), top, mode, seen)


def files_below(root: Path, patterns: Sequence[str]) -> Iterator[Path | Issue]:
    """Files below a folder whose path from there fits one of the globs; nothing without the folder."""
    if not root.is_dir():
        return
    compiled = [_pattern(pattern) for pattern in patterns]

    def fits(path: Path) -> bool:
        return any(pattern.fullmatch(path.relative_to(root).as_posix()) for pattern in compiled)

    files = find_files([root], depth_of(patterns))
    yield from (found for found in files if isinstance(found, Issue) or fits(found))


def depth_of(patterns: Sequence[str]) -> int | None:
    """How many folders below their root the files of some globs may lie; None: any number."""
    if any("**" in glob for glob in patterns):
        return None
    return max((glob.count("/") for glob in patterns), default=0)


def matches(path: PurePath, pattern: str) -> bool:
    """Say whether a path fits a glob: `*` within a name, `**` over folders.

    A pattern without a slash is held against the file name, one that begins with a slash against the whole
    path, any other against the end of the path. An ending `.gz` or `.zst` of the file is left aside.
    """
    whole = path.as_posix()
    anchored = pattern.startswith("/") or PurePath(pattern).is_absolute()
    compiled = _pattern(pattern if anchored else f"**/{pattern}")
    return any(compiled.fullmatch(name) for name in (whole, plain_name(whole)))


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    parts = {"**/": "(?:[^/]*/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return re.compile("".join(parts.get(piece) or re.escape(piece) for piece in pieces), re.DOTALL)


def _walk(root: Path, top: str, seen: set[str], depth: int | None) -> Iterator[Path | Issue]:
    """Everything below a folder, depth first; `top` is its real path."""
    stack = [(root, top, 0)]
    while stack:
        here, real, level = stack.pop()
        try:
            mode = os.lstat(real).st_mode
            if stat.S_ISDIR(mode):
                if depth is not None and level > depth:
                    continue
                names = [] if real in seen else sorted(os.listdir(real), reverse=True)  # noqa: PTH208
                seen.add(real)
                inside = (name for name in names if not is_passed_over(name))
                stack += [(here / name, f"{real.rstrip('/')}/{name}", level + 1) for name in inside]
                continue
        except OSError as error:
            yield Issue(here, None, f"it cannot be read ({error.strerror}). Check its permissions.")
            continue
        yield from _link(here, real, top, seen) if stat.S_ISLNK(mode) else _file(here, real, mode, seen)


def _link(path: Path, link: str, top: str, seen: set[str]) -> Iterator[Path | Issue]:
    try:
        real = os.path.realpath(link, strict=True)
        mode = os.stat(real).st_mode  # noqa: PTH116
    except OSError as error:
        what = "is a loop" if error.errno == errno.ELOOP else "leads nowhere, or to what cannot be read"
        yield Issue(path, None, f"the link {what}. Remove it.")
        return
    if os.path.commonpath((real, top)) != top:
        yield Issue(path, None, "the link leads out of the logs. Name its target under `logs`, or remove it.")
    elif not stat.S_ISDIR(mode):
        yield from _file(path, real, mode, seen)


def _file(path: Path, real: str, mode: int, seen: set[str]) -> Iterator[Path | Issue]:
    if not stat.S_ISREG(mode):
        yield Issue(path, None, "a pipe, socket or device is no log; it is not opened. Remove it.")
    elif real not in seen:
        seen.add(real)
        yield path


def is_passed_over(name: str) -> bool:
    """True for the name of a hidden or a temporary file or folder."""
    return name.startswith((".", "~")) or name.lower().endswith(TEMPORARY)
