"""Tell for which other session a session works, from the database or from the files beside a message."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.lines import decoded, id_of
from vaultsync.collectors.databases import columns

MOST_PARENTS = 32
"""Subagents of subagents that are believed."""
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
    known = columns(db, "session")
    if "id" not in known:
        return {}
    parent, folder = (name if name in known else "NULL" for name in ("parent_id", "directory"))
    rows = db.execute(f"SELECT id, {parent}, {folder} FROM session").fetchall()
    parents = {ident: id_of(above) for ident, above, _ in rows}
    return {ident: Session(id_of(ident), _root(ident, parents), id_of(where)) for ident, _, where in rows}


def _root(session: Any, parents: dict[Any, str | None]) -> str | None:
    root = above = parents.get(session)
    for _ in range(MOST_PARENTS):
        if above is None:
            break
        root, above = above, parents.get(above)
    return root


def session_in_files(message: Path, session: str | None) -> Session:
    """A session, by its file in the tree in which a message lies."""
    if session is None or not _is_id(session) or len(message.parts) < 4:
        return Session(session)
    root = above = _parent(message.parents[2] / "session", session)
    for _ in range(MOST_PARENTS):
        if above is None:
            break
        root, above = above, _parent(message.parents[2] / "session", above)
    return Session(session, root)


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
