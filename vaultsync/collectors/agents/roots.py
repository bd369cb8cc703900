"""Find the folders of an agent, and the repository that a working folder belongs to; on this machine only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

LINK_LIMIT = 4096
_inside = re.compile(r"(.+?)[/\\]\.claude[/\\]worktrees[/\\].").match
"""Where Claude Code makes worktrees, which it deletes again: inside their main repository."""


def folder_of(environ: Mapping[str, str], home: Path, name: str, usual: str) -> Path:
    """The folder that an environment variable names, else the usual one.

    Args:
        usual: Path below the home folder; empty for the home folder itself.
    """
    moved = environ.get(name, "").strip()
    return home / moved[2:] if moved.startswith("~/") else Path(moved) if moved else home / usual


def repository_of(folder: str) -> str:
    """Walk up from a folder to the root of its repository; a worktree belongs to its main repository.

    Returns:
        The folder itself where it does not exist here, is not absolute, or lies in no repository.
    """
    if found := _inside(folder):
        folder = found[1]
    path = Path(folder)
    try:
        if folder.startswith(("\\\\", "//")) or not path.is_absolute() or not path.is_dir():
            return folder
        for parent in (path, *path.parents):
            mark = parent / ".git"
            if mark.is_dir():
                return str(parent)
            if mark.is_file():
                return str(_main_of(parent, mark))
    except (OSError, ValueError):
        pass
    return folder


def _main_of(folder: Path, link: Path) -> Path:
    """Root of the main repository of a worktree; a submodule is its own."""
    with link.open("rb") as stream:
        text = stream.read(LINK_LIMIT).decode("utf-8", "replace").strip()
    target = folder / text.removeprefix("gitdir:").strip()
    if not text.startswith("gitdir:") or target.parent.name != "worktrees":
        return folder
    shared = target.parent.parent
    return shared.parent if shared.name.startswith(".") else shared
