"""Read the settings that Droid keeps beside each session: the tokens of the whole session, nothing finer.

Odd facts of the format (public readers, 2025 and 2026; never seen whole): the sums are rewritten in place, so
a session has no days; its time is when its provider was chosen, or where that is not told, when the file was
first seen written. The cached tokens stand beside the input; whether `thinkingTokens` are inside the output
is not documented, and they are counted as if they were, unless they are more. The title stands in the first
row of the session itself; unless the user gave it, it is made of the first prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.documents import beside, document
from vaultsync.collectors.agents.lines import NOTHING, name_of, time_of
from vaultsync.collectors.agents.roots import folder_of
from vaultsync.collectors.agents.titles import titles
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, SessionTitle, UsageEvent

SOURCE = "droid"
ENDING = ".settings.json"
COUNTS = {
    "input": ("inputTokens",),
    "output": ("outputTokens",),
    "cache_read": ("cacheReadTokens",),
    "cache_write": ("cacheCreationTokens",),
    "reasoning": ("thinkingTokens",),
}
KEYS = tuple(key for keys in COUNTS.values() for key in keys)


class Session(msgspec.Struct, gc=False):
    """The settings of a session; every field may hold anything, so that none fails as a whole."""

    model: Any = None
    provider: Any = msgspec.field(default=None, name="providerLock")
    since: Any = msgspec.field(default=None, name="providerLockTimestamp")
    usage: Raw = msgspec.field(default=NOTHING, name="tokenUsage")


class Start(msgspec.Struct, gc=False):
    """The first row of a session."""

    title: Any = None
    by_user: Any = msgspec.field(default=None, name="isSessionTitleManuallySet")


def _start(data: bytes) -> Start:
    return _first(data.partition(b"\n")[0])


_first = msgspec.json.Decoder(Start).decode
_session = msgspec.json.Decoder(Session).decode


class Droid:
    """Collect what Droid counts of its sessions."""

    name = SOURCE
    kind: Literal["store"] = "store"

    def claims(self, file: LogFile) -> bool:
        """Say whether a file holds the settings of a session, by name and head."""
        return file.name.endswith(ENDING) and b'"tokenUsage"' in file.head

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folder of sessions; `DROID_SESSIONS_DIR` takes the place of the usual one."""
        return [
            Place(folder_of(environ, home, "DROID_SESSIONS_DIR", ".factory/sessions"), (f"**/*{ENDING}",))
        ]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the one sum of a session, if anything was counted, and the name that the user gave it."""
        session = document(reader, _session)
        if session is not None:
            try:
                yield from _total(session, reader)
                yield from _titles(reader)
            except BadField as fault:
                text = f"{fault} The session is not counted; restore the file."
                yield Issue(reader.file.path, None, text)


def _titles(reader: Reader) -> Iterator[SessionTitle]:
    ident = reader.file.name.removesuffix(ENDING)
    start = beside(reader.file.path.with_name(f"{ident}.jsonl"), _start)
    if start and start.by_user is True:
        yield from titles(SOURCE, ident, start.title, reader.last_modified_ns // 10**6)


def _total(session: Session, reader: Reader) -> Iterator[UsageEvent]:
    counts = counts_of(object_of(session.usage, "tokenUsage", KEYS), COUNTS, "disjoint")
    if counts is None:
        return
    ident = reader.file.name.removesuffix(ENDING)
    is_told = session.since is not None
    written = datetime.fromtimestamp(reader.last_modified_ns // 10**9, UTC)
    yield UsageEvent(
        when=time_of(session.since, reader.zone) if is_told else written,
        source=SOURCE,
        provider=(name_of(session.provider) or "unknown").lower(),
        model=name_of(session.model) or "unknown",
        tokens=counts.tokens,
        key=f"{SOURCE}:{ident}",
        grain="session",
        session=name_of(ident),
        quality="session-total",
        flags=tuple(sorted({*counts.flags, *(() if is_told else ("assumed_date",))})),
    )
