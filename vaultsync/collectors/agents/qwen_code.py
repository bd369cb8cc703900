"""Read what Qwen Code leaves: its own book of calls, and the chats of sessions that the book does not know.

Versions up to the end of 2025 kept sessions as Gemini CLI does, from which they come.

Odd facts of both (the program's own source, May to November 2026): the book holds every call of the API,
those of subagents and helpers too, but no folder; each row has an id of its own, which stands in no chat. A
chat holds the answers of the main model with folder and branch, and tells each again as telemetry, which is
passed over. Both count as one source: an answer of a chat counts only where the book does not know its
session yet. Cached tokens stand inside the prompt; whether thoughts stand inside the output, the total tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.gemini_cli import GeminiCli, Program, is_qwen
from vaultsync.collectors.agents.lines import NOTHING, decoded, id_of, name_of, time_of
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.agents.rows import rows_in
from vaultsync.collectors.agents.titles import BY_USER, rank_of, titles
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place, Retention
from vaultsync.collectors.values import BadField, text
from vaultsync.model import Finding, Issue, SessionTitle, UsageEvent

SOURCE = "qwen-code"
BOOK, CHATS = "usage", "projects"
BOOKS, SESSIONS = "token-usage-*.jsonl", "*/chats/*.jsonl"
PROVIDERS = {"qwen-oauth": "alibaba", "gemini": "google", "vertex-ai": "google", "anthropic": "anthropic"}
"""How the user is known to a service -> the service; what speaks OpenAI's protocol may be any."""
MAIN = "main"
"""Who made a call, where it was no subagent."""
USAGE = {
    "input": ("promptTokenCount",),
    "cache_read": ("cachedContentTokenCount",),
    "output": ("candidatesTokenCount",),
    "reasoning": ("thoughtsTokenCount",),
    "total": ("totalTokenCount",),
}
COUNTS = {
    "input": ("input_tokens",),
    "cache_read": ("cached_tokens",),
    "output": ("output_tokens",),
    "reasoning": ("thoughts_tokens",),
    "total": ("total_tokens",),
}
"""By the fields of `Entry`."""
PATH_LIMIT = 1000
BEGINNING = 64 * 1024
LONGEST_CALL = timedelta(minutes=10)
"""By so much the times at which the two tell the same call may differ."""


class Entry(msgspec.Struct, rename="camel", gc=False):
    """A row of the book; every field may hold anything, as in the one below."""

    id: Any = None
    timestamp: Any = None
    session_id: Any = None
    model: Any = None
    auth_type: Any = None
    source: Any = None
    input_tokens: Any = None
    cached_tokens: Any = None
    output_tokens: Any = None
    thoughts_tokens: Any = None
    total_tokens: Any = None
    api_duration_ms: Any = None


class Row(msgspec.Struct, rename="camel", gc=False):
    """A row of a chat."""

    uuid: Any = None
    type: Any = None
    timestamp: Any = None
    session_id: Any = None
    model: Any = None
    cwd: Any = None
    git_branch: Any = None
    agent_id: Any = None
    agent_name: Any = None
    forked_from: Any = None
    usage_metadata: Raw = NOTHING
    subtype: Any = None
    system_payload: Raw = NOTHING


class Named(msgspec.Struct, rename="camel", gc=False):
    """What a row says that gives its session a name."""

    custom_title: Any = None
    title_source: Any = None


class Work(NamedTuple):
    """Where a session worked."""

    folder: str | None = None
    branch: str | None = None


_entry = msgspec.json.Decoder(Entry).decode
_row = msgspec.json.Decoder(Row).decode
_named = msgspec.json.Decoder(Named).decode


class _Qwen:
    """What both collectors share."""

    kind: Literal["lines"] = "lines"

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))


class QwenCode(_Qwen):
    """Collect the program's own book of calls, a file each month."""

    name = SOURCE

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a book, by name and head."""
        is_book = all(mark in file.head for mark in (b'"schemaVersion"', b'"thoughtsTokens"', b'"authType"'))
        return is_book and file.name.endswith(".jsonl")

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The book of this machine; `QWEN_RUNTIME_DIR`, else `QWEN_HOME`, takes the place of `~/.qwen`."""
        return [Place(home_of(environ, home) / BOOK, (BOOKS,))]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls of a book in their order."""
        path = reader.file.path
        for found in rows_in(reader, _entry):
            if isinstance(found, Issue):
                yield found
                continue
            line, entry = found
            try:
                call = self._call(entry, reader)
            except BadField as fault:
                yield Issue(path, line, f"{fault} The row is not counted; restore it.")
            else:
                yield from (call,) if call else ()

    def _call(self, entry: Entry, reader: Reader) -> UsageEvent | None:
        counts = counts_of(msgspec.structs.asdict(entry), COUNTS, "outside")
        if counts is None:
            return None
        ident, session, agent = id_of(entry.id), id_of(entry.session_id), name_of(entry.source)
        work = _work(reader.file.path.parent.parent / CHATS, session) if session else Work()
        duration = entry.api_duration_ms
        is_agent = agent not in (None, MAIN)
        return UsageEvent(
            when=time_of(entry.timestamp, reader.zone),
            source=SOURCE,
            provider=PROVIDERS.get(name_of(entry.auth_type) or "", "unknown"),
            model=name_of(entry.model) or "unknown",
            tokens=counts.tokens,
            key=ident and f"{SOURCE}:{ident}",
            unsplit=counts.unsplit,
            duration_ms=duration if type(duration) is int and 0 < duration < 10**9 else None,
            session=name_of(session),
            project=self._project_of(work.folder) if work.folder else None,
            branch=work.branch,
            action_type="agent" if is_agent else None,
            action_name=agent if is_agent else None,
            flags=counts.flags,
        )


class QwenCodeSessions(GeminiCli):
    """Collect the sessions of the first versions; no later one tells of them."""

    name = "qwen-code-sessions"
    agent = SOURCE
    program = Program(SOURCE, "unknown", "qwen")

    def _owns(self, file: LogFile) -> bool:
        return is_qwen(file)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The sessions of this machine; they lie beside the book."""
        return [Place(home_of(environ, home) / "tmp", ("*/chats/*.json",))]

    def retention(self, place: Place) -> Retention | None:
        """Whether the program deletes them is not known."""
        return None


class QwenCodeChats(_Qwen):
    """Collect the chats of sessions that the book does not know: those of older versions, mostly."""

    name = "qwen-code-chats"
    agent = SOURCE

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a chat, by name and head."""
        marks = (b'"usageMetadata"', b'"qwen-code.', b'"parentUuid"', b'"sessionId"')
        usage, telemetry, parent, session = (mark in file.head for mark in marks)
        return file.name.endswith(".jsonl") and parent and session and (usage or telemetry)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The chats of this machine; they lie beside the book."""
        return [Place(home_of(environ, home) / CHATS, (SESSIONS,))]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the answers of a chat in their order, and what it is called."""
        path = reader.file.path
        book = path.parent.parent.parent.parent / BOOK
        for found in rows_in(reader, _row):
            if isinstance(found, Issue):
                yield found
                continue
            line, row = found
            if row.type == "system" and row.subtype == "custom_title":
                yield from _titles(row)
            if row.type != "assistant":
                continue
            try:
                answer = self._answer(row, reader)
            except BadField as fault:
                yield Issue(path, line, f"{fault} The row is not counted; restore it.")
            else:
                if answer and not _is_booked(book, id_of(row.session_id), answer.when):
                    yield answer

    def _answer(self, row: Row, reader: Reader) -> UsageEvent | None:
        keys = (key for keys in USAGE.values() for key in keys)
        counts = counts_of(object_of(row.usage_metadata, "usageMetadata", keys), USAGE, "outside")
        if counts is None:
            return None
        ident, agent, folder = id_of(row.uuid), name_of(row.agent_id), id_of(row.cwd)
        origin = row.forked_from.get("sessionId") if isinstance(row.forked_from, dict) else None
        return UsageEvent(
            when=time_of(row.timestamp, reader.zone),
            source=SOURCE,
            provider="unknown",
            model=name_of(row.model) or "unknown",
            tokens=counts.tokens,
            key=ident and f"{SOURCE}:{ident}",
            unsplit=counts.unsplit,
            session=name_of(row.session_id),
            project=self._project_of(folder) if folder else None,
            branch=name_of(row.git_branch),
            action_type="agent" if agent else None,
            action_name=name_of(row.agent_name) if agent else None,
            agent=agent,
            flags=counts.flags,
            origin_session=name_of(origin),
        )


def home_of(environ: Mapping[str, str], home: Path) -> Path:
    """The program's folder."""
    name = "QWEN_RUNTIME_DIR" if environ.get("QWEN_RUNTIME_DIR", "").strip() else "QWEN_HOME"
    return folder_of(environ, home, name, ".qwen")


def _titles(row: Row) -> Iterator[SessionTitle]:
    """The name that the user, or else a model, gave to a session."""
    named = decoded(_named, row.system_payload) or Named()
    by_user = 0 if named.title_source == "auto" else BY_USER
    yield from titles(SOURCE, row.session_id, named.custom_title, by_user + rank_of(row.timestamp))


def _is_booked(book: Path, session: str | None, when: datetime) -> bool:
    """Say whether the book tells the calls that a session made at a time."""
    with suppress(OSError):
        for path in book.glob(BOOKS):
            info = path.stat()
            first = _sessions(path, info.st_size, info.st_mtime_ns).get(session or "")
            if first and when >= first - LONGEST_CALL:
                return True
    return False


@lru_cache(maxsize=64)
def _sessions(path: Path, size: int, mtime_ns: int) -> Mapping[str, datetime]:
    """Session -> its first call in a book that looks like this."""
    firsts: dict[str, datetime] = {}
    for found in rows_in(Reader(LogFile.look(path)), _entry):
        if not isinstance(found, Issue) and (session := id_of(found[1].session_id)):
            with suppress(BadField):
                when = time_of(found[1].timestamp, UTC)
                firsts[session] = min(when, firsts.get(session, when))
    return firsts


@lru_cache(maxsize=4096)
def _work(chats: Path, session: str) -> Work:
    """Where a session worked, by the first rows of its chat."""
    if not session.replace("-", "").isalnum():
        return Work()
    with suppress(OSError):
        for path in sorted(chats.glob(f"*/chats/{session}.jsonl")):
            with path.open("rb") as stream:
                beginning = stream.read(BEGINNING)
            for line in beginning.split(b"\n"):
                row = decoded(_row, Raw(line))
                if row is not None and id_of(row.cwd):
                    return Work(row.cwd, name_of(row.git_branch))
    return Work()
