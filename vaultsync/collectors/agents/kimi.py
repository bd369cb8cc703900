"""Read the wires of Kimi CLI and of Kimi Code, which came after it: each step of an agent.

Odd facts of the format (the programs' own sources, February to October 2026): Kimi CLI repeats the counts of
a step while it goes on, and tells a subagent's step once more in the wire of whoever called it; it names no
model. Kimi Code writes each call once, whatever `usageScope` says, without an id, so that its millisecond,
its model and its counts stand for one. In both, cached tokens stand beside the input and reasoning inside the
output; neither wire names the folder. A session's title stands beside its wires, and whether the user gave it
or it is the first prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.documents import beside
from vaultsync.collectors.agents.lines import NOTHING, decoded, id_of, name_of, time_of
from vaultsync.collectors.agents.roots import folder_of
from vaultsync.collectors.agents.rows import rows_in
from vaultsync.collectors.agents.titles import titles
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, SessionTitle, TokenCounts, UsageEvent

SOURCE = "kimi"
WIRE = "wire.jsonl"
MARKS = (b'"protocol_version"', b'"StatusUpdate"', b'"usage.record"')
"""What stands near the beginning of a wire."""
CLI = {
    "input": ("input_other",),
    "output": ("output",),
    "cache_read": ("input_cache_read",),
    "cache_write": ("input_cache_creation",),
}
CODE = {
    "input": ("inputOther",),
    "output": ("output",),
    "cache_read": ("inputCacheRead",),
    "cache_write": ("inputCacheCreation",),
}
KEYS = tuple({key for fields in (CLI, CODE) for keys in fields.values() for key in keys})
DEEPEST = 8
"""Subagents of subagents that are believed."""
MAIN = "main"
"""Name that Kimi Code gives to the agent of the session itself."""


class Payload(msgspec.Struct, gc=False):
    """What a message of Kimi CLI says, as far as it matters."""

    token_usage: Raw = NOTHING
    message_id: Any = None
    event: Raw = NOTHING
    subagent_type: Any = None


class Message(msgspec.Struct, gc=False):
    """A message of Kimi CLI."""

    type: Any = None
    payload: Raw = NOTHING


class Row(msgspec.Struct, gc=False):
    """One line of either wire; every field may hold anything, so that none fails as a whole."""

    type: Any = None
    timestamp: Any = None
    message: Raw = NOTHING
    time: Any = None
    model: Any = None
    usage: Raw = NOTHING


class State(msgspec.Struct, gc=False):
    """What lies beside the wires of a session: `custom_title` of Kimi CLI, `title` of Kimi Code."""

    custom_title: Any = None
    title_generated: Any = None
    title: Any = None
    is_custom: Any = msgspec.field(default=None, name="isCustomTitle")


_state = msgspec.json.Decoder(State).decode
_row = msgspec.json.Decoder(Row).decode
_message = msgspec.json.Decoder(Message).decode
_payload = msgspec.json.Decoder(Payload).decode


class Kimi:
    """Collect the wires of Kimi's sessions."""

    name = SOURCE
    kind: Literal["lines"] = "lines"

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a wire, by name and head."""
        return file.name == WIRE and any(mark in file.head for mark in MARKS)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The sessions of both programs; `KIMI_DATA_DIR` and `KIMI_CODE_HOME` move them."""
        cli = folder_of(environ, home, "KIMI_DATA_DIR", ".kimi")
        code = folder_of(environ, home, "KIMI_CODE_HOME", ".kimi-code")
        return [Place(each / "sessions", (f"**/{WIRE}",)) for each in dict.fromkeys((cli, code))]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the steps of a session in their order, and the name that the user gave it."""
        session, agent = told_by(reader.file.path)
        for found in rows_in(reader, _row):
            if isinstance(found, Issue):
                yield found
                continue
            number, row = found
            try:
                if row.type == "llm.request":
                    reader.state["model"] = concrete(row.model) or reader.state.get("model")
                elif row.type == "usage.record":
                    yield from _recorded(row, reader, session, agent)
                elif bytes(row.message):
                    yield from _updated(row, reader, session)
            except BadField as fault:
                text = f"{fault} The step is not counted; restore it."
                yield Issue(reader.file.path, number, text)
        if agent is None:
            yield from _titles(reader, session)


def _titles(reader: Reader, session: str | None) -> Iterator[SessionTitle]:
    folder = reader.file.path.parent
    folder = folder.parent.parent if folder.parent.name == "agents" else folder
    state = beside(folder / "state.json", _state) or State()
    title = state.title if state.is_custom is True else None
    title = state.custom_title if state.title_generated is True else title
    yield from titles(SOURCE, session, title, reader.last_modified_ns // 10**6)


def _recorded(row: Row, reader: Reader, session: str | None, agent: str | None) -> Iterator[UsageEvent]:
    """A call of Kimi Code; where it names only a setting, the model of the request before it is meant."""
    counts = counts_of(object_of(row.usage, "usage", KEYS), CODE, "disjoint")
    if counts is None:
        return
    asked, model = reader.state.get("model"), concrete(row.model)
    when = time_of(row.time, reader.zone)
    yield UsageEvent(
        when=when,
        source=SOURCE,
        provider="moonshot",
        model=model or asked or "unknown",
        tokens=counts.tokens,
        key=f"{SOURCE}:{when.isoformat()}:{name_of(row.model)}:{vector(counts.tokens)}",
        session=session,
        action_type="agent" if agent else None,
        action_name=agent,
        flags=tuple(sorted({*counts.flags, *(() if model or not asked else ("assumed_model",))})),
    )


def _updated(row: Row, reader: Reader, session: str | None) -> Iterator[UsageEvent]:
    """A step of Kimi CLI, or of a subagent, whose events are wrapped in its caller's."""
    message, agent = decoded(_message, row.message), None
    payload = decoded(_payload, message.payload) if message else None
    for _ in range(DEEPEST):
        if message is None or payload is None or message.type != "SubagentEvent":
            break
        agent = name_of(payload.subagent_type) or agent or "subagent"
        message = decoded(_message, payload.event)
        payload = decoded(_payload, message.payload) if message else None
    if message is None or payload is None or message.type != "StatusUpdate":
        return
    counts = counts_of(object_of(payload.token_usage, "token_usage", KEYS), CLI, "disjoint")
    if counts is None:
        return
    ident = id_of(payload.message_id)
    yield UsageEvent(
        when=time_of(row.timestamp, reader.zone),
        source=SOURCE,
        provider="moonshot",
        model="unknown",
        tokens=counts.tokens,
        key=f"{SOURCE}:{ident}" if ident else None,
        session=session,
        action_type="agent" if agent else None,
        action_name=agent,
        flags=counts.flags,
    )


def vector(tokens: TokenCounts) -> str:
    """The counts of a call as one text."""
    return f"{tokens.input}.{tokens.cache_read}.{tokens.cache_write}.{tokens.output}"


def told_by(path: Path) -> tuple[str | None, str | None]:
    """Session and subagent of a wire, by the folders it lies in: `SESSION/agents/AGENT`, or `SESSION`."""
    folder = path.parent
    if folder.parent.name == "agents":
        return name_of(folder.parent.parent.name), None if folder.name == MAIN else name_of(folder.name)
    if folder.parent.name == "subagents":
        return name_of(folder.parent.parent.name), name_of(folder.name)
    return name_of(folder.name), None


def concrete(model: Any) -> str | None:
    """A model as it is named to the provider; None for a mere setting such as `__kimi_env_model__`."""
    name = name_of(model)
    name = name.removeprefix("kimi-code/") if name else None
    return None if name is None or (name.startswith("__") and name.endswith("__")) else name or None
