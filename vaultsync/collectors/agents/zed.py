"""Read the threads of the agent in the Zed editor: what each has used in all.

Odd facts of the format (the program's own source, 2025 and 2026): a thread is one packed JSON text, rewritten
at each change, in which no call has a time. Its running sum knows all calls; the map of requests keeps only
the last one that was made for each message of a person, and forgets those of messages that were taken back.
Some versions kept no running sum, and the oldest ones a list in the place of the map. Threads of other agents
that run inside the editor are not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.ancestry import root_of
from vaultsync.collectors.agents.counts import counts_of, number, object_of
from vaultsync.collectors.agents.documents import elements
from vaultsync.collectors.agents.lines import NOTHING, decoded, id_of, name_of, time_of
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.agents.titles import rank_of, titles
from vaultsync.collectors.databases import MAGIC, columns, database, lacks_ids, rows
from vaultsync.collectors.events import provider_name
from vaultsync.collectors.marks import Unread
from vaultsync.collectors.packing import Unpackable, unpacked
from vaultsync.collectors.reading import CONTENT_LIMIT, LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField, text
from vaultsync.model import Finding, Issue, SessionTitle, UsageEvent

SOURCE = "zed"
DATABASE = "threads.db"
MARKS = (b"threads", b"data_type", b"summary")
COUNTS = {
    "input": ("input_tokens",),
    "output": ("output_tokens",),
    "cache_read": ("cache_read_input_tokens",),
    "cache_write": ("cache_creation_input_tokens",),
}
NAMES = tuple(name for names in COUNTS.values() for name in names)
WANTED = ("id", "summary", "parent_id", "folder_paths", "created_at", "updated_at", "data_type", "data")
UNNAMED = "New Thread"
PATH_LIMIT = 1000


class Thread(msgspec.Struct, gc=False):
    """A thread; every field may hold anything, so that none fails as a whole."""

    cumulative_token_usage: Raw = NOTHING
    request_token_usage: Raw = NOTHING
    initial_project_snapshot: Raw = NOTHING
    model: Any = None


class _Repository(msgspec.Struct, gc=False):
    current_branch: Any = None


class _Folder(msgspec.Struct, gc=False):
    """A folder that was open when the thread began."""

    worktree_path: Any = None
    git_state: _Repository | None = None


class _Snapshot(msgspec.Struct, gc=False):
    worktree_snapshots: list[_Folder] = []


_thread = msgspec.json.Decoder(Thread).decode
_snapshot = msgspec.json.Decoder(_Snapshot).decode
_map = msgspec.json.Decoder(dict[str, Raw]).decode
Row = Mapping[str, Any]


class Zed:
    """Collect the threads of Zed's own agent."""

    name = SOURCE
    kind: Literal["store"] = "store"

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is the database of threads, by name and head."""
        is_base = file.path.suffix == ".db" and file.head.startswith(MAGIC)
        return is_base and all(mark in file.head for mark in MARKS)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The editor's folders of data on Linux, macOS and Windows."""
        folders = (
            folder_of(environ, home, "XDG_DATA_HOME", ".local/share") / "zed",
            home / "Library" / "Application Support" / "Zed",
            folder_of(environ, home, "LOCALAPPDATA", "AppData/Local") / "Zed",
        )
        return [Place(folder / "threads", (DATABASE,)) for folder in folders]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield what each thread has used, and what it is called."""
        with database(reader) as db:
            if db is None:
                return
            known = [name for name in columns(db, "threads") if name in WANTED]
            if not known or lacks_ids(reader, known):
                return
            parents = {row["id"]: row.get("parent_id") for row in rows(db, "threads", ("id", "parent_id"))}
            for row in map(dict, Unread(reader, db, "threads", ("id",), "updated_at").rows(*known)):
                try:
                    if event := self._event(row, parents, reader):
                        yield event
                        yield from _titles(row, event)
                except BadField as fault:
                    told = f"thread {text(row['id'])}: {fault} It is not counted; restore the database."
                    yield Issue(reader.file.path, None, told)

    def _event(self, row: Row, parents: Mapping[Any, Any], reader: Reader) -> UsageEvent | None:
        """What a thread has used; None where it has used nothing.

        Raises:
            BadField: It cannot be read.
        """
        thread = thread_of(row)
        counts = counts_of(_used(thread), COUNTS, "exclusive")
        if counts is None:
            return None
        folder, branch = _where(row, thread)
        root = root_of(row["id"], parents.get)
        model = thread.model if isinstance(thread.model, dict) else {}
        return UsageEvent(
            when=time_of(row.get("created_at") or row.get("updated_at"), reader.zone),
            source=SOURCE,
            provider=provider_name(name_of(model.get("provider"))),
            model=name_of(model.get("model")) or "unknown",
            tokens=counts.tokens,
            key=f"{SOURCE}:{row['id']}",
            grain="session",
            unsplit=counts.unsplit,
            session=name_of(root or row["id"]),
            project=self._project_of(folder) if folder else None,
            branch=branch,
            action_type="agent" if root else None,
            agent=name_of(row["id"]) if root else None,
            quality="session-total",
            flags=counts.flags,
        )


def _titles(row: Row, event: UsageEvent) -> Iterator[SessionTitle]:
    """What a thread is called; a subagent's shows under the name of the one that it works for."""
    if not event.agent and row.get("summary") != UNNAMED:
        yield from titles(SOURCE, row["id"], row.get("summary"), rank_of(row.get("updated_at")))


def thread_of(row: Row) -> Thread:
    """Unpack the text of a thread.

    Raises:
        BadField: It is damaged.
    """
    data = row.get("data")
    data = data.encode("utf-8", "replace") if isinstance(data, str) else data
    if not isinstance(data, bytes):
        raise BadField("its data is missing.")
    if row.get("data_type") == "zstd":
        try:
            data = unpacked(data, "Zstandard", CONTENT_LIMIT)
        except Unpackable as damage:
            raise BadField(f"its data cannot be unpacked ({damage}).") from None
    thread = decoded(_thread, Raw(data))
    if thread is None:
        raise BadField("its data is not a readable object.")
    return thread


def _used(thread: Thread) -> dict[str, Any]:
    """What a thread has used: the running sum, or where it knows less, the sum of what the requests tell."""
    requests = [object_of(raw, "the usage of a request") for raw in _requests(thread.request_token_usage)]
    used = object_of(thread.cumulative_token_usage, "cumulative_token_usage", NAMES)
    for name in NAMES:
        told = sum(number(request.get(name), set()) or 0 for request in requests)
        if told > (number(used.get(name), set()) or 0):
            used[name] = told
    return used


def _requests(raw: Raw) -> list[Raw]:
    """The usage objects of requests: a map in newer threads, a list in older ones."""
    return list((decoded(_map, raw) or {}).values()) or elements(raw)


def _where(row: Row, thread: Thread) -> tuple[str | None, str | None]:
    """The first of the folders that a thread works in, and the branch that it began on."""
    snapshot = decoded(_snapshot, thread.initial_project_snapshot)
    first = snapshot.worktree_snapshots[0] if snapshot and snapshot.worktree_snapshots else _Folder()
    listed = row.get("folder_paths")
    folder = id_of(listed.split("\n")[0]) if isinstance(listed, str) else None
    branch = name_of(first.git_state.current_branch) if first.git_state else None
    return folder or id_of(first.worktree_path), branch
