"""Turn a message into the event of its call: which call it is, what was counted, who made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.costs import cost_in
from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.lines import NOTHING, id_of, name_of, time_of
from vaultsync.collectors.agents.opencode.sessions import Session
from vaultsync.collectors.events import provider_name
from vaultsync.collectors.families import Split
from vaultsync.collectors.reading import Reader
from vaultsync.collectors.values import BadField
from vaultsync.model import UsageEvent

KEYS = ("total", "input", "output", "reasoning", "cache")
COUNTS = {
    "input": ("input",),
    "cache_read": ("read",),
    "cache_write": ("write",),
    "output": ("output",),
    "reasoning": ("reasoning",),
    "total": ("total",),
}
BESIDE = COUNTS | {"output": ("output", "reasoning")}
"""The same where reasoning stands beside the output."""
BESIDE_SINCE = datetime(2026, 5, 1, tzinfo=UTC)
"""From about then reasoning stands beside the output; only a stated total is proof."""
COMPLETED_WITHIN = timedelta(days=1)
"""A message that is not completed by then never will be; its program was killed."""


class Message(msgspec.Struct, gc=False):
    """A message; every field may hold anything, so that none fails as a whole."""

    session: Any = msgspec.field(default=None, name="sessionID")
    role: Any = None
    model: Any = msgspec.field(default=None, name="modelID")
    provider: Any = msgspec.field(default=None, name="providerID")
    agent: Any = None
    mode: Any = None
    summary: Raw = NOTHING
    """True for the call that compacts a history; of a person's message what it changed, at length."""
    path: Any = None
    time: Any = None
    tokens: Raw = NOTHING
    cost: Raw = NOTHING


class Unfinished(Exception):
    """The message may still be written to, so what it counts is not its last word."""


decode = msgspec.json.Decoder(Message).decode


def event_of(
    message: Message | None,
    session: Session,
    reader: Reader,
    source: str,
    project_of: Callable[[str], str | None],
) -> UsageEvent | None:
    """The event of a message; None where no model was called.

    Args:
        message: None where it could not be read.
        project_of: Working folder -> project.

    Raises:
        BadField: It cannot be counted.
        Unfinished: It is still being written.
    """
    if message is None:
        raise BadField("a message is not a readable object.")
    if message.role != "assistant":
        return None
    said = object_of(message.tokens, "tokens", KEYS)
    cache = said.get("cache")
    said = said | (cache if isinstance(cache, dict) else {})
    times = message.time if isinstance(message.time, dict) else {}
    if not any(said.get(key) for keys in COUNTS.values() for key in keys):
        return None
    when = time_of(times.get("created"), reader.zone)
    counts = _counts(said, when)
    if counts is None:
        return None
    if _may_grow(times, when, reader):
        raise Unfinished
    cost, flags = cost_in(message.cost)
    action, name, agent = _action(message, session)
    folder = (id_of(message.path.get("cwd")) if isinstance(message.path, dict) else None) or session.folder
    return UsageEvent(
        when=when,
        source=source,
        provider=provider_name(name_of(message.provider)),
        model=name_of(message.model) or "unknown",
        tokens=counts.tokens,
        key=_key(message, times, said, source),
        unsplit=counts.unsplit,
        cost=cost,
        cost_kind=None if cost is None else "estimated",
        session=name_of(session.root or session.id),
        project=project_of(folder) if folder else None,
        action_type=action,
        action_name=name,
        agent=agent,
        flags=tuple(sorted({*counts.flags, *flags})),
    )


def may_change(message: Message, reader: Reader) -> bool:
    """Say whether a message of a model may still be written to, even if nothing is counted in it yet."""
    times = message.time if isinstance(message.time, dict) else {}
    if message.role != "assistant" or times.get("completed") is not None:
        return False
    try:
        return _may_grow(times, time_of(times.get("created"), UTC), reader)
    except BadField:
        return False


def _may_grow(times: Mapping[str, Any], when: datetime, reader: Reader) -> bool:
    now = datetime.fromtimestamp(reader.now_ns // 10**9, UTC)
    return times.get("completed") is None and now - when < COMPLETED_WITHIN


def _counts(said: Mapping[str, Any], when: datetime) -> Split | None:
    """Make the counts disjoint; a stated total tells how they are meant, else the time does."""
    is_told = bool(said.get("total"))
    fields = COUNTS if is_told or when < BESIDE_SINCE else BESIDE
    counts = counts_of(said, fields, "exclusive")
    if counts and counts.tokens.reasoning and not is_told:
        return counts._replace(flags=tuple(sorted({*counts.flags, "reasoning_unknown"})))
    return counts


def _key(message: Message, times: Mapping[str, Any], said: Mapping[str, Any], source: str) -> str:
    """What a message shares with its copies in forked sessions, and with no other one.

    Only calls that began and ended in the same millisecond, with equal counts, would be taken for one.
    """
    counts = [said.get(key) for keys in COUNTS.values() for key in keys if key != "total"]
    parts = times.get("created"), times.get("completed"), message.provider, message.model, *counts
    return f"{source}:{':'.join('?' if isinstance(part, dict | list) else str(part) for part in parts)}"


def _action(message: Message, session: Session) -> tuple[str | None, str | None, str | None]:
    """Type and name of what made the call, and the id of the subagent."""
    name = name_of(message.agent) or name_of(message.mode)
    if bytes(message.summary) == b"true":
        name = "compaction"
    if session.root:
        return "agent", name, name_of(session.id)
    return ("agent", name, None) if name == "compaction" else (None, None, None)
