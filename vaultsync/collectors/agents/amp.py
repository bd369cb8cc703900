"""Read the threads of Amp: each call of a model, told by the thread's ledger, by its messages, or by both.

Odd facts of the format (public threads and readers, January to October 2026): until January 2026 a ledger
told the calls and the messages their cached tokens; since then there are messages only. The input count
leaves cached tokens out. Credits are Amp's own money and are not read. What Amp keeps on its server only
stands in no file.

Source: `threads/T-*.json` as described by several public readers; no cost per credit is documented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.documents import document, elements
from vaultsync.collectors.agents.lines import NOTHING, decoded, id_of, name_of, time_of
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.agents.titles import is_prompt, titles
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField, text
from vaultsync.model import Finding, Issue, UsageEvent

SOURCE = "amp"
PATTERNS = ("T-*.json",)
MARKS = (b'"messages"', b'"usageLedger"')
"""Either stands in a thread."""
CACHED = {"cache_read": ("cacheReadInputTokens",), "cache_write": ("cacheCreationInputTokens",)}
LEDGER = {"input": ("input",), "output": ("output",), **CACHED}
MESSAGE = {"input": ("inputTokens",), "output": ("outputTokens",), **CACHED}
KEYS = tuple(key for keys in (*LEDGER.values(), *MESSAGE.values()) for key in keys)
ORDINARY = (None, "inference", "chat")
"""Operations that are the thread's own calls."""
PATH_LIMIT = 1000


class Entry(msgspec.Struct, gc=False):
    """One call in the ledger."""

    id: Any = None
    timestamp: Any = None
    model: Any = None
    tokens: Raw = NOTHING
    operation: Any = msgspec.field(default=None, name="operationType")
    message: Any = msgspec.field(default=None, name="toMessageId")


class Meta(msgspec.Struct, gc=False):
    """What stands beside the text of a message."""

    sent_at: Any = msgspec.field(default=None, name="sentAt")


class Message(msgspec.Struct, gc=False):
    """One message of a thread."""

    role: Any = None
    id: Any = msgspec.field(default=None, name="messageId")
    usage: Raw = NOTHING
    meta: Raw = NOTHING
    content: Raw = NOTHING


class Block(msgspec.Struct, gc=False):
    """A block of what was said."""

    text: Any = None


class Ledger(msgspec.Struct, gc=False):
    """The thread's own ledger."""

    events: Raw = NOTHING


class Tree(msgspec.Struct, gc=False):
    """A folder that the thread works in."""

    uri: str = ""


class Surroundings(msgspec.Struct, gc=False):
    """Where a thread began."""

    trees: list[Tree] = []


class Env(msgspec.Struct, gc=False):
    """Holds where a thread began."""

    initial: Surroundings | None = None


class Thread(msgspec.Struct, gc=False):
    """A thread; every field may hold anything, so that none fails as a whole."""

    id: Any = None
    title: Any = None
    created: Any = None
    messages: Raw = NOTHING
    ledger: Raw = msgspec.field(default=NOTHING, name="usageLedger")
    env: Raw = NOTHING


_thread = msgspec.json.Decoder(Thread).decode
_message = msgspec.json.Decoder(Message).decode
_blocks = msgspec.json.Decoder(str | list[Block]).decode
_meta = msgspec.json.Decoder(Meta).decode
_ledger = msgspec.json.Decoder(Ledger).decode
_entry = msgspec.json.Decoder(Entry).decode
_env = msgspec.json.Decoder(Env).decode


class Amp:
    """Collect the threads that Amp leaves on this machine."""

    name = SOURCE
    kind: Literal["store"] = "store"

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a thread, by name and head."""
        return (
            file.name.startswith("T-")
            and file.name.endswith(".json")
            and b'"T-' in file.head
            and any(mark in file.head or mark in file.tail for mark in MARKS)
        )

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folder of threads; `AMP_DATA_DIR` takes the place of the usual one."""
        return [Place(folder_of(environ, home, "AMP_DATA_DIR", ".local/share/amp") / "threads", PATTERNS)]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls of a thread, first those of its ledger, and what it is called."""
        thread = document(reader, _thread)
        if thread is not None:
            yield from Reading(reader, thread, self._project_of).findings()


class Reading:
    """One reading of one thread."""

    def __init__(self, reader: Reader, thread: Thread, project_of: Callable[[str], str | None]) -> None:
        self._path, self._zone = reader.file.path, reader.zone
        self._rank = reader.last_modified_ns // 10**6
        self._thread = thread
        self._id = id_of(thread.id) or reader.file.name.removesuffix(".json")
        folder = folder_in(thread.env)
        self._project = project_of(folder) if folder else None
        self._told: dict[str, int] = {}
        """Message -> calls that were told for it."""

    def findings(self) -> Iterator[Finding]:
        """The calls, an issue for each that cannot be counted, and the title."""
        messages = list(self._messages())
        usages = {message_id(message.id): message.usage for message, _ in messages}
        ledger = decoded(_ledger, self._thread.ledger)
        for raw in elements(ledger.events) if ledger else ():
            entry = decoded(_entry, raw)
            if entry is not None:
                yield from self._entry(entry, usages.get(message_id(entry.message), NOTHING))
        for message, sent in messages:
            if message.role == "assistant" and message_id(message.id) not in self._told:
                yield from self._message(message, sent)
        asked = next((message for message, _ in messages if message.role == "user"), Message())
        if not is_prompt(self._thread.title, text_of(asked)):
            yield from titles(SOURCE, self._id, self._thread.title, self._rank)

    def _messages(self) -> Iterator[tuple[Message, Any]]:
        """The messages, each with the time at which the last one before it was sent."""
        sent = self._thread.created
        for raw in elements(self._thread.messages):
            message = decoded(_message, raw)
            if message is not None:
                meta = decoded(_meta, message.meta)
                sent = meta.sent_at if meta and meta.sent_at is not None else sent
                yield message, sent

    def _entry(self, entry: Entry, usage: Raw) -> Iterator[Finding]:
        """A call of the ledger; what it leaves out of the cached tokens, the message tells."""
        try:
            tokens = object_of(entry.tokens, "tokens", KEYS)
            beside = object_of(usage, "usage", KEYS)
            cached = {key: beside.get(key) for keys in CACHED.values() for key in keys}
            counted = cached | {key: value for key, value in tokens.items() if value is not None}
            ident = message_id(entry.message)
            yield from self._event(counted, LEDGER, entry, time_of(entry.timestamp, self._zone), ident, ())
        except BadField as fault:
            yield self._issue(fault)

    def _message(self, message: Message, sent: Any) -> Iterator[Finding]:
        """A call that only its message tells; without a time of its own it has that of what was asked."""
        try:
            usage = object_of(message.usage, "usage", KEYS)
            if usage:
                when, flags = time_in(usage, sent, self._zone)
                call = Entry(model=usage.get("model"))
                yield from self._event(usage, MESSAGE, call, when, message_id(message.id), flags)
        except BadField as fault:
            yield self._issue(fault)

    def _event(
        self,
        values: dict[str, Any],
        fields: Mapping[str, tuple[str, ...]],
        entry: Entry,
        when: datetime,
        message: str | None,
        flags: tuple[str, ...],
    ) -> Iterator[UsageEvent]:
        counts = counts_of(values, fields, "disjoint")
        if counts is None:
            return
        aside = None if entry.operation in ORDINARY else name_of(entry.operation)
        yield UsageEvent(
            when=when,
            source=SOURCE,
            provider="unknown",
            model=name_of(entry.model) or "unknown",
            tokens=counts.tokens,
            key=self._key(entry, message),
            session=name_of(self._id),
            project=self._project,
            action_type="agent" if aside else None,
            action_name=aside,
            flags=tuple(sorted({*counts.flags, *flags})),
        )

    def _key(self, entry: Entry, message: str | None) -> str | None:
        """Key of a call: the message that came of it, so that both tellings are one call."""
        if message is None:
            ident = message_id(entry.id)
            return f"{SOURCE}:{self._id}:event:{ident}" if ident else None
        before = self._told.get(message, 0)
        self._told[message] = before + 1
        return f"{SOURCE}:{self._id}:{message}" + (f":{before}" if before else "")

    def _issue(self, fault: BadField) -> Issue:
        return Issue(self._path, None, f"{fault} The call is not counted; restore it.")


def text_of(message: Message) -> str | None:
    """What a message says first, only to compare it; None for nothing."""
    said = decoded(_blocks, message.content)
    words = [said] if isinstance(said, str) else [block.text for block in said or ()]
    return next((word for word in words if isinstance(word, str)), None)


def message_id(value: Any) -> str | None:
    """Id of a message, which is a number or a text; 0 is one."""
    return str(value) if type(value) in (int, str) and value != "" else None


def time_in(usage: Mapping[str, Any], sent: Any, zone: tzinfo) -> tuple[datetime, tuple[str, ...]]:
    """When a message was counted, and a flag where only the time of what stands around it is known."""
    if usage.get("timestamp") is not None:
        return time_of(usage["timestamp"], zone), ()
    return time_of(sent, zone), ("assumed_date",)


def folder_in(env: Raw) -> str | None:
    """The folder that a thread works in, as logged."""
    found = decoded(_env, env)
    trees = found.initial.trees if found and found.initial else []
    try:
        uri = urlsplit(trees[0].uri) if trees else None
    except ValueError:  # a host that is none
        return None
    if uri is None or uri.scheme != "file":
        return None
    path = unquote(uri.path)
    return path[1:] if path[2:3] == ":" else path or None
