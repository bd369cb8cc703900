"""Find the name that the user gave to a session; those of the program may be the first prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from vaultsync.collectors.agents.documents import beside
from vaultsync.collectors.agents.titles import titles
from vaultsync.model import SessionTitle

FILE = "workspace.yaml"
"""Lies beside the events of a session."""
_is_by_user = re.compile(r"^user_named:[ \t]*true[ \t]*$", re.MULTILINE).search
_name = re.compile(r"^name:[ \t]+(\S.*?)[ \t]*$", re.MULTILINE).search
BLOCKS = ("|", ">")
"""How a value begins that goes on for several lines; no name does."""


def names(source: str, folder: Path, session: str, rank: int) -> Iterator[SessionTitle]:
    """Yield the name that the user gave to the session in a folder."""
    text = beside(folder / FILE, _text) or ""
    found = _name(text) if _is_by_user(text) else None
    if found and not found[1].startswith(BLOCKS):
        yield from titles(source, session, _plain(found[1]), rank)


def _text(data: bytes) -> str:
    return "\n".join(data.decode("utf-8", "replace").splitlines())


def _plain(value: str) -> str:
    """A name without the quotes of YAML around it."""
    if value[0] == value[-1] == "'" and len(value) > 1:
        return value[1:-1].replace("''", "'")
    if value[0] == '"':
        with suppress(ValueError):
            return str(json.loads(value))
    return value
