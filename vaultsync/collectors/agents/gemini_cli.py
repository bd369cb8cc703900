"""Read the chats of Gemini CLI: each answer of a model, with the counts that stand at it.

Odd facts of the format (own count over public session files, and the program's own source, August 2026):
a session was one JSON object, rewritten on every turn, and is a file of lines since version 0.40; on upgrade
the old file stays beside the new one. A message is written again, whole, whenever its tool calls move on.
Rewound messages were paid for, so `$rewindTo` takes nothing back. Cached tokens stand inside `input`, those
of `thoughts` and `tool` beside `output` and `input`. What the program asks a model on the side (which model
to take, what to compress) stands in no file, nor does the folder in which it worked: only its hash does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.documents import document, elements
from vaultsync.collectors.agents.lines import NOTHING, decoded, id_of, name_of, time_of
from vaultsync.collectors.agents.retention import of_gemini_cli
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.agents.rows import rows_in
from vaultsync.collectors.agents.titles import rank_of, titles
from vaultsync.collectors.families import Split
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place, Retention
from vaultsync.collectors.values import BadField, text
from vaultsync.model import Finding, Issue, SessionTitle, TokenCounts, UsageEvent

PATTERNS = ("*/chats/**/*.json", "*/chats/**/*.jsonl")
MARKS = (b'"sessionId"', b'"projectHash"')
"""What every session file says at its very beginning."""
BEGINNING = 4096
COUNTS = {
    "input": ("input", "tool"),
    "cache_read": ("cached",),
    "output": ("output",),
    "reasoning": ("thoughts",),
    "total": ("total",),
}
KEYS = tuple(key for keys in COUNTS.values() for key in keys)
PATH_LIMIT = 1000
LIST_LIMIT = 1024 * 1024
"""Bytes of the program's list of projects that are read."""
_is_unique = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch


class Row(msgspec.Struct, gc=False):
    """A line, a message or a whole session; every field may hold anything, so that none fails as a whole."""

    id: Any = None
    type: Any = None
    timestamp: Any = None
    model: Any = None
    tokens: Raw = NOTHING
    session: Any = msgspec.field(default=None, name="sessionId")
    project: Any = msgspec.field(default=None, name="projectHash")
    kind: Any = None
    summary: Any = None
    updated: Any = msgspec.field(default=None, name="lastUpdated")
    messages: Raw = NOTHING
    changes: Raw = msgspec.field(default=NOTHING, name="$set")


class Program(NamedTuple):
    """Which program wrote a session."""

    source: str
    provider: str
    answer: str
    """What it calls the answers of a model."""


class Call(NamedTuple):
    """One answer of a model."""

    when: datetime
    model: str
    counts: Split | None
    """None: the program has written zeros, though a model did answer."""


_row = msgspec.json.Decoder(Row).decode


class GeminiCli:
    """Collect what Gemini CLI leaves in its `chats` folders."""

    name = "gemini-cli"
    kind: Literal["store"] = "store"
    program = Program(name, "google", "gemini")

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a session, by name, place and beginning."""
        beginning = file.head[:BEGINNING]
        is_session = file.name.endswith((".json", ".jsonl")) and all(mark in beginning for mark in MARKS)
        return is_session and self._owns(file)

    def _owns(self, file: LogFile) -> bool:
        return not is_qwen(file)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The `chats` folders of this machine; `GEMINI_CLI_HOME` takes the place of the home folder."""
        return [Place(folder_of(environ, home, "GEMINI_CLI_HOME", "") / ".gemini" / "tmp", PATTERNS)]

    def retention(self, place: Place) -> Retention | None:
        """When the program deletes its sessions."""
        return of_gemini_cli(place.root.parent / "settings.json")

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the answers of a session in their order, each once as it was written last, and its title."""
        session = Session(reader, self.program)
        session.read()
        yield from session.issues
        folder = working_folder(reader.file.path, session.project)
        yield from session.events(self._project_of(folder) if folder else None)
        yield from session.titles()


class Session:
    """What one file says of one session."""

    def __init__(self, reader: Reader, program: Program) -> None:
        self._reader, self._path = reader, reader.file.path
        self._program = program
        self._id: str | None = None
        self._is_agent = False
        self._title: Any = None
        self._updated: Any = None
        self._calls: dict[str | int, Call] = {}
        """By the id of the message; those without one by their number."""
        self.project: str | None = None
        """Hash of the working folder."""
        self.issues: list[Issue] = []

    def read(self) -> None:
        """Read the file, of whichever era."""
        if self._reader.file.name.endswith(".jsonl"):
            self._read_lines()
        else:
            self._read_document()

    def _read_lines(self) -> None:
        for found in rows_in(self._reader, _row):
            if isinstance(found, Issue):
                self.issues.append(found)
            else:
                number, row = found
                self._take(row, number)

    def _read_document(self) -> None:
        row = document(self._reader, _row)
        if row is not None:
            self._take(row, None)

    def _take(self, row: Row, line: int | None) -> None:
        self._id = id_of(row.session) or self._id
        self.project = id_of(row.project) or self.project
        self._is_agent |= row.kind == "subagent"
        self._title, self._updated = row.summary or self._title, row.updated or self._updated
        if row.type == self._program.answer:
            try:
                self._count(row)
            except BadField as fault:
                self._note(line, f"{fault} The message is not counted; restore it.")
        if bytes(row.messages):
            self._take_messages(row.messages, line)
        if bytes(row.changes) and (changes := decoded(_row, row.changes)) is not None:
            changes.type, changes.changes = None, NOTHING  # what is set belongs to the session
            self._take(changes, line)

    def _take_messages(self, raw: Raw, line: int | None) -> None:
        for number, message in enumerate(elements(raw), 1):
            row = decoded(_row, message)
            if row is None:
                self._note(line, f"message {number} is not an object, so it is not counted. Restore it.")
            else:
                row.messages = row.changes = NOTHING
                self._take(row, line)

    def _count(self, row: Row) -> None:
        """Note an answer that was counted, in the place of what was said of it before.

        Raises:
            BadField: It cannot be counted.
        """
        values, ident = object_of(row.tokens, "tokens", KEYS), id_of(row.id) or len(self._calls)
        counts = counts_of(values, COUNTS, "outside")
        if counts is None and (not values or ident in self._calls):
            return
        when, model = time_of(row.timestamp, self._reader.zone), name_of(row.model) or "unknown"
        self._calls[ident] = Call(when, model, counts)

    def _note(self, line: int | None, told: str) -> None:
        self.issues.append(Issue(self._path, line, told))

    def events(self, project: str | None) -> Iterator[UsageEvent]:
        """The answers; those of a subagent belong to the session that it works for."""
        session = parent_of(self._path) or self._id if self._is_agent else self._id
        for ident, call in self._calls.items():
            counts = call.counts or Split(TokenCounts())
            yield UsageEvent(
                when=call.when,
                source=self._program.source,
                provider=self._program.provider,
                model=call.model,
                tokens=counts.tokens,
                key=key_of(self._program.source, self._id, ident),
                unsplit=counts.unsplit,
                session=name_of(session),
                project=project,
                action_type="agent" if self._is_agent else None,
                agent=name_of(self._id) if self._is_agent else None,
                quality="final" if call.counts else "partial",
                flags=counts.flags,
            )

    def titles(self) -> Iterator[SessionTitle]:
        """What a model made of the session in one line; a subagent's is not that of the session."""
        if not self._is_agent:
            yield from titles(self._program.source, self._id, self._title, rank_of(self._updated))


def is_qwen(file: LogFile) -> bool:
    """True for a session of Qwen Code, which comes from Gemini CLI, by its place or what it calls answers."""
    return ".qwen" in file.path.parts or b'"type": "qwen"' in file.head


def key_of(source: str, session: str | None, message: str | int) -> str | None:
    """Key of an answer: its own id where that is unique everywhere, else together with its session."""
    if isinstance(message, int):
        return None
    if _is_unique(message):
        return f"{source}:{message}"
    return f"{source}:{session}:{message}" if session else None


def parent_of(path: Path) -> str | None:
    """Session for which a subagent works; its chats lie in a folder of that name."""
    folder = path.parent
    return folder.name if folder.parent.name == "chats" else None


def working_folder(path: Path, project: str | None) -> str | None:
    """Find the folder in which a session worked, by what the program has noted of it beside its chats.

    Args:
        path: The session file.
        project: Hash of the folder.
    """
    chats = path.parent if path.parent.name == "chats" else path.parent.parent
    if chats.name != "chats":
        return None
    try:
        with (chats.parent / ".project_root").open("rb") as stream:
            return stream.read(PATH_LIMIT).decode("utf-8", "replace").strip() or None
    except OSError:
        known = _projects(chats.parent.parent.parent / "projects.json")
        return known.get(project or "") or known.get(chats.parent.name)


@lru_cache(maxsize=64)
def _projects(path: Path) -> Mapping[str, str]:
    """The program's list of projects: hash of a folder, and the short name of it, -> the folder."""
    try:
        with path.open("rb") as stream:
            folders = json.loads(stream.read(LIST_LIMIT))["projects"]
        found = {name: folder for folder, name in folders.items() if isinstance(name, str)}
        return found | {hashlib.sha256(folder.encode()).hexdigest(): folder for folder in folders}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
