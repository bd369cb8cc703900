"""Read the sessions of Pi: each answer of a model. OpenClaw writes the same format.

Odd facts of the format (the program's own source, and public readers, 2025 to October 2026): a fork copies
the answers into a session of its own, with their times; ids of entries are made anew when an old session is
migrated, and again when OpenClaw takes a session into its database. So a call is known by the millisecond of
its message, its model and its counts. Cached tokens stand beside the input, reasoning inside the output.
Summaries of what was compacted or left behind are calls too, and name no model. A message that carries the
mark of Codex copies one that a rollout tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.costs import cost_in
from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.lines import NOTHING, decoded, id_of, name_of, time_of
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.agents.rows import rows_in
from vaultsync.collectors.agents.titles import rank_of, titles
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField, text
from vaultsync.model import Finding, Issue, SessionTitle, TokenCounts, UsageEvent

COUNTS = {
    "input": ("input",),
    "output": ("output",),
    "cache_read": ("cacheRead",),
    "cache_write": ("cacheWrite",),
    "reasoning": ("reasoning",),
}
KEYS = tuple(key for keys in COUNTS.values() for key in keys)
SUMMARIES = {"compaction": "compaction", "branch_summary": "branch summary"}
"""Entries that are summaries, and the name of what made them."""
MIRRORED = "codex-app-server:"
"""How the mark begins of an answer that Codex gave."""
PATH_LIMIT = 1000
_begins = re.compile(rb'\s*\{(?=[^\n]*"type"\s*:\s*"session")(?=[^\n]*"cwd"\s*:)').match
_is_openclaw = re.compile(r".*\.jsonl\.(?:deleted|reset)\..+").fullmatch


class Message(msgspec.Struct, gc=False):
    """A message, as far as it matters."""

    role: Any = None
    provider: Any = None
    model: Any = None
    usage: Raw = NOTHING
    timestamp: Any = None
    mark: Any = msgspec.field(default=None, name="idempotencyKey")


class Entry(msgspec.Struct, gc=False):
    """One line; every field may hold anything, so that none fails as a whole."""

    type: Any = None
    id: Any = None
    timestamp: Any = None
    name: Any = None
    cwd: Any = None
    provider: Any = None
    model_id: Any = msgspec.field(default=None, name="modelId")
    message: Raw = NOTHING
    usage: Raw = NOTHING


class Money(msgspec.Struct, gc=False):
    """The cost within the usage."""

    total: Raw = NOTHING


class Priced(msgspec.Struct, gc=False):
    """The usage, as far as it tells money."""

    cost: Money = msgspec.field(default_factory=Money)


entry_of = msgspec.json.Decoder(Entry).decode
"""Decodes an entry."""
_message = msgspec.json.Decoder(Message).decode
_priced = msgspec.json.Decoder(Priced).decode


class Session:
    """One reading of one session: where it goes on, who answers in it."""

    def __init__(
        self,
        state: dict[str, Any],
        zone: tzinfo,
        source: str,
        project_of: Callable[[str], str | None],
        ident: str | None,
    ) -> None:
        """Begin, or go on.

        Args:
            state: What is known of the session; it goes on in there.
            ident: Id of the session, where it is not in the session itself.
        """
        self._state, self._zone = state, zone
        self._source, self._project_of, self._ident = source, project_of, ident

    def take(self, entry: Entry) -> Iterator[UsageEvent | SessionTitle]:
        """Take in one entry, and yield its call, or the name that it gives to the session.

        Raises:
            BadField: It is a call that cannot be counted.
        """
        if entry.type == "session":
            self._state |= {"session": id_of(entry.id), "folder": id_of(entry.cwd)}
        elif entry.type == "model_change":
            self._state |= {"provider": name_of(entry.provider), "model": name_of(entry.model_id)}
        elif entry.type == "message":
            message = decoded(_message, entry.message)
            if message is not None and message.role == "assistant":
                yield from self._answer(entry, message)
        elif entry.type == "session_info":
            ident = self._ident or self._state.get("session")
            yield from titles(self._source, ident, entry.name, rank_of(entry.timestamp))
        elif isinstance(entry.type, str) and entry.type in SUMMARIES:
            yield from self._call(entry, Message(usage=entry.usage), SUMMARIES[entry.type])

    def _answer(self, entry: Entry, message: Message) -> Iterator[UsageEvent]:
        if isinstance(message.mark, str) and message.mark.startswith(MIRRORED):
            return
        if name := name_of(message.model):
            self._state |= {"provider": name_of(message.provider), "model": name}
        yield from self._call(entry, message, None)

    def _call(self, entry: Entry, message: Message, aside: str | None) -> Iterator[UsageEvent]:
        counts = counts_of(object_of(message.usage, "usage", KEYS), COUNTS, "disjoint")
        if counts is None:
            return
        at = entry.timestamp if message.timestamp is None else message.timestamp
        when = time_of(at, self._zone)
        provider, model, flags = self._maker(message)
        folder = self._state.get("folder")
        cost, amiss = cost_in((decoded(_priced, message.usage) or Priced()).cost.total)
        yield UsageEvent(
            when=when,
            source=self._source,
            provider=provider,
            model=model,
            tokens=counts.tokens,
            key=key_of(when, name_of(message.model), counts.tokens),
            cost=cost,
            cost_kind=None if cost is None else "estimated",
            session=name_of(self._ident or self._state.get("session")),
            project=self._project_of(folder) if folder else None,
            action_type="agent" if aside else None,
            action_name=aside,
            flags=tuple(sorted({*counts.flags, *amiss, *flags})),
        )

    def _maker(self, message: Message) -> tuple[str, str, tuple[str, ...]]:
        """Provider and model of a message, and a flag where they are only those in force before it."""
        if model := name_of(message.model):
            return (name_of(message.provider) or "unknown").lower(), model, ()
        if model := self._state.get("model"):
            return (self._state.get("provider") or "unknown").lower(), model, ("assumed_model",)
        return "unknown", "unknown", ()


def key_of(when: datetime, model: str | None, tokens: TokenCounts) -> str:
    """Key of a call that every copy of it shares."""
    counts = (tokens.input, tokens.cache_read, tokens.cache_write, tokens.output)
    return f"pi:{when.isoformat()}:{model or ''}:{'.'.join(map(str, counts))}"


class Pi:
    """Collect the sessions of Pi."""

    name = "pi"
    kind: Literal["lines"] = "lines"

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a session, and not one of OpenClaw's."""
        return file.name.endswith(".jsonl") and is_session(file) and not is_openclaw(file)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folder of sessions; `PI_CODING_AGENT_DIR` and `PI_AGENT_DIR` move what it lies in."""
        name = next((n for n in ("PI_CODING_AGENT_DIR", "PI_AGENT_DIR") if environ.get(n, "").strip()), "")
        root = folder_of(environ, home, name, ".pi/agent")
        return [Place(root if root.name == "sessions" else root / "sessions", ("**/*.jsonl",))]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls of a session in their order."""
        ident = self._ident(reader.file.name)
        session = Session(reader.state, reader.zone, self.name, self._project_of, ident)
        for found in rows_in(reader, entry_of):
            if isinstance(found, Issue):
                yield found
                continue
            try:
                yield from session.take(found[1])
            except BadField as fault:
                yield Issue(reader.file.path, found[0], f"{fault} The call is not counted; restore it.")

    def _ident(self, file_name: str) -> str | None:
        """Id of a session, where only the name of its file tells it."""
        return None


def is_session(file: LogFile) -> bool:
    """Say whether a file begins as a session in this format does."""
    return _begins(file.head.removeprefix(b"\xef\xbb\xbf")) is not None


def is_openclaw(file: LogFile) -> bool:
    """Say whether a session is one of OpenClaw's: it lies with an agent, or was reset or deleted."""
    folder = file.path.parent
    lies_there = folder.name == "sessions" and folder.parent.parent.name == "agents"
    return lies_there or _is_openclaw(file.name) is not None
