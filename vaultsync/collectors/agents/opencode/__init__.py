"""Read what OpenCode and the programs made from it (Kilo CLI, MiMo Code) keep: one message for each call.

Odd facts of the format (the programs' own source, and public records of 2026): until early 2026 each message
was a JSON file; the move into a database left those files in place. A fork of a session copies its messages
under new ids, otherwise unchanged. Counts stand in a message shortly before it is completed. The cost is what
the program reckons from a price list of its own, and 0 for whoever has a subscription.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from msgspec import Raw

from vaultsync.collectors.agents.documents import document
from vaultsync.collectors.agents.lines import decoded, id_of
from vaultsync.collectors.agents.opencode.messages import Message, Unfinished, decode, event_of, may_change
from vaultsync.collectors.agents.opencode.sessions import Session, session_in_files, sessions_in
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.databases import MAGIC, columns, database
from vaultsync.collectors.marks import Unread
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField, text
from vaultsync.model import Finding, Issue, SessionTitle

MESSAGES = ("*/*.json",)
BEGINNING = 4096
PATH_LIMIT = 1000
STRANGE = "the database holds no messages as {} keeps them, so nothing is read from it. Update vaultsync."
Found = tuple[Message | None, Session] | SessionTitle
_is_message = re.compile(r"msg_\w+\.json").fullmatch


class _Store:
    """Collect the messages of one of the programs, whether they are files or rows of its database."""

    name: str
    kind: Literal["store"] = "store"
    stem: str
    """How the names of its folder and its databases begin."""
    variable: str
    """Names a database elsewhere, absolute or below the folder."""

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))
        self._is_database = re.compile(rf"{self.stem}(-[\w.-]+)?\.db").fullmatch

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is one of its databases, by name and head."""
        return file.head.startswith(MAGIC) and bool(self._is_database(file.path.name))

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folder of data, the same on all systems, and the database that the environment names."""
        folder = self._folder(environ, home)
        places = [
            Place(folder, (f"{self.stem}.db", f"{self.stem}-*.db")),
            Place(folder / "storage" / "message", MESSAGES),
        ]
        if moved := environ.get(self.variable, "").strip():
            path = folder / moved
            places.append(Place(path.parent, (path.name,)))
        return places

    def _folder(self, environ: Mapping[str, str], home: Path) -> Path:
        return folder_of(environ, home, "XDG_DATA_HOME", ".local/share") / self.stem

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield calls and titles; a message that is still being written is left for a later reading."""
        messages = self._in_database if reader.file.head.startswith(MAGIC) else self._in_file
        is_waited_for = False
        for found in messages(reader):
            if isinstance(found, SessionTitle):
                yield found
                continue
            message, session = found
            try:
                if event := event_of(message, session, reader, self.name, self._project_of):
                    yield event
            except Unfinished:
                is_waited_for = True
            except BadField as fault:
                yield Issue(reader.file.path, None, f"{fault} The message is not counted; restore it.")
        if is_waited_for:
            reader.end = max(0, reader.end - 1)  # so that the file is read again, though it may stay as it is

    def _in_file(self, reader: Reader) -> Iterator[Found]:
        message = document(reader, decode)
        if message is not None:
            session = session_in_files(reader.file.path, id_of(message.session))
            yield message, session
            yield from session.titles(self.name)

    def _in_database(self, reader: Reader) -> Iterator[Found]:
        with database(reader) as db:
            if db is None:
                return
            if not {"session_id", "data"} <= set(columns(db, "message")):
                reader.reject(None, STRANGE.format(self.name))
                return
            sessions = sessions_in(db)
            for session in sessions.values():
                yield from session.titles(self.name)
            unread = Unread(reader, db, "message", ("id",), "time_updated")
            for ident, data, *_ in unread.rows("session_id", "CAST(data AS BLOB)"):
                message = decoded(decode, Raw(data or b""))
                if message and may_change(message, reader):
                    unread.wait()
                yield message, sessions.get(ident) or Session(id_of(ident))


class OpenCode(_Store):
    """Collect the messages of OpenCode."""

    name = "opencode"
    stem = "opencode"
    variable = "OPENCODE_DB"

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a database or a single message, which does not tell whose it is."""
        if _is_message(file.name):
            return b'"sessionID"' in file.head[:BEGINNING] and b'"role"' in file.head[:BEGINNING]
        return super().claims(file)


class KiloCli(_Store):
    """Collect the messages of the Kilo CLI."""

    name = "kilo-cli"
    stem = "kilo"
    variable = "KILO_DB"


class MimoCode(_Store):
    """Collect the messages of MiMo Code."""

    name = "mimo-code"
    stem = "mimocode"
    variable = "MIMOCODE_DB"

    def _folder(self, environ: Mapping[str, str], home: Path) -> Path:
        if moved := environ.get("MIMOCODE_HOME", "").strip():
            return Path(moved) / "data"
        return super()._folder(environ, home)
