"""Tell what a session is called and for which other one it works, by the database or the files beside it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.ancestry import root_of
from vaultsync.collectors.agents.lines import decoded, id_of
from vaultsync.collectors.agents.titles import rank_of, titles
from vaultsync.collectors.databases import rows
from vaultsync.model import SessionTitle

SIZE_LIMIT = 1024 * 1024
"""Bytes of a session's file that are read."""
COLUMNS = ("id", "parent_id", "directory", "title", "time_updated")
_is_id = re.compile(r"\w+").fullmatch
_is_unnamed = re.compile(r"(New|Child) session - \d{4}-\d\d-\d\dT[\d:.]+Z").fullmatch


class Session(NamedTuple):
    """A session, as far as its calls need it."""

    id: str | None
    root: str | None = None
    """The session that a subagent works for in the end; None: it works for nobody."""
    folder: str | None = None
    """Where it was opened, where that is known."""
    title: Any = None
    """As logged."""
    changed: Any = None
    """When it was changed last, as logged."""

    def titles(self, source: str) -> Iterator[SessionTitle]:
        """Yield its title; none for a subagent's, which shows under the name of whom it works for."""
        if not self.root and not (isinstance(self.title, str) and _is_unnamed(self.title.strip())):
            yield from titles(source, self.id, self.title, rank_of(self.changed))


class _Told(msgspec.Struct, gc=False):
    """The file of a session; every field may hold anything."""

    parentID: Any = None
    title: Any = None
    time: Any = None


_told = msgspec.json.Decoder(_Told).decode


def sessions_in(db: sqlite3.Connection) -> dict[Any, Session]:
    """All sessions of a database, by their ids."""
    told = {row["id"]: row for row in rows(db, "session", COLUMNS) if "id" in row}

    def parent_of(session: Any) -> Any:
        return told.get(session, {}).get("parent_id")

    return {
        ident: Session(
            id_of(ident),
            root_of(ident, parent_of),
            id_of(row.get("directory")),
            row.get("title"),
            row.get("time_updated"),
        )
        for ident, row in told.items()
    }


def session_in_files(message: Path, session: str | None) -> Session:
    """A session, by its file in the tree in which a message lies."""
    if session is None or not _is_id(session) or len(message.parts) < 4:
        return Session(session)
    folder = message.parents[2] / "session"
    told = _file(folder, session)
    times = told.time if isinstance(told.time, dict) else {}
    root = root_of(session, partial(_parent, folder))
    return Session(session, root, title=told.title, changed=times.get("updated"))


def _parent(folder: Path, session: str) -> str | None:
    above = id_of(_file(folder, session).parentID)
    return above if above and _is_id(above) else None


@lru_cache(maxsize=4096)
def _file(folder: Path, session: str) -> _Told:
    """The first file of a session that can be read; an empty one where there is none."""
    with suppress(OSError):
        for path in sorted(folder.glob(f"*/{session}.json")):
            with path.open("rb") as stream:
                if told := decoded(_told, Raw(stream.read(SIZE_LIMIT))):
                    return told
    return _Told()
