"""Turn the messages of a session of Cline 4.1 and later into events; the input includes cached tokens.

Source: the program's SDK as public readers describe it, October 2026; not checked on real files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.costs import cost_of
from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.documents import document
from vaultsync.collectors.agents.lines import NOTHING, decoded, id_of, name_of, time_of
from vaultsync.collectors.events import provider_name
from vaultsync.collectors.reading import Reader
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, UsageEvent

COUNTS = {
    "input": ("inputTokens",),
    "output": ("outputTokens",),
    "cache_read": ("cacheReadTokens",),
    "cache_write": ("cacheWriteTokens",),
}
KEYS = tuple(key for keys in COUNTS.values() for key in keys)
BEGINNING = 4096
MARKS = (b'"messages"', b'"sessionId"', b'"agent"')
SIZE_LIMIT = 1024 * 1024


class Answer(msgspec.Struct, gc=False):
    """A message; every field may hold anything."""

    id: Any = None
    ts: Any = None
    modelInfo: Any = None
    metrics: Raw = NOTHING


class File(msgspec.Struct, gc=False):
    """The messages of a session, or of one of its subagents."""

    sessionId: Any = None
    agent: Any = None
    messages: list[Raw] = []


class _Manifest(msgspec.Struct, gc=False):
    """What lies beside them."""

    cwd: Any = None
    model: Any = None


_file = msgspec.json.Decoder(File).decode
_answer = msgspec.json.Decoder(Answer).decode
_manifest = msgspec.json.Decoder(_Manifest).decode


def is_session(head: bytes) -> bool:
    """Say whether a file begins as the messages of a session."""
    return all(mark in head[:BEGINNING] for mark in MARKS)


def session_events(reader: Reader, source: str, project_of: Callable[[str], str | None]) -> Iterator[Finding]:
    """Yield the answers of a file in their order.

    Args:
        project_of: Working folder -> project.
    """
    file, path = document(reader, _file), reader.file.path
    if file is None:
        return
    folder = path.parent
    session = name_of(file.sessionId) or name_of(folder.name)
    agent = path.name.split(".messages.json")[0] if file.agent not in (None, "lead") else None
    manifest = _manifest_in(folder)
    where = id_of(manifest.cwd)
    maker = {
        "source": source,
        "session": session,
        "agent": name_of(agent),
        "action_type": "agent" if agent else None,
        "action_name": name_of(file.agent) if agent else None,
        "project": project_of(where) if where else None,
    }
    for raw in file.messages:
        try:
            answer = decoded(_answer, raw) or Answer()
            if event := _event(answer, maker, name_of(manifest.model), reader):
                yield event
        except BadField as fault:
            yield Issue(path, None, f"{fault} The message is not counted; restore the file.")


def _event(answer: Answer, maker: Mapping[str, Any], usual: str | None, reader: Reader) -> UsageEvent | None:
    """The event of a message; None where no model was asked.

    Args:
        usual: Model of the session.

    Raises:
        BadField: It cannot be counted.
    """
    said = object_of(answer.metrics, "metrics", KEYS)
    counts = counts_of(said, COUNTS, "inclusive")
    if counts is None:
        return None
    model = answer.modelInfo if isinstance(answer.modelInfo, dict) else {}
    cost, amiss = cost_of(said.get("cost"))
    who = f"{maker['source']}:{maker['session']}:{maker['agent'] or ''}"
    return UsageEvent(
        when=time_of(answer.ts, reader.zone),
        provider=provider_name(name_of(model.get("provider"))),
        model=name_of(model.get("id")) or usual or "unknown",
        tokens=counts.tokens,
        key=f"{who}:{id_of(answer.id) or answer.ts}",
        unsplit=counts.unsplit,
        cost=cost,
        cost_kind=None if cost is None else "estimated",
        flags=tuple(sorted({*counts.flags, *amiss})),
        **maker,
    )


def _manifest_in(folder: Path) -> _Manifest:
    try:
        with (folder / f"{folder.name}.json").open("rb") as stream:
            return decoded(_manifest, Raw(stream.read(SIZE_LIMIT))) or _Manifest()
    except OSError:
        return _Manifest()
