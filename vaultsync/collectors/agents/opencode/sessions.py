"""Tell for which other session a session works, from the database or from the files beside a message."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.ancestry import root_of
from vaultsync.collectors.agents.lines import decoded, id_of
from vaultsync.collectors.databases import rows

SIZE_LIMIT = 1024 * 1024
"""Bytes of a session's file that are read."""
_is_id = re.compile(r"\w+").fullmatch


class Session(NamedTuple):
    """A session, as far as its calls need it."""

    id: str | None
    root: str | None = None
    """The session that a subagent works for in the end; None: it works for nobody."""
    folder: str | None = None
    """Where it was opened, where that is known."""


class _Told(msgspec.Struct, gc=False):
    """The file of a session."""

    parentID: Any = None


_told = msgspec.json.Decoder(_Told).decode


def sessions_in(db: sqlite3.Connection) -> dict[Any, Session]:
    """All sessions of a database, by their ids."""
    told = {row["id"]: row for row in rows(db, "session", ("id", "parent_id", "directory")) if "id" in row}

    def parent_of(session: Any) -> Any:
        return told.get(session, {}).get("parent_id")

    return {
        ident: Session(id_of(ident), root_of(ident, parent_of), id_of(row.get("directory")))
        for ident, row in told.items()
    }


def session_in_files(message: Path, session: str | None) -> Session:
    """A session, by its file in the tree in which a message lies."""
    if session is None or not _is_id(session) or len(message.parts) < 4:
        return Session(session)
    return Session(session, root_of(session, partial(_parent, message.parents[2] / "session")))


@lru_cache(maxsize=4096)
def _parent(folder: Path, session: str) -> str | None:
    with suppress(OSError):
        for path in sorted(folder.glob(f"*/{session}.json")):
            with path.open("rb") as stream:
                told = decoded(_told, Raw(stream.read(SIZE_LIMIT)))
            above = id_of(told.parentID) if told else None
            if above and _is_id(above):
                return above
    return None
